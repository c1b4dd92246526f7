// Announcements: the strip on top of every page. The browser remembers in a cookie
// which of them were put away, so that the server leaves them out of the next page.
import { all, maybe } from "./dom";
import { refreshTimes } from "./time";

/** How often a page that has no live list looks for news, in milliseconds. */
const newsEvery = 60_000;

/** How many that were put away are remembered: more than ever stand there together. */
const remembered = 50;

const away = (): string[] => (/(?:^|; )announcements=([^;]*)/.exec(document.cookie)?.[1] ?? "").split(".").filter((mark) => mark !== "");

function putAway(mark: string): void {
  const marks = [...away().filter((other) => other !== mark), mark].slice(-remembered);
  document.cookie = `announcements=${marks.join(".")}; path=/; max-age=31536000; samesite=lax`;
}

/** Takes the strip of a newer page over, but for what was put away since that was asked for. */
export function takeStrip(page: Document): void {
  const strip = maybe("#announcements"), newer = page.getElementById("announcements");
  if (!strip || !newer) return;
  const known = new Set(away());
  for (const one of all("[data-mark]", newer)) if (known.has(one.dataset.mark ?? "") && maybe("[data-put-away]", one)) one.remove();
  const marks = (host: Element) => all("[data-mark]", host).map((one) => one.dataset.mark).join(".");
  if (marks(strip) === marks(newer)) return; // else a reader of screens hears the same again
  strip.replaceChildren(...newer.childNodes);
  refreshTimes(strip);
}

async function look(): Promise<void> {
  try {
    const response = await fetch("/announcements", { headers: { Accept: "text/html" } });
    if (response.ok) takeStrip(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch { /* the strip stays as it is until the server answers again */ }
}

export function startAnnouncements(): void {
  const strip = maybe("#announcements");
  if (!strip) return;
  strip.addEventListener("click", (e) => {
    const one = (e.target as HTMLElement).closest("[data-put-away]")?.closest<HTMLElement>("[data-mark]");
    if (!one) return;
    putAway(one.dataset.mark ?? "");
    const next = (one.nextElementSibling ?? one.previousElementSibling)?.querySelector<HTMLElement>("[data-put-away]");
    one.remove();
    (next ?? maybe<HTMLElement>("#main"))?.focus();
  });
  if (!maybe("[data-live]")) window.setInterval(() => { if (!document.hidden) void look(); }, newsEvery);
}
