// The form for silences: reads it into the API's words, and shows while one
// types what the silence would match and would have hidden.
import "./silences.css";
import { call, isAbort, type Problem } from "./api";
import { $, all, boot, debounce, h, levelIcon, maybe } from "./dom";
import { parseLabels } from "./form";
import { exact, localInput } from "./time";

interface Silence {
  version: number; everything: boolean; monitors: number[]; subjects: string[]; group: string; labels: Record<string, string>;
  from?: string; until?: string; schedule: string; timezone: string; duration: string; reason: string;
}
interface Stretch { from: string; until: string }
interface Preview {
  what: string; when: string; windows: Stretch[]; matches: number; days: number; found: number; hidden: number;
  monitors: { id: number; name: string; group: string; level: string }[];
  others: { name: string; group: string; path: string }[];
  incidents: { id: number; name: string; level: string; opened_at: string; told_at?: string }[];
}

const form = maybe<HTMLFormElement>("#silence");
const names = new Map<string, string>(); // by kind/key
let picked: string[] = [];
let found: { subject: string; name: string }[] = [];
const monitorKey = "monitor/";
let pending: AbortController | null = null;
let version = 0;

const field = (name: string): HTMLInputElement => $<HTMLInputElement>(`[name="${name}"]`, form!);
const value = (name: string): string => field(name).value.trim();
const again = (): boolean => maybe<HTMLInputElement>('[name="kind"]:checked', form!)?.value === "again";

const local = (iso: string | undefined): string => (iso ? localInput(iso) : "");
const moment = (name: string): string | undefined => (value(name) ? new Date(value(name)).toISOString() : undefined);

function read(): Partial<Silence> {
  const s: Partial<Silence> = {
    everything: field("everything").checked, monitors: picked.filter((s) => s.startsWith(monitorKey)).map((s) => Number(s.slice(monitorKey.length))),
    subjects: picked.filter((s) => !s.startsWith(monitorKey)), group: value("group"), labels: parseLabels(value("labels")),
    duration: value("duration"), reason: value("reason"),
  };
  if (version) s.version = version;
  if (again()) {
    s.schedule = value("schedule");
    s.timezone = value("timezone");
    s.until = moment("last");
    return s;
  }
  s.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  s.from = moment("from");
  s.until = moment("until");
  return s;
}

function write(s: Silence): void {
  version = s.version;
  field("everything").checked = s.everything;
  field("group").value = s.group;
  field("labels").value = Object.entries(s.labels).map(([k, v]) => `${k}=${v}`).join(", ");
  field("duration").value = s.duration;
  field("reason").value = s.reason;
  picked = [...s.monitors.map((id) => monitorKey + id), ...s.subjects];
  if (s.schedule) {
    $<HTMLInputElement>('[name="kind"][value="again"]', form!).checked = true;
    field("schedule").value = s.schedule;
    field("timezone").value = s.timezone || "UTC";
    field("last").value = local(s.until);
  } else {
    field("from").value = local(s.from);
    field("until").value = local(s.until);
  }
  showKind();
  showPicked();
}

function showKind(): void {
  for (const el of all("[data-kind]", form!)) el.hidden = (el.dataset.kind === "again") !== again();
}

/** The reader's own zone is the likely one for a schedule that is about to be written. */
function fillZone(): void {
  if (again() && !value("timezone")) field("timezone").value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function showPicked(): void {
  $("#picked", form!).replaceChildren(...picked.map((subject) => {
    const name = names.get(subject) ?? subject;
    return h("button", { type: "button", class: "tiny", "aria-label": `Leave out ${name}`, onclick: () => {
      picked = picked.filter((other) => other !== subject);
      showPicked();
      $("#s-monitor", form!).focus();
      later();
    } }, `${name} ✕`);
  }));
}

const lookUp = debounce(200, () => void suggest());

async function suggest(): Promise<void> {
  const input = $<HTMLInputElement>("#s-monitor", form!);
  if (input.value.trim() === "") return;
  try {
    const { body } = await call<{ subjects: { subject: string; name: string }[] }>(`/api/v1/subjects?${new URLSearchParams({ q: input.value.trim(), limit: "20" })}`);
    found = body.subjects;
    $("#s-monitors", form!).replaceChildren(...found.map((m) => h("option", { value: m.name, label: m.subject.startsWith(monitorKey) ? m.name : `${m.name} (${m.subject})` })));
  } catch { /* suggestions are a convenience: the preview says what is wrong with the server */ }
}

/** Adds what has the name in the field; false when it is none of those found. */
function pick(sure: boolean): boolean {
  const input = $<HTMLInputElement>("#s-monitor", form!);
  const typed = input.value.trim().toLowerCase();
  const match = found.find((m) => m.name.toLowerCase() === typed || m.subject === typed) ?? (sure && typed ? found.find((m) => m.name.toLowerCase().includes(typed)) : undefined);
  if (!match) return false;
  if (!picked.includes(match.subject)) picked = [...picked, match.subject];
  names.set(match.subject, match.name);
  input.value = "";
  showPicked();
  later();
  return true;
}

const later = debounce(300, () => void preview());

async function preview(): Promise<void> {
  pending?.abort();
  const mine = pending = new AbortController();
  const out = $("#preview");
  const s = read();
  delete s.version;
  const what = s.everything || s.monitors!.length > 0 || s.subjects!.length > 0 || s.group || Object.keys(s.labels!).length > 0;
  if (!what || (again() ? !s.schedule || !s.duration : !s.duration && !s.until)) return;
  try {
    const { body } = await call<Preview>("/api/v1/silences/preview", { method: "POST", body: s, signal: mine.signal });
    out.replaceChildren(...shown(body));
  } catch (error) {
    if (isAbort(error)) return;
    const p = error as Problem;
    out.replaceChildren(h("p", { class: "muted" }, p.errors?.map((e) => e.message).join(" ") || p.message));
  }
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

function shown(p: Preview): Node[] {
  const rest = (n: number, more: number): Node | null => (more > n ? h("li", { class: "muted" }, `and ${more - n} more`) : null);
  return [
    h("div", {}, h("h3", {}, "In force"), h("ul", {}, ...p.windows.map((w) => h("li", {}, `${exact(Date.parse(w.from))} – ${exact(Date.parse(w.until))}`)))),
    h("div", {}, h("h3", {}, `Matches ${p.others.length ? p.matches : counted(p.matches, "monitor")} now`),
      h("ul", {}, ...p.monitors.map((m) => h("li", {}, levelIcon(m.level), " ", h("a", { href: `/monitors/${m.id}` }, m.name), " ", h("span", { class: "muted" }, m.group))),
        ...p.others.map((o) => h("li", {}, h("a", { href: o.path }, o.name), " ", h("span", { class: "muted" }, o.group))), rest(p.monitors.length + p.others.length, p.matches))),
    h("div", {}, h("h3", {}, `Would have hidden ${p.hidden} of ${counted(p.found, "incident")} of the last ${p.days} days`),
      h("ul", {}, ...p.incidents.map((i) => h("li", {}, levelIcon(i.level), " ", h("a", { href: `/incidents/${i.id}` }, i.name), " ", h("span", { class: "muted" }, exact(Date.parse(i.opened_at)), i.told_at ? `, told only ${exact(Date.parse(i.told_at))}` : ""))), rest(p.incidents.length, p.hidden))),
  ];
}

function showErrors(p: Problem): void {
  let first: HTMLElement | null = null;
  const other: string[] = [];
  for (const e of p.errors) {
    let name = (e.location ?? "").replace(/^body\./, "").split(/[.[]/)[0] ?? "";
    if (again() && name === "until") name = "last";
    const slot = maybe(`[data-error-for="${CSS.escape(name)}"]`, form!);
    if (!slot) { other.push(e.message); continue; }
    slot.textContent = e.message;
    const input = maybe(`[name="${CSS.escape(name)}"]`, form!);
    input?.setAttribute("aria-invalid", "true");
    first ??= input;
  }
  $("#silence-problem", form!).textContent = other.join(" ") || (p.errors.length === 0 ? p.message : "Not saved yet.");
  first?.focus();
}

async function save(): Promise<void> {
  for (const el of all(".error", form!)) el.textContent = "";
  for (const el of all("[aria-invalid]", form!)) el.removeAttribute("aria-invalid");
  const typed = $<HTMLInputElement>("#s-monitor", form!);
  if (typed.value.trim() !== "" && !pick(false)) {
    $('[data-error-for="monitors"]', form!).textContent = `Nothing is called ${typed.value.trim()}; choose a name, or empty the field.`;
    typed.focus();
    return;
  }
  try {
    await call(form!.dataset.path ?? "", { method: form!.dataset.method, body: read() });
    location.assign("/silences");
  } catch (error) {
    showErrors(error as Problem);
  }
}

function start(): void {
  const { silence, names: known } = boot<{ silence: Silence; names: Record<string, string> }>("boot");
  for (const [subject, name] of Object.entries(known)) names.set(subject, name);
  write(silence);
  const typing = $<HTMLInputElement>("#s-monitor", form!);
  typing.addEventListener("input", () => { if (!pick(false)) lookUp(); });
  typing.addEventListener("keydown", (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    void suggest().then(() => pick(true));
  });
  for (const [one, other] of [["until", "duration"], ["duration", "until"]] as const) {
    field(one).addEventListener("input", () => { if (value(one) && !again()) field(other).value = ""; });
  }
  form!.addEventListener("input", (e) => { 
    if (e.target === typing) return;
    if ((e.target as HTMLInputElement).name === "kind") { showKind(); fillZone(); }
    later();
  });
  form!.addEventListener("submit", (e) => { e.preventDefault(); void save(); });
  for (const preset of all<HTMLButtonElement>("[data-spec]", form!)) {
    preset.addEventListener("click", () => { field("schedule").value = preset.dataset.spec ?? ""; later(); });
  }
  void preview();
}

if (form) start();
