// The machine's files: where one is, what is there, and what is on its way.
import { call, faultOf, Refusal, tabPath } from "./api";
import { drop } from "./drops";
import { dropped } from "./dropped";
import { bdi, fill, h, Kept, one, show, steady, text } from "./dom";
import { icon } from "./icons";
import { day, named, pathed, plain, sentence, size } from "./format";
import { preview } from "./preview";
import { ask, button, complain, confirm, faultNote, menuButton, toast } from "./ui";
import { has, type Entry, type Listing, type Tab, type Transfer } from "./types";

const most = 2000; // rows in this panel, which has all of them in the document

export class Files {
  readonly el: HTMLElement;
  private path = "";
  private listed = false;
  private live = false;
  private entries: Entry[] = [];
  private shownTransfers = new Map<string, { el: HTMLElement; update(x: Transfer): void }>();
  private hidden = new Set<string>();
  private before = new Map<string, string>();
  private readonly crumbs = h("nav", { class: "crumbs", "aria-label": "Folder" });
  private readonly kept = new Kept();
  private readonly rows = h("ul", { class: "files-list", "aria-label": "Files" });
  private readonly state = h("div", { class: "files-state" });
  private readonly transfers = h("ul", { class: "transfers", "aria-label": "Transfers" });
  private readonly picker: HTMLInputElement;
  private readonly drop: HTMLElement;
  private readonly acts: HTMLButtonElement[];

  constructor(private tab: Tab, two: () => void = () => {}) {
    this.picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files to upload", onchange: () => {
      void this.upload([...this.picker.files ?? []]);
      this.picker.value = "";
    } });
    const upload = button("Upload", { icon: "upload", class: "small" }, () => this.picker.click());
    const mkdir = button("", { icon: "mkdir", kind: "quiet", label: "New folder" }, () => void this.mkdir());
    const refresh = button("", { icon: "refresh", kind: "quiet", label: "Refresh" }, () => void this.go(this.path));
    const both = button("", { icon: "panes", kind: "quiet", label: "Two panes", keys: "t" }, () => two());
    this.acts = [upload, mkdir];
    this.drop = h("div", { class: "drop", hidden: true, "aria-hidden": "true" }, icon("upload"), h("p", {}, "Drop to upload here"));
    this.el = h("section", { class: "panel files", "aria-label": "Files" },
      h("div", { class: "files-head" }, this.crumbs, h("div", { class: "files-acts" }, both, refresh, mkdir, upload)),
      h("div", { class: "scroller" }, this.state, this.rows), this.transfers, this.picker, this.drop);
    this.dragging();
    this.keys();
  }

  /** want says whether the session is there to be asked. */
  want(on: boolean, t: Tab): void {
    this.live = on;
    this.tab = t;
    const write = on && has(t, "files-write");
    for (const b of this.acts) b.disabled = !write;
    steady(this.el, () => this.drawTransfers(t.transfers ?? []));
    if (on && !this.listed && !this.el.closest("[hidden]") && this.el.isConnected) void this.go(this.path);
  }

  private async go(path: string, focus = ""): Promise<void> {
    if (!this.live) return;
    this.listed = true;
    try {
      const l = await call<Listing>("GET", `${tabPath(this.tab.id, "/files")}?path=${encodeURIComponent(path)}`);
      this.path = l.path;
      this.entries = l.entries.sort((a, b) => Number(b.dir ?? false) - Number(a.dir ?? false) || a.name.localeCompare(b.name, undefined, { numeric: true }));
      this.drawCrumbs(l);
      this.draw(focus);
      if (l.more) fill(this.state, h("p", { class: "panel-empty" }, `Only the first ${l.entries.length} entries are shown; deskside ls shows all.`));
      else if (this.entries.length > most) fill(this.state, h("p", { class: "panel-empty" }, `Only ${most} of ${this.entries.length} entries are shown here; the two panes show all.`));
    } catch (e) {
      fill(this.state, faultNote(faultOf(e)), button("Try again", { class: "small" }, () => void this.go(path)));
      if (this.entries.length === 0) fill(this.rows);
    }
  }

  private drawCrumbs(l: Listing): void {
    const shows = JSON.stringify([l.path, l.roots?.map((r) => [r.name, r.path])]);
    if (this.crumbs.dataset["shows"] === shows) return;
    this.crumbs.dataset["shows"] = shows;
    const root = l.roots?.find((r) => l.path === r.path || l.path.startsWith(r.path.replace(/\/$/, "") + "/")) ?? { name: "/", path: "/" };
    const base = root.path.replace(/\/$/, "");
    const rest = l.path.slice(base.length).split("/").filter(Boolean);
    const stop = (words: string, path: string, here: boolean, first = false): HTMLElement => h("button", {
      type: "button", class: "crumb", "aria-current": here ? "page" : undefined, title: pathed(path), onclick: () => void this.go(path),
    }, first ? icon("home") : null, bdi(words));
    const parts: HTMLElement[] = [stop(root.name, root.path, rest.length === 0, true)];
    rest.forEach((name, i) => parts.push(h("span", { class: "crumb-rule", "aria-hidden": "true" }, "/"),
      stop(name, `${base}/${rest.slice(0, i + 1).join("/")}`, i === rest.length - 1)));
    const others = (l.roots ?? []).filter((r) => r.path !== root.path);
    if (others.length) {
      parts.push(menuButton(button("", { icon: "down", kind: "quiet", label: "Other places", class: "small" }), () =>
        others.map((r) => ({ words: named(r.name), icon: "folder" as const, act: () => void this.go(r.path) }))));
    }
    fill(this.crumbs, ...parts);
    this.crumbs.scrollLeft = this.crumbs.scrollWidth;
  }

  private draw(focus: string): void {
    fill(this.state, this.entries.length === 0 ? h("p", { class: "panel-empty" }, "This folder is empty.") : null);
    const write = has(this.tab, "files-write");
    for (const e of this.entries.slice(0, most)) this.kept.row(e.path, [e, write], () => this.row(e, write));
    this.kept.into(this.rows, (had) => {
      const kept = focus || (had?.closest("li")?.dataset["name"] ?? "");
      const items = this.items();
      const at = items.find((i) => i.closest("li")?.dataset["name"] === kept);
      one(items, at);
      if (at && kept) at.focus();
      else if (focus === "" && kept) items[0]?.focus();
    });
  }

  private items(): HTMLElement[] { return [...this.rows.querySelectorAll<HTMLElement>(".file-open")]; }

  private row(e: Entry, write: boolean): HTMLElement {
    const open = h("button", { type: "button", class: "file-open", title: e.words ? `${named(e.name)}: ${plain(e.words)}` : plain(e.name), onclick: () => this.open(e) },
      h("span", { class: `file-icon ${e.dir ? "dir" : ""}` }, icon(e.dir ? "folder" : "file")),
      h("span", { class: "file-name" }, bdi(e.name)),
      h("span", { class: "file-size" }, e.dir ? "" : size(e.size ?? 0)),
      h("span", { class: "file-day" }, e.words ? plain(e.words) : day(e.changed)));
    const more = menuButton(button("", { icon: "more", kind: "quiet", label: `More for ${named(e.name)}`, class: "small" }), () => [
      { words: e.dir ? "Open" : "Download", icon: e.dir ? "folder" : "download", keys: "Enter", act: () => this.open(e) },
      { words: "Preview", icon: "eye", keys: "F3", disabled: Boolean(e.dir), act: () => this.see(e) },
      { words: "Rename", icon: "edit", keys: "F2", disabled: !write, act: () => void this.rename(e) },
      { words: "Delete", icon: "trash", keys: "Del", danger: true, disabled: !write, rule: true, act: () => void this.remove(e) },
    ]);
    more.tabIndex = -1;
    return h("li", { class: "file", "data-name": e.name }, open, more);
  }

  private keys(): void {
    this.rows.addEventListener("focusin", (e) => one(this.items(), (e.target as HTMLElement).closest("li")?.querySelector<HTMLElement>(".file-open") ?? undefined));
    this.rows.addEventListener("keydown", (k) => {
      const li = (k.target as HTMLElement).closest("li"), items = this.items();
      const open = li?.querySelector<HTMLElement>(".file-open"), at = open ? items.indexOf(open) : -1;
      const e = this.entries.find((o) => o.name === li?.dataset["name"]);
      if (!li || !open || !e) return;
      const onMore = k.target !== open;
      const does: Record<string, () => void> = {
        ArrowDown: () => items[Math.min(at + 1, items.length - 1)]?.focus(),
        ArrowUp: () => items[Math.max(at - 1, 0)]?.focus(),
        Home: () => items[0]?.focus(), End: () => items.at(-1)?.focus(),
        ArrowRight: () => li.querySelector<HTMLElement>(".button")?.focus(), ArrowLeft: () => open.focus(),
        F2: () => void this.rename(e), F3: () => this.see(e), Delete: () => void this.remove(e),
        Backspace: () => this.upwards(),
      };
      const act = does[k.key];
      if (!act || onMore && k.key === "ArrowDown") return;
      k.preventDefault();
      act();
    });
  }

  private upwards(): void {
    const crumbs = [...this.crumbs.querySelectorAll<HTMLElement>(".crumb")];
    crumbs.at(-2)?.click();
  }

  private open(e: Entry): void {
    if (e.dir) void this.go(e.path).then(() => { if (this.el.contains(document.activeElement) || document.activeElement === document.body) this.items()[0]?.focus(); });
    else void this.download(e);
  }

  private see(e: Entry): void {
    if (e.dir) return;
    let at = e;
    preview(e, { api: tabPath(this.tab.id, "/preview"), may: has(this.tab, "files-read"), step: (by) => {
      const list = this.entries.filter((o) => !o.dir), next = list[list.findIndex((o) => o.path === at.path) + by];
      if (next) at = next;
      return next;
    } });
  }

  private async download(e: Entry): Promise<void> {
    try {
      const { url } = await call<{ url: string }>("POST", tabPath(this.tab.id, "/downloads"), { path: e.path });
      const a = h("a", { href: url, download: e.name });
      document.body.append(a);
      a.click();
      a.remove();
    } catch (err) {
      complain(faultOf(err));
    }
  }

  private join(name: string): string { return `${this.path.replace(/\/$/, "")}/${name}`; }

  /** upload sends files one after the other into the folder that is open. */
  private async upload(files: File[]): Promise<void> {
    const into = this.path;
    let last = "";
    for (const f of files) if (await this.send(f, this.join(f.name), false)) last = f.name;
    if (this.path === into && last) void this.go(into);
  }

  private async send(f: File, path: string, replace: boolean): Promise<boolean> {
    const changed = new Date(f.lastModified).toISOString();
    const q = new URLSearchParams({ path, size: String(f.size), changed, ...(replace ? { replace: "1" } : {}) });
    try {
      await call("PUT", `${tabPath(this.tab.id, "/files")}?${q}`, f);
      return true;
    } catch (e) {
      const fault = faultOf(e);
      if (fault.code === "exists" && !replace) {
        const yes = await confirm(`Replace ${named(f.name)}?`, "There is a file of that name in this folder already. What it holds now would be lost.", "Replace");
        return yes && this.send(f, path, true);
      }
      if (!(e instanceof Refusal)) complain(fault); // else the transfer says why
      return false;
    }
  }

  private async change(what: object, done: string, focus = ""): Promise<void> {
    try {
      await call("POST", tabPath(this.tab.id, "/files"), what);
      toast(done);
      await this.go(this.path, focus);
    } catch (e) {
      complain(faultOf(e));
    }
  }

  private async mkdir(): Promise<void> {
    const name = await ask("New folder", "Name", "", "Create");
    if (name) await this.change({ do: "mkdir", path: this.join(name) }, `${named(name)} was created.`, name);
  }

  private async rename(e: Entry): Promise<void> {
    if (!has(this.tab, "files-write")) return;
    const name = await ask(`Rename ${named(e.name)}`, "New name", e.name, "Rename");
    if (name && name !== e.name) await this.change({ do: "rename", path: e.path, to: this.join(name) }, `${named(e.name)} is now ${named(name)}.`, name);
  }

  private async remove(e: Entry): Promise<void> {
    if (!has(this.tab, "files-write")) return;
    const yes = await confirm(`Delete ${named(e.name)}?`, `It is deleted on ${this.tab.machine.name} for good.`, "Delete");
    if (yes) await this.change({ do: "delete", path: e.path }, `${named(e.name)} was deleted.`);
  }

  private dragging(): void {
    const carries = (e: DragEvent): boolean => Boolean(e.dataTransfer?.types.includes("Files")) && !this.acts[0]!.disabled;
    let depth = 0;
    const set = (n: number): void => { depth = Math.max(0, n); show(this.drop, depth > 0); };
    this.el.addEventListener("dragenter", (e) => { if (carries(e)) { e.preventDefault(); set(depth + 1); } });
    this.el.addEventListener("dragover", (e) => { if (carries(e)) { e.preventDefault(); e.dataTransfer!.dropEffect = "copy"; } });
    this.el.addEventListener("dragleave", () => set(depth - 1));
    this.el.addEventListener("drop", (e) => {
      if (!carries(e)) return;
      e.preventDefault();
      set(0);
      void this.dropped([...e.dataTransfer?.items ?? []]).catch((x: unknown) => complain(faultOf(x)));
    });
  }

  /** dropped takes what was dropped: files by themselves are uploaded from here,
   *  and folders are copies of the queue. */
  private async dropped(items: DataTransferItem[]): Promise<void> {
    const d = await dropped(items);
    if (d.folders.length === 0) return this.upload(d.files.map(([, f]) => f));
    const into = this.path;
    await drop(this.tab.id, d, into, () => { if (this.path === into) void this.go(into); });
    toast("What was dropped is in the queue, below the two panes.");
  }

  private drawTransfers(list: Transfer[]): void {
    for (const x of list) {
      const was = this.before.get(x.id);
      this.before.set(x.id, x.state);
      if (was === undefined && x.state === "done") this.hidden.add(x.id); // before this page
      if (was === "running" && x.state === "done") toast(`${named(x.name)} was ${x.up ? "uploaded" : "downloaded"}.`);
      if (this.hidden.has(x.id)) continue;
      let shown = this.shownTransfers.get(x.id);
      if (!shown) {
        shown = this.transferRow(x);
        this.shownTransfers.set(x.id, shown);
        this.transfers.prepend(shown.el);
      }
      shown.update(x);
    }
    show(this.transfers, this.transfers.children.length > 0);
  }

  private transferRow(first: Transfer): { el: HTMLElement; update(x: Transfer): void } {
    const bar = h("progress", { max: 1, "aria-label": `Progress of ${named(first.name)}` });
    const words = h("span", { class: "transfer-words" });
    let now = first, began = Date.now();
    const drop = (): void => {
      this.hidden.add(first.id);
      el.remove();
      show(this.transfers, this.transfers.children.length > 0);
    };
    const stop = button("", { icon: "close", kind: "quiet", class: "small", label: `Cancel ${named(first.name)}` }, () => {
      if (now.state === "running") void call("POST", tabPath(this.tab.id, `/transfers/${first.id}/cancel`)).catch((e: unknown) => complain(faultOf(e)));
      else drop();
    });
    const el = h("li", { class: "transfer" }, h("span", { class: "transfer-icon" }, icon(first.up ? "upload" : "download")),
      h("div", { class: "transfer-main" }, h("span", { class: "transfer-name" }, bdi(first.name)), bar, words), stop);
    const update = (x: Transfer): void => {
      if (x.state === "done" && now.state === "running") setTimeout(() => steady(this.el, drop, el), 12_000);
      now = x;
      bar.value = x.size > 0 ? Math.min(1, x.done / x.size) : x.state === "done" ? 1 : 0;
      el.dataset["state"] = x.state;
      const seconds = Math.max(0.2, (Date.now() - began) / 1000);
      text(words, x.state === "running" ? `${size(x.done)} of ${size(x.size)} · ${size(x.done / seconds)}/s`
        : x.state === "done" ? `${size(x.size)} · ${x.up ? "Uploaded" : "Downloaded"}`
          : x.state === "cancelled" ? "Cancelled" : sentence(x.error?.words ?? "it failed"));
      if (x.error?.do) words.title = plain(x.error.do);
      if (x.state !== "running") stop.setAttribute("aria-label", `Dismiss ${named(first.name)}`);
    };
    return { el, update };
  }
}
