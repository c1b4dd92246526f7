// The unit tests of a monitor: run them, make one of a recorded run, and save
// although one fails.
import { call } from "./api";
import type { Editor } from "./backtest";
import { $, h, maybe, toast } from "./dom";
import { reason } from "./stream";

interface Outcome { name: string; passed: boolean; failures: { part: string; want: string; got: string }[]; output: string }
interface Series { label: string; start: number; step: number; values: (number | null)[] }
interface Recording { at: string; previous: { level: string; since: number; runs: number; message: string }; targets: { target: string; series: Series[] }[] }

export class UnitTests {
  private readonly host = $("#tests-result");
  private readonly text = $<HTMLTextAreaElement>("#tests");

  /** open tells which recorded run is in the editor, if any. */
  constructor(private readonly editor: Editor, private readonly open: () => string | undefined) {
    maybe("#run-tests")?.addEventListener("click", () => void this.run());
    maybe("#capture-test")?.addEventListener("click", () => void this.capture());
  }

  private async run(): Promise<void> {
    this.host.replaceChildren(h("p", { class: "small muted" }, "Running…"));
    try {
      const { body } = await call<{ passed: number; failed: number; tests: Outcome[] }>("/api/v1/run-tests", { method: "POST", body: { monitor: this.editor.read() } });
      this.host.replaceChildren(h("p", { class: "small" }, h("strong", {}, `${body.passed} passed, ${body.failed} failed`)),
        h("ul", { class: "would" }, ...body.tests.map((t) => h("li", {}, h("span", { class: `tag ${t.passed ? "ok" : "critical"}` }, t.passed ? "passed" : "failed"), ` ${t.name}`,
          ...t.failures.map((f) => h("div", { class: "small wrap-any" }, `${f.part}: wanted ${f.want}, got ${f.got}`))))));
    } catch (error) {
      this.host.replaceChildren(h("p", { class: "notice warning", role: "alert" }, reason(error)));
    }
  }

  /** Adds a test that demands of the script what it gave for a recorded run. */
  private async capture(): Promise<void> {
    const id = $("#unit-tests").dataset.monitor;
    try {
      const at = this.open() ?? (await call<{ recorded: string[] }>(`/api/v1/monitors/${id}/timeline`)).body.recorded.at(-1);
      if (!at) { toast("No run of the last day is recorded yet."); return; }
      const path = `/api/v1/monitors/${id}/runs/${encodeURIComponent(at)}`;
      const [{ body: recording }, { body: run }] = await Promise.all([call<Recording>(`${path}/recording`), call<{ level: string; fault: string; message: string }>(path)]);
      this.text.value = [this.text.value.trimEnd(), describe(recording, run)].filter((part) => part !== "").join("\n");
      this.text.dispatchEvent(new Event("input", { bubbles: true }));
      toast("The run is a test now. Give it a name that says what must hold.");
    } catch (error) {
      toast(reason(error));
    }
  }
}

function describe(r: Recording, run: { level: string; fault: string; message: string }): string {
  const quote = (text: string) => JSON.stringify(text).replaceAll("*/", "*\\/");
  const lines = [`- name: ${quote(`the run of ${r.at}`)}`, `  at: ${r.at}`, "  series:"];
  const used = new Set<string>();
  for (const t of r.targets) {
    for (const s of t.series) {
      let key = s.label;
      for (let n = 2; used.has(key); n++) key = `${s.label} (${n})`;
      used.add(key);
      lines.push(`    ${quote(key)}: {target: ${quote(t.target)}, label: ${quote(s.label)}, start: ${s.start}, step: ${s.step}, values: ${quote(s.values.map((v) => v ?? "_").join(" "))}}`);
    }
  }
  if (used.size === 0) lines[2] = "  series: {}";
  if (r.previous.level !== "unknown") {
    const since = r.previous.since > 0 ? `, since: ${new Date(r.previous.since * 1000).toISOString()}` : "";
    lines.push(`  previous: {level: ${r.previous.level}, runs: ${r.previous.runs}${since}, message: ${quote(r.previous.message)}}`);
  }
  const demands = run.fault ? [`fault: ${run.fault}`] : [`level: ${run.level}`];
  if (run.message && !run.fault) demands.push(`message: ${quote(run.message)}`);
  lines.push(`  expect: {${demands.join(", ")}}`);
  return lines.join("\n");
}
