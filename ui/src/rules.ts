// The page of rules: an editor of the file with completion and errors where
// they are, and what its rules would have fired for.
import "./editor.css";
import "./rules.css";
import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { indentWithTab } from "@codemirror/commands";
import { StreamLanguage, type StreamParser } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { call, isAbort, type Problem } from "./api";
import { $, boot, debounce, h, levelIcon, maybe, toast } from "./dom";
import { base, setText } from "./theme";
import { exact } from "./time";

interface FileProblem { line: number; column: number; field: string; message: string }
interface PreviewAlert { key: string; at: string; ended?: string; text: string }
interface PreviewRule { rule: string; severity: string; level: string; line: number; fired: number; firing: number; alerts: PreviewAlert[]; trouble?: string }
interface PreviewTest { name: string; line: number; wrong: string[] }
interface Preview { problems: FileProblem[]; from: string; until: string; events: number; all: boolean; rules: PreviewRule[]; tests: PreviewTest[] }
interface Words { keys: { name: string; help: string }[]; fields: string[]; services: string[]; components: string[]; servers: string[]; severities: string[] }
interface Version { version: number; author: string; text?: string }

/** Enough of YAML to colour a rules file by. */
const yaml: StreamParser<null> = {
  name: "yaml",
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^(["'])(?:\\.|(?!\1).)*\1/)) return "string";
    if (stream.match(/^[\w $.-]+(?=:(\s|$))/)) return "keyword";
    if (/^\s*(-\s+)?(name|description):/.test(stream.string)) { stream.skipToEnd(); return null; }
    if (stream.match(/^-?\d+(\.\d+)?%?(?![\w.])/)) return "number";
    if (stream.match(/^(true|false|null|and|or|not|in)\b/)) return "bool";
    if (!stream.match(/^[\w$]+/)) stream.next();
    return null;
  },
  languageData: { commentTokens: { line: "#" } },
};

class Page {
  private readonly data = boot<{ text: string; version: number; can_edit: boolean }>("boot");
  private version = this.data.version;
  private words: Words = { keys: [], fields: [], services: [], components: [], servers: [], severities: [] };
  private readonly view: EditorView;
  private running: AbortController | null = null;
  private checking: AbortController | null = null;
  private saved = this.data.text;
  private readonly checkSoon = debounce(350, () => void this.check());

  constructor() {
    this.view = new EditorView({
      parent: $("#code"),
      state: EditorState.create({
        doc: this.data.text,
        extensions: [
          keymap.of([
            { key: "Mod-Enter", run: () => { void this.preview(); return true; } },
            { key: "Mod-s", preventDefault: true, run: () => { void this.save(); return true; } },
            indentWithTab,
          ]),
          lineNumbers(), StreamLanguage.define(yaml), lintGutter(),
          autocompletion({ override: [(context) => this.complete(context)], icons: false }),
          ...base("Rules file", () => this.checkSoon()),
        ],
      }),
    });
    $("#preview-button").addEventListener("click", () => (this.running ? this.running.abort() : void this.preview()));
    $("#hours").addEventListener("change", () => void this.preview());
    maybe("#save")?.addEventListener("click", () => void this.save());
    maybe<HTMLSelectElement>("#versions")?.addEventListener("change", (event) => void this.show(Number((event.target as HTMLSelectElement).value)));
    window.addEventListener("beforeunload", (event) => { if (this.data.can_edit && this.text !== this.saved) event.preventDefault(); });
    void call<Words>("/api/v1/rules/words").then((answer) => { this.words = answer.body; }, () => undefined);
  }

  private get text(): string { return this.view.state.doc.toString(); }

  private async check(): Promise<void> {
    this.checking?.abort();
    const mine = this.checking = new AbortController();
    try {
      const { body } = await call<{ problems: FileProblem[] }>("/api/v1/rules/check", { method: "POST", body: { text: this.text }, signal: mine.signal });
      this.underline(body.problems);
    } catch (error) {
      if (!isAbort(error)) this.underline([]);
    }
  }

  private underline(problems: FileProblem[]): void {
    const doc = this.view.state.doc;
    const diagnostics: Diagnostic[] = problems.map((p) => {
      const line = doc.line(Math.min(Math.max(p.line, 1), doc.lines));
      const from = Math.min(line.from + Math.max(0, p.column - 1), line.to);
      const word = /^[\w$-]+/.exec(doc.sliceString(from, line.to))?.[0].length ?? 1;
      return { from, to: Math.min(line.to, from + word), severity: "error", message: p.message };
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics.sort((a, b) => a.from - b.from)));
    const box = $("#problems");
    box.classList.toggle("bad", problems.length > 0);
    const first = problems[0];
    box.textContent = first ? `${problems.length === 1 ? "One problem" : `${problems.length} problems`}. Line ${first.line}: ${first.message}` : "";
  }

  private goTo(line: number): void {
    const doc = this.view.state.doc;
    if (line < 1 || line > doc.lines) return;
    this.view.dispatch({ selection: { anchor: doc.line(line).from }, effects: EditorView.scrollIntoView(doc.line(line).from, { y: "start", yMargin: 40 }) });
    this.view.focus();
  }

  private async preview(): Promise<void> {
    this.running?.abort();
    const mine = this.running = new AbortController();
    const pane = $("#preview");
    const button = $("#preview-button");
    button.textContent = "Cancel";
    pane.setAttribute("aria-busy", "true");
    pane.replaceChildren(h("p", { class: "muted" }, "Running the rules over stored events…"));
    try {
      const hours = Number($<HTMLSelectElement>("#hours").value);
      const { body } = await call<Preview>("/api/v1/rules/preview", { method: "POST", body: { text: this.text, hours }, signal: mine.signal });
      this.underline(body.problems);
      pane.replaceChildren(...this.shown(body));
    } catch (error) {
      pane.replaceChildren(h("p", { class: "muted" }, isAbort(error) ? "Cancelled." : (error as Problem).message));
    } finally {
      if (this.running === mine) {
        this.running = null;
        button.textContent = "Preview";
        pane.removeAttribute("aria-busy");
      }
    }
  }

  private shown(p: Preview): HTMLElement[] {
    if (p.problems.length > 0) {
      return [h("p", {}, "The file has errors, so nothing was run:"), h("ul", { class: "plain" }, ...p.problems.map((one) =>
        h("li", {}, this.place(`Line ${one.line}`, one.line), ` ${one.message}`)))];
    }
    const count = p.events.toLocaleString();
    const parts: HTMLElement[] = [h("p", { class: "muted small" }, p.events === 0
      ? "No event was stored in this time: push some, or look further back."
      : `${count} events from ${exact(Date.parse(p.from))} to ${exact(Date.parse(p.until))}${p.all ? "" : "; that took too long, and later ones were left out"}.`)];
    for (const rule of p.rules) parts.push(this.ruleShown(rule));
    for (const test of p.tests.filter((t) => t.wrong.length > 0)) {
      parts.push(h("div", { class: "notice critical" }, h("div", {}, "Test ", this.place(test.name, test.line), h("pre", { class: "problem" }, test.wrong.join("\n")))));
    }
    const passed = p.tests.filter((t) => t.wrong.length === 0).length;
    if (passed > 0) parts.push(h("p", { class: "small muted" }, `${passed} of ${p.tests.length} tests passed.`));
    return parts;
  }

  private place(text: string, line: number): HTMLElement {
    return h("button", { type: "button", class: "place", onclick: () => this.goTo(line) }, text);
  }

  private ruleShown(rule: PreviewRule): HTMLElement {
    const times = rule.fired === 0 ? "would not have fired" : rule.fired === 1 ? "would have fired once" : `would have fired ${rule.fired} times`;
    const still = rule.firing > 0 ? `, ${rule.firing} still` : "";
    const head = [levelIcon(rule.fired > 0 ? rule.level : "ok"), h("strong", {}, rule.rule), h("span", { class: "small muted count" }, times + still)];
    if (rule.alerts.length === 0 && !rule.trouble) return h("div", { class: "preview-rule" }, h("div", { class: "inline" }, ...head));
    return h("details", { class: "preview-rule" }, h("summary", {}, ...head),
      rule.trouble ? h("p", { class: "small" }, rule.trouble) : null,
      h("ul", {}, ...rule.alerts.map((a) => h("li", {},
        h("span", { class: "mono" }, a.key || "–"), ` ${exact(Date.parse(a.at))}${a.ended ? ` to ${exact(Date.parse(a.ended))}` : ", still firing"}: ${a.text}`))),
      rule.fired > rule.alerts.length ? h("p", { class: "small muted" }, `and ${rule.fired - rule.alerts.length} more`) : null);
  }

  private async save(): Promise<void> {
    if (!this.data.can_edit) return;
    const text = this.text;
    try {
      const { body } = await call<Version>("/api/v1/rules", { method: "PUT", body: { text, version: this.version } });
      this.version = body.version;
      this.saved = text;
      this.underline([]);
      $("#version").textContent = `version ${body.version}, saved just now`;
      toast(`Saved as version ${body.version}, and in force.`);
    } catch (error) {
      const problem = error as Problem;
      if (problem.errors.length > 0) void this.check();
      const box = $("#problems");
      box.classList.add("bad");
      box.textContent = `Not saved. ${problem.errors[0]?.message ?? problem.message}`;
    }
  }

  private async show(version: number): Promise<void> {
    if (this.text !== this.saved && !window.confirm("Show that version instead of your unsaved edits?")) return;
    try {
      const { body } = await call<Version>(`/api/v1/rules/versions/${version}`);
      setText(this.view, body.text ?? "");
      if (version === this.version) this.saved = this.text;
      toast(version === this.version ? "This is the version in force." : `Version ${version} is shown. Save it to put it in force again.`);
    } catch (error) {
      toast((error as Problem).message);
    }
  }

  private complete(context: CompletionContext): CompletionResult | null {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const quoted = /\b(service|component|server)\s*(?:==|!=|=~~?|in)\s*\[?\s*["']([^"']*)$/.exec(before);
    if (quoted) {
      const names = { service: this.words.services, component: this.words.components, server: this.words.servers }[quoted[1] as "service" | "component" | "server"];
      return { from: context.pos - (quoted[2]?.length ?? 0), options: names.map((label) => ({ label, type: "text" })) };
    }
    const word = context.matchBefore(/[\w$]*/);
    if (!word || (word.from === word.to && !context.explicit)) return null;
    return { from: word.from, options: this.options(before.slice(0, before.length - (word.to - word.from))), validFor: /^[\w$]*$/ };
  }

  /** What can stand behind some text of a line: a key at its begin, names of events in a condition. */
  private options(before: string): Completion[] {
    if (/^\s*(-\s+)?(\{\s*)?$/.test(before)) {
      return this.words.keys.map((k) => ({ label: k.name, info: k.help, type: "keyword", apply: `${k.name}: ` }));
    }
    if (/severity:\s*$/.test(before)) return this.severities().map((label) => ({ label, type: "text" }));
    if (/(condition|where|clear|after|expect|group_by|of|change):|^\s*-\s/.test(before)) {
      return [...this.words.fields, "and", "or", "not", "in", "true", "false", "null", "$now"].map((label) => ({ label, type: "variable" }));
    }
    return [];
  }

  /** The severities of the text as it is now. */
  private severities(): string[] {
    const names = new Set<string>();
    let inside = false;
    for (const line of this.text.split("\n")) {
      if (/^\S/.test(line)) inside = line.startsWith("severities:");
      const name = inside ? /^\s+([\w-]+):/.exec(line)?.[1] : undefined;
      if (name && !["description", "color", "level"].includes(name)) names.add(name);
    }
    return [...names];
  }
}

new Page();
