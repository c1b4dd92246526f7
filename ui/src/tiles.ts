// The order of the tiles: dragged, or moved by their buttons. The server keeps
// it, for a user, a browser or a dashboard, and renders it, also on a wall.
import { call } from "./api";
import { all, maybe, toast } from "./dom";

const tiles = (): HTMLElement[] => all("[data-tile]");

function keep(): void {
  const path = maybe("[data-keep]")?.dataset.keep;
  if (!path) return;
  const order = tiles().map((t) => Number(t.dataset.tile));
  const input = maybe<HTMLInputElement>("#keep input[name=order]");
  if (input) input.value = order.join(".");
  void call(path, { method: "PUT", body: { order } }).catch((error: Error) => toast(error.message));
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
