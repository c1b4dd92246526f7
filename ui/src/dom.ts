// Small helpers around the DOM: no framework, only functions.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** Makes an element. Props that start with "on" are listeners, other props are attributes; true is the bare attribute, false and null leave it out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value as EventListener);
    else el.setAttribute(key, value === true ? "" : String(value));
  }
  el.append(...children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return el;
}

export function $<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T {
  const el = root.querySelector<T>(selector);
  if (!el) throw new Error(`nothing matches ${selector}`);
  return el;
}

export function maybe<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T | null {
  return root.querySelector<T>(selector);
}

export function all<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

/** Data that the page was rendered with: the JSON in its script element. */
export function boot<T>(id: string): T {
  return JSON.parse($(`#${id}`).textContent ?? "null") as T;
}

/** The shape and colour of a level, from the page's sprite. */
export function levelIcon(level: string): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", `lv lv-${level}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", `#lv-${level}`);
  svg.append(use);
  return svg;
}

export function debounce<A extends unknown[]>(ms: number, fn: (...args: A) => void): (...args: A) => void {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => fn(...args), ms);
  };
}

/** Shows a line of text for a while, with an action if one is given. */
export function toast(text: string, action?: { label: string; run: () => void }): void {
  let host = maybe(".toasts");
  if (!host) {
    host = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(host);
  }
  const el = h("div", { class: "toast" }, h("span", { class: "grow" }, text));
  if (action) {
    el.append(h("button", { type: "button", onclick: () => { el.remove(); action.run(); } }, action.label));
  }
  host.append(el);
  window.setTimeout(() => el.remove(), action ? 9000 : 5000);
}

/** Makes a button ask once more before it acts: the first press arms it for four seconds. */
export function confirmTwice(button: HTMLButtonElement, question: string, act: () => void): void {
  const label = button.textContent ?? "";
  let timer = 0;
  button.addEventListener("click", () => {
    if (button.classList.contains("armed")) {
      clearTimeout(timer);
      button.classList.remove("armed");
      button.textContent = label;
      act();
      return;
    }
    button.classList.add("armed");
    button.textContent = question;
    timer = window.setTimeout(() => {
      button.classList.remove("armed");
      button.textContent = label;
    }, 4000);
  });
}
