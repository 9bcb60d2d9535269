// One of the two panes: a folder of this machine or of the far one. Only the
// rows in view are in the document, so that a folder may have 100,000 entries.
import { call, faultOf } from "./api";
import { bdi, fill, fresh, h, Kept, show, text } from "./dom";
import { day, named, pathed, plain, size } from "./format";
import { icon } from "./icons";
import { Search } from "./search";
import { button, faultNote, say } from "./ui";
import type { Entry, Listing } from "./types";

const row = 28; // pixels, as in the style sheet
const stale = 10_000; // milliseconds that a listing is taken for what is there

export interface Side {
  readonly here: boolean;
  readonly title: string;
  readonly api: string; // the address of its files
  readonly previews: string; // and of what is in them
  readonly searches: string; // and of searches below them
}

/** join gives the path of a name in a folder. */
export const join = (dir: string, name: string): string => `${dir.replace(/\/$/, "")}/${name}`;

/** folderOf gives the folder of a path. */
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

export class Pane {
  readonly el: HTMLElement;
  readonly list: HTMLElement;
  path = "";
  root = "";
  private all: Entry[] = [];
  private shown: Entry[] = [];
  private at = 0;
  private marked = new Set<string>(); // paths
  private found: Search | null = null; // what is listed in place of the folder
  private more = false;
  private asked = 0;
  private going = 0; // which of them is under way
  private listed = 0; // when the last was answered
  private readonly kept = new Kept();
  private readonly space = h("div", { class: "pane-space", role: "presentation" });
  private readonly crumbs = h("nav", { class: "crumbs" });
  private readonly state = h("div", { class: "pane-state" });
  private readonly below = h("div", { class: "pane-found", hidden: true });
  private readonly foot = h("p", { class: "pane-foot" });
  readonly filter: HTMLInputElement;

  constructor(readonly side: Side, private readonly opened: (e: Entry) => void) {
    this.crumbs.setAttribute("aria-label", `Folder of ${side.title}`);
    this.filter = h("input", { type: "search", placeholder: "Search by name", "aria-label": `Search ${side.title}`, spellcheck: "false",
      oninput: () => { this.found?.stop(); this.found = null; this.sift(); }, onkeydown: (e: KeyboardEvent) => this.searching(e) });
    this.list = h("div", { class: "pane-list", role: "listbox", tabindex: 0, "aria-multiselectable": "true", "aria-label": `Files of ${side.title}` }, this.space);
    this.list.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("mousedown", (e) => this.pressed(e));
    this.list.addEventListener("dblclick", () => this.open());
    new ResizeObserver(() => this.draw()).observe(this.list);
    this.el = h("section", { class: `pane ${side.here ? "here" : "there"}`, "aria-label": side.title },
      h("header", { class: "pane-head" }, h("h2", {}, icon(side.here ? "home" : "machine"), h("span", {}, side.title)), this.filter),
      this.crumbs, this.state, this.below, this.list, this.foot);
  }

  /** go lists a folder, and puts the cursor on focus. */
  async go(path: string, focus = ""): Promise<void> {
    const asked = this.going = ++this.asked;
    try {
      const l = await call<Listing>("GET", `${this.side.api}?path=${encodeURIComponent(path)}`);
      if (asked !== this.asked) return;
      const same = l.path === this.path;
      this.path = l.path;
      this.more = l.more ?? false;
      this.listed = Date.now();
      const order = new Intl.Collator(undefined, { numeric: true });
      this.all = l.entries.sort((a, b) => Number(b.dir ?? false) - Number(a.dir ?? false) || order.compare(a.name, b.name));
      const kept = focus ? join(this.path, focus) : same ? this.current()?.path ?? "" : "";
      const there = new Set(this.all.map((e) => e.path));
      this.marked = new Set([...this.marked].filter((path) => there.has(path)));
      if (!same || this.found) { this.marked.clear(); this.filter.value = ""; this.list.scrollTop = 0; }
      this.found?.stop();
      this.found = null;
      fill(this.state);
      this.drawCrumbs(l);
      this.sift(kept);
    } catch (e) {
      fill(this.state, faultNote(faultOf(e)));
    } finally {
      if (asked === this.going) this.going = 0;
    }
  }

  /** renew lists the folder again if that was a while ago. */
  renew(): void {
    if (this.path && !this.going && Date.now() - this.listed > stale) void this.refresh();
  }

  /** refresh lists the folder again. What a search found stays. */
  async refresh(focus = ""): Promise<void> { if (!this.found || focus) await this.go(this.path, focus); }
  get searched(): boolean { return this.found !== null; }

  /** leave goes from what was found back to the folder. */
  leave(): void { void this.go(this.path).then(() => this.focus()); }

  /** folder gives the folder of an entry that is listed. */
  folder(e: Entry): string { return this.found ? folderOf(e.path) : this.path; }

  /** gone takes away what is no longer there from what was found. */
  gone(list: Entry[]): void {
    if (!this.found) return;
    const paths = new Set(list.map((e) => e.path));
    const rest = this.found.hits.filter((e) => !paths.has(e.path));
    this.found.hits.splice(0, this.found.hits.length, ...rest);
    this.sift();
  }

  focus(): void { this.list.focus({ preventScroll: true }); }
  current(): Entry | undefined { return this.shown[this.at]; }
  names(): Set<string> { return new Set(this.all.map((e) => e.name)); }

  /** chosen gives what is marked, or what the cursor is on. */
  chosen(): Entry[] {
    const marked = (this.found?.hits ?? this.all).filter((e) => this.marked.has(e.path));
    const one = this.current();
    return marked.length ? marked : one ? [one] : [];
  }

  /** step moves the cursor to the next file, or the one before. */
  step(by: 1 | -1): Entry | undefined {
    let at = this.at + by;
    while (this.shown[at]?.dir) at += by;
    if (this.shown[at]) this.move(at);
    return this.shown[at];
  }

  unmark(): void { this.marked.clear(); this.draw(); }

  private sift(kept = this.current()?.path ?? ""): void {
    const want = this.filter.value.trim().toLocaleLowerCase();
    this.shown = this.found?.hits ?? (want ? this.all.filter((e) => e.name.toLocaleLowerCase().includes(want)) : this.all);
    this.drawBelow(want !== "");
    const at = kept ? this.shown.findIndex((e) => e.path === kept) : -1;
    this.move(at >= 0 ? at : kept ? this.at : 0);
  }

  private searching(e: KeyboardEvent): void {
    if (e.key !== "Escape" && e.key !== "Enter" && e.key !== "ArrowDown") return;
    e.preventDefault();
    e.stopPropagation();
    if (e.key === "Enter" && this.filter.value.trim()) { void this.seek(); return; }
    if (e.key === "Escape" && this.found) { this.leave(); return; }
    if (e.key === "Escape") { this.filter.value = ""; this.sift(); }
    this.focus();
  }

  /** seek looks for the name in the folder and all below it. */
  private async seek(): Promise<void> {
    this.found?.stop();
    this.asked++; // a listing under way would take the place of what is found
    const s = this.found = new Search(this.path, this.filter.value.trim());
    this.marked.clear();
    this.list.scrollTop = 0;
    this.at = 0;
    const draw = (): void => { if (this.found === s) { this.drawBelow(true); this.draw(); } };
    this.sift("");
    this.focus();
    try {
      await s.run(this.side.searches, draw);
    } catch (e) {
      if (!s.stopped) s.fault = faultOf(e).words;
    }
    draw();
    if (this.found === s) say(s.words());
  }

  /** drawBelow offers a search below the folder, or says how one stands. */
  private drawBelow(wanted: boolean): void {
    show(this.below, wanted || this.found !== null);
    const s = this.found, shows = s ? s.running ? "running" : "found" : "offer";
    if (this.below.dataset["shows"] !== shows) {
      this.below.dataset["shows"] = shows;
      const held = this.below.contains(document.activeElement);
      fill(this.below, h("span", { class: "pane-found-words" }), s
        ? s.running ? button("Stop", { class: "small", label: "Stop the search" }, () => s.stop()) : button("Back to the folder", { class: "small", keys: "Esc", label: "Back to the folder" }, () => this.leave())
        : button("Search below this folder", { icon: "search", class: "small", keys: "Enter", label: "Search below this folder" }, () => void this.seek()));
      if (held) this.focus();
    }
    text(this.below.firstElementChild!, s ? s.words() : "The names in this folder are shown.");
  }

  private drawCrumbs(l: Listing): void {
    const shows = JSON.stringify([l.path, l.roots?.map((r) => [r.name, r.path])]);
    if (this.crumbs.dataset["shows"] === shows) return;
    this.crumbs.dataset["shows"] = shows;
    const root = l.roots?.find((r) => l.path === r.path || l.path.startsWith(join(r.path, ""))) ?? { name: "/", path: "/" };
    this.root = root.path;
    const rest = l.path.slice(root.path.replace(/\/$/, "").length).split("/").filter(Boolean);
    const stop = (words: string, path: string, here: boolean, first = false): HTMLElement => h("button", {
      type: "button", class: "crumb", title: pathed(path), "aria-current": here ? "page" : undefined, onclick: () => void this.go(path).then(() => this.focus()),
    }, first ? icon("home") : null, bdi(words));
    const parts: HTMLElement[] = [stop(root.name, root.path, rest.length === 0, true)];
    rest.forEach((name, i) => parts.push(h("span", { class: "crumb-rule", "aria-hidden": "true" }, "/"),
      stop(name, join(root.path, rest.slice(0, i + 1).join("/")), i === rest.length - 1)));
    for (const r of (l.roots ?? []).filter((r) => r.path !== root.path)) parts.push(h("span", { class: "crumb-rule", "aria-hidden": "true" }, "·"), stop(r.name, r.path, false));
    fill(this.crumbs, ...parts);
    this.crumbs.scrollLeft = this.crumbs.scrollWidth;
  }

  private draw(): void {
    this.space.style.height = `${this.shown.length * row}px`;
    const first = Math.max(0, Math.floor(this.list.scrollTop / row) - 6);
    const last = Math.min(this.shown.length, first + Math.ceil(this.list.clientHeight / row) + 12);
    for (let i = first; i < last; i++) this.place(this.shown[i]!, i);
    this.kept.into(this.space);
    if (this.shown[this.at]) this.list.setAttribute("aria-activedescendant", this.idOf(this.at));
    else this.list.removeAttribute("aria-activedescendant");
    const bytes = this.shown.filter((e) => this.marked.has(e.path)).reduce((sum, e) => sum + (e.size ?? 0), 0);
    text(this.foot, this.marked.size ? `${this.marked.size} marked · ${size(bytes)}`
      : this.found ? `${this.shown.length.toLocaleString()} found` : this.shown.length < this.all.length ? `${this.shown.length.toLocaleString()} of ${this.all.length.toLocaleString()}`
        : this.all.length === 0 ? "This folder is empty." : this.all.length === 1 ? "1 entry" : `${this.all.length.toLocaleString()} entries${this.more ? " and more" : ""}`);
  }

  private readonly prefix = fresh("pane");
  private idOf(i: number): string { return `${this.prefix}-${i}`; }

  private row(e: Entry): HTMLElement {
    return h("div", { class: "pane-row", role: "option", draggable: "true", "data-name": e.name, "data-path": e.path, title: e.words ? `${named(e.name)}: ${plain(e.words)}` : this.found ? pathed(e.path) : plain(e.name) },
      h("span", { class: `file-icon ${e.dir ? "dir" : ""}` }, icon(e.dir ? "folder" : "file")),
      h("span", { class: "file-name" }, bdi(e.name), this.found?.below(e) && h("span", { class: "pane-in" }, ` in ${pathed(this.found.below(e))}`)), h("span", { class: "file-size" }, e.dir ? "" : size(e.size ?? 0)), h("span", { class: "pane-day" }, day(e.changed)));
  }

  /** place draws an entry where it stands in the list. */
  private place(e: Entry, i: number): void {
    const on = this.marked.has(e.path), el = this.kept.row(e.path, [e, this.found?.from], () => this.row(e));
    el.classList.toggle("at", i === this.at);
    el.classList.toggle("marked", on);
    el.id = this.idOf(i);
    el.setAttribute("aria-selected", String(on || i === this.at));
    el.setAttribute("aria-setsize", String(this.shown.length));
    el.setAttribute("aria-posinset", String(i + 1));
    el.style.top = `${i * row}px`;
  }

  private move(to: number): void {
    this.at = Math.max(0, Math.min(this.shown.length - 1, to));
    const top = this.at * row, high = this.list.clientHeight;
    this.space.style.height = `${this.shown.length * row}px`;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (high && top + row > this.list.scrollTop + high) this.list.scrollTop = top + row - high;
    this.draw();
  }

  private mark(i: number): void {
    const e = this.shown[i];
    if (!e) return;
    if (!this.marked.delete(e.path)) this.marked.add(e.path);
    say(`${named(e.name)} ${this.marked.has(e.path) ? "marked" : "no longer marked"}`);
  }

  private pressed(e: MouseEvent): void {
    const path = (e.target as HTMLElement).closest<HTMLElement>(".pane-row")?.dataset["path"];
    const i = this.shown.findIndex((x) => x.path === path);
    if (i < 0) return;
    if (e.ctrlKey || e.metaKey) this.mark(i);
    else if (e.shiftKey) for (let k = Math.min(i, this.at); k <= Math.max(i, this.at); k++) this.marked.add(this.shown[k]!.path);
    else if (!this.marked.has(path ?? "")) this.marked.clear();
    this.at = i;
    this.focus();
    this.draw();
  }

  open(): void {
    const e = this.current();
    if (this.found && e) void this.go(this.folder(e), e.name).then(() => this.focus());
    else if (e?.dir) void this.go(e.path).then(() => this.focus());
    else if (e) this.opened(e);
  }

  upwards(): void {
    if (this.found) { this.leave(); return; }
    if (this.path.replace(/\/$/, "") === this.root.replace(/\/$/, "")) return;
    const at = this.path.lastIndexOf("/");
    void this.go(this.path.slice(0, at) || "/", this.path.slice(at + 1));
  }

  /** key takes a key of the list's own, and reports whether it was one. */
  key(e: KeyboardEvent): boolean {
    const page = Math.max(1, Math.floor(this.list.clientHeight / row) - 1);
    const by = (n: number): void => { if (e.shiftKey) this.mark(this.at); this.move(this.at + n); };
    const does: Record<string, () => void> = {
      ArrowDown: () => by(1), ArrowUp: () => by(-1), PageDown: () => this.move(this.at + page), PageUp: () => this.move(this.at - page),
      Home: () => this.move(0), End: () => this.move(this.shown.length - 1), Enter: () => this.open(), Backspace: () => this.upwards(),
      " ": () => { this.mark(this.at); this.move(this.at + 1); }, Insert: () => { this.mark(this.at); this.move(this.at + 1); },
      "/": () => this.filter.focus(),
    };
    if (e.key === "a" && (e.ctrlKey || e.metaKey)) { for (const x of this.shown) this.marked.add(x.path); this.draw(); return true; }
    does[e.key]?.();
    return e.key in does;
  }
}
