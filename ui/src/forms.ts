// Forms that call the API: data-api names method and path, the fields become
// JSON, a refusal is shown in the form. data-confirm asks once more before;
// data-auto sends on change; data-show shows a field of the answer in place of
// a reload, and data-then goes to a page, whose {name} is that field of the
// answer. data-type says what a field becomes if not text: a list, lines, ids, yes,
// or a moment, which starts at data-at and is shown in the reader's zone;
// data-all sends empty fields too.
import { call, Problem } from "./api";
import { all, maybe, toast } from "./dom";
import { localInput } from "./time";

export function startForms(): void {
  for (const input of all<HTMLInputElement>("input[data-at]")) input.value = localInput(input.dataset.at ?? "");
  document.addEventListener("submit", (e) => {
    const form = e.target as HTMLFormElement;
    if (!form.dataset.api) return;
    e.preventDefault();
    const button = maybe<HTMLButtonElement>("button", form);
    if (form.dataset.confirm && button && !button.classList.contains("armed")) {
      arm(button, form.dataset.confirm);
      return;
    }
    void send(form);
  });
  document.addEventListener("change", (e) => {
    const form = (e.target as HTMLElement).closest<HTMLFormElement>("form[data-auto]");
    if (form) void send(form);
  });
}

function arm(button: HTMLButtonElement, question: string): void {
  const label = button.textContent;
  button.classList.add("armed");
  button.textContent = question;
  window.setTimeout(() => {
    button.classList.remove("armed");
    button.textContent = label;
  }, 4000);
}

async function send(form: HTMLFormElement): Promise<void> {
  const [method = "POST", path = ""] = (form.dataset.api ?? "").split(" ");
  const error = maybe(".error", form);
  if (error) error.textContent = "";
  try {
    const values = fields(form);
    const body = method === "DELETE" || Object.keys(values).length === 0 ? undefined : values;
    const answer = await call<Record<string, string> | null>(path, { method, body });
    const show = form.dataset.show;
    const shown = maybe(".shown", form);
    if (show && shown && answer.body) {
      shown.textContent = `Copy it now, it is not shown again: ${answer.body[show]}`;
      form.reset();
      return;
    }
    const then = form.dataset.then;
    if (then) location.assign(then.replace("{name}", encodeURIComponent(answer.body?.name ?? "")));
    else location.reload();
  } catch (reason) {
    const p = reason as Problem;
    const text = p.errors?.length ? p.errors.map((e) => e.message).join("\n") : p.message;
    if (error) error.textContent = text;
    else toast(text);
  }
}

function fields(form: HTMLFormElement): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const el of form.elements) {
    if (!(el instanceof HTMLInputElement || el instanceof HTMLSelectElement || el instanceof HTMLTextAreaElement) || !el.name) continue;
    if (el.value !== "" || form.dataset.all !== undefined || el.dataset.type === "lines") values[el.name] = valueOf(el.value, el.dataset.type);
  }
  return values;
}

/** What is no moment goes as it is: the server names the field. */
function moment(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}

function valueOf(text: string, type: string | undefined): unknown {
  switch (type) {
    case "number": return Number(text);
    case "yes": return text === "yes";
    case "list": return [text];
    case "lines": return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    case "moment": return moment(text);
    case "ids": return text.split(".").map(Number);
    default: return text;
  }
}
