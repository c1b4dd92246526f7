// A graph leaves the page: its numbers as CSV, its picture as PNG.
import { h, toast } from "./dom";
import type { Graph } from "./graph";

export async function copyCSV(graph: Graph): Promise<void> {
  try {
    await navigator.clipboard.writeText(graph.csv());
    toast("Copied the graph's numbers as CSV.");
  } catch {
    save(new Blob([graph.csv()], { type: "text/csv" }), "graph.csv");
  }
}

/** Copies the picture; where a browser refuses that, it is saved as a file. */
export async function copyPNG(graph: Graph, name: string): Promise<void> {
  const blob = await graph.png();
  if (!blob) { toast("There is no graph yet."); return; }
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    toast("Copied the graph as a picture.");
  } catch {
    save(blob, `${name || "graph"}.png`);
  }
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
  toast(`Saved the graph as ${name}.`);
}
