// What is in a file: the beginning of a text or a picture, in a dialog that goes
// on to the next file by key. The console decides what is shown and as what.
import { faultOf, raw } from "./api";
import { fill, h, text } from "./dom";
import { plain, sentence, size } from "./format";
import { button, dialog, faultNote } from "./ui";
import type { Entry, Fault } from "./types";

/** Shelf is a list of files that one preview follows another in. */
export interface Shelf {
  api: string; // the address of previews
  may: boolean; // whether the session may fetch files
  /** step moves to the next file of the list, or the one before; undefined at its end. */
  step(by: 1 | -1): Entry | undefined;
}

/** preview opens the dialog. */
export function preview(first: Entry, shelf: Shelf): void {
  let url = "", asked: AbortController | null = null;
  const free = (): void => { asked?.abort(); if (url) URL.revokeObjectURL(url); url = ""; };
  const d = dialog(plain(first.name), { class: "preview", onclose: free });
  const title = d.el.querySelector("h2")!;
  const note = h("p", { class: "preview-note soft", role: "status" });
  const back = button("Previous", { icon: "back", class: "small", keys: "ArrowLeft", label: "Previous file" }, () => go(-1));
  const on = button("Next", { icon: "on", class: "small", keys: "ArrowRight", label: "Next file" }, () => go(1));
  d.body.tabIndex = 0; // a long text scrolls by keyboard
  d.body.setAttribute("role", "region");
  d.body.setAttribute("aria-labelledby", title.id);
  d.foot.classList.add("spread");
  d.foot.append(note, h("div", { class: "row" }, back, on));

  function go(by: 1 | -1): void {
    const next = shelf.step(by);
    if (!next) { text(note, by > 0 ? "This is the last file." : "This is the first file."); return; }
    void open(next);
  }

  async function open(e: Entry): Promise<void> {
    free();
    const mine = asked = new AbortController();
    text(title, plain(e.name));
    text(note, "");
    fill(d.body, h("p", { class: "panel-empty" }, "Reading…"));
    try {
      if (!shelf.may) throw new Error("the session has no right to fetch files, so it cannot show what is in them");
      const r = await raw(`${shelf.api}?path=${encodeURIComponent(e.path)}`, { signal: mine.signal });
      const kind = r.headers.get("Content-Type") ?? "", all = Number(r.headers.get("Deskside-Size"));
      if (kind.startsWith("image/")) await picture(e, await r.blob(), kind, mine.signal);
      else if (kind.startsWith("text/plain; charset=")) written(await r.arrayBuffer(), kind.slice(kind.indexOf("=") + 1), all);
      else nothing(await r.json() as Fault, all);
    } catch (x) {
      if (!mine.signal.aborted) fill(d.body, faultNote(faultOf(x)));
    }
  }

  function written(bytes: ArrayBuffer, charset: string, all: number): void {
    const words = new TextDecoder(charset).decode(bytes);
    const cut = bytes.byteLength < all;
    fill(d.body, words ? h("pre", { class: "preview-text" }, words) : h("p", { class: "panel-empty" }, "This file is empty."),
      cut ? h("p", { class: "preview-cut" }, `Cut here: the first ${size(bytes.byteLength)} of ${size(all)} are shown.`) : null);
    d.body.scrollTop = 0;
    text(note, `${size(all)} · text, ${charset.toUpperCase()}${cut ? ` · the first ${size(bytes.byteLength)} are shown` : ""}`);
  }

  async function picture(e: Entry, b: Blob, kind: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    url = URL.createObjectURL(new Blob([b], { type: kind }));
    const img = h("img", { class: "preview-image", alt: plain(e.name), src: url, draggable: "false" });
    try {
      await img.decode();
    } catch {
      throw new Error("the picture cannot be drawn: it is damaged, or not what it begins like");
    }
    if (signal.aborted) return;
    fill(d.body, img);
    text(note, `${size(b.size)} · ${kind.slice("image/".length).toUpperCase()}, ${img.naturalWidth} × ${img.naturalHeight}`);
  }

  function nothing(f: Fault, all: number): void {
    fill(d.body, h("p", { class: "panel-empty" }, `${sentence(f.words)} ${f.do ?? ""}`));
    text(note, size(all));
  }

  d.el.addEventListener("keydown", (k) => {
    if (k.ctrlKey || k.metaKey || k.altKey) return;
    if (k.key === "ArrowLeft" || k.key === "ArrowRight") go(k.key === "ArrowLeft" ? -1 : 1);
    else if (k.key === "F3" || k.key === "v") d.close();
    else return;
    k.preventDefault();
    k.stopPropagation();
  });
  d.body.focus();
  void open(first);
}
