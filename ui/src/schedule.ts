// The schedule's sentence and next runs, from the crontab parser of the server.
import { call, type FieldProblem, isAbort, type Problem } from "./api";
import { $, all, debounce, h } from "./dom";
import type { SchedulePreview } from "./wire";

export class ScheduleView {
  private pending: AbortController | null = null;
  private readonly later = debounce(250, () => void this.refresh());

  constructor(private readonly root: HTMLElement, private readonly seed: () => string) {
    for (const name of ["schedule", "timezone"]) {
      $(`[name="${name}"]`, root).addEventListener("input", this.later);
    }
    for (const preset of all<HTMLButtonElement>("[data-spec]", root)) {
      preset.addEventListener("click", () => {
        const input = $<HTMLInputElement>('[name="schedule"]', root);
        input.value = preset.dataset.spec ?? "";
        input.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
    void this.refresh();
  }

  async refresh(): Promise<void> {
    this.pending?.abort();
    const mine = this.pending = new AbortController();
    const spec = $<HTMLInputElement>('[name="schedule"]', this.root).value.trim();
    const zone = $<HTMLInputElement>('[name="timezone"]', this.root).value.trim();
    const out = $("#schedule-preview", this.root);
    if (spec === "") {
      this.complain([]);
      out.replaceChildren(h("p", { class: "sentence muted" }, "Never runs by itself. Write minute, hour, day, month and weekday, or press one above."));
      return;
    }
    try {
      const query = new URLSearchParams({ spec, zone, seed: this.seed() });
      const { body } = await call<SchedulePreview>(`/api/v1/schedule?${query}`, { signal: mine.signal });
      this.complain([]);
      out.replaceChildren(
        h("p", { class: "sentence" }, h("strong", {}, body.sentence)),
        ...(body.notes ?? []).map((note) => h("p", { class: "small muted" }, note)),
        h("ul", { class: "next-runs", "aria-label": "Next runs" }, ...(body.next ?? []).map((at) => h("li", {}, nice(at)))));
    } catch (error) {
      if (isAbort(error)) return;
      const p = error as Problem;
      out.replaceChildren();
      this.complain(p.errors.length > 0 ? p.errors : [{ message: p.message }]);
    }
  }

  /** Says at the fields what is wrong with them, where a refused save says it too: once. */
  private complain(errors: FieldProblem[]): void {
    for (const name of ["schedule", "timezone"]) {
      const field = $(`[name="${name}"]`, this.root);
      const mine = errors.filter((e) => (/zone/.test(e.location ?? "") ? "timezone" : "schedule") === name);
      $(`[data-error-for="${name}"]`, this.root).textContent = mine.map((e) => e.message).join("\n");
      if (mine.length > 0) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }
}

/** The wall clock of the monitor's own zone, as the server wrote it: its offset tells the DST apart. */
function nice(at: string): string {
  const m = /^(\d+)-(\d+)-(\d+)T(\d+:\d+):(\d+)(?:\.\d+)?(Z|[+-]\d+:\d+)$/.exec(at);
  if (!m) return at;
  const weekday = new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "UTC" }).format(Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3])));
  return `${weekday} ${m[1]}-${m[2]}-${m[3]} ${m[4]}:${m[5]} ${m[6] === "Z" ? "UTC" : m[6]}`;
}
