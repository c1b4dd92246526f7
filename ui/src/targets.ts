// The targets' editor: one Graphite target per line, with completion of metric
// paths and functions from the source, and a row of status per target below.
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { StreamLanguage } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { call } from "./api";
import { h } from "./dom";
import { base, setText } from "./theme";
import { compact } from "./time";
import type { MetricNode, SourceFunction, TargetStatus } from "./wire";

const language = StreamLanguage.define<Record<string, never>>({
  startState: () => ({}),
  token(stream) {
    if (stream.sol() && stream.match(/\s*#.*/)) return "comment";
    if (stream.match(/'[^']*'?|"[^"]*"?/)) return "string";
    if (stream.match(/-?\d+(\.\d+)?(?=[,)\s])/)) return "number";
    if (stream.match(/[A-Za-z]\w*(?=\s*\()/)) return "keyword";
    if (stream.match(/[^\s,()'"]+/)) return "variableName";
    stream.next();
    return null;
  },
});

export class TargetsEditor {
  readonly view: EditorView;
  private functions: SourceFunction[] = [];

  constructor(host: HTMLElement, private readonly rows: HTMLElement, lines: string[], options: { changed: () => void; run: () => void; readOnly: boolean }) {
    this.view = new EditorView({
      parent: host,
      state: EditorState.create({
        doc: lines.join("\n"),
        extensions: [
          keymap.of([{ key: "Mod-Enter", run: () => { options.run(); return true; } }]),
          lineNumbers(),
          language,
          autocompletion({ override: [(context) => this.complete(context)], icons: false, activateOnTypingDelay: 150 }),
          placeholder("one Graphite target per line, such as  sumSeries(stats.web.*.errors)"),
          EditorState.readOnly.of(options.readOnly),
          ...base("Targets, one per line", options.changed),
        ],
      }),
    });
    void call<{ functions: SourceFunction[] | null }>("/api/v1/source/functions").then((a) => { this.functions = a.body.functions ?? []; }, () => undefined);
  }

  get lines(): string[] {
    const lines = this.view.state.doc.toString().split("\n").map((l) => l.trimEnd());
    while (lines.length > 0 && lines.at(-1) === "") lines.pop();
    return lines;
  }
  set lines(value: string[]) { setText(this.view, value.join("\n")); }

  private async complete(context: CompletionContext): Promise<CompletionResult | null> {
    const word = context.matchBefore(/[^\s,()'"]*/);
    if (!word || (word.from === word.to && !context.explicit)) return null;
    if (/^\s*#/.test(context.state.doc.lineAt(context.pos).text)) return null;
    const options = word.text.includes(".") ? [] : this.functions.map((f) => ({
      label: f.name, detail: f.group, type: "function", apply: `${f.name}(`,
      info: () => h("div", { class: "doc-tip" }, h("div", { class: "sig" }, f.signature), h("p", {}, f.description.slice(0, 500))),
    }));
    try {
      const { body } = await call<{ nodes: MetricNode[] | null }>(`/api/v1/source/find?query=${encodeURIComponent(word.text + "*")}`);
      for (const node of body.nodes ?? []) {
        options.unshift({ label: node.path, detail: node.leaf ? "" : "…", type: "variable", apply: node.leaf ? node.path : `${node.path}.`, info: undefined as never });
      }
    } catch { /* the source is away: functions alone are still a help */ }
    return options.length > 0 ? { from: word.from, options, filter: true } : null;
  }

  /** Shows what each target brought back. */
  show(targets: TargetStatus[]): void {
    this.rows.replaceChildren(...targets.map(row));
    this.rows.hidden = targets.length === 0;
  }
}

function row(t: TargetStatus): HTMLElement {
  const first = t.series[0];
  const about = t.reason || (t.series.length === 0 ? t.target : t.series.length === 1 ? first?.label ?? "" : `${t.series.length} series: ${t.series.slice(0, 4).map((s) => s.label).join(", ")}`);
  const kind = t.status === "ok" ? "ok" : t.status === "failed" ? "critical" : "warning";
  return h("div", { class: "target-row" },
    h("span", { class: "letter" }, t.letter ? `@${t.letter}` : ""),
    h("span", { class: `tag ${kind}` }, t.status),
    h("span", { class: "clip", title: t.target }, about),
    h("span", { class: "spark" }, sparkline(t.series.slice(0, 6).map((s) => s.spark))),
    h("span", { class: "last" }, first ? compact(first.last) : ""));
}

function sparkline(lines: (number | null)[][]): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const values = lines.flat().filter((v): v is number => v !== null);
  const low = Math.min(...values), high = Math.max(...values);
  svg.setAttribute("viewBox", "0 0 100 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const line of values.length > 0 ? lines : []) {
    let d = "", pen = false;
    line.forEach((v, i) => {
      if (v === null) { pen = false; return; }
      const x = (i / Math.max(1, line.length - 1)) * 100;
      const y = high === low ? 10 : 18.5 - ((v - low) / (high - low)) * 17;
      d += `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = true;
    });
    const path = document.createElementNS(ns, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
