// Lists that filter as one types and refresh in place. The server renders them:
// a form[data-list] fetches the page for its fields and swaps the parts that
// data-live marks, so that there is one template and every view has a URL.
import { takeStrip } from "./announcements";
import { call, isAbort, type Problem } from "./api";
import { $, all, debounce, maybe, toast } from "./dom";
import { fold } from "./fold";
import { refreshTimes } from "./time";

let loading: AbortController | null = null;

export function startLists(): void {
  const form = maybe<HTMLFormElement>("form[data-list]");
  if (form) {
    const soon = debounce(140, () => void load(address(form), true));
    form.addEventListener("input", soon);
    form.addEventListener("submit", (e) => { e.preventDefault(); void load(address(form), true); });
  }
  document.addEventListener("change", (e) => {
    const box = e.target as HTMLInputElement;
    if (box.matches(".switch[data-monitor]")) void enable([box.dataset.monitor ?? ""], box.checked, box);
    else if (box.matches("#select-all")) { for (const b of all<HTMLInputElement>(".sel input[data-id]")) b.checked = box.checked; showBulk(); }
    else if (box.matches(".sel input")) showBulk();
  });
  document.addEventListener("click", (e) => {
    const button = (e.target as HTMLElement).closest<HTMLButtonElement>("[data-bulk]");
    if (button) void bulk(button.dataset.bulk ?? "");
  });
}

function address(form: HTMLFormElement): string {
  const query = new URLSearchParams();
  for (const [key, value] of new FormData(form)) {
    if (typeof value === "string" && value !== "") query.append(key, value);
  }
  const text = query.toString();
  return form.action.split("?")[0] + (text ? `?${text}` : "");
}

/** Fetches a page again and puts its live parts in place of those shown. */
async function load(url: string, remember: boolean): Promise<boolean> {
  const hosts = all("[data-live]");
  if (hosts.length === 0) return true;
  loading?.abort();
  const mine = loading = new AbortController();
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" }, signal: mine.signal });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const host of hosts) swap(host, page.getElementById(host.id));
    takeStrip(page);
    document.dispatchEvent(new CustomEvent("wm:swapped"));
    if (remember) history.replaceState(null, "", url);
    return true;
  } catch (error) {
    if (!isAbort(error) && remember) toast("The list could not be loaded. Is the server running?");
    return isAbort(error);
  }
}

/** Replaces the list but keeps what the reader was doing: focus, ticks, selection, open details. */
function swap(host: HTMLElement, inner: HTMLElement | null): void {
  if (!inner || maybe(".dragged", host)) return;
  if (host.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")
    && (document.activeElement as HTMLInputElement).type !== "checkbox") return;
  const ticked = new Set(all<HTMLInputElement>(".sel input:checked", host).map((b) => b.dataset.id));
  const chosen = maybe("[data-row].selected", host)?.dataset.row;
  const open = new Set(all<HTMLDetailsElement>("details[open][id]:not([data-fold])", host).map((d) => d.id));
  const focus = host.contains(document.activeElement) ? wayTo(document.activeElement as HTMLElement) : "";
  host.replaceChildren(...inner.childNodes);
  for (const box of all<HTMLInputElement>(".sel input[data-id]", host)) box.checked = ticked.has(box.dataset.id);
  for (const d of all<HTMLDetailsElement>("details[id]", host)) if (open.has(d.id)) d.open = true;
  fold(host);
  if (chosen) maybe(`[data-row="${CSS.escape(chosen)}"]`, host)?.classList.add("selected");
  if (focus) maybe(focus, host)?.focus({ preventScroll: true });
  showBulk();
  refreshTimes(host);
}

/** A selector that finds an element again in a newer copy of its list; empty when nothing tells it apart. */
function wayTo(el: HTMLElement): string {
  if (el.id) return `#${CSS.escape(el.id)}`;
  const row = el.closest<HTMLElement>("[data-row]")?.dataset.row;
  const within = row ? `[data-row="${CSS.escape(row)}"] ` : "";
  const href = el.getAttribute("href");
  if (href) return `${within}a[href="${CSS.escape(href)}"]`;
  if (el.matches("details[id] > summary")) return `#${CSS.escape(el.parentElement!.id)} > summary`;
  return "";
}

/** Fetches the list again as the address says; called when something changed on the server. False when it did not come. */
export async function reload(): Promise<boolean> {
  return load(location.href, false);
}

async function enable(ids: string[], on: boolean, box?: HTMLInputElement): Promise<void> {
  try {
    await call("/api/v1/monitors/active", { method: "POST", body: { ids: ids.map(Number), active: on } });
    const what = ids.length === 1 ? "Monitor" : `${ids.length} monitors`;
    toast(`${what} ${on ? "enabled" : "paused"}.`, { label: "Undo", run: () => void enable(ids, !on) });
    await reload();
  } catch (error) {
    if (box) box.checked = !on;
    toast((error as Problem).message);
  }
}

const ticked = (): string[] => all<HTMLInputElement>(".sel input[data-id]:checked").map((b) => b.dataset.id ?? "");

function showBulk(): void {
  const bar = maybe("#bulk");
  if (!bar) return;
  const ids = ticked();
  bar.hidden = ids.length === 0;
  $(".count", bar).textContent = `${ids.length} chosen`;
}

async function bulk(action: string): Promise<void> {
  const ids = ticked();
  if (action === "none") for (const b of all<HTMLInputElement>(".sel input:checked")) b.checked = false;
  else if (action === "silence") location.assign(`/silences?monitor=${ids.join(",")}`);
  else await enable(ids, action === "enable");
  if (action === "none") showBulk();
}
