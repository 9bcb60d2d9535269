// Small helpers to build the document. Text is only ever set as text nodes, so
// that nothing a machine or a person sent can become markup.

import { plain } from "./format";

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** h makes an element. Properties that begin with "on" are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props?: Props | null, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  setAll(el, props ?? {});
  add(el, ...children);
  return el;
}

/** bdi makes an element of a name, which turns nothing beside it. */
export const bdi = (name: string): HTMLElement => h("bdi", {}, plain(name));

/** s makes an SVG element. */
export function s(tag: string, props: Props, ...children: Child[]): SVGElement {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAll(el, props);
  add(el, ...children);
  return el;
}

function setAll(el: Element, props: Props): void {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on") && typeof value === "function") {
      el.addEventListener(key.slice(2), value as EventListener);
    } else if (key === "value" && el instanceof HTMLInputElement) {
      el.value = String(value);
    } else {
      el.setAttribute(key, value === true ? "" : String(value));
    }
  }
}

/** add appends children, strings as text nodes. */
export function add(el: Element, ...children: Child[]): void {
  for (const c of children) {
    if (c === null || c === undefined || c === false) continue;
    el.append(c);
  }
}

/** fill replaces what is in el. */
export function fill(el: Element, ...children: Child[]): void {
  el.replaceChildren();
  add(el, ...children);
}

/** arrange makes next what is in el. What is there already is not touched: an
 *  element that is taken out under the mouse loses its click, and its focus. */
export function arrange(el: Element, next: Element[]): void {
  const stay = new Set(next);
  for (const c of [...el.children]) if (!stay.has(c)) c.remove();
  next.forEach((n, i) => { if (el.children[i] !== n) el.insertBefore(n, el.children[i] ?? null); });
}

/** Kept holds the elements of a list that is drawn again and again, by name:
 *  one that would show the same stays the same element. */
export class Kept {
  private known = new Map<string, { shows: string; el: HTMLElement }>();
  private drawn = new Map<string, { shows: string; el: HTMLElement }>();

  /** row gives the element of a name, which make makes when it shows anything else. */
  row(name: string, shows: unknown, make: () => HTMLElement): HTMLElement {
    const now = JSON.stringify(shows), known = this.known.get(name);
    const row = known?.shows === now ? known : { shows: now, el: make() };
    this.drawn.set(name, row);
    return row.el;
  }

  /** into puts what row gave since the last time into el, and forgets the rest.
   *  While the mouse is pressed on el it waits: what one presses stays there
   *  until one lets go. then is told what in el had the focus before. */
  into(el: Element, then: (had: HTMLElement | null) => void = () => {}): void {
    const drawn = this.drawn;
    this.drawn = new Map();
    steady(el, () => {
      const had = el.contains(document.activeElement) ? document.activeElement as HTMLElement : null;
      arrange(el, [...drawn.values()].map((r) => r.el));
      this.known = drawn;
      then(had);
    });
  }
}

/** steady draws what would move what is in el: at once, or when the mouse that
 *  is pressed there is let go, whose click would go to something else. Of what
 *  is the last one is drawn. */
export function steady(el: Element, draw: () => void, what: unknown = el): void {
  if (pressed && el.contains(pressed)) waiting.set(what, draw);
  else draw();
}

let pressed: Node | null = null; // what the mouse is held on
const waiting = new Map<unknown, () => void>(); // what to draw when it is let go

addEventListener("pointerdown", (e) => { pressed = e.target as Node; }, true);
function letGo(): void {
  pressed = null;
  const puts = [...waiting.values()];
  waiting.clear();
  puts.forEach((put) => put());
}
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(letGo), true); // after the click
addEventListener("blur", letGo); // of the window

/** text sets the text of el, and leaves the document alone if it is the same. */
export function text(el: Element, value: string): void {
  if (el.textContent !== value) el.textContent = value;
}

/** show shows or hides el. */
export function show(el: HTMLElement, on: boolean): void {
  el.hidden = !on;
}

let counter = 0;

/** fresh makes an ID for an element. */
export const fresh = (prefix: string): string => `${prefix}-${++counter}`;

/** rove makes the arrow keys move among the items of el, of which one is in
 *  the tab order. The items may change between keys. */
export function rove(el: HTMLElement, items: () => HTMLElement[], way: "row" | "column"): void {
  const [back, on] = way === "row" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  el.addEventListener("keydown", (e) => {
    const list = items().filter((i) => !i.hidden && !(i as HTMLButtonElement).disabled);
    const at = list.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const to = e.key === back ? at - 1 : e.key === on ? at + 1 : e.key === "Home" ? 0 : e.key === "End" ? list.length - 1 : NaN;
    if (Number.isNaN(to)) return;
    e.preventDefault();
    const next = list[(to + list.length) % list.length];
    next?.focus();
  });
  el.addEventListener("focusin", (e) => one(items(), e.target as HTMLElement));
}

/** one puts a single item of a group into the tab order. */
export function one(list: HTMLElement[], chosen?: HTMLElement): void {
  const is = chosen && list.includes(chosen) ? chosen
    : list.find((i) => i.tabIndex === 0 && !i.hidden && !(i as HTMLButtonElement).disabled)
      ?? list.find((i) => !i.hidden && !(i as HTMLButtonElement).disabled);
  for (const i of list) i.tabIndex = i === is ? 0 : -1;
}
