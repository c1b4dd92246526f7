// A monitor's past in its editor: backtest, sweep, shadow, timeline, recorded
// runs, and the question before a save that loses a labelled incident.
import { call, type Problem } from "./api";
import { Backtest, type Editor } from "./backtest";
import { $, h, maybe } from "./dom";
import { startDrawer } from "./draw";
import { Shadow } from "./shadow";
import { Sweep } from "./sweep";
import { exact } from "./time";
import { startTimeline } from "./timeline";
import { UnitTests } from "./unittests";
import type { Monitor } from "./wire";

interface Label { incident: number; from: string }

export class Past {
  private readonly backtest: Backtest | null = null;
  private at: string | undefined; // scheduled time of the recorded run in the editor
  private lost = ""; // what the author was asked about already

  constructor(private readonly editor: Editor & { run(): void; save(): void }, canEdit: boolean) {
    startTimeline();
    if (canEdit && maybe("#past")) {
      this.backtest = new Backtest(editor);
      new Sweep(editor, this.backtest);
      new Shadow(editor);
      new UnitTests(editor, () => this.at);
      startDrawer(editor);
    }
    const run = new URLSearchParams(location.search).get("run");
    if (run && canEdit) void this.open(run);
  }

  changed(): void { this.backtest?.changed(); }

  /** The recorded run whose data test runs use; undefined for now's. */
  recorded(): string | undefined { return this.at; }

  /** Opens a recorded run: its version in the editor, its data under Test run. */
  private async open(at: string): Promise<void> {
    const box = $("#draft");
    try {
      const stored = this.editor.stored();
      const { body: run } = await call<{ version: number }>(`/api/v1/monitors/${stored.id}/runs/${encodeURIComponent(at)}`);
      const { body } = await call<{ versions: { version: number; monitor: Monitor }[] }>(`/api/v1/monitors/${stored.id}/versions?limit=1&before=${run.version + 1}`);
      const version = body.versions.find((v) => v.version === run.version);
      if (version) this.editor.write({ ...version.monitor, id: stored.id, version: stored.version, alerts: stored.alerts });
      this.at = at;
      box.replaceChildren(h("span", {}, `This is the run of ${exact(Date.parse(at))}: version ${run.version}${version ? "" : ", whose text is gone"}, with exactly what it saw. Run it again as it is, or edit it first.`),
        h("span", { class: "end" }, h("a", { class: "button", href: `/monitors/${stored.id}` }, "Back to now")));
      this.editor.run();
    } catch (error) {
      box.replaceChildren(h("span", {}, (error as Problem).message));
    }
    box.hidden = false;
  }

  /** Why failing tests are overridden by the next save; empty for not. */
  private because = "";

  /** What to add to the address of a save. */
  saveQuery(): string { return this.because ? `?${new URLSearchParams({ override_tests: "true", override_reason: this.because })}` : ""; }

  /** Takes what a save was refused for: when it was tests alone, it may be saved all the same, with a reason that is kept. */
  refused(problem: Problem): void {
    this.because = "";
    const box = $("#tests-override");
    box.replaceChildren();
    if (problem.errors.length === 0 || !problem.errors.every((e) => /(^|\.)tests\[\d+\]$/.test(e.location ?? "") && e.message.includes(" fails: "))) return;
    const why = h("input", { type: "text", id: "override-reason", maxlength: "500", class: "grow", placeholder: "Why it may be saved all the same", "aria-label": "Why it may be saved although tests fail" });
    const save = () => {
      this.because = why.value.trim();
      if (this.because) this.editor.save();
      else why.focus();
    };
    why.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); save(); } });
    box.replaceChildren(h("div", { class: "inline" }, why, h("button", { type: "button", id: "override-save", onclick: save }, "Save all the same")),
      h("div", { class: "small muted" }, "The versions page and the audit log will say so."));
    why.focus();
  }

  saved(): void {
    this.because = this.lost = "";
    maybe("#tests-override")?.replaceChildren();
  }

  /** Asks before a save that no longer catches what people said was right to be told. */
  async maySave(m: Monitor): Promise<boolean> {
    if (m.id === 0 || !maybe("#past")) return true;
    let lost: Label[];
    try {
      const { body } = await call<{ lost: Label[] | null }>(`/api/v1/monitors/${m.id}/losses`, { method: "POST", body: { monitor: m } });
      lost = body.lost ?? [];
    } catch {
      return true; // the save will say what is wrong
    }
    const text = lost.map((l) => (l.incident > 0 ? `incident #${l.incident}` : `what was missed at ${exact(Date.parse(l.from))}`)).join(", ");
    if (lost.length === 0 || this.lost === text) return true;
    this.lost = text;
    const box = $("#form-problem");
    box.replaceChildren(h("div", {}, h("strong", {}, `No longer catches ${text}. `), "That was labelled as worth telling. Save again to save all the same."));
    box.hidden = false;
    box.focus();
    return false;
  }
}
