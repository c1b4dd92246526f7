// Graphs on pages that only show them: each [data-graph] names the element
// that holds its lines.
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { copyCSV, copyPNG } from "./copy";
import { all, boot, maybe } from "./dom";
import { Graph, type Line, type Trouble } from "./graph";
import type { Window } from "./wire";

for (const host of all("[data-graph]")) {
  const data = boot<{ graph: Line[] | null; window: Window | null; trouble: Trouble[] | null }>(host.dataset.graph ?? "");
  const graph = new Graph(host, Number(host.dataset.height ?? 240));
  graph.show(data.graph ?? [], data.window, data.trouble ?? []);
  const panel = host.closest(".panel") ?? host;
  maybe("[data-copy=csv]", panel)?.addEventListener("click", () => void copyCSV(graph));
  maybe("[data-copy=png]", panel)?.addEventListener("click", () => void copyPNG(graph, host.dataset.name ?? ""));
}
