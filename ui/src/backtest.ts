// The backtest panel of the editor: the text on the page over the past, beside
// the saved version.
import "./past.css";
import { isAbort } from "./api";
import { $, h, levelIcon, maybe } from "./dom";
import { Lanes } from "./lanes";
import type { ScriptEditor } from "./script";
import { type Incident, reason, type Report, type Result, stream } from "./stream";
import { exact } from "./time";
import type { Monitor } from "./wire";

/** What the panels need of the editor. */
export interface Editor {
  read(): Monitor;
  stored(): Monitor;
  write(m: Monitor): void;
  script: ScriptEditor;
}

export class Backtest {
  private running: AbortController | null = null;
  private readonly host = $("#past-result");
  private readonly counts = h("span", { class: "small past-counts", id: "past-counts", hidden: true });
  private text = ""; // that the counts are about
  private lanes: Lanes | null = null;
  private notes = h("div");

  constructor(private readonly editor: Editor) {
    maybe("#save")?.before(this.counts);
    $("#past-run").addEventListener("click", () => (this.running ? this.running.abort() : void this.run()));
    $("#past-range").addEventListener("change", () => { $("#past-custom").hidden = $<HTMLSelectElement>("#past-range").value !== ""; });
  }

  /** The range that is chosen, or null when it is not complete. */
  range(): { from: string; until: string } | null {
    const days = Number($<HTMLSelectElement>("#past-range").value);
    const now = Math.floor(Date.now() / 60000) * 60000;
    if (days > 0) return { from: new Date(now - days * 86400000).toISOString(), until: new Date(now).toISOString() };
    const [from, until] = ["#past-from", "#past-until"].map((id) => $<HTMLInputElement>(id).value);
    if (!from || !until) return null;
    return { from: new Date(from).toISOString(), until: new Date(until).toISOString() };
  }

  /** Says that the counts beside Save are about an older text. */
  changed(): void {
    if (this.text !== "") this.counts.classList.toggle("old", this.text !== key(this.editor.read()));
  }

  private async run(): Promise<void> {
    const range = this.range();
    if (!range) { this.say("Give both ends of the range."); return; }
    const mine = this.running = new AbortController();
    const monitor = this.editor.read();
    const saved = this.editor.stored().id > 0 && key(monitor) !== key(this.editor.stored());
    this.busy(true);
    this.host.replaceChildren();
    this.lanes = null;
    let last: Report | null = null;
    try {
      await stream("/api/v1/backtests", { monitor, saved, ...range }, mine.signal, (report) => { last = report; this.show(report, saved); });
      this.text = key(monitor);
      if (last) this.beside(last);
    } catch (error) {
      if (!isAbort(error)) this.say(reason(error));
      else if (last) this.finish(last, saved, "Cancelled: this is how far it came.");
      else this.say("Cancelled. Nothing is left running.");
    } finally {
      this.running = null;
      this.busy(false);
    }
  }

  private busy(on: boolean): void {
    $("#past-run").textContent = on ? "Cancel" : "Run backtest";
    $("#past-progress").hidden = !on;
    this.host.setAttribute("aria-busy", String(on));
  }

  private say(text: string): void {
    this.host.replaceChildren(h("p", { class: "notice warning", role: "alert" }, text));
    this.lanes = null;
  }

  private show(report: Report, compared: boolean): void {
    const bar = $<HTMLProgressElement>("#past-progress");
    bar.max = Math.max(1, report.total);
    bar.value = report.done;
    this.finish(report, compared, report.error ?? "");
  }

  private finish(report: Report, compared: boolean, note: string): void {
    const first = report.results[0];
    if (!first) { this.say(report.error ?? "Nothing came of it."); return; }
    if (!this.lanes) {
      const rows = h("div");
      this.notes = h("div");
      this.host.replaceChildren(rows, this.notes);
      this.lanes = new Lanes(rows);
    }
    const names = compared ? ["Saved", "Edited"] : [this.editor.stored().id > 0 ? "This text" : "New"];
    this.lanes.show(seconds(first.from), seconds(first.until), report.results.map((r, i) => ({ name: names[i] ?? r.name, spans: r.lane, marks: marks(r) })));
    this.notes.replaceChildren(
      note ? h("p", { class: "notice" }, note) : "",
      ...report.results.map((r, i) => summary(names[i] ?? "", r)),
      report.diff ? difference(report) : incidents(first.incidents),
      ...report.results.map((r, i) => notices(names[i] ?? "", r)));
  }

  /** Puts the counts beside the Save button. */
  private beside(report: Report): void {
    const d = report.diff;
    const one = report.results.at(-1);
    if (!one) return;
    const lost = one.score?.lost.length ?? 0;
    const parts = d ? [`${d.added.length} added`, `${d.removed.length} removed`, `${d.moved.length} moved`] : [`${one.pages_count} pages`];
    if (one.score) parts.push(`recall ${Math.round(one.score.recall * 100)} %`);
    this.counts.textContent = parts.join(" · ");
    this.counts.title = `Of the backtest from ${exact(Date.parse(one.from))} to ${exact(Date.parse(one.until))}`;
    this.counts.classList.toggle("bad", lost > 0);
    this.counts.classList.remove("old");
    this.counts.hidden = false;
  }
}

/** What of a monitor a backtest depends on. */
function key(m: Monitor): string {
  const { version: _v, description: _d, active: _a, labels: _l, ...rest } = m;
  const { created_at: _c, updated_at: _u, tests: _t, ...bare } = rest as Record<string, unknown>;
  return JSON.stringify(bare);
}

const seconds = (iso: string): number => Date.parse(iso) / 1000;

function marks(r: Result) {
  return r.incidents.filter((i) => i.told).map((i) => ({
    from: seconds(i.opened_at), until: i.closed_at ? seconds(i.closed_at) : seconds(r.until), level: i.level, label: `${i.level}: ${i.message}, ${lasted(i)}`,
  }));
}

function summary(name: string, r: Result): HTMLElement {
  const score = r.score;
  return h("div", { class: "past-summary" },
    h("strong", {}, name), ` ${r.runs} runs, ${r.incidents_count} incidents, ${r.notices_count} notices`,
    score ? h("span", { class: "muted" }, `; catches ${score.caught} of ${score.wanted} labelled incidents, ${score.false_pages} false pages`) : null,
    score && score.lost.length > 0 ? h("p", { class: "notice warning" }, `No longer catches ${score.lost.map((id) => (id > 0 ? `incident #${id}` : "one that was missed")).join(", ")}.`) : null,
    r.gave_up ? h("p", { class: "notice critical" }, `Given up: ${r.gave_up}`) : null,
    ...r.warnings.map((w) => h("p", { class: "small muted wrap-any" }, w)));
}

function difference(report: Report): HTMLElement {
  const d = report.diff!;
  const rows = [
    ...d.added.map((i) => row("added", i)), ...d.removed.map((i) => row("removed", i)),
    ...d.moved.map((m) => row("moved", m.now, `was ${exact(Date.parse(m.was.opened_at))} for ${lasted(m.was)}`)),
  ];
  return h("div", {}, h("p", {}, h("strong", {}, `${d.added.length} added, ${d.removed.length} removed, ${d.moved.length} moved, ${d.same} the same`)),
    rows.length > 0 ? table(rows) : h("p", { class: "small muted" }, "Both versions tell the same people the same things."));
}

function incidents(all: Incident[]): HTMLElement {
  if (all.length === 0) return h("p", { class: "small muted" }, "Nobody would have been told anything.");
  return table(all.map((i) => row(i.told ? "" : "quiet", i)));
}

/** The messages that would have gone out, one by one. */
function notices(name: string, r: Result): HTMLElement {
  if (r.notices.length === 0) return h("div");
  const rows = r.notices.slice(0, mostRows).map((n) => h("tr", {}, h("td", { class: "nowrap small" }, exact(Date.parse(n.at))), h("td", { class: "nowrap" }, h("span", { class: "tag" }, n.kind)),
    h("td", { class: "wrap-any" }, levelIcon(n.level), n.text ? ` ${n.text}` : "", n.seconds > 0 ? h(n.text ? "div" : "span", { class: "small muted" }, ` after ${duration(n.seconds)}`) : null)));
  const rest = r.notices_count - rows.length;
  return h("details", { class: "more" }, h("summary", {}, `${name}: ${r.notices_count} notices, one by one`),
    h("div", { class: "past-list", tabindex: "0" }, h("table", { class: "table cards" }, h("tbody", {}, ...rows)), rest > 0 ? h("p", { class: "small muted" }, `… and ${rest} more`) : null));
}

const mostRows = 100;

function table(rows: HTMLElement[]): HTMLElement {
  return h("div", { class: "past-list", tabindex: "0" }, h("table", { class: "table cards" }, h("tbody", {}, ...rows.slice(0, mostRows))),
    rows.length > mostRows ? h("p", { class: "small muted" }, `… and ${rows.length - mostRows} more`) : null);
}

function row(what: string, i: Incident, note = ""): HTMLElement {
  return h("tr", {}, h("td", { class: "nowrap" }, what ? h("span", { class: `tag past-${what}` }, what) : null),
    h("td", { class: "nowrap small" }, exact(Date.parse(i.opened_at))), h("td", { class: "nowrap small" }, lasted(i)),
    h("td", { class: "wrap-any" }, levelIcon(i.level), ` ${i.message}`, note ? h("div", { class: "small muted" }, note) : null));
}

const lasted = (i: Incident): string => duration(i.seconds) + (i.closed_at ? "" : "+");

function duration(s: number): string {
  return s < 60 ? `${s} s` : s < 3600 ? `${Math.round(s / 60)} min` : s < 86400 ? `${Math.floor(s / 3600)} h ${Math.round(s % 3600 / 60)} min` : `${Math.floor(s / 86400)} d ${Math.round(s % 86400 / 3600)} h`;
}
