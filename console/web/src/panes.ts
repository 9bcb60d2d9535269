// Two panes: this machine's files and the far one's, side by side, with the
// queue of copies below. All of it works by keyboard.
import { call, faultOf, tabPath } from "./api";
import { h, show } from "./dom";
import { named } from "./format";
import { dropped } from "./dropped";
import { drop } from "./drops";
import { icon } from "./icons";
import { join, Pane } from "./pane";
import { preview } from "./preview";
import { queueView } from "./queue";
import { ask, button, complain, confirm, say, toast } from "./ui";
import { store } from "./store";
import { has, type Entry, type Tab } from "./types";

const trash = "Deskside trash";

/** Undo is what brings one thing back from the trash. */
interface Undo { pane: Pane; from: string; to: string }

export interface Panes {
  el: HTMLElement;
  update(t: Tab, up: boolean): void;
  focus(): void;
  close(): void;
}

/** panes makes the view; leave is called when the operator is done with it. */
export function panes(first: Tab, leave: () => void): Panes {
  let tab = first, live = true;
  const undos: Undo[] = [];
  const near = new Pane({ here: true, title: "This machine", api: "/api/here/files", previews: "/api/here/preview", searches: "/api/here/search" }, () => void copyFrom(near, false));
  const far = new Pane({ here: false, title: first.machine.name, api: tabPath(first.id, "/files"), previews: tabPath(first.id, "/preview"), searches: tabPath(first.id, "/search") }, () => void copyFrom(far, false));
  let active = far;
  const queue = queueView();
  const tip = h("p", { class: "panes-none" }, "To see this machine's files here, start the console with ", h("code", {}, "deskside console --folder DIR"), ".");

  // The style sheet shows the keys; the name of a button is its word alone.
  const act = (words: string, icn: Parameters<typeof icon>[0], keys: string, does: () => void): HTMLButtonElement =>
    button(words, { icon: icn, kind: "quiet", class: "small", keys, label: words }, () => { does(); });
  const see = act("Preview", "eye", "F3", () => seeIn(active));
  const copyIt = act("Copy", "copy", "F5", () => void copyFrom(active, false));
  const moveIt = act("Move", "send", "F6", () => void copyFrom(active, true));
  const rename = act("Rename", "edit", "F2", () => void renameIn(active));
  const mkdir = act("New folder", "mkdir", "F7", () => void mkdirIn(active));
  const remove = act("Delete", "trash", "Del", () => void removeFrom(active));
  const again = act("List again", "refresh", "r", () => listAgain());
  const undo = act("Undo", "undo", "Ctrl+Z", () => void undoLast());
  const shut = button("", { icon: "close", kind: "quiet", class: "small", label: "Close the two panes", keys: "Esc" }, () => leave());
  const bar = h("div", { class: "panes-bar", role: "toolbar", "aria-label": "What to do with files" }, see, copyIt, moveIt, rename, mkdir, remove, undo, again, h("span", { class: "panes-gap" }), shut);
  const el = h("section", { class: "panes", "aria-label": "Two panes" }, h("div", { class: "panes-two" }, near.el, far.el), tip, bar, queue.el);

  const writable = (p: Pane): boolean => p.side.here || has(tab, "files-write");
  const other = (p: Pane): Pane => p === near ? far : near;
  /** may reports whether files can go from one side to the other. */
  const may = (from: Pane): boolean => live && store.here !== "" && has(tab, from.side.here ? "files-write" : "files-read");

  function draw(): void {
    near.el.classList.toggle("active", active === near);
    far.el.classList.toggle("active", active === far);
    show(near.el, store.here !== "");
    show(tip, store.here === "");
    see.disabled = !live && !active.side.here;
    copyIt.disabled = !may(active);
    moveIt.disabled = !may(active) || !writable(active);
    rename.disabled = mkdir.disabled = remove.disabled = !writable(active) || !live && !active.side.here;
    undo.disabled = undos.length === 0;
  }

  async function copyFrom(from: Pane, move: boolean, chosen = from.chosen(), into = other(from).path): Promise<void> {
    if (!may(from) || move && !writable(from) || !into) return;
    const items = chosen.map((e) => {
      const to = join(into, e.name);
      return { here: from.side.here ? e.path : to, there: from.side.here ? to : e.path, tree: e.dir ?? false, size: e.dir ? 0 : e.size ?? 0 };
    });
    try {
      for (let i = 0; i < items.length; i += 50) { // a request has an end
        await call("POST", "/api/queue", { tab: tab.id, up: from.side.here, move, items: items.slice(i, i + 50) });
      }
      from.unmark();
      say(`${items.length} in the queue.`);
    } catch (e) {
      complain(faultOf(e));
    }
  }

  function seeIn(p: Pane): void {
    const e = p.current();
    p.focus(); // where it comes back to
    if (!e || !live && !p.side.here) return;
    if (e.dir) { say("A folder has no preview. Enter opens it."); return; }
    preview(e, { api: p.side.previews, may: p.side.here || has(tab, "files-read"), step: (by) => p.step(by) });
  }

  const change = (p: Pane, what: object): Promise<{ to: string }> => call<{ to: string }>("POST", p.side.api, what);

  async function attempt(f: () => Promise<void>): Promise<void> {
    try { await f(); } catch (e) { complain(faultOf(e)); }
    draw();
  }

  async function renameIn(p: Pane): Promise<void> {
    const e = p.current();
    if (!e || !writable(p)) return;
    const name = await ask(`Rename ${named(e.name)}`, "New name", e.name, "Rename");
    p.focus();
    if (!name || name === e.name) return;
    await attempt(async () => {
      const dir = p.folder(e);
      await change(p, { do: "rename", path: e.path, to: join(dir, name) });
      await p.go(dir, name);
    });
  }

  async function mkdirIn(p: Pane): Promise<void> {
    if (!writable(p)) return;
    const name = await ask("New folder", "Name", "", "Create");
    p.focus();
    if (!name) return;
    await attempt(async () => {
      await change(p, { do: "mkdir", path: join(p.path, name) });
      await p.refresh(name);
    });
  }

  async function removeFrom(p: Pane): Promise<void> {
    const list = p.chosen();
    if (!writable(p) || list.length === 0) return;
    const what = list.length === 1 ? named(list[0]!.name) : `${list.length} files and folders`;
    if (list.every((e) => p.folder(e).split("/").includes(trash))) {
      if (!await confirm(`Delete ${what}?`, "It leaves the trash, and is deleted for good.", "Delete")) return;
      await attempt(async () => { for (const e of list) await change(p, { do: "delete", path: e.path }); });
    } else {
      await attempt(async () => {
        for (const e of list) undos.push({ pane: p, from: (await change(p, { do: "discard", path: e.path })).to, to: e.path });
        toast(`${what} ${list.length === 1 ? "is" : "are"} in the trash. Ctrl+Z brings ${list.length === 1 ? "it" : "the last"} back.`);
      });
    }
    p.unmark();
    p.gone(list);
    await p.refresh();
    p.focus();
  }

  function listAgain(): void {
    void active.refresh();
    active.focus();
  }

  /** renew lists again what may be another by now. */
  function renew(p: Pane): void {
    if (!document.hidden && el.checkVisibility() && (live || p.side.here)) p.renew();
  }
  const back = (): void => { renew(near); renew(far); };
  addEventListener("focus", back); // of the window
  document.addEventListener("visibilitychange", back);

  async function undoLast(): Promise<void> {
    const last = undos.pop();
    if (!last) return;
    await attempt(async () => {
      await change(last.pane, { do: "rename", path: last.from, to: last.to });
      const name = last.to.split("/").at(-1) ?? "";
      toast(`${named(name)} is back.`);
      await last.pane.refresh(name);
    });
    last.pane.focus();
  }

  // Dragging, between the panes and from the desktop to the far one.
  let dragged: { from: Pane; list: Entry[] } | null = null;
  for (const p of [near, far]) {
    p.list.addEventListener("focus", () => { active = p; draw(); renew(p); });
    p.list.addEventListener("dragstart", (e) => {
      const row = (e.target as HTMLElement).closest<HTMLElement>(".pane-row");
      if (!row || !may(p)) { e.preventDefault(); return; }
      row.classList.add("dragged");
      dragged = { from: p, list: p.chosen() };
      e.dataTransfer?.setData("text/plain", dragged.list.map((x) => x.name).join("\n"));
    });
    p.list.addEventListener("dragend", () => {
      dragged = null;
      p.list.querySelector(".dragged")?.classList.remove("dragged");
      p.unmark();
    });
    const takes = (e: DragEvent): boolean => dragged ? dragged.from !== p : !p.side.here && live && has(tab, "files-write") && Boolean(e.dataTransfer?.types.includes("Files"));
    p.el.addEventListener("dragover", (e) => {
      if (!takes(e)) return;
      e.preventDefault();
      if (e.dataTransfer) e.dataTransfer.dropEffect = "copy";
      p.el.classList.add("over");
    });
    p.el.addEventListener("dragleave", (e) => { if (!p.el.contains(e.relatedTarget as Node)) p.el.classList.remove("over"); });
    p.el.addEventListener("drop", (e) => {
      p.el.classList.remove("over");
      if (!takes(e)) return;
      e.preventDefault();
      if (dragged) void copyFrom(dragged.from, false, dragged.list, p.path);
      else if (e.dataTransfer) void dropped([...e.dataTransfer.items]).then((d) => drop(tab.id, d, p.path, () => void far.refresh())).catch((x: unknown) => complain(faultOf(x)));
    });
  }

  el.addEventListener("keydown", (k) => {
    const p = k.target === near.list ? near : k.target === far.list ? far : null;
    if (k.key === "Escape" && p?.searched) { k.preventDefault(); k.stopPropagation(); p.leave(); return; }
    if (k.key === "Escape" && !document.querySelector(".menu")) { k.preventDefault(); k.stopPropagation(); leave(); return; }
    const plain = !k.ctrlKey && !k.metaKey && !k.altKey;
    const keys: Record<string, () => void> = {
      F2: () => void renameIn(active), F3: () => seeIn(active), F5: () => void copyFrom(active, false), F6: () => void copyFrom(active, true), F7: () => void mkdirIn(active),
    };
    const onList: Record<string, () => void> = {
      v: () => seeIn(active), c: () => void copyFrom(active, false), m: () => void copyFrom(active, true), Delete: () => void removeFrom(active), r: () => listAgain(),
    };
    if (p && k.key === "Tab" && plain && store.here !== "" && (p === near) !== k.shiftKey) other(p).focus();
    else if (p && (k.ctrlKey || k.metaKey) && k.key === "z") void undoLast();
    else if (p && p.key(k)) { /* done */ } else if (plain && k.key in keys) keys[k.key]!();
    else if (p && plain && k.key in onList) onList[k.key]!();
    else {
      if (p && plain && k.key.length === 1) k.stopPropagation(); // a letter means nothing else here
      return;
    }
    k.preventDefault();
    k.stopPropagation();
  });

  // What arrived shows in its pane.
  const ended = new Set(store.queue.filter((j) => j.state === "done").map((j) => j.id));
  const off = store.on((what) => {
    if (what !== "queue") return;
    for (const j of store.queue) {
      if (j.state !== "done" || ended.has(j.id)) continue;
      ended.add(j.id);
      void (j.up ? far : near).refresh();
      if (j.move) void (j.up ? near : far).refresh();
    }
  });

  void far.go("");
  if (store.here) void near.go("/");
  draw();
  return {
    el,
    update: (t, up) => { tab = t; live = up; draw(); },
    focus: () => active.focus(),
    close: () => {
      removeEventListener("focus", back);
      document.removeEventListener("visibilitychange", back);
      off();
      queue.close();
    },
  };
}
