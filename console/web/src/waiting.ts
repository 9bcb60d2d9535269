// What a tab shows from asking for a session until there is an answer.
import { call, tabPath } from "./api";
import { h, s, show, text } from "./dom";
import { icon } from "./icons";
import { since } from "./format";
import { button } from "./ui";
import { rightsWords, type Tab } from "./types";

export interface View { el: HTMLElement; update(t: Tab): void; focus(): void; close(): void }

const around = 2 * Math.PI * 54;

export function waitingView(first: Tab): View {
  const left = h("div", { class: "ring-number", "aria-hidden": "true" });
  const hand = s("circle", { cx: 60, cy: 60, r: 54, class: "ring-hand" }) as SVGCircleElement;
  hand.style.strokeDasharray = String(around);
  const ring = h("div", { class: "ring" }, s("svg", { viewBox: "0 0 120 120", "aria-hidden": "true" },
    s("circle", { cx: 60, cy: 60, r: 54, class: "ring-track" }), hand), left);
  const title = h("h1"), lead = h("p", { class: "lead" });
  const digits = h("div", { class: "digits" }), digitsBox = h("div", { class: "digits-box" },
    h("p", {}, "First meeting. Read these six digits to the person:"), digits,
    h("p", { class: "soft" }, "They type them into the window before they can allow the session. If they say that the window shows another machine or name, stop."));
  const steps = [h("li", {}, "Reached"), h("li", {}, "The person answers"), h("li", {}, "Session")];
  const cancel = button("Cancel", { keys: "Esc" }, () => void call("POST", tabPath(first.id, "/end")));
  const el = h("div", { class: "centre waiting" }, h("div", { class: "card" }, ring,
    h("div", { role: "status", "aria-live": "polite" }, title, lead), digitsBox,
    h("ol", { class: "steps" }, ...steps),
    h("dl", { class: "facts" }, h("dt", {}, "Reason"), h("dd", {}, first.reason || "None given"),
      h("dt", {}, "Asked for"), h("dd", {}, rightsWords(first.wanted))),
    cancel));
  el.addEventListener("keydown", (e) => { if (e.key === "Escape") cancel.click(); });

  let tab = first, whole = 0;
  const tick = (): void => {
    const rest = -since(tab.asked_until);
    const counting = tab.phase === "asking" && tab.asked_until !== undefined;
    ring.classList.toggle("spin", !counting);
    text(left, counting ? String(Math.max(0, Math.ceil(rest))) : "");
    hand.style.strokeDashoffset = String(counting && whole > 0 ? around * (1 - Math.max(0, rest) / whole) : around * 0.75);
  };
  const timer = setInterval(tick, 250);
  const mark = (i: number, state: "done" | "now" | ""): void => {
    const li = steps[i]!;
    li.className = state;
    if (state === "now") li.setAttribute("aria-current", "step"); else li.removeAttribute("aria-current");
    li.querySelector("svg")?.remove();
    if (state === "done") li.prepend(icon("check"));
  };
  const update = (t: Tab): void => {
    tab = t;
    const asking = t.phase === "asking";
    if (asking && whole === 0) whole = -since(t.asked_until);
    text(title, asking ? `Waiting for the person at ${t.machine.name}` : `Reaching ${t.machine.name}`);
    text(lead, asking ? "A window in front of everything asks them to allow the session." : t.machine.address);
    text(digits, (t.digits ?? "").replace(/^(\d{3})/, "$1 "));
    show(digitsBox, Boolean(t.digits));
    mark(0, asking ? "done" : "now");
    mark(1, asking ? "now" : "");
    mark(2, "");
    tick();
  };
  update(first);
  return { el, update, focus: () => cancel.focus(), close: () => clearInterval(timer) };
}
