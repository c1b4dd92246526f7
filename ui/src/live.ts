// Live updates: the server says over one stream that something changed, and the
// list asks for itself again. The favicon and title tell the worst level.
import { $, maybe } from "./dom";
import { reload } from "./list";

interface Summary { worst: string; critical: number; warning: number; unknown: number }

export function startLive(): void {
  showSummary();
  document.addEventListener("wm:swapped", showSummary);
  if (!maybe("[data-live]")) return;
  let stale = false;
  let busy = false;
  const refresh = async () => {
    if (document.hidden || busy) { stale = true; return; }
    stale = false;
    busy = true;
    await reload();
    window.setTimeout(() => { busy = false; if (stale) void refresh(); }, 2000);
  };
  const stream = new EventSource("/events");
  const dot = maybe(".live-dot");
  stream.addEventListener("open", () => { dot?.classList.add("on"); });
  stream.addEventListener("error", () => { dot?.classList.remove("on"); });
  stream.addEventListener("change", () => void refresh());
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
