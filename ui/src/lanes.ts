// Lanes: what runs saw over time, a row for each version, on one axis. Drag to
// zoom, or focus them and press + and -, arrows and 0; Whole range goes back. Levels differ in height as well as in colour.
import { h } from "./dom";
import { exact, onAxis } from "./time";

export interface Span { from: number; until: number; seen: string }
export interface Mark { from: number; until: number; level: string; label: string; href?: string }
export interface Lane { name: string; spans: Span[]; marks?: Mark[] }

const ns = "http://www.w3.org/2000/svg";
const wide = 1000, tall = 26;
const heights: Record<string, number> = { ok: 8, fault: 6, warning: 15, critical: 20 };

export class Lanes {
  private lanes: Lane[] = [];
  private whole: [number, number] = [0, 1];
  private view: [number, number] = [0, 1];
  private readonly rows = h("div", { class: "lanes", role: "group", tabindex: "0", "aria-label": "Runs over time: plus and minus zoom, arrows move, 0 shows all",
    title: "Drag to zoom, or press + and -; arrows move, 0 shows all", onkeydown: (e: Event) => this.press(e as KeyboardEvent) });
  private readonly axis = h("div", { class: "lane-axis small muted" });
  private readonly back = h("button", { type: "button", class: "tiny", hidden: true, onclick: () => this.zoom(this.whole) }, "Whole range");

  /** chosen is told of each stretch that was dragged over, in seconds since the epoch. */
  constructor(host: HTMLElement, private readonly chosen: (from: number, until: number) => void = () => {}) {
    host.append(this.rows, this.axis, h("div", { class: "inline" }, this.back));
    document.addEventListener("wm:zone", () => this.draw());
  }

  show(from: number, until: number, lanes: Lane[]): void {
    const moved = Math.abs((until - from) - (this.whole[1] - this.whole[0])) < 60;
    const zoomed = this.view[0] !== this.whole[0] || this.view[1] !== this.whole[1];
    this.lanes = lanes;
    this.whole = [from, until];
    // A range that only went on with the clock does not undo a zoom.
    if (!(moved && zoomed && this.view[0] >= from)) this.view = this.whole;
    this.draw();
  }

  /** Takes other spans for the same range. */
  update(lanes: Lane[]): void {
    this.lanes = lanes;
    this.draw();
  }

  private zoom(view: [number, number]): void {
    this.view = view;
    this.draw();
  }

  /** The same by keys as by drag: what is zoomed to is chosen. */
  private press(e: KeyboardEvent): void {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const [first, last] = this.whole, [from, until] = this.view, span = until - from;
    const keys: Record<string, [number, number]> = {
      "+": [from + span / 4, until - span / 4], "=": [from + span / 4, until - span / 4], "-": [from - span / 2, until + span / 2],
      ArrowLeft: [from - span / 4, until - span / 4], ArrowRight: [from + span / 4, until + span / 4], "0": [first, last],
    };
    const to = keys[e.key];
    if (!to) return;
    e.preventDefault();
    const wanted = Math.min(Math.max(to[1] - to[0], 60), last - first);
    const start = Math.min(Math.max(to[0], first), last - wanted);
    this.zoom(wanted === last - first ? this.whole : [start, start + wanted]);
    if (this.view !== this.whole) this.chosen(start, start + wanted);
  }

  private draw(): void {
    const [from, until] = this.view;
    this.rows.replaceChildren(...this.lanes.map((l) => this.row(l)));
    this.axis.replaceChildren(...[0, 0.5, 1].map((part) => h("span", {}, short(from + (until - from) * part, until - from))));
    this.back.hidden = from === this.whole[0] && until === this.whole[1];
  }

  private row(lane: Lane): HTMLElement {
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", describe(lane));
    for (const span of lane.spans) this.bar(svg, span.from, span.until, heights[span.seen] ?? 6, tall, `lane-${span.seen}`);
    for (const mark of lane.marks ?? []) {
      const bar = this.bar(svg, mark.from, mark.until, 4, 4, `lane-${mark.level === "unknown" ? "fault" : mark.level}`);
      if (bar) title(bar, mark.label);
    }
    this.listen(svg);
    return h("div", { class: "lane" }, h("span", { class: "small lane-name" }, lane.name), svg as unknown as HTMLElement);
  }

  private bar(svg: SVGSVGElement, from: number, until: number, height: number, bottom: number, name: string): SVGRectElement | null {
    const left = this.x(Math.max(from, this.view[0])), right = this.x(Math.min(until, this.view[1]));
    if (right < 0 || left > wide || until < this.view[0] || from > this.view[1]) return null;
    const rect = document.createElementNS(ns, "rect");
    rect.setAttribute("x", left.toFixed(2));
    rect.setAttribute("width", Math.max(right - left, 1.2).toFixed(2));
    rect.setAttribute("y", String(bottom - height));
    rect.setAttribute("height", String(height));
    rect.setAttribute("class", name);
    title(rect, `${name.slice(5)} from ${exact(from * 1000)} to ${exact(until * 1000)}`);
    svg.append(rect);
    return rect;
  }

  private x(at: number): number {
    return (at - this.view[0]) / (this.view[1] - this.view[0]) * wide;
  }

  private listen(svg: SVGSVGElement): void {
    let start: number | null = null;
    const at = (e: PointerEvent) => {
      const box = svg.getBoundingClientRect();
      return this.view[0] + Math.min(1, Math.max(0, (e.clientX - box.left) / box.width)) * (this.view[1] - this.view[0]);
    };
    svg.addEventListener("pointerdown", (e) => { start = at(e); svg.setPointerCapture(e.pointerId); });
    svg.addEventListener("pointerup", (e) => {
      if (start === null) return;
      const [from, until] = [Math.min(start, at(e)), Math.max(start, at(e))];
      start = null;
      if (until - from < (this.view[1] - this.view[0]) / 200) return;
      this.chosen(from, until);
      this.zoom([from, until]);
    });
  }
}

function title(el: SVGElement, text: string): void {
  const node = document.createElementNS(ns, "title");
  node.textContent = text;
  el.replaceChildren(node);
}

function describe(lane: Lane): string {
  const seconds = new Map<string, number>();
  let total = 0;
  for (const s of lane.spans) {
    seconds.set(s.seen, (seconds.get(s.seen) ?? 0) + s.until - s.from);
    total += s.until - s.from;
  }
  const shares = [...seconds].map(([seen, n]) => `${seen} ${total > 0 ? (100 * n / total).toFixed(1) : 0} % of the time`);
  return `${lane.name}: ${shares.join(", ") || "no runs"}; ${lane.marks?.length ?? 0} incidents`;
}

function short(at: number, span: number): string {
  return onAxis(at * 1000, { day: span > 86400, time: span <= 3 * 86400 });
}
