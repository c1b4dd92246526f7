// Live updates: the server says over one stream that something changed, and the
// list asks for itself again. The favicon and title tell the worst level.
import { $, h, maybe } from "./dom";
import { reload } from "./list";
import { exact } from "./time";

/** How old a page may grow before it asks by itself, and before it warns, in milliseconds. */
const newsEvery = 60_000, tooOld = 15_000;

/** How long a wall shows one page of tiles before the next, in milliseconds. */
const cycle = 30_000;

interface Summary { worst: string; critical: number; warning: number; unknown: number }

export function startLive(): void {
  showSummary();
  document.addEventListener("wm:swapped", showSummary);
  if (!maybe("[data-live]")) return;
  let stale = false;
  let busy = false;
  let fresh = Date.now();
  const refresh = async () => {
    if (document.hidden || busy) { stale = true; return; }
    stale = false;
    busy = true;
    if (await reload()) fresh = Date.now();
    window.setTimeout(() => { busy = false; if (stale) void refresh(); }, 2000);
  };
  const next = maybe("[data-next]")?.dataset.next;
  if (next) window.setTimeout(() => location.replace(next), cycle);
  const stream = new EventSource("/events");
  const dot = maybe(".live-dot");
  stream.addEventListener("open", () => { dot?.classList.add("on"); });
  stream.addEventListener("error", () => { dot?.classList.remove("on"); });
  stream.addEventListener("change", () => void refresh());
  // A wall must not show old news as new: it asks by itself, too, and says when nothing came.
  const warning = h("div", { class: "stale", role: "alert", hidden: true });
  document.body.append(warning);
  window.setInterval(() => {
    if (stream.readyState === EventSource.OPEN && Date.now() - fresh < newsEvery) return;
    void reload().then((came) => {
      if (came) fresh = Date.now();
      const old = Date.now() - fresh > tooOld;
      if (old && warning.hidden) warning.textContent = `No news from the server since ${exact(fresh)}. What is shown may be out of date.`;
      warning.hidden = !old;
    });
  }, 5000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && stale) void refresh(); });
}

function showSummary(): void {
  const el = maybe("#summary");
  if (!el) return;
  const s = JSON.parse(el.dataset.summary ?? "{}") as Partial<Summary>;
  const bad = (s.critical ?? 0) + (s.warning ?? 0);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = bad > 0 ? `(${bad}) ${title}` : title;
  const worst = s.worst && s.worst !== "unknown" ? s.worst : s.unknown ? "unknown" : "ok";
  $<HTMLLinkElement>("link[rel=icon]").href = `/favicon/${worst}.svg`;
}
