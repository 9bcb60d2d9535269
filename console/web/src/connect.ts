// The dialog that sets a session up.
import { call, faultOf } from "./api";
import { fill, h, fresh } from "./dom";
import { habit, keepHabit } from "./habits";
import { store } from "./store";
import { button, dialog, faultNote, field, segments } from "./ui";
import type { Machine, Tab } from "./types";

const rights: [string, string, string][] = [
  ["view", "See the screen", ""],
  ["control", "Use mouse and keyboard", ""],
  ["clipboard", "Exchange clipboard text", ""],
  ["chat", "Chat", ""],
  ["files-read", "List and fetch files", ""],
  ["files-write", "Send and change files", ""],
  ["info", "Read machine facts", ""],
];

type Preset = "help" | "look" | "files" | "own";
const presets: Record<Exclude<Preset, "own">, string[]> = {
  help: rights.map(([r]) => r),
  look: ["view", "chat", "info"],
  files: ["chat", "files-read", "files-write"],
};

const kept = (m: Machine): string => `rights ${m.name}`;

function presetOf(set: Set<string>): Preset {
  for (const [p, list] of Object.entries(presets)) {
    if (list.length === set.size && list.every((r) => set.has(r))) return p as Preset;
  }
  return "own";
}

/** usual gives the rights that were asked of the machine the last time. */
const usual = (m: Machine): string => habit(kept(m)) ?? presets.help.join(",");

async function begin(m: Machine, rights: string, reason: string, transport: string): Promise<Tab> {
  const t = await call<Tab>("POST", "/api/tabs", { machine: m.name, rights, reason, transport });
  if (!store.tab(t.id)) store.put(t); // the event stream may have told of it already
  return t;
}

/** connectAtOnce begins a setup for the usual rights. */
export async function connectAtOnce(m: Machine, reason: string, transport: string): Promise<Tab> {
  return begin(m, usual(m), reason, transport);
}

/** connect asks what for, and begins the setup. */
export function connect(m: Machine, opened: (t: Tab) => void, reason = "", path = ""): void {
  const wanted = new Set(usual(m).split(",").filter(Boolean));
  let transport = path;
  const d = dialog(`Connect to ${m.name}`, { lead: m.address });
  const why = h("input", { type: "text", value: reason, maxlength: 500, placeholder: "INC-4711, printer does not print", autocomplete: "off" });
  const problem = h("div");
  const boxes = rights.map(([r, words]) => {
    const box = h("input", { type: "checkbox", id: fresh("right"), onchange: () => {
      if (box.checked) wanted.add(r); else wanted.delete(r);
      preset.set(presetOf(wanted));
      ready();
    } });
    return { r, box, el: h("label", { class: "check", for: box.id }, box, h("span", {}, words)) };
  });
  const show = (): void => boxes.forEach(({ r, box }) => { box.checked = wanted.has(r); });
  const preset = segments<Preset>("What for", [["help", "Help"], ["look", "Look only"], ["files", "Files only"], ["own", "Other"]],
    presetOf(wanted), (p) => {
      if (p === "own") return;
      wanted.clear();
      presets[p].forEach((r) => wanted.add(r));
      show();
      ready();
    });
  const form = h("form", { id: fresh("form"), onsubmit: (e: Event) => { e.preventDefault(); void go(); } },
    field("Reason or ticket number", why, "The person sees this when they are asked, and it is kept in the machine's audit."),
    h("fieldset", { class: "field" }, h("legend", {}, "What you want to do"), preset, h("div", { class: "checks" }, ...boxes.map((b) => b.el))),
    h("fieldset", { class: "field" }, h("legend", {}, "Path"),
      segments("Path", [["", "Whichever is there first"], ["udp", "UDP only"], ["tcp", "TCP only"]], transport, (v) => { transport = v; })),
    m.agent ? null : h("div", { class: "note info" }, h("div", {},
      h("p", {}, "You have not met this machine yet. You will be shown six digits to read out; the person types them before they can allow the session."))),
    problem);
  const yes = button("Ask for a session", { kind: "primary", submit: true });
  yes.setAttribute("form", form.id);
  const ready = (): void => { yes.disabled = wanted.size === 0; };
  const go = async (): Promise<void> => {
    yes.disabled = true;
    fill(problem);
    keepHabit(kept(m), [...wanted].join(","));
    try {
      const t = await begin(m, [...wanted].join(","), why.value, transport);
      d.close();
      opened(t);
    } catch (e) {
      fill(problem, faultNote(faultOf(e)));
      ready();
    }
  };
  show();
  ready();
  d.body.append(form);
  d.foot.append(button("Cancel", {}, () => d.close()), yes);
  why.focus();
}
