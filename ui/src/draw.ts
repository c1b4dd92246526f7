// Draws the series of a unit test: with the mouse or a finger, or with the keys of
// a slider. What is drawn stands in the text of the tests at once, in the notation
// that people write there.
import type { Editor } from "./backtest";
import { $, h, maybe } from "./dom";
import { findDrawings, formatDrawing, type Place, tidy, type Values } from "./notation";

const ns = "http://www.w3.org/2000/svg";
const wide = 1000, tall = 200;
const mostPoints = 500;

export class Drawer {
  private places: Place[] = [];
  private chosen = 0;
  private values: Values = [];
  private low = 0;
  private high = 100;
  private at = 0; // the point that keys change
  private last: [number, number | null] | null = null; // where the pen was
  private mine = false; // the text changes because of us
  private readonly text = $<HTMLTextAreaElement>("#tests");
  private readonly pad: SVGSVGElement = document.createElementNS(ns, "svg");
  private readonly series = $<HTMLSelectElement>("#draw-series");
  private readonly points = $<HTMLInputElement>("#draw-points");

  constructor(private readonly editor: Editor) {
    this.pad.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
    this.pad.setAttribute("preserveAspectRatio", "none");
    this.pad.setAttribute("id", "draw-pad");
    this.pad.setAttribute("role", "slider");
    this.pad.setAttribute("tabindex", "0");
    this.pad.setAttribute("aria-label", "Drawn series: left and right choose a point, up and down change it, Delete makes a gap");
    $("#draw-host").prepend(this.pad);
    $("#draw").addEventListener("toggle", () => this.find());
    this.text.addEventListener("input", () => { if (!this.mine) this.find(); });
    this.series.addEventListener("change", () => this.choose(Number(this.series.value)));
    this.points.addEventListener("change", () => this.resize());
    for (const id of ["#draw-low", "#draw-high"]) $(id).addEventListener("change", () => this.scale());
    $("#draw-gaps").addEventListener("click", (e) => {
      const button = e.currentTarget as HTMLElement;
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    });
    $("#draw-new").addEventListener("click", () => this.add());
    this.pad.addEventListener("keydown", (e) => this.press(e));
    this.pad.addEventListener("pointerdown", (e) => {
      if (this.values.length === 0) return;
      e.preventDefault();
      this.pad.focus({ preventScroll: true });
      this.pad.setPointerCapture(e.pointerId);
      this.last = null;
      this.pen(e);
    });
    this.pad.addEventListener("pointermove", (e) => { if (this.pad.hasPointerCapture(e.pointerId)) this.pen(e); });
  }

  /** Lists the drawings of the tests, and keeps the chosen one. */
  private find(): void {
    if (!$<HTMLDetailsElement>("#draw").open) return;
    const before = this.places[this.chosen];
    this.places = findDrawings(this.text.value).filter((p) => p.values.length <= mostPoints);
    const kept = this.places.findIndex((p) => p.test === before?.test && p.name === before.name);
    this.series.replaceChildren(...this.places.map((p, i) => h("option", { value: String(i) }, `${p.test || "a test"}: ${p.name}`)));
    if (this.places.length === 0) this.series.append(h("option", { value: "" }, "no test has a series that can be drawn"));
    this.choose(Math.max(kept, 0));
  }

  private choose(index: number): void {
    this.chosen = index;
    const place = this.places[index];
    if (place) this.series.value = String(index);
    this.values = place ? [...place.values] : [];
    this.at = Math.min(this.at, Math.max(0, this.values.length - 1));
    $("#draw-host").hidden = !place;
    if (!place) return;
    this.points.value = String(this.values.length);
    const known = this.values.filter((v) => v !== null);
    this.low = Math.min(0, ...known);
    this.high = nice(Math.max(this.low + 1, ...known) * 1.25);
    this.showScale();
    this.draw();
  }

  /** Adds a test whose series are as long as an hour of minutes, to be drawn. */
  private add(): void {
    const targets = this.editor.read().targets.filter((t) => t.trim() !== "" && !t.startsWith("#"));
    const names = new Set(findDrawings(this.text.value).map((p) => p.test));
    let name = "drawn";
    for (let n = 2; names.has(name); n++) name = `drawn ${n}`;
    const test = [`- name: ${name}`, "  series:", ...(targets.length > 0 ? targets : ["series"]).map((t) => `    ${JSON.stringify(t).replaceAll("*/", "*\\/")}: 50x60`), "  expect: {level: critical}"].join("\n");
    this.write([this.text.value.trimEnd(), test].filter((part) => part !== "").join("\n"));
    this.find();
    const index = this.places.findIndex((p) => p.test === name);
    if (index >= 0) this.choose(index);
  }

  private write(text: string): void {
    this.mine = true;
    this.text.value = text;
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
    this.mine = false;
  }

  /** Puts the drawing in its place in the text. */
  private store(): void {
    const place = this.places[this.chosen];
    if (!place) return;
    const drawing = formatDrawing(this.values), text = this.text.value;
    const put = place.quoted ? `"${drawing}"` : drawing;
    this.write(text.slice(0, place.from) + put + text.slice(place.until));
    const moved = put.length - (place.until - place.from);
    place.until += moved;
    place.values = [...this.values];
    for (const p of this.places) if (p.from > place.from) { p.from += moved; p.until += moved; }
    this.draw();
  }

  private resize(): void {
    const wanted = Math.min(Math.max(1, Math.round(Number(this.points.value)) || 1), mostPoints);
    const end = this.values.at(-1) ?? 0;
    this.values = Array.from({ length: wanted }, (_, i) => i < this.values.length ? this.values[i] ?? null : end);
    this.points.value = String(wanted);
    this.at = Math.min(this.at, wanted - 1);
    this.store();
  }

  private scale(): void {
    const [low, high] = ["#draw-low", "#draw-high"].map((id) => Number($<HTMLInputElement>(id).value)) as [number, number];
    if (high > low) { this.low = low; this.high = high; }
    this.showScale();
    this.draw();
  }

  private showScale(): void {
    $<HTMLInputElement>("#draw-low").value = String(this.low);
    $<HTMLInputElement>("#draw-high").value = String(this.high);
  }

  /** The values that can be drawn lie so far apart. */
  private grain(): number { return nice((this.high - this.low) / 200); }

  private snap(v: number): number {
    const grain = this.grain();
    return tidy(Math.min(Math.max(Math.round(v / grain) * grain, this.low), this.high));
  }

  /** Draws from where the pen was to where it is, a value for each step between. */
  private pen(e: PointerEvent): void {
    const box = this.pad.getBoundingClientRect();
    const part = (e.clientX - box.left) / box.width;
    const i = Math.min(Math.max(Math.floor(part * this.values.length), 0), this.values.length - 1);
    const gap = e.shiftKey || $("#draw-gaps").getAttribute("aria-pressed") === "true";
    const v = gap ? null : this.snap(this.high - (e.clientY - box.top) / box.height * (this.high - this.low));
    const [from, was] = this.last ?? [i, v];
    for (let k = Math.min(from, i); k <= Math.max(from, i); k++) {
      const way = from === i ? 1 : (k - from) / (i - from);
      this.values[k] = v === null || was === null ? v : this.snap(was + (v - was) * way);
    }
    this.last = [i, v];
    this.at = i;
    this.store();
  }

  private press(e: KeyboardEvent): void {
    if (e.ctrlKey || e.metaKey || e.altKey || this.values.length === 0) return;
    const far = e.shiftKey ? 10 : 1, step = this.grain() * 2 * far, end = this.values.length - 1;
    const move: Record<string, number> = { ArrowLeft: this.at - far, ArrowRight: this.at + far, Home: 0, End: end };
    const raise: Record<string, number> = { ArrowUp: step, ArrowDown: -step, PageUp: 10 * step, PageDown: -10 * step };
    if (e.key in move) {
      this.at = Math.min(Math.max(move[e.key] ?? 0, 0), end);
      this.draw();
    } else if (e.key in raise || e.key === "Delete" || e.key === "Backspace") {
      this.values[this.at] = e.key in raise ? this.snap((this.values[this.at] ?? this.low) + (raise[e.key] ?? 0)) : null;
      this.store();
    } else return;
    e.preventDefault();
  }

  private draw(): void {
    const n = this.values.length, span = this.high - this.low;
    const x = (i: number) => (i + 0.5) / n * wide;
    const y = (v: number) => tall - (Math.min(Math.max(v, this.low), this.high) - this.low) / span * (tall - 8) - 4;
    let path = "", dots = "", pen = false;
    this.values.forEach((v, i) => {
      if (v === null) { pen = false; return; }
      path += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
      dots += `M${x(i).toFixed(1)} ${y(v).toFixed(1)}h0.01`;
      pen = true;
    });
    const line = (d: string, name: string) => {
      const el = document.createElementNS(ns, "path");
      el.setAttribute("d", d);
      el.setAttribute("class", name);
      return el;
    };
    const now = this.values[this.at] ?? null;
    this.pad.replaceChildren(line(`M${x(this.at).toFixed(1)} 0V${tall}`, "draw-at"), line(path, "draw-line"), line(dots, "draw-dots"));
    const step = this.places[this.chosen]?.step ?? 60;
    const said = `point ${this.at + 1} of ${n}, ${ago((n - 1 - this.at) * step)}: ${now === null ? "no value" : now}`;
    this.pad.setAttribute("aria-valuemin", String(this.low));
    this.pad.setAttribute("aria-valuemax", String(this.high));
    this.pad.setAttribute("aria-valuenow", String(now ?? this.low));
    this.pad.setAttribute("aria-valuetext", said);
    $("#draw-said").textContent = said;
    $("#draw-begin").textContent = ago((n - 1) * step);
  }
}

const ago = (seconds: number): string => seconds === 0 ? "the run itself" : seconds % 60 === 0 ? `${seconds / 60} min before` : `${seconds} s before`;

/** The next number up of 1, 2 or 5 times a power of ten. */
function nice(v: number): number {
  const power = 10 ** Math.floor(Math.log10(v));
  return tidy((v <= power ? 1 : v <= 2 * power ? 2 : v <= 5 * power ? 5 : 10) * power);
}

export function startDrawer(editor: Editor): void {
  if (maybe("#draw")) new Drawer(editor);
}
