// The notation of drawn series in unit tests: "5 4 _ 5x10 0+2x30 9-1x5". Null is a
// gap. The server reads the same; see docs/time-machine.md.

export type Values = (number | null)[];

/** Reads a drawing, or gives null for text that is none. */
export function parseDrawing(text: string): Values | null {
  const values: Values = [];
  for (const word of text.split(/[\s,]+/).filter((w) => w !== "")) {
    const m = /^(_|null|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?(?:x(\d+))?$/.exec(word);
    const times = m?.[3] === undefined ? 1 : Number(m[3]);
    if (!m || values.length + times > 100_000) return null;
    const first = m[1] === "_" || m[1] === "null" ? null : Number(m[1]), step = Number(m[2] ?? 0);
    if (first === null && m[2] !== undefined) return null;
    for (let i = 0; i < times; i++) values.push(first === null ? null : first + i * step);
  }
  return values.length > 0 ? values : null;
}

/** Writes values as a drawing, equal neighbours and even slopes in one word. */
export function formatDrawing(drawn: Values): string {
  const values = drawn.map((v) => v === null ? null : tidy(v));
  const words: string[] = [];
  for (let i = 0; i < values.length;) {
    const first = values[i] ?? null, next = values[i + 1];
    const step = first !== null && typeof next === "number" ? tidy(next - first) : 0;
    let n = 1;
    while (i + n < values.length && same(values[i + n] ?? null, first === null ? null : tidy(first + n * step))) n++;
    const flat = first === null || step === 0;
    if (n < (flat ? 2 : 3)) n = 1;
    const text = first === null ? "_" : String(first);
    words.push(n === 1 ? text : flat ? `${text}x${n}` : `${text}${step > 0 ? "+" : "-"}${Math.abs(step)}x${n}`);
    i += n;
  }
  return words.join(" ");
}

/** The number without what binary fractions leave behind. */
export const tidy = (v: number): number => Number(v.toExponential(11));

const same = (a: number | null, b: number | null): boolean => a === b || a !== null && b !== null && tidy(a) === tidy(b);

/** A drawing somewhere in the text of tests. */
export interface Place {
  test: string; // the test's name
  name: string; // the series'
  from: number; // where the drawing begins in the text
  until: number;
  quoted: boolean;
  step: number; // seconds between values
  values: Values;
}

/** Finds the drawings in the text of tests: one line each, as "name: drawing" or as "name: {…, values: "drawing"}". */
export function findDrawings(text: string): Place[] {
  const places: Place[] = [];
  let offset = 0, test = "", step = 60, inside = -1;
  let mine: Place[] = []; // of this test, whose step may come later
  for (const line of text.split("\n")) {
    const indent = line.search(/[^ -]/);
    if (/^\s*- /.test(line) && indent <= 4) { test = ""; step = 60; inside = -1; mine = []; }
    if (inside >= 0 && indent >= 0 && indent <= inside) inside = -1;
    const name = /^[\s-]*name:\s*(.*?)\s*$/.exec(line);
    if (name && inside < 0) { test = unquote(name[1] ?? ""); for (const p of mine) p.test = test; }
    const every = /^[\s-]*step:\s*(\d+)\s*$/.exec(line);
    if (every && inside < 0) { step = Number(every[1]); for (const p of mine) p.step = step; }
    if (inside >= 0) {
      const place = drawingIn(line, offset);
      if (place) { const p = { ...place, test, step: place.step || step }; places.push(p); if (!place.step) mine.push(p); }
    }
    if (/^[\s-]*series:\s*$/.test(line)) inside = indent;
    offset += line.length + 1;
  }
  return places;
}

function drawingIn(line: string, offset: number): Place | null {
  const m = /^(\s+("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'#{}][^"'{}]*?):\s+)(.*?)\s*$/.exec(line);
  if (!m) return null;
  const [, head = "", key = "", rest = ""] = m;
  let text = rest, from = head.length, step = 0;
  if (rest.startsWith("{")) {
    const inner = /\bvalues:\s*("[^"\\]*"|'[^']*')/.exec(rest);
    if (!inner) return null;
    text = inner[1] ?? "";
    from += inner.index + inner[0].length - text.length;
    step = Number(/\bstep:\s*(\d+)/.exec(rest)?.[1] ?? 0);
  }
  const quoted = /^["']/.test(text);
  const bare = quoted ? text.slice(1, -1) : text;
  const values = parseDrawing(bare);
  if (!values) return null;
  return { test: "", name: unquote(key), from: offset + from, until: offset + from + text.length, quoted, step, values };
}

function unquote(text: string): string {
  if (text.startsWith('"')) { try { return JSON.parse(text) as string; } catch { return text; } }
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}
