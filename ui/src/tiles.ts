// The order of the tiles: dragged, or moved by their buttons. A cookie keeps it
// for this browser, so that the server renders it, also on a wall.
import { all } from "./dom";

const tiles = (): HTMLElement[] => all("[data-tile]");

function keep(): void {
  document.cookie = `tiles=${tiles().map((t) => t.dataset.tile).join(".")}; path=/; max-age=31536000; samesite=lax`;
}

export function startTiles(): void {
  let dragged: HTMLElement | null = null;
  const over = (e: Event) => (e.target as HTMLElement).closest<HTMLElement>("[data-tile]");
  document.addEventListener("click", (e) => {
    const button = (e.target as HTMLElement).closest<HTMLButtonElement>("[data-move]");
    const tile = button?.closest<HTMLElement>("[data-tile]");
    if (!button || !tile) return;
    if (button.dataset.move === "1") tile.nextElementSibling?.after(tile);
    else tile.previousElementSibling?.before(tile);
    button.focus();
    keep();
  });
  document.addEventListener("dragstart", (e) => {
    dragged = over(e);
    dragged?.classList.add("dragged");
  });
  document.addEventListener("dragover", (e) => {
    const tile = over(e);
    if (!dragged || !tile) return;
    e.preventDefault();
    if (tile === dragged) return;
    const list = tiles();
    if (list.indexOf(dragged) < list.indexOf(tile)) tile.after(dragged);
    else tile.before(dragged);
  });
  document.addEventListener("drop", (e) => { if (dragged) e.preventDefault(); });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    if (dragged) keep();
    dragged = null;
  });
}
