// The editor page of one monitor, new or existing.
import "./editor.css";
import { type Answer, call, isAbort, type Problem } from "./api";
import { askAboutConflict } from "./conflict";
import { copyCSV, copyPNG } from "./copy";
import { $, all, boot, confirmTwice, debounce, h, maybe, toast } from "./dom";
import { Drafts, Form } from "./form";
import { merge } from "./merge";
import { Past } from "./past";
import { ResultPane } from "./result";
import { ScheduleView } from "./schedule";
import { ScriptEditor } from "./script";
import { TargetsEditor } from "./targets";
import { relative } from "./time";
import type { Line, Trouble } from "./graph";
import type { Monitor, Preview, TargetStatus, TestRun, Window } from "./wire";

interface LastRun { at: string; graph: Line[] | null; window: Window; trouble: Trouble[] | null; level: string; title: string; message: string; output: string }
interface Boot { monitor: Monitor; can_edit: boolean; last: LastRun | null }

class Page {
  private readonly data = boot<Boot>("boot");
  private stored = this.data.monitor;
  private baseline = "";
  private readonly drafts = new Drafts(this.stored.id);
  private readonly root = $("#editor");
  private readonly result: ResultPane;
  private readonly script: ScriptEditor;
  private readonly targets: TargetsEditor;
  private readonly form: Form;
  private readonly past: Past;
  private running: AbortController | null = null;
  private previewing: AbortController | null = null;
  private statuses: TargetStatus[] = [];
  private loading = true;
  private following = true; // the pane shows the newest live run, not a test run
  private shown = ""; // time of the live run in the pane

  constructor() {
    const options = { changed: () => this.changed(), run: () => void this.testRun(), readOnly: !this.data.can_edit };
    this.script = new ScriptEditor($("#script"), this.stored.script, options);
    this.targets = new TargetsEditor($("#targets"), $("#target-rows"), this.stored.targets, {
      ...options, changed: () => { this.changed(); this.previewSoon(); },
    });
    this.form = new Form(this.root, this.script, this.targets);
    this.form.write(this.stored);
    this.baseline = JSON.stringify(this.form.read(this.stored));
    this.result = new ResultPane($("#result"), (line, column) => this.script.goTo(line, column));
    this.script.names(() => this.statuses.filter((t) => t.letter).map((t) => ({ letter: t.letter, label: t.series[0]?.label ?? t.target })));
    const schedule = new ScheduleView(this.root, () => String(this.stored.id));
    this.restoreDraft();
    this.past = new Past({
      read: () => this.form.read(this.stored), stored: () => this.stored, run: () => void this.testRun(), save: () => void this.save(), script: this.script,
      write: (m) => { this.form.write(m); this.changed(); },
    }, this.data.can_edit);
    void schedule.refresh();
    this.listen();
    this.loading = false;
    this.showLast(this.data.last);
    void this.preview();
  }

  private listen(): void {
    this.root.addEventListener("input", () => this.changed());
    $("#minutes", this.root).addEventListener("input", () => this.previewSoon());
    maybe("#as-of", this.root)?.addEventListener("input", () => this.previewSoon());
    $("#test-run").addEventListener("click", () => (this.running ? this.running.abort() : void this.testRun()));
    maybe("#save")?.addEventListener("click", () => void this.save());
    document.addEventListener("keydown", (e) => {
      if (!(e.metaKey || e.ctrlKey)) return;
      if (e.key === "Enter" && !e.defaultPrevented) { e.preventDefault(); void this.testRun(); }
      if (e.key === "s" && this.data.can_edit) { e.preventDefault(); void this.save(); }
    });
    const remove = maybe<HTMLButtonElement>("#delete");
    if (remove) confirmTwice(remove, "Press again to delete", () => void this.remove());
    window.addEventListener("beforeunload", () => this.keepDraft());
    document.addEventListener("wm:swapped", () => this.follow());
    maybe("#copy-csv")?.addEventListener("click", () => void copyCSV(this.result.graph));
    maybe("#copy-png")?.addEventListener("click", () => void copyPNG(this.result.graph, this.stored.name));
    maybe("#try-alerts")?.addEventListener("click", () => void this.tryAlerts());
  }

  private readonly keepSoon = debounce(400, () => this.keepDraft());
  private readonly previewSoon = debounce(500, () => void this.preview());

  private dirty(): boolean {
    return JSON.stringify(this.form.read(this.stored)) !== this.baseline;
  }

  private changed(): void {
    if (this.loading) return;
    this.keepSoon();
    this.past.changed();
    $("#unsaved").hidden = !this.dirty();
  }

  private keepDraft(): void {
    if (!this.data.can_edit) return;
    if (this.dirty()) this.drafts.save({ base: this.stored, at: Date.now(), monitor: this.form.read(this.stored) });
    else this.drafts.drop();
  }

  private restoreDraft(): void {
    const draft = this.data.can_edit ? this.drafts.load() : null;
    if (!draft) return;
    const newer = draft.base.version !== this.stored.version;
    const fits = newer ? merge(draft.base, draft.monitor, this.stored) : null;
    const theirs = this.stored;
    if (fits && fits.conflicts.length > 0) this.stored = draft.base; // saving meets the conflict, and asks
    this.form.write(fits && fits.conflicts.length === 0 ? fits.resolve([]) : { ...draft.monitor, id: theirs.id });
    if (!this.dirty()) { this.drafts.drop(); return; }
    $("#unsaved").hidden = false;
    const box = $("#draft");
    box.replaceChildren(
      h("span", {}, `Your unsaved edits from ${relative(draft.at, Date.now())} are back`, !newer ? "."
        : fits?.conflicts.length === 0 ? `, together with version ${theirs.version}, which was saved since.`
        : `. Version ${theirs.version} was saved since and changed the same places: saving asks what to keep.`),
      h("span", { class: "end" }, h("button", { type: "button", onclick: () => {
        this.drafts.drop();
        this.stored = theirs;
        this.form.write(theirs);
        box.hidden = true;
        $("#unsaved").hidden = true;
      } }, "Discard them")));
    box.hidden = false;
  }

  private at(): string | undefined {
    const value = maybe<HTMLInputElement>("#as-of", this.root)?.value;
    return value ? new Date(value).toISOString() : undefined;
  }

  private showLast(last: LastRun | null): void {
    if (last) {
      this.shown = last.at;
      this.result.say(last.level, last.title, last.message);
      this.result.graph.show(last.graph ?? [], last.window, last.trouble ?? []);
      this.result.print(last.output);
      return;
    }
    this.result.say("unknown", "Not run yet", "Press Test run to see output and graph. A test run stores nothing and sends nothing.");
    this.result.graph.show([], null);
  }

  /** Takes over what became newer on the server while the page was open: the last run, and a save by somebody else. */
  private follow(): void {
    const now = boot<Boot>("boot");
    if (this.following && now.last && now.last.at !== this.shown) this.showLast(now.last);
    if (now.monitor.version > this.stored.version && !this.dirty()) {
      this.take(now.monitor);
      this.form.write(now.monitor);
      this.baseline = JSON.stringify(this.form.read(now.monitor));
      toast(`Version ${now.monitor.version} was saved meanwhile, and is shown now.`);
    }
  }

  /** Fetches the targets alone, for their status rows; runs no script. */
  private async preview(): Promise<void> {
    this.previewing?.abort();
    const mine = this.previewing = new AbortController();
    const m = this.form.read(this.stored);
    if (m.targets.every((line) => line.trim() === "" || line.startsWith("#"))) {
      this.showTargets([]);
      return;
    }
    try {
      const { body } = await call<Preview>("/api/v1/preview", { method: "POST", body: { targets: m.targets, minutes: m.minutes, at: this.at() }, signal: mine.signal });
      this.showTargets(body.targets ?? []);
    } catch (error) {
      if (!isAbort(error)) this.showTargets([]);
    }
  }

  private showTargets(targets: TargetStatus[]): void {
    this.statuses = targets;
    this.targets.show(targets);
  }

  private async testRun(): Promise<void> {
    this.running?.abort();
    const mine = this.running = new AbortController();
    this.busy(true);
    this.reveal();
    try {
      const { body } = await call<TestRun>("/api/v1/test-run", { method: "POST", body: { monitor: this.form.read(this.stored), at: this.at(), recorded: this.past.recorded() }, signal: mine.signal });
      this.form.mark(body.problems ?? []);
      this.following = false;
      this.result.show(body);
      this.showTargets(body.targets ?? []);
      this.script.underline(body.error);
    } catch (error) {
      if (isAbort(error)) this.result.say("unknown", "Cancelled", "The run was stopped. Nothing was stored.");
      else this.refused(error as Problem);
    } finally {
      if (this.running === mine) {
        this.running = null;
        this.busy(false);
      }
    }
  }

  private refused(problem: Problem): void {
    if (problem.errors.length > 0) this.form.showErrors(problem, "Not run");
    this.result.say("unknown", "Not run", problem.errors.map((e) => e.message).join("\n") || problem.message);
  }

  private busy(on: boolean): void {
    $("#progress").classList.toggle("busy", on);
    $("#test-run .label").textContent = on ? "Cancel" : "Test run";
    $("#result").setAttribute("aria-busy", String(on));
    this.result.waiting(on);
  }

  private async save(): Promise<void> {
    const mine = this.form.read(this.stored);
    const isNew = this.stored.id === 0;
    const button = $<HTMLButtonElement>("#save");
    button.disabled = true;
    try {
      if (!await this.past.maySave(mine)) return;
      const answer = isNew
        ? await call<Monitor>(`/api/v1/monitors${this.past.saveQuery()}`, { method: "POST", body: mine })
        : await call<Monitor>(`/api/v1/monitors/${this.stored.id}${this.past.saveQuery()}`, { method: "PUT", body: mine, headers: { "If-Match": `"${this.stored.version}"` } });
      this.saved(answer, isNew);
    } catch (error) {
      const problem = error as Problem;
      if (problem.status === 412 || problem.status === 409) await this.conflict(mine);
      else {
        this.form.showErrors(problem);
        this.past.refused(problem);
      }
    } finally {
      button.disabled = false;
    }
  }

  /** Where there is one column, the result stands far below what was pressed. */
  private reveal(): void {
    const panel = $(".right");
    if (panel.getBoundingClientRect().top > window.innerHeight - 160) panel.scrollIntoView({ block: "start" });
  }

  private saved(answer: Answer<Monitor>, isNew: boolean): void {
    this.drafts.drop();
    this.past.saved();
    this.following = true;
    this.stored = answer.body;
    this.baseline = JSON.stringify(this.form.read(this.stored));
    if (isNew) {
      location.assign(`/monitors/${answer.body.id}`);
      return;
    }
    this.form.clearErrors();
    for (const id of ["#unsaved", "#draft", "#conflict"]) $(id).hidden = true;
    for (const el of all("[data-version]")) el.textContent = String(this.stored.version);
    document.title = document.title.replace(/^.*? · /, `${this.stored.name} · `);
    toast(`Saved as version ${this.stored.version}.`);
  }

  /** Puts the edits here and a save by somebody else together; what both changed is for the reader to choose. */
  private async conflict(mine: Monitor): Promise<void> {
    const box = $("#conflict");
    const base = this.stored;
    try {
      const { body: theirs } = await call<Monitor>(`/api/v1/monitors/${base.id}`);
      const fits = merge(base, mine, theirs);
      askAboutConflict(box, {
        version: theirs.version, author: await this.authorOf(theirs), merge: fits, history: `/monitors/${theirs.id}/versions`,
        save: (choices) => { this.take(theirs); this.form.write(fits.resolve(choices)); void this.save(); },
        theirs: () => this.takeTheirs(theirs, base, mine),
      });
    } catch (error) {
      box.replaceChildren(h("span", {}, (error as Problem).status === 404
        ? "Somebody deleted this monitor while you were editing. Your text is kept in this browser; copy it to a new monitor."
        : (error as Problem).message));
    }
    box.hidden = false;
    box.scrollIntoView({ block: "start" });
  }

  private async authorOf(m: Monitor): Promise<string> {
    try {
      const { body } = await call<{ versions: { version: number; author: string }[] | null }>(`/api/v1/monitors/${m.id}/versions?limit=5`);
      return body.versions?.find((v) => v.version === m.version)?.author ?? "";
    } catch { return ""; }
  }

  private takeTheirs(theirs: Monitor, base: Monitor, mine: Monitor): void {
    this.take(theirs);
    this.form.write(theirs);
    this.baseline = JSON.stringify(this.form.read(theirs));
    this.drafts.drop();
    $("#unsaved").hidden = true;
    toast("Your edits are gone.", { label: "Bring them back", run: () => {
      this.stored = base;
      this.form.write(mine);
      this.changed();
      void this.conflict(mine);
    } });
  }

  private take(theirs: Monitor): void {
    this.stored = theirs;
    $("#conflict").hidden = true;
    for (const el of all("[data-version]")) el.textContent = String(theirs.version);
  }

  private async remove(): Promise<void> {
    try {
      await call(`/api/v1/monitors/${this.stored.id}`, { method: "DELETE", headers: { "If-Match": `"${this.stored.version}"` } });
      this.drafts.drop();
      this.baseline = JSON.stringify(this.form.read(this.stored));
      location.assign("/");
    } catch (error) {
      if ((error as Problem).status === 412) await this.conflict(this.form.read(this.stored));
      else toast((error as Problem).message);
    }
  }

  /** Sends a test notice to every destination as it is written now, and says at the field what came of it. */
  private async tryAlerts(): Promise<void> {
    const slot = $('[data-error-for="alerts"]', this.root);
    slot.textContent = "";
    const failed: string[] = [];
    const all = this.form.read(this.stored).alerts;
    for (const to of all) {
      try {
        await call("/api/v1/destinations/test", { method: "POST", body: { to } });
      } catch (error) {
        const p = error as Problem;
        failed.push(p.errors.map((e) => e.message).join("\n") || p.message);
      }
    }
    slot.textContent = failed.join("\n");
    const sent = all.length - failed.length;
    toast(all.length === 0 ? "Write a destination first." : `${sent} of ${all.length} test notices went out.`);
  }
}

new Page();
