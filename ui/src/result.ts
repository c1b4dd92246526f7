// The result of a test run: outcome, graph, output, what would be sent, costs.
import { h, levelIcon, maybe } from "./dom";
import { Graph } from "./graph";
import { bytes, duration, exact } from "./time";
import type { TestRun } from "./wire";

export class ResultPane {
  readonly graph: Graph;
  private readonly outcome = h("div", { "aria-live": "polite" });
  private readonly output = h("pre", { class: "output", tabindex: "0", "aria-label": "Output of the script" });
  private readonly outputLabel = h("p", { class: "section-label" }, "Output");
  private readonly would = h("div");
  private readonly costs = h("div", { class: "costs" });
  private clock = 0;

  constructor(host: HTMLElement, private readonly jump: (line: number, column: number) => void) {
    const graphHost = h("div", { class: "body" });
    host.append(this.outcome, graphHost, this.outputLabel, this.output, this.would, this.costs);
    this.graph = new Graph(graphHost);
    this.clear();
  }

  clear(): void {
    this.outputLabel.hidden = this.output.hidden = this.costs.hidden = true;
    this.would.replaceChildren();
  }

  /** Shows a sentence where the outcome will stand. */
  say(level: string, title: string, text: string): void {
    this.outcome.replaceChildren(h("div", { class: `outcome ${level}` }, levelIcon(level),
      h("div", { class: "what" }, h("strong", {}, title), h("div", { class: "message" }, text))));
  }

  /** Counts the seconds of a run that takes some, where the outcome will stand. */
  waiting(on: boolean): void {
    clearInterval(this.clock);
    if (!on) return;
    const begun = Date.now();
    const seconds = h("span", { "aria-live": "off" });
    this.clock = setInterval(() => {
      seconds.textContent = `${Math.round((Date.now() - begun) / 1000)} s so far. Press Cancel to stop it.`;
      if (!seconds.isConnected) {
        this.say("unknown", "Running", "");
        maybe(".message", this.outcome)?.append(seconds);
      }
    }, 1000);
  }

  show(run: TestRun): void {
    const place = run.error && run.error.line > 0
      ? h("button", { type: "button", class: "jump", onclick: () => this.jump(run.error?.line ?? 0, run.error?.column ?? 0) }, `line ${run.error.line}` + (run.error.column > 0 ? `, column ${run.error.column}` : ""))
      : null;
    const title = run.fault ? `Unknown: ${faultName(run.fault)}` : run.level === "ok" ? "OK" : run.level[0]?.toUpperCase() + run.level.slice(1);
    const message = run.message || (run.level === "ok" ? "The script ran to its end and threw nothing." : "");
    this.outcome.replaceChildren(h("div", { class: `outcome ${run.level}` }, levelIcon(run.level),
      h("div", { class: "what" },
        h("strong", {}, title), place ? h("span", { class: "small muted" }, " at ", place) : null,
        h("div", { class: "message" }, message)),
      h("span", { class: "small muted nowrap" }, `as of ${exact(Date.parse(run.at))}`)));
    this.graph.show(run.graph ?? [], run.window);
    this.print(run.output);
    this.showNotices(run);
    this.showReplay(run);
    this.costs.hidden = false;
    this.costs.replaceChildren(
      cost("fetch", duration(run.fetch_ms)), cost("script", duration(run.cost.wall_ms)), cost("processor", duration(run.cost.cpu_ms)), cost("memory", bytes(run.cost.memory)),
      cost("points in", String(run.cost.points_in)), cost("drawn", String(run.cost.points_out)), cost("printed", bytes(run.cost.output_bytes)));
  }

  /** Shows what a script printed, and takes away what belongs to another run. */
  print(output: string): void {
    this.clear();
    this.outputLabel.hidden = this.output.hidden = output === "";
    this.output.textContent = output;
  }

  /** Says how a run that was made again compares with the first time. */
  private showReplay(run: TestRun): void {
    const r = run.replay;
    if (!r) return;
    const said = r.verdict === "same" ? `Byte for byte what version ${r.version} gave then.`
      : r.verdict === "unrepeatable" ? "How it ended depends on the machine, so it may differ from then." : `Not what version ${r.version} gave then:`;
    this.would.prepend(h("div", { class: `notice ${r.verdict === "same" ? "" : "warning"}` }, h("div", {}, h("strong", {}, said),
      ...r.differences.map((d) => h("div", { class: "small wrap-any" }, `${d.part}: was ${d.was || "empty"}, now ${d.now || "empty"}`)))));
  }

  private showNotices(run: TestRun): void {
    const notices = run.notices ?? [];
    this.would.replaceChildren(
      h("p", { class: "section-label" }, "A live run with this result"),
      h("ul", { class: "would" },
        h("li", {}, `would be: ${run.decision}`),
        ...notices.map((n) => h("li", {}, h("code", {}, n.to), " ", h("span", { class: "muted" }, n.via ? `${n.what}, as on duty for ${n.via}` : n.what)))));
    const fields = [...new Set((run.problems ?? []).map((p) => p.location.replace(/^body\.|\[.*/g, "")))];
    if (fields.length > 0) {
      this.would.append(h("p", { class: "section-label", id: "unsavable" }, h("strong", {}, "It cannot be saved yet: "), `mend ${fields.join(", ")}.`));
    }
  }
}

function cost(name: string, value: string): HTMLElement {
  return h("span", {}, `${name} `, h("b", {}, value));
}

function faultName(fault: string): string {
  return maybe(`#faults [data-fault="${CSS.escape(fault)}"]`)?.textContent ?? fault.replaceAll("_", " ");
}
