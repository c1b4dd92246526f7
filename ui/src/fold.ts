// Branches of trees that readers open and close. The page comes with those in
// trouble open; what a reader chose for one is remembered in this browser.
import { all } from "./dom";

const key = "wingmirror.folds";

function choices(): Record<string, boolean> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Record<string, boolean>;
  } catch {
    return {};
  }
}

/** Puts the branches below root as the reader left them. */
export function fold(root: ParentNode): void {
  const chosen = choices();
  for (const d of all<HTMLDetailsElement>("details[data-fold]", root)) d.open = chosen[d.id] ?? d.open;
}

export function startFolds(): void {
  fold(document);
  document.addEventListener("click", (e) => {
    const at = e.target as HTMLElement;
    const branch = at.closest("summary")?.parentElement;
    if (at.closest("a") || !(branch instanceof HTMLDetailsElement) || !branch.hasAttribute("data-fold")) return;
    localStorage.setItem(key, JSON.stringify({ ...choices(), [branch.id]: !branch.open }));
  });
}
