// Long work: the answer is lines of JSON, each a report of how far it is. Ending
// the request ends the work.
import { Problem } from "./api";
import type { Span } from "./lanes";

export interface Incident { opened_at: string; closed_at?: string; seconds: number; level: string; fault?: string; message: string; notices: number; told: boolean; at_start?: boolean }
export interface Notice { at: string; kind: string; level: string; text: string; reason: string; to: string[]; seconds: number }
export interface Score { wanted: number; caught: number; recall: number; false_pages: number; unjudged: number; lost: number[] }
export interface Result {
  name: string; version: number; from: string; until: string; runs: number; incidents_count: number; notices_count: number; pages_count: number;
  incidents: Incident[]; notices: Notice[]; lane: Span[]; warnings: string[]; gave_up?: string; score?: Score;
}
export interface Diff { added: Incident[]; removed: Incident[]; moved: { was: Incident; now: Incident }[]; same: number }
export interface Sweep { value: number; pages: number; per_week: number; gave_up?: string; score?: Score }
export interface Report { done: number; total: number; partial: boolean; results: Result[]; diff?: Diff; sweep?: Sweep[]; error?: string }

export async function stream(path: string, body: unknown, signal: AbortSignal, each: (report: Report) => void): Promise<void> {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body), signal });
  if (!response.ok || !response.body) throw await refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = done ? "" : lines.pop() ?? "";
    for (const line of lines) if (line.trim()) each(JSON.parse(line) as Report);
    if (done) return;
  }
}

async function refusal(response: Response): Promise<Problem> {
  try {
    const p = await response.json() as { title?: string; detail?: string; errors?: { message: string; location?: string }[] };
    return new Problem(response.status, p.title ?? "", p.detail ?? "", p.errors ?? []);
  } catch {
    return new Problem(response.status, response.statusText, `The server answered ${response.status}.`, []);
  }
}

export function reason(error: unknown): string {
  const p = error as Problem;
  return p.errors?.map((e) => e.message).join("\n") || p.message || String(error);
}
