// The page of one heartbeat: the form shows only the fields that its kind of
// schedule has, and what is to be copied can be copied with one press.
import "./heartbeats.css";
import { all, maybe, toast } from "./dom";

function showFields(form: HTMLFormElement): void {
  const kind = maybe<HTMLSelectElement>("select[name=schedule]", form)?.value ?? "";
  for (const field of all("[data-for]", form)) field.hidden = !(field.dataset.for ?? "").split(" ").includes(kind);
}

function start(): void {
  const form = maybe<HTMLFormElement>("#settings");
  if (form) {
    showFields(form);
    form.addEventListener("change", () => showFields(form));
  }
}

document.addEventListener("click", (e) => {
  const button = (e.target as HTMLElement).closest<HTMLButtonElement>("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy ?? "")?.textContent ?? "";
  navigator.clipboard.writeText(text).then(() => toast("Copied."), () => toast("The browser does not allow copying; select the text instead."));
});

start();
