// The dialog that adds a machine to the address book: where it is, who answers
// there, and whether that is who it should be.
import { call, faultOf } from "./api";
import { fill, fresh, h } from "./dom";
import { store } from "./store";
import { button, dialog, faultNote, field, toast, type Dialog } from "./ui";
import type { Fault, Look, Machine } from "./types";

interface Draft { old: string; name: string; address: string; group: string; note: string }

/** addMachine begins a new entry; editMachine changes one. */
export const addMachine = (): void => form({ old: "", name: "", address: "", group: "", note: "" });
export const editMachine = (m: Machine): void =>
  form({ old: m.name, name: m.name, address: m.address, group: m.group ?? "", note: m.note ?? "" });

function form(m: Draft): void {
  const adding = m.old === "";
  const d = dialog(adding ? "Add a machine" : `Edit ${m.old}`, adding
    ? { lead: "The person can read its address out from the Deskside window." } : {});
  const address = h("input", { type: "text", value: m.address, required: true, maxlength: 255, autocomplete: "off", spellcheck: "false", placeholder: "pc-12.example or 10.0.0.12:2701" });
  const name = h("input", { type: "text", value: m.name, maxlength: 64, autocomplete: "off", placeholder: "As you call it" });
  const list = h("datalist", { id: fresh("groups") },
    ...[...new Set(store.machines.map((o) => o.group).filter(Boolean))].map((g) => h("option", { value: g })));
  const group = h("input", { type: "text", value: m.group, maxlength: 64, list: list.id, autocomplete: "off", placeholder: "None" });
  const note = h("input", { type: "text", value: m.note, maxlength: 500, autocomplete: "off", placeholder: "Who sits there, what it is for" });
  const problem = h("div");
  const go = button(adding ? "Continue" : "Save", { kind: "primary", submit: true });
  const el = h("form", { id: fresh("form"), onsubmit: (e: Event) => { e.preventDefault(); void next(); } },
    field("Address", address), field("Name", name),
    h("div", { class: "pair" }, field("Group", group), field("Note", note)), list, problem);
  go.setAttribute("form", el.id);
  const next = async (): Promise<void> => {
    const draft = { old: m.old, name: name.value || hostOf(address.value), address: address.value, group: group.value, note: note.value };
    go.disabled = true;
    fill(problem);
    try {
      await call("POST", "/api/machines", draft);
      if (adding || draft.address !== m.address) await meet(d, draft);
      else d.close();
    } catch (e) {
      fill(problem, faultNote(faultOf(e)));
    }
    go.disabled = false;
  };
  d.body.append(el);
  d.foot.append(button("Cancel", {}, () => d.close()), go);
  address.focus();
}

const hostOf = (address: string): string => address.trim().replace(/:\d+$/, "");

/** meetMachine compares the key of a machine that is in the book. */
export function meetMachine(m: Machine): void {
  const d = dialog(`Meet ${m.name}`);
  void meet(d, { old: m.name, name: m.name, address: m.address, group: "", note: "" });
}

/** meet asks who answers, and shows that in place of what the dialog held. */
async function meet(d: Dialog, m: Draft): Promise<void> {
  const heading = d.el.querySelector("h2");
  if (heading) heading.textContent = `Who answers at ${m.address}?`;
  d.el.querySelector(".lead")?.remove();
  fill(d.body, h("p", { class: "busy", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), `Reaching ${m.address} …`));
  const later = button("Later", {}, () => d.close());
  fill(d.foot, later);
  later.focus();
  try {
    const l = await call<Look>("POST", "/api/look", { address: m.address });
    if (!d.el.open) return;
    if (l.pinned) { toast(`${m.name} is a machine you know.`); d.close(); return; }
    compare(d, m, l);
  } catch (e) {
    if (d.el.open) unreached(d, m, faultOf(e));
  }
}

function unreached(d: Dialog, m: Draft, f: Fault): void {
  fill(d.body, faultNote(f), h("p", { class: "soft" }, `${m.name} is in your address book. You can meet it when it is reachable.`));
  const again = button("Try again", { kind: "primary" }, () => void meet(d, m));
  fill(d.foot, button("Close", {}, () => d.close()), again);
  again.focus();
}

/** compare lets the operator fill in what is left out of the machine's ID. */
function compare(d: Dialog, m: Draft, l: Look): void {
  const groups = l.masked.split("-").map((g, i) => g !== "????" ? h("code", {}, g)
    : h("input", { type: "text", class: "id-gap", maxlength: 4, required: true, autocomplete: "off", spellcheck: "false", "aria-label": `Group ${i + 1} of the ID` }));
  const gaps = groups.filter((g): g is HTMLInputElement => g instanceof HTMLInputElement);
  // A full group goes on to the next; a pasted one fills all.
  gaps.forEach((g, i) => {
    g.addEventListener("input", () => { if (g.value.length === 4) gaps[i + 1]?.select(); });
    g.addEventListener("paste", (e) => {
      const words = (e.clipboardData?.getData("text") ?? "").trim().split(/[\s-]+/);
      if (words.length !== gaps.length && words.length !== groups.length) return;
      e.preventDefault();
      const all = words.length === groups.length;
      gaps.forEach((to, n) => { to.value = (all ? words[groups.indexOf(to)] : words[n]) ?? ""; });
    });
  });
  const problem = h("div");
  const form = h("form", { id: fresh("form"), onsubmit: (e: Event) => { e.preventDefault(); void pin(); } },
    h("h3", {}, "Compare now"),
    h("p", { class: "soft" }, "Read the ID at the machine itself: every group must be the same. Type the three that are left out here."),
    h("div", { class: "fingerprint" }, ...groups), problem,
    h("h3", {}, "Or at the first session"),
    h("p", { class: "soft" }, "Connect, and read the six digits you are shown to the person. They type them in before they can allow anything."));
  const yes = button("It is the same", { kind: "primary", submit: true });
  yes.setAttribute("form", form.id);
  const pin = async (): Promise<void> => {
    yes.disabled = true;
    const filled = groups.map((g) => g instanceof HTMLInputElement ? g.value.trim() : g.textContent ?? "").join("-");
    try {
      await call("POST", "/api/pin", { address: m.address, agent: l.agent, filled });
      toast(`${m.name} is known from now on.`);
      d.close();
    } catch (e) {
      fill(problem, faultNote(faultOf(e)));
      gaps[0]?.select();
    }
    yes.disabled = false;
  };
  const says = l.name ? `It says its name is ${l.name}. ` : "";
  fill(d.body, h("p", {}, `${says}Make sure that it is the computer you mean.`), form);
  fill(d.foot, button("At the first session", {}, () => d.close()), yes);
  gaps[0]?.focus();
}
