// The board's forms: a component as the API's JSON, and texts to copy.
import "./board.css";
import { call, type Problem } from "./api";
import { $, all, maybe, toast } from "./dom";
import { parseLabels } from "./form";

const form = maybe<HTMLFormElement>("#component");
const levels = maybe<HTMLFormElement>("#levels");
const value = (name: string): string => $<HTMLInputElement>(`[name="${name}"]`, form!).value;

function read(): Record<string, unknown> {
  const effects: Record<string, string> = {};
  for (const input of all<HTMLInputElement>("[data-effect]", form!)) if (input.value.trim()) effects[input.dataset.effect ?? ""] = input.value.trim();
  const body: Record<string, unknown> = { version: Number(form!.dataset.version) || 0, effects, labels: parseLabels(value("labels")), alerts: value("alerts").split(/\s+/).filter(Boolean), sources: value("sources") };
  for (const name of ["id", "name", "parent", "counts", "contact", "link", "description"]) body[name] = value(name).trim();
  return body;
}

function show(problem: Problem, form: HTMLFormElement, summary: string): void {
  const rest: string[] = [];
  for (const e of problem.errors ?? []) {
    const name = (e.location ?? "").replace(/^body\.?/, "").split(/[.[]/)[0] ?? "";
    const slot = name ? maybe(`[data-error-for="${CSS.escape(name)}"]`, form) : null;
    if (!slot) { rest.push(e.message); continue; }
    slot.textContent = slot.textContent ? `${slot.textContent}\n${e.message}` : e.message;
    maybe(`[name="${CSS.escape(name)}"]`, form)?.setAttribute("aria-invalid", "true");
  }
  $(summary).textContent = rest.length > 0 ? rest.join(" ") : problem.errors?.length ? "Not saved: mend what is marked." : problem.message;
  maybe<HTMLElement>("[aria-invalid]", form)?.focus();
}

function clear(form: HTMLFormElement): void {
  for (const el of all(".error", form)) el.textContent = "";
  for (const el of all("[aria-invalid]", form)) el.removeAttribute("aria-invalid");
}

async function save(): Promise<void> {
  clear(form!);
  try {
    const { body } = await call<{ id: string }>(form!.dataset.path ?? "", { method: form!.dataset.method, body: read() });
    location.assign(`/board/${encodeURIComponent(body.id)}`);
  } catch (reason) {
    show(reason as Problem, form!, "#component-problem");
  }
}

form?.addEventListener("submit", (e) => { e.preventDefault(); void save(); });

async function saveLevels(form: HTMLFormElement): Promise<void> {
  clear(form);
  const words = all<HTMLFieldSetElement>("fieldset[data-level]", form).filter((one) => !one.disabled).map((one) => {
    const level = one.dataset.level ?? "";
    const word = (name: string): string => $<HTMLInputElement>(`[name="${level}-${name}"]`, one).value.trim();
    return { level, name: word("name"), effects: word("effects") };
  });
  try {
    await call("/api/v1/levels", { method: "PUT", body: { levels: words } });
    location.assign("/board");
  } catch (reason) {
    show(reason as Problem, form, "#levels-problem");
  }
}

levels?.addEventListener("submit", (e) => { e.preventDefault(); void saveLevels(levels); });

// Only the browser knows by which address it reached the pages.
for (const input of all<HTMLInputElement>("[data-origin]")) input.value = input.value.replaceAll(input.dataset.origin!, location.origin);

for (const input of all<HTMLInputElement>("[data-copy]")) {
  input.addEventListener("click", () => {
    input.select();
    void navigator.clipboard?.writeText(input.value).then(() => toast("Copied."), () => undefined);
  });
}
