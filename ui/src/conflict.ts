// The dialogue after a save that met somebody else's: what merged by itself is
// told, what both changed is shown side by side with a choice for each.
import { h } from "./dom";
import type { Choice, Conflict, Merge } from "./merge";

interface Options {
  version: number;
  author: string;
  merge: Merge;
  history: string;
  save: (choices: Choice[]) => void;
  theirs: () => void;
}

/** Fills a box with the question, and leaves the answer to the options' functions. */
export function askAboutConflict(box: HTMLElement, o: Options): void {
  const choices: (Choice | undefined)[] = o.merge.conflicts.map(() => undefined);
  const save = h("button", { type: "button", class: "primary", "data-merge": "save", onclick: () => o.save(choices as Choice[]) });
  const count = () => {
    const open = choices.filter((c) => c === undefined).length;
    save.disabled = open > 0;
    save.textContent = open > 0 ? `${open} to choose` : "Save both";
  };
  count();
  const by = o.author ? `${o.author} saved` : "Somebody saved";
  const what = o.merge.conflicts.length === 0
    ? "Your changes and theirs do not touch, and fit together."
    : `${o.merge.conflicts.length === 1 ? "One place was" : `${o.merge.conflicts.length} places were`} changed by both of you: choose for each. Everything else fits together.`;
  const taken = o.merge.taken.length > 0 ? ` From them: ${o.merge.taken.map(label).join(", ")}.` : "";
  box.replaceChildren(
    h("div", { class: "grow" }, h("strong", {}, `${by} version ${o.version} while you were editing. `), what + taken),
    h("span", { class: "end" },
      h("a", { class: "button", href: o.history, target: "_blank" }, "See their changes"),
      h("button", { type: "button", onclick: o.theirs, "data-merge": "theirs" }, "Take all of theirs"), save),
    ...o.merge.conflicts.map((c, i) => question(c, i, (choice) => { choices[i] = choice; count(); })));
}

function question(c: Conflict, index: number, chosen: (choice: Choice) => void): HTMLElement {
  const option = (choice: Choice, title: string, text: string | null) => h("label", { class: "side" },
    h("span", {}, h("input", { type: "radio", name: `conflict-${index}`, value: choice, onchange: () => chosen(choice) }), " ", h("strong", {}, title)),
    text === null ? null : text === "" ? h("span", { class: "muted small" }, "taken out") : h("pre", { class: "block" }, text));
  return h("fieldset", { class: "sides" }, h("legend", {}, label(c.place)),
    option("mine", "Yours", c.mine), option("theirs", "Theirs", c.theirs), c.both ? option("both", "Both, yours first", null) : null);
}

const label = (name: string): string => name.replace(/_/g, " ");
