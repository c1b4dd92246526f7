// Shadows: an edited version that runs beside the saved one, on the same series,
// telling nobody.
import { call } from "./api";
import type { Editor } from "./backtest";
import { $, h, maybe, toast } from "./dom";
import { Lanes } from "./lanes";
import { reason, type Report } from "./stream";
import { exact } from "./time";
import type { Monitor } from "./wire";

interface ShadowBody { id: number; monitor: Monitor; author: string; started: string; ends: string; running: boolean; missed: number }

export class Shadow {
  private readonly host: HTMLElement | null = maybe("#shadow-result");

  constructor(private readonly editor: Editor) {
    if (!this.host) return;
    $<HTMLDetailsElement>("#shadow").addEventListener("toggle", () => void this.list());
    $("#shadow-start").addEventListener("click", () => void this.start());
  }

  private async start(): Promise<void> {
    await this.act(async () => {
      await call("/api/v1/shadows", { method: "POST", body: { monitor: this.editor.read(), days: Number($<HTMLInputElement>("#shadow-days").value) } });
      toast("The shadow sees every live run from now on, and tells nobody.");
    });
  }

  private act(what: () => Promise<void>): Promise<void> {
    return this.attempt(async () => { await what(); await this.list(); });
  }

  private async attempt(what: () => Promise<void>): Promise<void> {
    $("#shadow-error").textContent = "";
    try {
      await what();
    } catch (error) {
      $("#shadow-error").textContent = reason(error);
    }
  }

  private async list(): Promise<void> {
    if (!this.host || !$<HTMLDetailsElement>("#shadow").open) return;
    const { body } = await call<{ shadows: ShadowBody[] | null }>(`/api/v1/monitors/${this.editor.stored().id}/shadows?limit=5`);
    const all = body.shadows ?? [];
    this.host.replaceChildren(...all.map((s) => this.one(s)));
    if (all.length === 0) this.host.append(h("p", { class: "small muted" }, "There is none yet. Edit the script, start one, and compare in some days."));
  }

  private one(s: ShadowBody): HTMLElement {
    const result = h("div");
    const buttons = h("span", { class: "inline" },
      h("button", { type: "button", class: "tiny", onclick: () => void this.attempt(() => this.compare(s, result)) }, "Compare"),
      h("button", { type: "button", class: "tiny", title: "Puts its text into the editor; nothing is saved yet", onclick: () => this.promote(s) }, "Promote"),
      s.running ? h("button", { type: "button", class: "tiny danger", onclick: () => void this.act(() => call(`/api/v1/shadows/${s.id}`, { method: "DELETE" }).then(() => undefined)) }, "End") : null);
    return h("div", { class: "past-summary" }, h("strong", {}, `Shadow ${s.id}`),
      ` ${s.running ? "runs until" : "ran until"} ${exact(Date.parse(s.ends))}${s.author ? `, by ${s.author}` : ""}${s.missed > 0 ? `; missed ${s.missed} runs` : ""} `, buttons, result);
  }

  private async compare(s: ShadowBody, into: HTMLElement): Promise<void> {
    const { body } = await call<{ report: Report }>(`/api/v1/shadows/${s.id}`);
    const [saved, shadow] = body.report.results, d = body.report.diff;
    const rows = h("div");
    into.replaceChildren(h("p", { class: "small" }, saved && shadow && d
      ? `${shadow.runs} runs; ${d.added.length} incidents added, ${d.removed.length} removed, ${d.moved.length} moved, ${d.same} the same` : "No run yet. It sees the next one."), rows);
    if (!saved || !shadow) return;
    const end = Math.max(Date.parse(s.started) / 1000 + 60, Math.min(Date.parse(s.ends), Date.now()) / 1000);
    new Lanes(rows).show(Date.parse(s.started) / 1000, end, [{ name: "Saved", spans: saved.lane }, { name: "Shadow", spans: shadow.lane }]);
  }

  private promote(s: ShadowBody): void {
    const mine = this.editor.read();
    this.editor.write({ ...s.monitor, id: mine.id, version: mine.version, alerts: mine.alerts, active: mine.active, name: mine.name });
    toast("The shadow's text is in the editor. Save to let it take over.");
  }
}
