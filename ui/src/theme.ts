// What both code editors share: colours from the page's tokens, keys, and the
// nonce that the Content-Security-Policy asks of generated styles.
import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { maybe } from "./dom";

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword], class: "tk-keyword" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: "tk-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "tk-number" },
  { tag: tags.comment, class: "tk-comment" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], class: "tk-function" },
]);

/**
 * Types over a selection ourselves. Left to it, Chromium keeps the look of what
 * was selected in an inline style, which the page's Content-Security-Policy
 * refuses with an error in the console.
 */
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const text = event.data;
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || text === null || empty || view.composing || view.state.readOnly) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});

/** After Escape, Tab leads out of the editor for two seconds, whatever Escape closed on its way. */
const wayOut = EditorView.domEventObservers({
  keydown(event, view) {
    if (event.key === "Escape") view.setTabFocusMode(2000);
  },
});

/** The extensions of every code editor on the page; label names it to a screen reader. */
export function base(label: string, changed: () => void): Extension[] {
  const nonce = maybe<HTMLMetaElement>("meta[name=style-nonce]")?.content ?? "";
  return [
    EditorView.cspNonce.of(nonce),
    history(),
    drawSelection(),
    highlightActiveLine(),
    bracketMatching(),
    closeBrackets(),
    typeOver,
    wayOut,
    highlightSelectionMatches(),
    syntaxHighlighting(highlight),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) changed();
    }),
  ];
}

/** Replaces the whole text, as one step that can be undone. */
export function setText(view: EditorView, text: string): void {
  if (view.state.doc.toString() !== text) {
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
  }
}
