// Sweeps one number of the monitor over a range of values: how many pages in a
// week at each, and how much of what is labelled is still caught.
import { isAbort } from "./api";
import type { Backtest, Editor } from "./backtest";
import { $, h } from "./dom";
import { reason, stream, type Sweep as Point } from "./stream";
import { compact } from "./time";

interface Place { param?: string; line?: number; column?: number; text?: string }

const ns = "http://www.w3.org/2000/svg";

export class Sweep {
  private running: AbortController | null = null;
  private places: Place[] = [];
  private readonly host = $("#sweep-result");

  constructor(private readonly editor: Editor, private readonly backtest: Backtest) {
    $<HTMLDetailsElement>("#sweep").addEventListener("toggle", () => this.list());
    $("#sweep-place").addEventListener("change", () => this.suggest());
    $("#sweep-run").addEventListener("click", () => (this.running ? this.running.abort() : void this.run()));
  }

  /** Lists the numbers of the script and of the parameters. */
  private list(): void {
    const params = this.editor.read().params as Record<string, unknown> | undefined;
    this.places = [
      ...Object.entries(params ?? {}).filter(([, v]) => typeof v === "number").map(([param, v]) => ({ param, text: String(v) })),
      ...this.editor.script.numbers(),
    ];
    const select = $<HTMLSelectElement>("#sweep-place");
    select.replaceChildren(...this.places.map((p, i) => h("option", { value: String(i) }, p.param ? `${p.param} = ${p.text} (parameter)` : `${p.text} (line ${p.line}, column ${p.column})`)));
    if (this.places.length === 0) select.append(h("option", { value: "" }, "the script holds no number"));
    else select.value = String(this.likely());
    this.suggest();
  }

  /** Is what people mean when they say threshold: a parameter, or what stands beside a throw. */
  private likely(): number {
    const lines = this.editor.read().script.split("\n");
    const found = this.places.findIndex((p) => p.param !== undefined || /\bthrow\b/.test(lines[(p.line ?? 0) - 1] ?? ""));
    return Math.max(0, found);
  }

  private chosen(): Place | undefined {
    return this.places[Number($<HTMLSelectElement>("#sweep-place").value)];
  }

  private suggest(): void {
    const now = Number(this.chosen()?.text ?? 0) || 1;
    $<HTMLInputElement>("#sweep-first").value = String(Number((now / 2).toPrecision(3)));
    $<HTMLInputElement>("#sweep-last").value = String(Number((now * 1.5).toPrecision(3)));
  }

  private async run(): Promise<void> {
    const place = this.chosen(), range = this.backtest.range();
    if (!place || !range) { this.say(place ? "Give both ends of the range above." : "There is no number to sweep."); return; }
    const number = (id: string) => Number($<HTMLInputElement>(id).value);
    const mine = this.running = new AbortController();
    $("#sweep-run").textContent = "Cancel";
    this.host.replaceChildren(h("p", { class: "small muted" }, "Fetching…"));
    const sent = place.param ? { param: place.param } : place;
    try {
      await stream("/api/v1/sweeps", {
        monitor: this.editor.read(), place: sent, first: number("#sweep-first"), last: number("#sweep-last"), steps: number("#sweep-steps"), ...range,
      }, mine.signal, (report) => this.show(place, report.sweep ?? [], report.done, report.total));
    } catch (error) {
      this.say(isAbort(error) ? "Cancelled." : reason(error));
    } finally {
      this.running = null;
      $("#sweep-run").textContent = "Sweep over the range above";
    }
  }

  private say(text: string): void {
    this.host.replaceChildren(h("p", { class: "notice warning", role: "alert" }, text));
  }

  private show(place: Place, points: Point[], done: number, total: number): void {
    if (points.length === 0) return;
    this.host.replaceChildren(
      done < total ? h("p", { class: "small muted" }, `${done} of ${total} runs`) : "",
      curve(points),
      h("div", { class: "sweep-values", tabindex: "0" }, h("table", { class: "table" }, h("thead", {}, h("tr", {}, h("th", {}, "Value"), h("th", { class: "num" }, "Pages a week"), h("th", { class: "num" }, "Recall"), h("th", { class: "num" }, "False"), h("th", {}, h("span", { class: "visually-hidden" }, "Write it back")))),
        h("tbody", {}, ...points.map((p) => h("tr", {}, h("td", { class: "mono" }, String(p.value)), h("td", { class: "num" }, compact(p.per_week)),
          h("td", { class: "num" }, p.score ? `${Math.round(p.score.recall * 100)} %` : "–"), h("td", { class: "num" }, p.score ? String(p.score.false_pages) : "–"),
          h("td", {}, h("button", { type: "button", class: "tiny", onclick: () => this.use(place, p.value) }, "Use"))))))));
  }

  /** Writes the value back. */
  private use(place: Place, value: number): void {
    if (place.param) {
      const m = this.editor.read();
      this.editor.write({ ...m, params: { ...(m.params as object), [place.param]: value } });
    } else if (!this.editor.script.replaceAt(place.line ?? 0, place.column ?? 0, place.text ?? "", String(value))) {
      this.say("The script has changed; choose the number again.");
      return;
    }
    this.list();
  }
}

/** Pages a week as a line, recall as a dashed one, each over its own height. */
function curve(points: Point[]): HTMLElement {
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 1000 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "sweep-curve");
  svg.setAttribute("role", "img");
  const most = Math.max(...points.map((p) => p.per_week), 1e-9);
  svg.setAttribute("aria-label", `Pages a week from ${compact(points[0]?.per_week)} at ${points[0]?.value} to ${compact(points.at(-1)?.per_week)} at ${points.at(-1)?.value}`);
  const path = (name: string, y: (p: Point) => number) => {
    const line = document.createElementNS(ns, "path");
    line.setAttribute("class", name);
    line.setAttribute("d", points.map((p, i) => `${i === 0 ? "M" : "L"}${(i / Math.max(1, points.length - 1) * 1000).toFixed(1)} ${(96 - 92 * y(p)).toFixed(1)}`).join(""));
    svg.append(line);
  };
  path("line", (p) => p.per_week / most);
  if (points.some((p) => p.score)) path("recall", (p) => p.score?.recall ?? 0);
  const ends = h("div", { class: "curve-axis small muted" }, h("span", {}, String(points[0]?.value)), h("span", {}, String(points.at(-1)?.value)));
  return h("figure", {}, svg as unknown as HTMLElement, ends,
    h("figcaption", { class: "small muted" }, `line: pages a week, at most ${compact(most)}${points.some((p) => p.score) ? "; dashed: recall, at most 100 %" : ""}`));
}
