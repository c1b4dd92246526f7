// Keyboard shortcuts. None of them act while somebody is typing.
import { $, all, maybe } from "./dom";

/** The place that a key opens after g: the navigation names it. */
const place = (key: string): string | null => maybe<HTMLAnchorElement>(`#menu a[data-key="${CSS.escape(key)}"]`)?.href ?? null;

export function startKeys(): void {
  let pending = 0;
  const help = maybe<HTMLDialogElement>("#help");
  maybe("#help-button")?.addEventListener("click", () => help?.showModal());
  maybe("#help-close")?.addEventListener("click", () => help?.close());
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || help?.open) return;
    const to = Date.now() - pending < 1200 ? place(e.key) : null;
    if (to) {
      pending = 0;
      location.assign(to);
      return;
    }
    pending = 0;
    switch (e.key) {
      case "g": pending = Date.now(); return;
      case "?": help?.showModal(); return;
      case "n": maybe<HTMLAnchorElement>("#new-monitor")?.click(); return;
      case "j": move(1); return;
      case "k": move(-1); return;
      case "Enter": if (e.target === document.body || e.target instanceof HTMLTableRowElement) selected()?.querySelector<HTMLAnchorElement>("a")?.click(); return;
      case "x": selected()?.querySelector<HTMLInputElement>(".sel input")?.click(); return;
      case "a": case "o": press(e.key); return;
      case "p": selected()?.querySelector<HTMLInputElement>(".switch")?.click(); return;
      case "/": {
        const search = maybe<HTMLInputElement>("#q");
        if (search) { e.preventDefault(); search.focus(); search.select(); }
        return;
      }
    }
  });
}

/** Presses the button that says it is for the key: of the chosen row, or the first outside of rows. */
function press(key: string): void {
  const button = `[data-press="${key}"]`;
  (selected()?.querySelector<HTMLElement>(button) ?? all(button).find((b) => !b.closest("[data-row]")))?.click();
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
    && !(target instanceof HTMLInputElement && target.type === "checkbox"));

/** The rows that can be seen: those of a closed branch are passed over. */
const rows = (): HTMLElement[] => all("[data-row]").filter((r) => r.checkVisibility());
const selected = (): HTMLElement | null => maybe("[data-row].selected");

function move(by: number): void {
  const list = rows();
  if (list.length === 0) return;
  const at = list.findIndex((r) => r.classList.contains("selected"));
  const next = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))];
  list[at]?.classList.remove("selected");
  next?.classList.add("selected");
  next?.scrollIntoView({ block: "nearest" });
  if (next) $<HTMLAnchorElement>("a", next).focus({ preventScroll: true });
}
