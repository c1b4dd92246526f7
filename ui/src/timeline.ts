// The timeline of a monitor's page: incidents on top, what runs saw below, and
// labels. Zooming in, by drag or by keys, asks whether something was missed there.
import { call } from "./api";
import { $, all, h, levelIcon, maybe } from "./dom";
import { Lanes, type Mark, type Span } from "./lanes";
import { reason } from "./stream";
import { exact } from "./time";

interface Incident { id: number; opened_at: string; closed_at?: string; level: string; message: string }
interface Label { id: number; incident: number; verdict: string; from: string; until?: string; note: string; author: string }
interface Body { from: string; until: string; runs: number; lane: Span[]; incidents: Incident[]; labels: Label[]; recorded: string[] }

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
const seconds = (iso: string): number => Date.parse(iso) / 1000;

export class Timeline {
  private hours = 24;
  private lanes: Lanes | null = null;
  private spans: Span[] = [];
  private marks: Mark[] = [];
  private readonly list = h("ul", { class: "past-incidents small" });
  private readonly missed = h("div", { class: "inline" });
  private readonly foot = h("p", { class: "small muted" });

  constructor(private readonly host: HTMLElement) {
    for (const button of all<HTMLButtonElement>("[data-hours]", host)) {
      button.addEventListener("click", () => {
        this.hours = Number(button.dataset.hours);
        for (const other of all("[data-hours]", host)) other.setAttribute("aria-pressed", String(other === button));
        void this.load();
      });
    }
    document.addEventListener("wm:swapped", () => void this.load());
    void this.load();
  }

  private async load(): Promise<void> {
    const until = new Date(), from = new Date(until.getTime() - this.hours * 3600000);
    try {
      const { body } = await call<Body>(`/api/v1/monitors/${this.host.dataset.monitor}/timeline?from=${from.toISOString()}&until=${until.toISOString()}`);
      this.show(body);
    } catch (error) {
      $("#timeline-body").replaceChildren(h("p", { class: "small muted" }, reason(error)));
      this.lanes = null;
    }
  }

  private show(b: Body): void {
    if (!this.lanes) {
      const rows = h("div");
      $("#timeline-body").replaceChildren(this.list, rows, this.missed, this.foot);
      this.lanes = new Lanes(rows, (from, until) => { this.ask(from, until); void this.refine(from, until); });
    }
    this.spans = b.lane;
    const marks: Mark[] = b.incidents.map((i) => ({ from: seconds(i.opened_at), until: i.closed_at ? seconds(i.closed_at) : seconds(b.until), level: i.level, label: `Incident #${i.id}: ${i.message}` }));
    this.marks = marks;
    this.lanes.show(seconds(b.from), seconds(b.until), [{ name: "Runs", spans: b.lane, marks }]);
    this.list.replaceChildren(...b.incidents.slice(0, 12).map((i) => this.incident(i, b.labels.find((l) => l.incident === i.id))),
      ...b.labels.filter((l) => l.incident === 0).map((l) => this.label(l)));
    this.foot.textContent = `${count(b.runs, "run")}, ${count(b.incidents.length, "incident")}; ${b.recorded.length} of the runs can be made again${b.runs === 0 ? ". There were no runs in this range." : "."}`;
  }

  /** Puts every run of a stretch into the lane, which shows a long range in buckets. */
  private async refine(from: number, until: number): Promise<void> {
    const range = [from, until].map((at) => new Date(at * 1000).toISOString());
    try {
      const { body } = await call<Body>(`/api/v1/monitors/${this.host.dataset.monitor}/timeline?from=${range[0]}&until=${range[1]}`);
      const before = this.spans.filter((s) => s.from < from).map((s) => ({ ...s, until: Math.min(s.until, from) }));
      const after = this.spans.filter((s) => s.until > until).map((s) => ({ ...s, from: Math.max(s.from, until) }));
      this.spans = [...before, ...body.lane, ...after];
      this.lanes?.update([{ name: "Runs", spans: this.spans, marks: this.marks }]);
    } catch { /* the buckets stay */ }
  }

  private incident(i: Incident, label: Label | undefined): HTMLElement {
    return h("li", {}, levelIcon(i.level), " ", h("a", { href: `/incidents/${i.id}`, title: `${exact(Date.parse(i.opened_at))}: ${i.message}` }, `#${i.id}`),
      label ? h("span", { class: "tag" }, label.verdict) : null);
  }

  private label(l: Label): HTMLElement {
    return h("li", {}, h("span", { class: "tag warning", title: `${l.note} ${l.author}` }, "missed"), ` ${exact(Date.parse(l.from))}`,
      this.host.hasAttribute("data-edit") ? h("button", { type: "button", class: "quiet tiny", "aria-label": "Take this label back", onclick: () => void this.drop(l.id) }, "×") : null);
  }

  private async drop(id: number): Promise<void> {
    await call(`/api/v1/labels/${id}`, { method: "DELETE" }).catch(() => undefined);
    await this.load();
  }

  /** Offers to say that something was missed in a stretch. */
  private ask(from: number, until: number): void {
    if (!this.host.hasAttribute("data-edit")) return;
    this.missed.replaceChildren(h("span", { class: "small" }, `${exact(from * 1000)} to ${exact(until * 1000)}: `),
      h("button", { type: "button", class: "tiny", onclick: () => void this.mark(from, until) }, "Somebody should have been told here"));
  }

  private async mark(from: number, until: number): Promise<void> {
    try {
      await call("/api/v1/labels", { method: "POST", body: { monitor: Number(this.host.dataset.monitor), verdict: "missed", from: new Date(from * 1000).toISOString(), until: new Date(until * 1000).toISOString() } });
      this.missed.replaceChildren();
      await this.load();
    } catch (error) {
      this.missed.replaceChildren(h("span", { class: "error" }, reason(error)));
    }
  }
}

export function startTimeline(): void {
  const host = maybe("#timeline");
  if (host) new Timeline(host);
}
