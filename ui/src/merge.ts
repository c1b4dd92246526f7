// A three-way merge of monitors: what only one side changed merges by itself,
// what both changed differently is a conflict for a person to decide. Pure
// functions, without the page.
import type { Monitor } from "./wire";

/** A stretch of lines: settled, or as either side has it. */
export type Chunk = { lines: string[] } | { base: string[]; mine: string[]; theirs: string[]; at: number };

/** What both sides changed. Lists and texts also give both, one after the other. */
export interface Conflict { field: string; place: string; mine: string; theirs: string; both: boolean }
export type Choice = "mine" | "theirs" | "both";

export interface Merge {
  conflicts: Conflict[];
  /** Names of the fields that have something of theirs without asking. */
  taken: string[];
  /** The merged monitor, with a choice for each conflict. */
  resolve(choices: Choice[]): Monitor;
}

type Fields = Record<string, unknown>;

const ours = new Set(["id", "version", "created_at", "updated_at"]);
const texts = new Set(["script", "description"]);
const lists = new Set(["targets", "alerts"]);

/** Merges what became of base on either side; the result goes on top of theirs. */
export function merge(base: Monitor, mine: Monitor, theirs: Monitor): Merge {
  const conflicts: Conflict[] = [];
  const taken = new Set<string>();
  const steps: ((out: Fields, choices: Choice[]) => void)[] = [];
  const [b, m, t] = [base, mine, theirs] as unknown as [Fields, Fields, Fields];
  for (const field of new Set([...Object.keys(t), ...Object.keys(m)])) {
    if (ours.has(field)) continue;
    if (texts.has(field) || lists.has(field)) lines(field);
    else if (field === "labels") labels();
    else single(field, field, b[field], m[field], t[field], (out, value) => { out[field] = value; });
  }

  function single(field: string, place: string, was: unknown, left: unknown, right: unknown, put: (out: Fields, value: unknown) => void): void {
    if (same(left, right) || same(right, was)) { steps.push((out) => put(out, left)); return; }
    if (same(left, was)) { taken.add(field); steps.push((out) => put(out, right)); return; }
    const at = conflicts.push({ field, place, mine: text(left), theirs: text(right), both: false }) - 1;
    steps.push((out, choices) => put(out, choices[at] === "theirs" ? right : left));
  }

  function labels(): void {
    const [was, left, right] = [b.labels, m.labels, t.labels].map((l) => (l ?? {}) as Fields) as [Fields, Fields, Fields];
    steps.push((out) => { out.labels = {}; });
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      single("labels", `label ${key}`, was[key], left[key], right[key], (out, value) => {
        if (value !== undefined) (out.labels as Fields)[key] = value;
      });
    }
  }

  function lines(field: string): void {
    const split = (value: unknown) => lists.has(field) ? ((value ?? []) as string[]) : splitLines(String(value ?? ""));
    const chunks = mergeLines(split(b[field]), split(m[field]), split(t[field]));
    const places = chunks.map((chunk) => "lines" in chunk ? -1 : conflicts.push({
      field, place: `${field}, line ${chunk.at}`, mine: chunk.mine.join("\n"), theirs: chunk.theirs.join("\n"), both: chunk.mine.length > 0 && chunk.theirs.length > 0,
    }) - 1);
    if (places.every((place) => place < 0) && !same(merged(chunks, places, []), split(m[field]))) taken.add(field);
    steps.push((out, choices) => {
      const all = merged(chunks, places, choices);
      out[field] = lists.has(field) ? all : all.join("\n");
    });
  }

  return {
    conflicts,
    taken: [...taken],
    resolve(choices) {
      const out: Fields = { ...t };
      for (const step of steps) step(out, choices);
      if (out.params === undefined) delete out.params;
      return out as unknown as Monitor;
    },
  };
}

function merged(chunks: Chunk[], places: number[], choices: Choice[]): string[] {
  return chunks.flatMap((chunk, i) => {
    if ("lines" in chunk) return chunk.lines;
    const choice = choices[places[i] ?? -1];
    return choice === "theirs" ? chunk.theirs : choice === "both" ? [...chunk.mine, ...chunk.theirs] : chunk.mine;
  });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const text = (v: unknown): string => v === undefined || v === null ? "" : typeof v === "object" ? JSON.stringify(v, null, 2) : String(v);
const splitLines = (s: string): string[] => s === "" ? [] : s.split("\n");

/**
 * Merges two descendants of a list of lines. Lines of the base that both kept
 * part it into stretches; a stretch that one side left alone is settled.
 */
export function mergeLines(base: string[], mine: string[], theirs: string[]): Chunk[] {
  const left = matches(base, mine), right = matches(base, theirs);
  const chunks: Chunk[] = [];
  const settle = (lines: string[]) => {
    const last = chunks.at(-1);
    if (lines.length === 0) return;
    if (last && "lines" in last) last.lines.push(...lines);
    else chunks.push({ lines: [...lines] });
  };
  let b = 0, m = 0, t = 0;
  for (let next = 0; next <= base.length; next++) {
    const end = next === base.length;
    const inMine = end ? mine.length : left[next] ?? -1, inTheirs = end ? theirs.length : right[next] ?? -1;
    if (inMine < 0 || inTheirs < 0) continue;
    const [was, l, r] = [base.slice(b, next), mine.slice(m, inMine), theirs.slice(t, inTheirs)];
    if (same(l, r) || same(r, was)) settle(l);
    else if (same(l, was)) settle(r);
    else chunks.push({ base: was, mine: l, theirs: r, at: m + 1 });
    if (!end) settle([base[next] ?? ""]);
    [b, m, t] = [next + 1, inMine + 1, inTheirs + 1];
  }
  return chunks;
}

/** How large a table of lines against lines may be: 2,000 changed lines on both sides. */
const mostCells = 4_000_000;

/** For each line of a, the line of b that it became, or -1: a longest common subsequence. */
function matches(a: string[], b: string[]): number[] {
  const found = new Array<number>(a.length).fill(-1);
  let from = 0, endA = a.length, endB = b.length;
  while (from < endA && from < endB && a[from] === b[from]) { found[from] = from; from++; }
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) found[--endA] = --endB;
  const width = endB - from + 1;
  if ((endA - from) * width > mostCells) return found; // as if every line between had changed
  const longest = new Uint16Array((endA - from + 1) * width);
  const at = (i: number, j: number) => longest[(i - from) * width + j - from] ?? 0;
  for (let i = endA - 1; i >= from; i--) {
    for (let j = endB - 1; j >= from; j--) {
      longest[(i - from) * width + j - from] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (let i = from, j = from; i < endA && j < endB;) {
    if (a[i] === b[j]) found[i++] = j++;
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}
