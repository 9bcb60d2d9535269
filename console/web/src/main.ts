// The page: the tabs above, the machines or a session below.
import { call, faultOf, loggedIn, tabPath } from "./api";
import { addMachine } from "./add";
import { connect, connectAtOnce } from "./connect";
import { endedView } from "./ended";
import { add, fill, h, Kept, one, rove, show, text } from "./dom";
import { onHabits } from "./habits";
import { icon } from "./icons";
import { machinesView } from "./machines";
import { sessionView, type SessionView } from "./session";
import { shortcutsDialog } from "./shortcuts";
import { store } from "./store";
import { applyTheme, singleKeys, themeButton } from "./theme";
import { button, complain, confirm, mountNotes, say } from "./ui";
import { waitingView, type View } from "./waiting";
import { over, type Notice, type Phase, type Tab } from "./types";

const home = "machines";

interface Pane { tab: Tab; view: View; kind: "waiting" | "session" | "over"; panel: HTMLElement; talk: string }

const panes = new Map<string, Pane>();
let current = home;

const kindOf = (p: Phase): Pane["kind"] =>
  p === "reaching" || p === "asking" ? "waiting" : p === "open" || p === "suspended" ? "session" : "over";

const tablist = h("div", { class: "tabs", role: "tablist", "aria-label": "Machines and sessions" });
const main = h("main");
const banner = h("div", { class: "banner", role: "alert", hidden: true });
const book = machinesView((id) => goTo(id, true));
const bookPanel = h("div", { class: "tabpanel", role: "tabpanel", id: "panel-machines", "aria-labelledby": "tab-machines" }, book.el);

function viewOf(t: Tab, talk: string): View {
  switch (kindOf(t.phase)) {
    case "waiting": return waitingView(t);
    case "session": return sessionView(t, drawTabs);
    case "over": return endedView(t, { again: connectAgain, shut: (o) => void shut(o), transcript: () => talk });
  }
}

/** sync makes the panes agree with the tabs the console told of. */
function sync(): void {
  for (const t of store.tabs) {
    const p = panes.get(t.id);
    if (!p) {
      const panel = h("div", { class: "tabpanel", role: "tabpanel", id: `panel-${t.id}`, "aria-labelledby": `tab-${t.id}`, hidden: true });
      const view = viewOf(t, "");
      panel.append(view.el);
      main.append(panel);
      panes.set(t.id, { tab: t, view, kind: kindOf(t.phase), panel, talk: "" });
      continue;
    }
    p.tab = t;
    if (p.kind === kindOf(t.phase)) { p.view.update(t); continue; }
    const focused = p.panel.contains(document.activeElement);
    if (p.kind === "session") p.talk = (p.view as SessionView).transcript();
    p.view.close();
    document.querySelectorAll("dialog.of-session").forEach((d) => (d as HTMLDialogElement).close());
    p.kind = kindOf(t.phase);
    p.view = viewOf(t, p.talk);
    fill(p.panel, p.view.el);
    announce(t);
    if (focused || current === t.id && document.activeElement === document.body) p.view.focus();
  }
  for (const [id, p] of panes) {
    if (store.tab(id)) continue;
    p.view.close();
    p.panel.remove();
    panes.delete(id);
    if (current === id) goTo(home, true);
  }
  drawTabs();
}

function announce(t: Tab): void {
  const m = t.machine.name;
  say(t.phase === "open" ? `The session with ${m} is open.` : t.phase === "failed" ? `No session with ${m}: ${t.error?.words ?? ""}`
    : t.phase === "ended" ? `The session with ${m} has ended: ${t.cause_words ?? ""}` : "");
}

function goTo(id: string, focus = false): void {
  sync();
  current = id === home || panes.has(id) ? id : home;
  show(bookPanel, current === home);
  for (const [k, p] of panes) show(p.panel, k === current);
  const now = panes.get(current);
  if (now?.kind === "session") (now.view as SessionView).shown();
  drawTabs();
  if (!focus) return;
  if (current === home) bookPanel.querySelector<HTMLElement>("tbody [data-focus][tabindex='0'], .nothing button")?.focus();
  else panes.get(current)?.view.focus();
}

const tabElements = (): HTMLElement[] => [...tablist.querySelectorAll<HTMLElement>("[role=tab]")];

const phaseWords: Record<Phase, string> = { reaching: "reaching", asking: "waiting for the person", open: "open", suspended: "connection lost", ended: "ended", failed: "failed" };

function tabOf(id: string, words: string, lead: Node, extra?: Node | null, closes?: () => void, about = ""): HTMLElement {
  return h("div", {
    class: "tab", role: "tab", id: `tab-${id}`, tabindex: -1, "aria-controls": `panel-${id}`,
    "aria-label": about || undefined, "aria-keyshortcuts": closes ? "Delete" : undefined,
    onclick: () => goTo(id), onauxclick: (e: MouseEvent) => { if (e.button === 1) closes?.(); },
    onkeydown: (e: KeyboardEvent) => {
      if (e.key === "Enter" || e.key === " ") { e.preventDefault(); goTo(id, true); }
      if (e.key === "Delete" && closes) { e.preventDefault(); closes(); }
    },
    onfocus: () => { if (current !== id) goTo(id); },
  }, lead, h("span", { class: "tab-words" }, words), extra,
    closes ? h("span", { class: "tab-close", "aria-hidden": "true", onclick: (e: Event) => { e.stopPropagation(); closes(); } }, icon("close")) : null);
}

const keptTabs = new Kept();

function drawTabs(): void {
  const unreadOf = (p: Pane): number => p.kind === "session" ? (p.view as SessionView).unread() : 0;
  keptTabs.row(home, home, () => tabOf(home, "Machines", icon("home")));
  for (const t of store.tabs) {
    const p = panes.get(t.id);
    const n = p ? unreadOf(p) : 0;
    keptTabs.row(t.id, [t.machine.name, t.phase, n], () => tabOf(t.id, t.machine.name, h("span", { class: `tab-dot ${t.phase}`, "aria-hidden": "true" }),
      n ? h("span", { class: "badge" }, String(n)) : null, () => void shut(t),
      `${t.machine.name}, ${phaseWords[t.phase]}${n ? `, ${n} unread` : ""}`));
  }
  const mark = (): void => {
    for (const t of tabElements()) t.setAttribute("aria-selected", String(t.id === `tab-${current}`));
    one(tabElements(), document.getElementById(`tab-${current}`) ?? undefined);
  };
  mark();
  keptTabs.into(tablist, (had) => {
    if (had && had !== document.activeElement) document.getElementById(had.id)?.focus();
    mark();
  });
  const unread = [...panes.values()].reduce((sum, p) => sum + unreadOf(p), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${panes.get(current)?.tab.machine.name ?? "Machines"} – Deskside`;
}

/** shut closes a tab, and asks first if its session is open. */
async function shut(t: Tab): Promise<void> {
  const now = store.tab(t.id) ?? t;
  try {
    if (!over(now)) {
      if (kindOf(now.phase) === "session" && !await confirm(`End the session with ${now.machine.name}?`, "The tab closes with it.", "End session")) return;
      await call("POST", tabPath(now.id, "/end"));
      await overSoon(now.id);
    }
    await call("DELETE", tabPath(now.id));
  } catch (e) {
    complain(faultOf(e));
  }
}

/** overSoon waits until the console said that the session is over. */
function overSoon(id: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): boolean => { const t = store.tab(id); return !t || over(t); };
    if (look()) { resolve(); return; }
    const off = store.on(() => { if (look()) { off(); resolve(); } });
  });
}

function connectAgain(t: Tab): void {
  const m = store.machines.find((o) => o.name === t.machine.name) ?? t.machine;
  connect(m, (fresh) => {
    goTo(fresh.id, true);
    void call("DELETE", tabPath(t.id)).catch((e: unknown) => complain(faultOf(e)));
  }, t.reason);
}

function onKey(e: KeyboardEvent): void {
  const at = e.target as HTMLElement;
  if (e.ctrlKey || e.altKey || e.metaKey || e.defaultPrevented || !singleKeys()) return;
  if (document.querySelector("dialog[open], .menu") || at.matches("input, textarea, select, [contenteditable]") || !at.closest(".looking") && at.matches("canvas, .picture-target")) return;
  const k = e.key;
  const n = /^[1-9]$/.test(k) ? store.tabs[Number(k) - 1] : undefined;
  const pane = panes.get(current);
  if (k === "?") shortcutsDialog();
  else if (k === "m") goTo(home, true);
  else if (n) goTo(n.id, true);
  else if (current === home && k === "/") book.search();
  else if (current === home && k === "n") addMachine();
  else if (pane?.kind === "session" && (pane.view as SessionView).key(k)) { /* done */ }
  else return;
  e.preventDefault();
}

/** missed refuses a file that is dragged over what takes none: the browser
 *  would open it in this page's place. */
function missed(e: DragEvent): void {
  if (e.defaultPrevented || !e.dataTransfer?.types.includes("Files")) return;
  e.preventDefault();
  e.dataTransfer.dropEffect = "none";
}

function drawLink(): void {
  show(banner, store.link === "lost");
  fill(banner, icon("alert"), h("span", {}, "The console does not answer. If it was ended, start it again with "), h("code", {}, "deskside console"), ".");
}

/** first opens what the console was started for, once. */
function first(n: Notice): void {
  const o = n.open, m = store.machines.find((m) => m.name === o?.machine);
  if (!o || !m || sessionStorage.getItem(openedOnce)) return;
  sessionStorage.setItem(openedOnce, m.name);
  if (store.tabOf(m.name)) return;
  const opened = (t: Tab): void => goTo(t.id, true);
  if (!o.ask) { connect(m, opened, o.reason, o.transport); return; }
  connectAtOnce(m, o.reason ?? "", o.transport ?? "").then(opened, (e: unknown) => complain(faultOf(e)));
}

const openedOnce = "deskside.opened";

function start(): void {
  applyTheme();
  onHabits(() => applyTheme());
  if (!loggedIn()) {
    document.body.append(h("main", { class: "centre" }, h("div", { class: "card" }, h("h1", {}, "This page was not opened by the console"),
      h("p", {}, "Start it with ", h("code", {}, "deskside console"), ", which opens it in your browser."))));
    return;
  }
  main.append(banner, bookPanel);
  const top = h("header", { class: "top" }, h("div", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }, icon("machine")), h("span", {}, "Deskside")),
    tablist, h("div", { class: "top-acts" }, themeButton(), button("", { icon: "help", kind: "quiet", label: "Keyboard shortcuts", keys: "?" }, shortcutsDialog)));
  rove(tablist, tabElements, "row");
  document.body.append(top, main);
  mountNotes(document.body);
  document.addEventListener("keydown", onKey);
  document.addEventListener("dragover", missed);
  store.on((what) => { if (what === "link") drawLink(); else if (what !== "machines" && what !== "queue") sync(); });
  window.addEventListener("beforeunload", (e) => { if (store.tabs.some((t) => kindOf(t.phase) === "session")) e.preventDefault(); });
  drawTabs();
  store.join(first);
  text(banner, "");
  add(main);
}

start();
