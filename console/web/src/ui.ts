// Parts that several views use: buttons, dialogs, menus, notes.
import { add, fill, fresh, h, one, rove } from "./dom";
import { icon, type Icon } from "./icons";
import { plain, sentence } from "./format";
import type { Fault } from "./types";

interface ButtonOptions {
  icon?: Icon;
  kind?: "primary" | "danger" | "quiet" | "plain";
  label?: string; // when there is no text, or more is to be said
  keys?: string; // its shortcut, shown in the tip
  pressed?: boolean;
  class?: string;
  disabled?: boolean;
  submit?: boolean;
}

/** button makes one, with a tip where it has no text. */
export function button(words: string, o: ButtonOptions, act?: (e: Event) => void): HTMLButtonElement {
  const tip = o.label ?? (words === "" ? undefined : null);
  return h("button", {
    type: o.submit ? "submit" : "button",
    class: ["button", o.kind ?? "plain", words === "" ? "only-icon" : "", o.class ?? ""].filter(Boolean).join(" "),
    "aria-label": o.label,
    "aria-pressed": o.pressed === undefined ? undefined : String(o.pressed),
    "aria-keyshortcuts": o.keys,
    title: tip ? (o.keys ? `${tip} (${o.keys})` : tip) : undefined,
    disabled: o.disabled,
    onclick: act,
  }, o.icon && icon(o.icon), words !== "" && h("span", {}, words));
}

/** field wraps a control with its label and a hint. */
export function field(label: string, control: HTMLElement, hint?: string): HTMLElement {
  control.id ||= fresh("field");
  const note = hint ? h("p", { class: "hint", id: fresh("hint") }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

/** faultNote shows a refusal: what, who said so, what to do. */
export function faultNote(f: Fault): HTMLElement {
  const who = f.by ? `The ${f.by} says: ` : "";
  return h("div", { class: "note bad", role: "alert" }, icon("alert"),
    h("div", {}, h("p", {}, who ? `${who}${plain(f.words)}.` : sentence(f.words)), f.do ? h("p", { class: "do" }, plain(f.do)) : null));
}

export interface Dialog {
  readonly el: HTMLDialogElement;
  readonly body: HTMLElement;
  readonly foot: HTMLElement;
  close(): void;
}

/** dialog opens a modal one. Escape and a press beside it close it; the focus
 *  goes back to where it was. */
export function dialog(title: string, o: { class?: string; lead?: string; onclose?: () => void } = {}): Dialog {
  const from = document.activeElement;
  const heading = h("h2", { id: fresh("title") }, title);
  const body = h("div", { class: "dialog-body" });
  const foot = h("div", { class: "dialog-foot" });
  const el = h("dialog", { class: `dialog ${o.class ?? ""}`, "aria-labelledby": heading.id },
    h("header", { class: "dialog-head" },
      h("div", {}, heading, o.lead ? h("p", { class: "lead" }, o.lead) : null),
      button("", { icon: "close", kind: "quiet", label: "Close", keys: "Esc" }, () => close())),
    body, foot);
  const close = (): void => {
    if (el.open) el.close();
    gone();
  };
  // The browser tells of the end later; by then the focus may have moved on.
  const gone = (): void => {
    if (!el.isConnected) return;
    const had = el.contains(document.activeElement) || document.activeElement === document.body;
    el.remove();
    if (had && from instanceof HTMLElement && from.isConnected) from.focus();
    o.onclose?.();
  };
  el.addEventListener("close", gone);
  el.addEventListener("mousedown", (e) => { if (e.target === el) close(); });
  document.body.append(el);
  el.showModal();
  return { el, body, foot, close };
}

/** confirm asks a question whose answer does something. */
export function confirm(title: string, words: string, does: string, kind: "danger" | "primary" = "danger"): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = false;
    const d = dialog(title, { class: "small", onclose: () => resolve(answer) });
    d.body.append(h("p", {}, words));
    const yes = button(does, { kind }, () => { answer = true; d.close(); });
    d.foot.append(button("Cancel", {}, () => d.close()), yes);
    yes.focus();
  });
}

/** ask lets the operator type one line; null if they think better of it. */
export function ask(title: string, label: string, value: string, does: string): Promise<string | null> {
  return new Promise((resolve) => {
    let answer: string | null = null;
    const d = dialog(title, { class: "small", onclose: () => resolve(answer) });
    const input = h("input", { type: "text", value, autocomplete: "off", spellcheck: "false", required: true });
    const form = h("form", { id: fresh("form"), onsubmit: (e: Event) => {
      e.preventDefault();
      answer = input.value;
      d.close();
    } }, field(label, input));
    d.body.append(form);
    const yes = button(does, { kind: "primary", submit: true });
    yes.setAttribute("form", form.id);
    d.foot.append(button("Cancel", {}, () => d.close()), yes);
    input.focus();
    const dot = value.lastIndexOf(".");
    input.setSelectionRange(0, dot > 0 ? dot : value.length);
  });
}

export interface Item {
  words: string;
  icon?: Icon;
  keys?: string;
  hint?: string; // said more softly after the words
  checked?: boolean; // a toggle, or with radio one of several
  radio?: boolean;
  danger?: boolean;
  disabled?: boolean;
  rule?: boolean; // a line before it
  heading?: string; // words before it
  stay?: boolean; // the menu stays open
  act: () => void;
}

/** menuButton makes a button that opens a menu of what items gives then, and
 *  again when redrawMenu is told that they are others. */
export function menuButton(trigger: HTMLButtonElement, items: () => Item[]): HTMLButtonElement {
  trigger.setAttribute("aria-haspopup", "menu");
  trigger.setAttribute("aria-expanded", "false");
  let menu: HTMLElement | null = null;
  const close = (back: boolean): void => {
    if (!menu) return;
    menu.remove();
    menu = null;
    trigger.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (back) trigger.focus();
  };
  const outside = (e: Event): void => {
    const to = e.target as Node;
    if (!menu?.contains(to) && !trigger.contains(to)) close(false);
  };
  const open = (): void => {
    menu = h("div", { class: "menu", role: "menu", "aria-label": trigger.getAttribute("aria-label") ?? trigger.textContent ?? "" });
    draw(menu);
    (trigger.closest("dialog, .session:fullscreen") ?? document.body).append(menu);
    place(menu, trigger);
    trigger.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside, true);
    menu.querySelector<HTMLElement>(".item:not([disabled])")?.focus();
  };
  const draw = (el: HTMLElement): void => {
    const parts: HTMLElement[] = [];
    for (const i of items()) {
      if (i.rule) parts.push(h("div", { class: "menu-rule", role: "separator" }));
      if (i.heading) parts.push(h("div", { class: "menu-heading", role: "presentation" }, i.heading));
      parts.push(menuItem(i, () => {
        if (!i.stay) close(true);
        i.act();
        if (i.stay && menu) redraw(menu);
      }));
    }
    fill(el, ...parts);
    one(itemsOf(el));
  };
  const redraw = (el: HTMLElement): void => {
    const was = document.activeElement as HTMLElement, at = itemsOf(el).indexOf(was);
    draw(el);
    if (at >= 0) (itemsOf(el).find((i) => i.textContent === was.textContent) ?? itemsOf(el)[at])?.focus();
  };
  const itemsOf = (el: HTMLElement): HTMLElement[] => [...el.querySelectorAll<HTMLElement>(".item")];
  trigger.addEventListener("click", () => menu ? close(true) : open());
  trigger.addEventListener("items", () => { if (menu) redraw(menu); });
  trigger.addEventListener("keydown", (e) => {
    if (e.key === "ArrowDown" && !menu) { e.preventDefault(); e.stopPropagation(); open(); }
  });
  document.addEventListener("keydown", (e) => {
    if (!menu?.contains(document.activeElement)) return;
    if (e.key === "Escape" || e.key === "Tab") { e.preventDefault(); e.stopPropagation(); close(true); }
  }, true);
  document.addEventListener("focusin", (e) => {
    const to = e.target as Node;
    if (menu && !menu.contains(to) && !trigger.contains(to)) close(false);
  });
  rove(document.body, () => menu ? itemsOf(menu) : [], "column");
  return trigger;
}

/** redrawMenu tells the menu of a button that its items have changed. */
export const redrawMenu = (trigger: HTMLElement): void => { trigger.dispatchEvent(new Event("items")); };

function menuItem(i: Item, act: () => void): HTMLButtonElement {
  const role = i.checked === undefined ? "menuitem" : i.radio ? "menuitemradio" : "menuitemcheckbox";
  return h("button", {
    type: "button", class: `item${i.danger ? " danger" : ""}`, role, tabindex: -1,
    "aria-checked": i.checked === undefined ? undefined : String(i.checked), disabled: i.disabled, onclick: act,
  },
    h("span", { class: "item-icon" }, i.checked ? icon("check") : i.icon ? icon(i.icon) : null),
    h("span", { class: "item-words" }, i.words),
    i.hint ? h("span", { class: "item-hint" }, i.hint) : null,
    i.keys ? h("kbd", {}, i.keys) : null);
}

/** place puts a menu below its button, within the window. */
function place(menu: HTMLElement, by: HTMLElement): void {
  const b = by.getBoundingClientRect(), m = menu.getBoundingClientRect();
  const x = Math.min(Math.max(8, b.right - m.width), innerWidth - m.width - 8);
  const left = b.left + m.width < innerWidth - 8 ? b.left : x;
  const below = b.bottom + 6;
  const top = below + m.height < innerHeight - 8 ? below : Math.max(8, b.top - m.height - 6);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

/** segments makes a group of choices of which one holds. */
export function segments<T extends string>(label: string, choices: [T, string][], value: T, act: (v: T) => void): HTMLElement & { set(v: T): void } {
  const name = fresh("choice");
  const inputs = choices.map(([v]) => h("input", { type: "radio", name, value: v, id: fresh("seg"), onchange: () => act(v) }));
  const el = h("div", { class: "segments", role: "radiogroup", "aria-label": label });
  choices.forEach(([, words], i) => add(el, inputs[i], h("label", { for: inputs[i]!.id }, words)));
  const set = (v: T): void => { choices.forEach(([c], i) => { inputs[i]!.checked = c === v; }); };
  set(value);
  return Object.assign(el, { set });
}

/** toggled sets how a toggle stands. */
export function toggled(b: HTMLButtonElement, on: boolean): void {
  b.setAttribute("aria-pressed", String(on));
}

const notes = h("div", { class: "toasts" });
let notesHome: HTMLElement = document.body;
const spoken = h("div", { class: "unseen", role: "status", "aria-live": "polite" });

/** mountNotes puts the place for passing notes into the document. */
export function mountNotes(to: HTMLElement): void {
  notesHome = to;
  to.append(notes, spoken);
}

/** say tells something without a word on the screen. */
export function say(words: string): void {
  spoken.textContent = "";
  requestAnimationFrame(() => { spoken.textContent = words; });
}

/** toast shows a passing note, and says it. */
export function toast(words: string, kind: "good" | "bad" = "good"): void {
  const el = h("div", { class: `toast ${kind}` }, icon(kind === "good" ? "check" : "alert"), h("span", {}, words),
    button("", { icon: "close", kind: "quiet", label: "Dismiss" }, () => el.remove()));
  (document.fullscreenElement ?? notesHome).append(notes); // nothing beside it is seen
  notes.append(el);
  say(words);
  setTimeout(() => el.remove(), kind === "good" ? 4000 : 9000);
}

/** complain shows a refusal as a passing note. */
export function complain(f: Fault): void {
  toast([sentence(f.words), plain(f.do ?? "")].filter(Boolean).join(" "), "bad");
}

/** copy puts text on this computer's clipboard. */
export async function copy(what: string, words: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(what);
    toast(words);
    return true;
  } catch {
    toast("This browser did not let the page use the clipboard.", "bad");
    return false;
  }
}
