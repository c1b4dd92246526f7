// Graphs on pages that only show them: each [data-graph] names the element
// that holds its lines.
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { all, boot } from "./dom";
import { Graph, type Line, type Trouble } from "./graph";
import type { Window } from "./wire";

for (const host of all("[data-graph]")) {
  const data = boot<{ graph: Line[] | null; window: Window | null; trouble: Trouble[] | null }>(host.dataset.graph ?? "");
  new Graph(host, Number(host.dataset.height ?? 240)).show(data.graph ?? [], data.window, data.trouble ?? []);
}
