// The monitor's form: reads it into a Monitor, writes one back, shows errors at
// their fields, and keeps unsaved edits over a reload.
import { $, all, h, maybe } from "./dom";
import type { FieldProblem, Problem } from "./api";
import type { ScriptEditor } from "./script";
import type { TargetsEditor } from "./targets";
import type { Monitor } from "./wire";

const simple = ["name", "description", "group", "schedule", "timezone", "catch_up", "repeat", "recheck", "keep_firing", "warnings", "flapping", "faults"] as const;

export class Form {
  constructor(readonly root: HTMLElement, private readonly script: ScriptEditor, private readonly targets: TargetsEditor) {}

  private input(name: string): HTMLInputElement { return $<HTMLInputElement>(`[name="${name}"]`, this.root); }

  read(stored: Monitor): Monitor {
    const m: Monitor = { ...stored, labels: parseLabels(this.input("labels").value), targets: this.targets.lines, script: this.script.text };
    for (const name of simple) m[name] = this.input(name).value.trim();
    m.minutes = Number(this.input("minutes").value) || 0;
    m.failures = Number(this.input("failures").value) || 0;
    m.alerts = this.alerts().map((alert) => alert.text);
    m.active = this.input("active").checked;
    const params = this.input("params").value.trim();
    if (params === "") delete m.params;
    else m.params = readJSON(params);
    const tests = this.input("tests").value.trimEnd();
    if (tests === "") delete m.tests;
    else m.tests = tests;
    return m;
  }

  /** The destinations as they are sent, each with the line that it stands in. */
  private alerts(): { text: string; line: number }[] {
    return this.input("alerts").value.split("\n").flatMap((line, i) => line.split(/[\s,]+/).filter((part) => part !== "").map((text) => ({ text, line: i + 1 })));
  }

  /** "line 3: " for targets[2] or for the alert that stands there. */
  private lineOf(path: string): string {
    if (path.startsWith("tests")) return ""; // the message names the test
    const index = Number(/\[(\d+)\]/.exec(path)?.[1] ?? NaN);
    const line = path.startsWith("alerts") ? this.alerts()[index]?.line ?? NaN : index + 1;
    return Number.isNaN(line) ? "" : `line ${line}: `;
  }

  write(m: Monitor): void {
    for (const name of simple) this.input(name).value = m[name];
    this.input("labels").value = formatLabels(m.labels);
    this.input("minutes").value = m.minutes ? String(m.minutes) : "";
    this.input("failures").value = m.failures ? String(m.failures) : "";
    this.input("alerts").value = m.alerts.join("\n");
    this.input("active").checked = m.active;
    this.input("params").value = m.params === undefined || m.params === null ? "" : typeof m.params === "string" ? m.params : JSON.stringify(m.params, null, 2);
    this.input("tests").value = m.tests ?? "";
    this.targets.lines = m.targets;
    this.script.text = m.script;
  }

  clearErrors(): void {
    for (const el of all(".field .error, [data-errors]", this.root)) el.textContent = "";
    for (const el of all("[aria-invalid]", this.root)) el.removeAttribute("aria-invalid");
    $("#form-problem", this.root).hidden = true;
  }

  /** Puts every error at its field; returns those that have none, and the first field at fault. */
  mark(errors: FieldProblem[]): { rest: string[]; first: HTMLElement | null } {
    this.clearErrors();
    const rest: string[] = [];
    let first: HTMLElement | null = null;
    for (const e of errors) {
      const path = (e.location ?? "").replace(/^body\./, "").replace(/^monitor\./, "");
      const name = path.split(/[.[]/)[0] ?? "";
      const slot = name ? maybe(`[data-error-for="${CSS.escape(name)}"]`, this.root) : null;
      if (!slot) {
        rest.push(name ? `${path}: ${e.message}` : e.message);
        continue;
      }
      slot.textContent = slot.textContent ? `${slot.textContent}\n${this.lineOf(path)}${e.message}` : this.lineOf(path) + e.message;
      const field = maybe(`[name="${CSS.escape(name)}"]`, this.root) ?? maybe(`#${name} .cm-content`, this.root);
      field?.setAttribute("aria-invalid", "true");
      first ??= field;
    }
    return { rest, first };
  }

  /** Marks every error, says the rest on top, and focuses the first field at fault. */
  showErrors(problem: Problem, what = "Not saved"): void {
    const { rest, first } = this.mark(problem.errors);
    const box = $("#form-problem", this.root);
    const count = problem.errors.length;
    box.replaceChildren(h("span", {}, h("strong", {}, count > 0 ? `${what}: ${count === 1 ? "one thing needs" : `${count} things need`} mending. ` : `${what}. `),
      rest.length > 0 ? rest.join(" ") : count > 0 ? "Nothing you typed is lost." : problem.message));
    box.hidden = false;
    (first ?? box).scrollIntoView({ block: "center" });
    first?.focus({ preventScroll: true });
  }
}

export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const part of text.split(/[,\n]/)) {
    const [key = "", ...value] = part.split("=");
    if (key.trim() !== "") labels[key.trim()] = value.join("=").trim();
  }
  return labels;
}

const formatLabels = (labels: Record<string, string>): string =>
  Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(", ");

/** Text that is no JSON is sent as it is, so that the server's check names the field. */
function readJSON(text: string): unknown {
  try { return JSON.parse(text); } catch { return text; }
}

/** Edits that are not saved yet, and the monitor that they began with. */
export interface Draft { base: Monitor; at: number; monitor: Monitor }

export class Drafts {
  constructor(private readonly id: number) {}
  private get key(): string { return `wingmirror.draft.${this.id || "new"}`; }
  load(): Draft | null {
    try {
      const draft = JSON.parse(localStorage.getItem(this.key) ?? "null") as Draft | null;
      return draft?.base ? draft : null;
    } catch { return null; }
  }
  save(draft: Draft): void {
    try { localStorage.setItem(this.key, JSON.stringify(draft)); } catch { /* storage is full or off: the page still works */ }
  }
  drop(): void { localStorage.removeItem(this.key); }
}
