// What a tab shows once its session has ended, or never was: the cause, and
// what to do next.
import { fill, h } from "./dom";
import { icon } from "./icons";
import { clock, hour, sentence } from "./format";
import { button, copy } from "./ui";
import type { View } from "./waiting";
import type { Tab } from "./types";

export interface EndedActions { again(t: Tab): void; shut(t: Tab): void; transcript(t: Tab): string }

export function endedView(first: Tab, act: EndedActions): View {
  const el = h("div", { class: "centre ended" });
  let again: HTMLButtonElement | undefined;
  const update = (t: Tab): void => {
    const failed = t.phase === "failed";
    const lasted = t.session?.began && t.ended ? (Date.parse(t.ended) - Date.parse(t.session.began)) / 1000 : 0;
    const done = (t.transfers ?? []).filter((x) => x.state === "done").length;
    const talk = act.transcript(t);
    const says = failed && t.error?.by === "person" ? "The person answered: " : failed && t.error?.by === "agent" ? "The machine answered: " : "";
    const words = failed ? t.error?.words ?? "" : t.cause_words ?? "";
    again = button(failed ? "Ask again" : "Connect again", { kind: "primary" }, () => act.again(t));
    fill(el, h("div", { class: "card" },
      h("div", { class: `ended-mark ${failed ? "bad" : "calm"}` }, icon(failed ? "alert" : "check")),
      h("h1", {}, failed ? `No session with ${t.machine.name}` : `The session with ${t.machine.name} has ended`),
      h("p", { class: "cause" }, says ? `${says}${words}.` : sentence(words)),
      (failed ? t.error?.do : t.do) ? h("p", { class: "do" }, (failed ? t.error?.do : t.do) ?? "") : null,
      failed ? null : h("dl", { class: "facts" },
        h("dt", {}, "Lasted"), h("dd", {}, `${clock(lasted)}, until ${hour(t.ended)}`),
        h("dt", {}, "Reason"), h("dd", {}, t.reason || "None given"),
        h("dt", {}, "Path"), h("dd", {}, t.path ? `${t.path.transport.toUpperCase()} ${t.path.remote}` : "–"),
        h("dt", {}, "Files"), h("dd", {}, done ? `${done} transferred` : "None transferred")),
      h("div", { class: "row" }, again, button("Close tab", {}, () => act.shut(t)),
        talk ? button("Copy the chat", { icon: "copy", kind: "quiet" }, () => void copy(talk, "The chat is on the clipboard.")) : null)));
  };
  update(first);
  return { el, update, focus: () => again?.focus(), close: () => {} };
}
