// The graph of a run: lines with gaps, vertical markers, a legend with toggles
// and values, zoom by dragging.
import uPlot from "uplot";
import { h } from "./dom";
import { compact, exact, inUTC, onAxis } from "./time";
import { touchZoom } from "./touch";

export type Point = [number, number | null];
export interface Line { label: string; points: Point[] | null }

const marker = /^drawAsInfinite\((.*)\)$/;

/** A span of trouble, in seconds since the epoch; until is 0 while it lasts. */
export interface Trouble { from: number; until: number; level: string; id: number }

interface Shown { label: string; points: Point[]; color: string; index: number }

export class Graph {
  private plot: uPlot | null = null;
  private readonly hidden = new Set<string>();
  private readonly canvas = h("div", { class: "graph" });
  private readonly legend = h("div", { class: "graph-legend" });
  private readonly all = h("button", { type: "button", class: "tiny graph-all", hidden: true, title: "A double click or a double tap on the graph does the same" }, "Show all");
  private values: HTMLElement[] = [];
  private lines: Shown[] = [];
  private markers: { label: string; at: number[] }[] = [];
  private raw: Line[] = [];
  private span: [number, number] | null = null;
  private trouble: Trouble[] = [];

  constructor(private readonly host: HTMLElement, private readonly height = 260) {
    host.append(this.canvas, this.legend);
    new ResizeObserver(() => this.plot?.setSize({ width: this.width(), height: this.height })).observe(host);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    document.addEventListener("wm:theme", () => this.draw());
    document.addEventListener("wm:zone", () => this.draw());
  }

  /** Shows lines over the window from..until (seconds since the epoch). Trouble is shaded, with a mark where it began; left out, what was known before stays. */
  show(lines: Line[], window: { from: number; until: number } | null, trouble = this.trouble): void {
    this.trouble = trouble;
    this.raw = lines;
    this.span = window ? [window.from, window.until] : null;
    this.draw();
  }

  private width(): number {
    return Math.max(200, this.canvas.clientWidth);
  }

  private draw(): void {
    this.plot?.destroy();
    this.plot = null;
    this.split();
    this.canvas.replaceChildren();
    this.drawLegend();
    const tables = this.lines.map((l) => [l.points.map((p) => p[0]), l.points.map((p) => p[1])] as uPlot.AlignedData);
    if (this.lines.length === 0 && this.markers.length === 0) {
      this.canvas.append(h("p", { class: "empty small" }, this.span
        ? "Nothing was drawn: no target brought a series, and the script called no graph_value." : "The graph comes with the first run."));
      return;
    }
    const data = tables.length > 0 ? uPlot.join(tables) : ([this.markers.flatMap((m) => m.at)] as unknown as uPlot.AlignedData);
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", this.describe());
    this.plot = new uPlot(this.options(), data, this.canvas);
    touchZoom(this.plot, xRange(this.span, data[0]?.[0] ?? null, data[0]?.at(-1) ?? null));
  }

  private describe(): string {
    return "Graph of " + this.lines.map((l) => `${l.label}, last value ${compact(last(l.points))}`).join("; ")
      + this.trouble.map((t) => `; ${t.level} from ${exact(t.from * 1000)} ${t.until === 0 ? "on" : `to ${exact(t.until * 1000)}`}`).join("");
  }

  private split(): void {
    this.lines = [];
    this.markers = [];
    const color = palette(this.host);
    for (const line of this.raw) {
      const points = tidy(line.points ?? []);
      const match = marker.exec(line.label);
      if (match) {
        this.markers.push({ label: match[1] ?? "", at: points.filter((p) => p[1]).map((p) => p[0]) });
      } else {
        const index = this.lines.length % 8;
        this.lines.push({ label: line.label, points, color: color(`--s${index + 1}`), index });
      }
    }
  }

  private options(): uPlot.Options {
    const color = palette(this.host);
    const axis: uPlot.Axis = {
      stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 },
      font: `11px ${getComputedStyle(this.host).fontFamily}`,
    };
    const span = this.span;
    return {
      width: this.width(),
      height: this.height,
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: true }, points: { size: 6 }, focus: { prox: 24 } },
      tzDate: (ts) => (inUTC() ? uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC") : new Date(ts * 1e3)),
      scales: { x: { time: true, range: (u, min, max) => xRange(span, min, u.data[0].length === 1 ? min : max) } }, // uPlot makes a lonely point a thousand days wide
      axes: [{ ...axis, values: (_u, ticks) => clock(ticks), space: 60 }, { ...axis, size: 52, values: (_u, ticks) => ticks.map(compact) }],
      series: [{}, ...this.lines.map((l): uPlot.Series => ({
        label: l.label, stroke: l.color, width: 1.5, show: !this.hidden.has(l.label),
        points: { show: l.points.length < 2 },
      }))],
      hooks: {
        drawClear: [(u) => this.shade(u)],
        draw: [(u) => this.drawMarkers(u)],
        setCursor: [(u) => this.showValues(u)],
        setScale: [(u, key) => { if (key === "x") this.zoomed(u); }],
      },
    };
  }

  /** Colours the background of the intervals in which the monitor was in trouble, and marks where each began. */
  private shade(u: uPlot): void {
    const { left, top, width, height } = u.bbox;
    const color = palette(this.host);
    const clip = (at: number) => Math.max(left, Math.min(left + width, u.valToPos(at, "x", true)));
    u.ctx.save();
    for (const t of this.trouble) {
      const level = t.level === "warning" ? "warning" : "critical";
      const from = clip(t.from), until = t.until === 0 ? left + width : clip(t.until);
      u.ctx.fillStyle = color(`--${level}-soft`);
      u.ctx.fillRect(from, top, until - from, height);
      if (from === left || from === left + width) continue; // it began outside
      const size = 5 * devicePixelRatio;
      u.ctx.fillStyle = u.ctx.strokeStyle = color(`--${level}`);
      u.ctx.lineWidth = devicePixelRatio;
      u.ctx.beginPath();
      u.ctx.moveTo(from, top);
      u.ctx.lineTo(from, top + height);
      u.ctx.stroke();
      u.ctx.beginPath();
      u.ctx.moveTo(from, top);
      u.ctx.lineTo(from + 2 * size, top + size);
      u.ctx.lineTo(from, top + 2 * size);
      u.ctx.fill();
    }
    u.ctx.restore();
  }

  private drawMarkers(u: uPlot): void {
    const color = palette(this.host)("--ok");
    const ctx = u.ctx;
    ctx.save();
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.lineWidth = devicePixelRatio;
    ctx.textBaseline = "alphabetic";
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(this.host).fontFamily}`;
    for (const m of this.markers) {
      for (const at of m.at) {
        const x = Math.round(u.valToPos(at, "x", true));
        if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
        ctx.beginPath();
        ctx.moveTo(x, u.bbox.top);
        ctx.lineTo(x, u.bbox.top + u.bbox.height);
        ctx.stroke();
        const room = u.bbox.left + u.bbox.width - x > ctx.measureText(m.label).width + 8 * devicePixelRatio;
        ctx.textAlign = room ? "left" : "right";
        ctx.fillText(m.label, x + (room ? 4 : -4) * devicePixelRatio, u.bbox.top + 12 * devicePixelRatio);
      }
    }
    ctx.restore();
  }

  private drawLegend(): void {
    this.values = [];
    this.legend.replaceChildren(...this.lines.map((l, i) => {
      const value = h("span", { class: "value" }, compact(last(l.points)));
      this.values.push(value);
      const button = h("button", { type: "button", class: `c${l.index + 1}`, "aria-pressed": String(!this.hidden.has(l.label)), title: l.label },
        h("span", { class: "swatch" }), h("span", { class: "label" }, l.label), value);
      button.addEventListener("click", () => {
        const show = this.hidden.has(l.label);
        if (show) this.hidden.delete(l.label);
        else this.hidden.add(l.label);
        button.setAttribute("aria-pressed", String(show));
        this.plot?.setSeries(i + 1, { show });
      });
      return button;
    }));
    this.all.hidden = true;
    this.legend.append(this.all, h("span", { class: "graph-at muted" }));
  }

  /** Offers the way back while only a part of the time is shown. */
  private zoomed(u: uPlot): void {
    const times = u.data[0];
    const [from, until] = xRange(this.span, times[0] ?? null, times.at(-1) ?? null);
    this.all.hidden = (u.scales.x?.min ?? from) <= from && (u.scales.x?.max ?? until) >= until;
    this.all.onclick = () => u.setScale("x", { min: from, max: until });
  }

  private showValues(u: uPlot): void {
    const idx = u.cursor.idx;
    const at = this.legend.querySelector(".graph-at");
    const x = idx === null || idx === undefined ? undefined : u.data[0]?.[idx];
    this.values.forEach((el, i) => {
      el.textContent = compact(x === undefined ? last(this.lines[i]?.points ?? []) : (u.data[i + 1]?.[idx as number] as number | null));
    });
    if (at) at.textContent = x === undefined ? "" : exact(x * 1000);
  }

  /** The shown lines as CSV: time, then a column per line. */
  csv(): string {
    const quote = (s: string) => `"${s.replaceAll('"', '""')}"`;
    const times = [...new Set(this.raw.flatMap((l) => (l.points ?? []).map((p) => p[0])))].sort((a, b) => a - b);
    const columns = this.raw.map((l) => new Map(l.points ?? []));
    const rows = times.map((t) => [new Date(t * 1000).toISOString(), ...columns.map((c) => c.get(t) ?? "")].join(","));
    return [["time", ...this.raw.map((l) => quote(l.label))].join(","), ...rows].join("\n") + "\n";
  }

  /** The picture as PNG, or null when nothing is drawn. */
  png(): Promise<Blob | null> {
    const plot = this.plot;
    if (!plot) return Promise.resolve(null);
    const source = plot.ctx.canvas;
    const copy = document.createElement("canvas");
    copy.width = source.width;
    copy.height = source.height;
    const ctx = copy.getContext("2d");
    if (!ctx) return Promise.resolve(null);
    ctx.fillStyle = palette(this.host)("--surface");
    ctx.fillRect(0, 0, copy.width, copy.height);
    ctx.drawImage(source, 0, 0);
    return new Promise((resolve) => copy.toBlob(resolve, "image/png"));
  }
}

/** Hours and minutes; the day where one begins, seconds where ticks are closer than a minute. */
function clock(ticks: number[]): string[] {
  const seconds = ticks.length > 1 && (ticks[1] as number) - (ticks[0] as number) < 60;
  return ticks.map((t) => {
    const text = onAxis(t * 1000, { time: true, seconds });
    return /^00:00(:00)?$/.test(text) ? onAxis(t * 1000, { day: true }) : text;
  });
}

/** Sorts points by time and keeps the last of those that share one. */
function tidy(points: Point[]): Point[] {
  const byTime = new Map<number, number | null>();
  for (const [t, v] of points) byTime.set(t, v);
  return [...byTime].sort((a, b) => a[0] - b[0]);
}

function last(points: Point[]): number | null {
  for (let i = points.length - 1; i >= 0; i--) {
    const v = points[i]?.[1];
    if (v !== null && v !== undefined) return v;
  }
  return null;
}

/** Resolves colour tokens to what a canvas understands. */
function palette(host: HTMLElement): (token: string) => string {
  const probe = h("span", { hidden: true });
  host.append(probe);
  const resolved = new Map<string, string>();
  queueMicrotask(() => probe.remove());
  return (token) => {
    let value = resolved.get(token);
    if (value === undefined) {
      probe.style.color = `var(${token})`;
      value = getComputedStyle(probe).color;
      resolved.set(token, value);
    }
    return value;
  };
}

/** One point alone is shown in the run's window, or half an hour to each side. */
function xRange(span: [number, number] | null, min: number | null, max: number | null): [number, number] {
  const from = min ?? span?.[0] ?? 0;
  const until = max ?? span?.[1] ?? 1;
  if (from !== until) return [from, until];
  return span && span[0] < span[1] ? span : [from - 1800, until + 1800];
}
