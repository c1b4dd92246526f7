// Fingers on a graph: two of them zoom in time, one moves what is zoomed, and
// up and down still scrolls the page. Two quick taps show everything again, as
// a double click does.
import type uPlot from "uplot";

/** How soon the second tap must come, in milliseconds. */
const quick = 350;

interface Finger { at: number; value: number }

/** Lets fingers zoom and move the time axis between two ends, in seconds. */
export function touchZoom(u: uPlot, [from, until]: [number, number]): void {
  const fingers = new Map<number, Finger>();
  const place = (e: PointerEvent) => e.clientX - u.over.getBoundingClientRect().left;
  const point = (e: PointerEvent) => u.setCursor({ left: place(e), top: e.clientY - u.over.getBoundingClientRect().top });
  const hold = () => { for (const f of fingers.values()) f.value = u.posToVal(f.at, "x"); };
  const lift = (e: PointerEvent) => { if (fingers.delete(e.pointerId)) hold(); };
  let tapped = -quick, moved = false;
  u.over.addEventListener("pointerdown", (e) => {
    if (e.pointerType !== "touch" || fingers.size === 2) return;
    fingers.set(e.pointerId, { at: place(e), value: 0 });
    hold();
    moved = fingers.size > 1;
    point(e);
  });
  u.over.addEventListener("pointermove", (e) => {
    const finger = fingers.get(e.pointerId);
    if (!finger) return;
    moved ||= Math.abs(place(e) - finger.at) > 4;
    finger.at = place(e);
    const [min, max] = under([...fingers.values()], u);
    const span = Math.min(max - min, until - from);
    if (!(span > 0)) return;
    const start = Math.min(Math.max(min, from), until - span);
    u.setScale("x", { min: start, max: start + span });
    point(e);
  });
  u.over.addEventListener("pointerup", (e) => {
    lift(e);
    if (e.pointerType !== "touch") return;
    if (moved) { tapped = -quick; return; }
    if (e.timeStamp - tapped < quick) u.setScale("x", { min: from, max: until });
    tapped = e.timeStamp;
  });
  u.over.addEventListener("pointercancel", lift);
}

/** The range that keeps under each finger the time that it was put on. */
function under([a, b]: Finger[], u: uPlot): [number, number] {
  const { min = 0, max = 0 } = u.scales.x as { min?: number; max?: number };
  const width = u.over.clientWidth;
  const far = a && b && Math.abs(b.at - a.at) > 8;
  const perPixel = far ? (b.value - a.value) / (b.at - a.at) : (max - min) / width;
  if (!a || !(perPixel > 0)) return [min, max];
  const start = a.value - a.at * perPixel;
  return [start, start + width * perPixel];
}
