// The script's editor: JavaScript with @names, completion and hover help from
// the library's description, errors underlined where they are.
import { autocompletion, type Completion, type CompletionContext, type CompletionResult, snippetCompletion } from "@codemirror/autocomplete";
import { indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { foldGutter, indentOnInput, syntaxTree } from "@codemirror/language";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, hoverTooltip, keymap, lineNumbers, placeholder, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { call, isAbort } from "./api";
import { debounce, h } from "./dom";
import { base, setText } from "./theme";
import type { Entry, ScriptError } from "./wire";

const setErrorLine = StateEffect.define<number>();

const errorLine = StateField.define<DecorationSet>({
  create: () => RangeSet.empty,
  update(deco, tr) {
    let next = tr.docChanged ? RangeSet.empty as DecorationSet : deco;
    for (const effect of tr.effects) {
      if (!effect.is(setErrorLine)) continue;
      next = effect.value > 0 && effect.value <= tr.state.doc.lines
        ? Decoration.set([Decoration.line({ class: "cm-errorLine" }).range(tr.state.doc.line(effect.value).from)])
        : RangeSet.empty as DecorationSet;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const atMark = Decoration.mark({ class: "cm-at" });

/** Colours @a, @timeseries and so on, but not inside strings and comments. */
const atNames = ViewPlugin.fromClass(class {
  decorations: DecorationSet;
  constructor(view: EditorView) { this.decorations = this.find(view); }
  update(update: ViewUpdate) {
    if (update.docChanged || update.viewportChanged || syntaxTree(update.startState) !== syntaxTree(update.state)) this.decorations = this.find(update.view);
  }
  find(view: EditorView): DecorationSet {
    const ranges = [];
    for (const { from, to } of view.visibleRanges) {
      for (const match of view.state.sliceDoc(from, to).matchAll(/[@$][A-Za-z_]\w*/g)) {
        const at = from + match.index;
        const node = syntaxTree(view.state).resolveInner(at + 1, 1).name;
        if (/String|Comment|RegExp/.test(node)) continue;
        ranges.push(atMark.range(at, at + match[0].length));
      }
    }
    return Decoration.set(ranges);
  }
}, { decorations: (plugin) => plugin.decorations });

export class ScriptEditor {
  readonly view: EditorView;
  private entries: Entry[] = [];
  private letters: () => { letter: string; label: string }[] = () => [];
  private checking: AbortController | null = null;
  private readonly check = debounce(350, () => void this.checkNow());

  constructor(host: HTMLElement, text: string, options: { changed: () => void; run: () => void; readOnly: boolean }) {
    this.view = new EditorView({
      parent: host,
      state: EditorState.create({
        doc: text,
        extensions: [
          keymap.of([{ key: "Mod-Enter", run: () => { options.run(); return true; } }, indentWithTab]),
          lineNumbers(),
          foldGutter(),
          javascript(),
          indentOnInput(),
          autocompletion({ override: [(context) => this.complete(context)], icons: false }),
          hoverTooltip((view, pos) => this.help(view, pos)),
          atNames,
          errorLine,
          placeholder("No script: the targets are drawn, and the monitor is always ok.\nTry:  if (mean(@a.values) > 100) throw \"too many\""),
          EditorState.readOnly.of(options.readOnly),
          ...base("Script", () => { options.changed(); this.check(); }),
        ],
      }),
    });
    void call<{ entries: Entry[] | null }>("/api/v1/stdlib").then((answer) => { this.entries = answer.body.entries ?? []; }, () => undefined);
    if (text) this.check();
  }

  get text(): string { return this.view.state.doc.toString(); }
  set text(value: string) { setText(this.view, value); }

  /** Tells the editor which @letters the targets give. */
  names(letters: () => { letter: string; label: string }[]): void { this.letters = letters; }

  private async checkNow(): Promise<void> {
    this.checking?.abort();
    const mine = this.checking = new AbortController();
    try {
      const { body } = await call<{ error?: ScriptError }>("/api/v1/check-script", { method: "POST", body: { script: this.text }, signal: mine.signal });
      this.underline(body.error);
    } catch (error) {
      if (!isAbort(error)) this.underline(undefined);
    }
  }

  /** Underlines an error at its place, or takes all underlining away. */
  underline(error: ScriptError | undefined): void {
    const doc = this.view.state.doc;
    const diagnostics: Diagnostic[] = [];
    if (error && error.line >= 1 && error.line <= doc.lines) {
      const line = doc.line(error.line);
      const from = Math.min(line.from + Math.max(0, error.column - 1), line.to);
      const word = /^[\w$@]+/.exec(doc.sliceString(from, line.to))?.[0].length ?? 1;
      const start = from === line.to && line.length > 0 ? from - 1 : from;
      diagnostics.push({ from: start, to: Math.min(line.to, Math.max(start + 1, from + word)), severity: "error", message: error.message });
    }
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
    this.view.dispatch({ effects: setErrorLine.of(diagnostics.length > 0 ? error?.line ?? 0 : 0) });
  }

  goTo(line: number, column: number): void {
    const doc = this.view.state.doc;
    if (line < 1 || line > doc.lines) return;
    const at = doc.line(line);
    this.view.dispatch({ selection: { anchor: Math.min(at.to, at.from + Math.max(0, column - 1)) }, scrollIntoView: true });
    this.view.focus();
  }

  /** The numbers that stand in the script, for a sweep: lines and columns from 1. */
  numbers(): { line: number; column: number; text: string }[] {
    const doc = this.view.state.doc;
    const found: { line: number; column: number; text: string }[] = [];
    syntaxTree(this.view.state).iterate({ enter: (node) => {
      if (node.name !== "Number") return;
      const line = doc.lineAt(node.from);
      found.push({ line: line.number, column: node.from - line.from + 1, text: doc.sliceString(node.from, node.to) });
    } });
    return found;
  }

  /** Puts other text where the given one stands; false when it does not stand there any more. */
  replaceAt(line: number, column: number, old: string, text: string): boolean {
    const doc = this.view.state.doc;
    if (line < 1 || line > doc.lines) return false;
    const from = doc.line(line).from + column - 1;
    if (doc.sliceString(from, from + old.length) !== old) return false;
    this.view.dispatch({ changes: { from, to: from + old.length, insert: text }, selection: { anchor: from, head: from + text.length }, scrollIntoView: true });
    return true;
  }

  private complete(context: CompletionContext): CompletionResult | null {
    const node = syntaxTree(context.state).resolveInner(context.pos, -1).name;
    if (/String|Comment|RegExp|TemplateString/.test(node)) return null;
    const word = context.matchBefore(/[@$]?[\w]*/);
    if (!word) return null;
    const member = context.state.sliceDoc(Math.max(0, word.from - 1), word.from) === ".";
    if (word.from === word.to && !member && !context.explicit) return null;
    if (member) return { from: word.from, options: this.members(), validFor: /^\w*$/ };
    const options: Completion[] = this.entries.filter((e) => e.kind !== "field").map((e) => ({
      label: e.name, detail: e.signature.replace(e.name, ""), type: "function", info: () => entryHelp(e),
    }));
    for (const { letter, label } of this.letters()) options.push({ label: `@${letter}`, detail: label, type: "variable", boost: 2 });
    options.push(...snippets());
    return { from: word.from, options, validFor: /^[@$]?\w*$/ };
  }

  private members(): Completion[] {
    return this.entries.filter((e) => e.kind === "field" || (e as { method?: boolean }).method).map((e) => ({
      label: e.name.slice(e.name.indexOf(".") + 1), detail: e.signature, type: "property", boost: e.kind === "field" ? 1 : 0, info: () => entryHelp(e),
    }));
  }

  private entry(name: string, member: boolean): Entry | undefined {
    const plain = name.replace(/^\$/, "@");
    return this.entries.find((e) => e.name === plain || e.twin === plain)
      ?? (member ? this.entries.find((e) => e.name.endsWith(`.${name}`)) : undefined);
  }

  private help(view: EditorView, pos: number) {
    const { from, text } = view.state.doc.lineAt(pos);
    let start = pos - from, end = start;
    while (start > 0 && /[\w$@]/.test(text[start - 1] ?? "")) start--;
    while (end < text.length && /[\w$]/.test(text[end] ?? "")) end++;
    const name = text.slice(start, end);
    const entry = this.entry(name, text[start - 1] === ".");
    const letter = this.letters().find((l) => `@${l.letter}` === name);
    if (!entry && !letter) return null;
    return {
      pos: from + start, end: from + end, above: true,
      create: () => ({ dom: entry ? entryHelp(entry) : h("div", { class: "doc-tip" }, h("span", { class: "sig" }, name), h("p", {}, letter?.label)) }),
    };
  }
}

function entryHelp(e: Entry): HTMLElement {
  return h("div", { class: "doc-tip" }, h("div", { class: "sig" }, e.signature), h("p", {}, e.summary),
    e.nulls ? h("p", { class: "muted" }, `Nulls: ${e.nulls}`) : null, e.example.script ? h("pre", {}, e.example.script) : null);
}

function snippets(): Completion[] {
  return [
    snippetCompletion("with_metrics((${a}) => {\n\t${}\n})", { label: "with_metrics", detail: "each point of all series", type: "keyword" }),
    snippetCompletion("if (${condition}) throw \"${message}\"", { label: "if throw", detail: "alert", type: "keyword" }),
  ];
}
