// The address book: groups at the side, machines with how they can be reached.
import { call, faultOf } from "./api";
import { addMachine, editMachine, meetMachine } from "./add";
import { connect } from "./connect";
import { fill, h, Kept, one, show, text } from "./dom";
import { icon } from "./icons";
import { ago, lastGroup, rtt } from "./format";
import { store } from "./store";
import { button, complain, confirm, copy, menuButton, toast } from "./ui";
import type { Leg, Machine } from "./types";

type Filter = { kind: "all" } | { kind: "up" } | { kind: "group"; name: string };

export interface MachinesView { el: HTMLElement; search(): void }

export function machinesView(goTo: (tab: string) => void): MachinesView {
  let filter: Filter = { kind: "all" };
  const search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search machines", oninput: () => draw() });
  const groups = h("nav", { class: "groups", "aria-label": "Groups" });
  const key = h("div", { class: "own-key" });
  const rows = h("tbody");
  const table = h("table", { class: "machines", role: "grid", "aria-label": "Machines" },
    h("thead", {}, h("tr", {},
      ...["Machine", "Reachable by", "Identity", "Last session"].map((c) => h("th", { scope: "col" }, c)),
      h("th", { scope: "col" }, h("span", { class: "unseen" }, "Actions")))),
    rows);
  const nothing = h("div", { class: "nothing" });
  const title = h("h1", {}, "Machines");
  const count = h("span", { class: "count", "aria-live": "polite" });
  const el = h("div", { class: "book" },
    h("aside", { class: "side" }, groups, key),
    h("section", { class: "book-main" },
      h("header", { class: "book-head" }, h("div", { class: "book-title" }, title, count),
        h("div", { class: "search" }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/")),
        button("Add machine", { kind: "primary", icon: "add" }, () => addMachine())),
      h("div", { class: "table-wrap" }, table), nothing));
  moveInGrid(table);

  const kept = new Kept();
  const shown = (): Machine[] => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return store.machines.filter((m) => {
      if (filter.kind === "up" && !isUp(m)) return false;
      if (filter.kind === "group" && (m.group ?? "") !== filter.name) return false;
      const all = `${m.name} ${m.address} ${m.group ?? ""} ${m.note ?? ""} ${m.agent ?? ""}`.toLowerCase();
      return words.every((w) => all.includes(w));
    }).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  };

  const draw = (): void => {
    drawGroups();
    drawKey(key);
    const list = shown();
    text(title, filter.kind === "all" ? "All machines" : filter.kind === "up" ? "Reachable" : filter.name);
    text(count, store.machines.length ? `${list.length}` : "");
    for (const m of list) kept.row(m.name, [m, store.tabOf(m.name)?.id, ago(m.used)], () => row(m, goTo));
    kept.into(rows, (had) => {
      const focused = had?.dataset["focus"];
      one([...rows.querySelectorAll<HTMLElement>("[data-focus]")],
        rows.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused ?? "")}"]`) ?? undefined);
      const again = focused ? rows.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`) : null;
      if (again && again !== document.activeElement) again.focus();
    });
    show(table, list.length > 0);
    show(nothing, list.length === 0 && store.ready);
    if (list.length === 0) drawNothing(nothing, search.value !== "" || filter.kind !== "all", () => {
      search.value = "";
      filter = { kind: "all" };
      draw();
    });
  };

  const drawGroups = (): void => {
    const names = [...new Set(store.machines.map((m) => m.group ?? ""))].filter(Boolean).sort((a, b) => a.localeCompare(b));
    const entry = (words: string, n: number, f: Filter, id: string): HTMLElement => {
      const current = JSON.stringify(f) === JSON.stringify(filter);
      return h("button", { type: "button", class: "group", "data-focus": `group:${id}`, "aria-current": current ? "true" : undefined,
        onclick: () => { filter = f; draw(); } }, h("span", {}, words), h("span", { class: "group-count" }, String(n)));
    };
    const now = JSON.stringify([filter, store.machines.map((m) => [m.group, isUp(m)])]);
    if (groups.dataset["shows"] === now) return;
    groups.dataset["shows"] = now;
    const focused = (document.activeElement as HTMLElement | null)?.dataset["focus"];
    fill(groups, entry("All machines", store.machines.length, { kind: "all" }, "*"),
      entry("Reachable", store.machines.filter(isUp).length, { kind: "up" }, "+"),
      names.length ? h("h2", {}, "Groups") : null,
      ...names.map((g) => entry(g, store.machines.filter((m) => m.group === g).length, { kind: "group", name: g }, `=${g}`)));
    if (focused?.startsWith("group:")) groups.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  };

  store.on((what) => { if (what === "machines" || what === "tabs" || store.tab(what)) draw(); });
  draw();
  return { el, search: () => search.focus() };
}

const isUp = (m: Machine): boolean => Boolean(m.reach?.tcp.up || m.reach?.udp.up);

/** drawKey shows the operator's own key, which an agent's owner needs. */
function drawKey(el: HTMLElement): void {
  if (!store.operator || el.dataset["key"] === store.operator) return;
  el.dataset["key"] = store.operator;
  fill(el, h("h2", {}, "Your key"), h("code", { title: store.operator }, `…-${store.operator.split("-").slice(-3).join("-")}`),
    button("Copy", { icon: "copy", kind: "quiet", label: "Copy your key", class: "small" }, () => void copy(store.operator, "Your key is on the clipboard.")));
}

function drawNothing(el: HTMLElement, filtered: boolean, clear: () => void): void {
  if (filtered) {
    fill(el, h("h2", {}, "No machine matches"), button("Show all machines", {}, clear));
    return;
  }
  fill(el, h("div", { class: "nothing-picture" }, icon("machine")),
    h("h2", {}, "Add the first machine"),
    h("p", {}, "You need its address. A person without an installation runs ", h("code", {}, "deskside help-me"), " and reads it out to you. On a managed machine, its owner permits your key first."),
    button("Add machine", { kind: "primary", icon: "add" }, () => addMachine()));
}

function row(m: Machine, goTo: (tab: string) => void): HTMLElement {
  const open = store.tabOf(m.name);
  const act = open
    ? button("Open session", { label: `Open session with ${m.name}` }, () => goTo(open.id))
    : button("Connect", { label: `Connect to ${m.name}` }, () => connect(m, (t) => goTo(t.id)));
  act.dataset["focus"] = `go:${m.name}`;
  act.removeAttribute("title");
  const more = menuButton(button("", { icon: "more", kind: "quiet", label: `More for ${m.name}` }), () => [
    { words: "Edit", icon: "edit", act: () => editMachine(m) },
    { words: "Compare its key", icon: "shield", disabled: Boolean(m.agent), act: () => meetMachine(m) },
    { words: "Copy address", icon: "copy", act: () => void copy(m.address, "The address is on the clipboard.") },
    { words: "Copy ID", icon: "copy", disabled: !m.agent, act: () => void copy(m.agent ?? "", "The machine's ID is on the clipboard.") },
    { words: "Remove", icon: "trash", danger: true, rule: true, act: () => void remove(m) },
  ]);
  more.dataset["focus"] = `more:${m.name}`;
  const up = isUp(m);
  return h("tr", { role: "row", class: open ? "has-session" : "", "data-machine": m.name,
    ondblclick: (e: MouseEvent) => { if (!(e.target as Element).closest("button")) act.click(); } },
    h("td", { role: "gridcell" }, h("div", { class: "who" },
      h("span", { class: `dot ${m.reach ? (up ? "up" : "down") : "unknown"}`, "aria-hidden": "true" }),
      h("div", {}, h("div", { class: "who-name" }, m.name, m.group ? h("span", { class: "tag" }, m.group) : null),
        h("div", { class: "who-where" }, h("span", { class: "mono" }, m.address), m.note ? h("span", { class: "who-note" }, m.note) : null)))),
    h("td", { role: "gridcell" }, reach(m)),
    h("td", { role: "gridcell" }, m.agent
      ? h("span", { class: "known", title: m.agent }, icon("shield"), h("span", { class: "mono" }, `…${lastGroup(m.agent)}`))
      : h("span", { class: "unmet" }, "Not met yet")),
    h("td", { role: "gridcell", class: "soft" }, open ? h("span", { class: "now" }, "In session") : ago(m.used)),
    h("td", { role: "gridcell", class: "row-acts" }, act, more));
}

function reach(m: Machine): HTMLElement {
  if (!m.reach) return h("span", { class: "soft" }, "Looking …");
  const { tcp, udp } = m.reach;
  const wrong = [tcp, udp].find((l) => l.code === "wrong-key");
  if (wrong) return h("span", { class: "wrong-key", title: wrong.words ?? "" }, icon("alert"), "Another key answers");
  if (!tcp.up && !udp.up) return h("span", { class: "legs none", title: tcp.words ?? udp.words ?? "" }, "No answer");
  return h("span", { class: "legs" }, leg("UDP", udp), leg("TCP", tcp));
}

const leg = (name: string, l: Leg): HTMLElement =>
  h("span", { class: `leg ${l.up ? "up" : "down"}`, title: l.words ?? "" }, h("b", {}, name), l.up ? rtt(l.rtt_ms) : "no");

async function remove(m: Machine): Promise<void> {
  const yes = await confirm(`Remove ${m.name}?`, "It leaves your address book. Its key stays known, so that it cannot be replaced unnoticed.", "Remove");
  if (!yes) return;
  try {
    await call("DELETE", `/api/machines/${encodeURIComponent(m.name)}`);
    toast(`${m.name} was removed.`);
  } catch (e) {
    complain(faultOf(e));
  }
}

/** moveInGrid makes arrow keys move among the buttons of the rows. */
function moveInGrid(table: HTMLTableElement): void {
  const all = (): HTMLElement[] => [...table.querySelectorAll<HTMLElement>("tbody [data-focus]")];
  table.addEventListener("focusin", (e) => one(all(), (e.target as HTMLElement).closest<HTMLElement>("[data-focus]") ?? undefined));
  table.addEventListener("keydown", (e) => {
    const at = (e.target as HTMLElement).closest<HTMLElement>("[data-focus]");
    const tr = at?.closest("tr");
    if (!at || !tr) return;
    const rows = [...table.querySelectorAll<HTMLElement>("tbody tr")];
    const column = [...tr.querySelectorAll("[data-focus]")].indexOf(at);
    const cell = (r: Element | undefined, c: number): HTMLElement | undefined => [...r?.querySelectorAll<HTMLElement>("[data-focus]") ?? []].at(c);
    const i = rows.indexOf(tr);
    const to: Record<string, HTMLElement | undefined> = {
      ArrowDown: cell(rows[i + 1], column), ArrowUp: i > 0 ? cell(rows[i - 1], column) : undefined,
      ArrowRight: cell(tr, column + 1), ArrowLeft: column > 0 ? cell(tr, column - 1) : undefined,
      Home: cell(rows[0], column), End: cell(rows.at(-1), column),
    };
    if (!(e.key in to)) return;
    e.preventDefault();
    to[e.key]?.focus();
  });
}
