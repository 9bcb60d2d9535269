// The picture: noVNC over the session's stream, kept up while the session is
// open, with the ways to look at it.
import RFB from "@novnc/novnc";
import { call, socket, tabPath } from "./api";
import { fill, h, show, text } from "./dom";
import { Meter } from "./meter";

export type Scale = "fit" | "whole";
export type Quality = "lossless" | "auto" | "low";

// noVNC always asks for some JPEG quality. Left out of what it asks for, the
// far side sends every pixel exactly.
const lossless = new WeakSet<object>();
const askEncodings = RFB.messages.clientEncodings.bind(RFB.messages);
RFB.messages.clientEncodings = (sock, list) =>
  askEncodings(sock, lossless.has(sock) ? list.filter((e) => e < -32 || e > -23) : list);

// noVNC fetches whatever is copied over there as soon as it is told of it. Here
// it waits until the operator asks for it.
const askClipboard = RFB.messages.extendedClipboardRequest.bind(RFB.messages);
const offered = new WeakMap<object, (fetch: () => void) => void>();
RFB.messages.extendedClipboardRequest = (sock, formats) => offered.get(sock)?.(() => askClipboard(sock, formats));

const fetchLimit = 8000; // milliseconds

interface Inside { _sock: object }

const levels: Record<Quality, [number, number]> = { lossless: [9, 1], auto: [6, 2], low: [1, 9] };

export interface PictureEvents {
  copied(): void; // there is something new on the machine's clipboard
  focused(on: boolean): void; // the keyboard goes to the machine
  leave(): void; // the keys to leave were pressed
  up(on: boolean): void;
  screens(): void; // they may be others: the far picture has a new size, or did not open
}

export class Picture {
  readonly el: HTMLElement;
  readonly target: HTMLElement;
  private rfb: RFB | null = null;
  private wait = 400;
  private timer = 0;
  private stopped = false;
  private wanted = false;
  private seen = false;
  private offer: (() => void) | null = null; // asks for what was copied and not fetched
  private theirs = ""; // what was fetched last
  private arrived: ((text: string) => void) | null = null; // while it is fetched
  private typing = false; // the picture had the focus when it was last there
  private readonly veil: HTMLElement;
  private readonly veilWords: HTMLElement;
  private readonly pan: HTMLElement;
  scale: Scale = "fit";
  quality: Quality = "auto";
  viewOnly = false;
  panning = false;
  screen = ""; // the ID of the one that is shown, "" for all
  readonly meter = new Meter();
  private viewer = ""; // by which name the far side knows the open stream
  private told = ""; // what the far side was last asked to show and to take
  private steering: Promise<void> = Promise.resolve(); // one request at a time, in order

  constructor(private id: string, name: string, private on: PictureEvents) {
    this.target = h("div", { class: "picture-target", tabindex: -1 });
    this.veilWords = h("p", {}, "Opening the picture …");
    this.veil = h("div", { class: "veil", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), this.veilWords);
    this.pan = h("div", { class: "pan", tabindex: 0, role: "group", "aria-label": `Move over the picture of ${name} with the arrow keys or by dragging`, hidden: true });
    this.el = h("div", { class: "picture" }, this.target, this.pan, this.veil);
    this.panBy();
    this.el.addEventListener("focusin", () => this.focusChanged());
    this.el.addEventListener("focusout", () => { this.releaseKeys(); this.focusChanged(); });
    window.addEventListener("keydown", this.leaveKeys, true);
    new MutationObserver(() => this.on.screens()).observe(this.target, { subtree: true, attributeFilter: ["width", "height"] });
    this.name = name;
  }

  private readonly name: string;

  get canvas(): HTMLCanvasElement | null { return this.target.querySelector("canvas"); }
  get connected(): boolean { return this.rfb !== null && this.seen; }

  /** stream is by which name the far side knows the open picture, "" if there
   *  is none. */
  get stream(): string { return this.connected ? this.viewer : ""; }

  private focusChanged(): void {
    queueMicrotask(() => {
      const c = this.canvas, on = c !== null && document.activeElement === c;
      if (c) this.typing = on;
      this.on.focused(on);
    });
  }

  /** keepFocus holds the focus while there is no picture: whoever types on
   *  must not press the page's shortcuts. */
  private keepFocus(): void {
    if (this.typing && document.activeElement === document.body) this.target.focus({ preventScroll: true });
  }

  private giveFocusBack(): void {
    this.typing &&= document.activeElement === this.target || document.activeElement === document.body;
    if (this.typing) this.focus();
  }

  /** leaveKeys takes Ctrl+Alt+Shift back from the machine. */
  private leaveKeys = (e: KeyboardEvent): void => {
    if (!e.ctrlKey || !e.altKey || !e.shiftKey || document.activeElement !== this.canvas || !this.canvas) return;
    e.preventDefault();
    e.stopPropagation();
    this.releaseKeys();
    this.on.leave();
  };

  /** releaseKeys lets go of every key noVNC holds down: it does so when the
   *  window loses the focus, and has no other way to be told. */
  releaseKeys(): void { window.dispatchEvent(new Event("blur")); }

  /** want opens or closes the picture, as the session's state asks. */
  want(on: boolean, words = ""): void {
    if (words) text(this.veilWords, words);
    if (on === this.wanted) return;
    this.wanted = on;
    if (on) { this.wait = 400; this.open(); } else this.drop();
  }

  /** choose shows one screen, or all. */
  choose(screen: string): void {
    if (screen === this.screen) return;
    this.screen = screen;
    this.wait = 400;
    if (this.rfb) this.steer(); else this.open();
  }

  /** view is what the far side is to show, and whether it drops what is typed. */
  private view(): { screen: string; view_only: boolean } { return { screen: this.screen, view_only: this.viewOnly }; }

  /** steer tells the far side what was chosen since it was last told. Where it
   *  cannot do so in the open stream, another takes that one's place. */
  private steer(): void {
    this.steering = this.steering.then(async () => {
      const rfb = this.rfb, view = this.view(), now = JSON.stringify(view);
      if (!rfb || !this.seen || now === this.told) return; // what connects tells it then
      this.told = now;
      try {
        await call("POST", tabPath(this.id, "/picture"), { ...view, name: this.viewer });
      } catch {
        if (this.rfb !== rfb) return;
        text(this.veilWords, "Opening the picture …");
        this.drop();
        this.open();
      }
    });
  }

  private open(): void {
    clearTimeout(this.timer);
    if (this.stopped || !this.wanted || this.rfb) return;
    const view = this.view();
    this.viewer = crypto.randomUUID().replaceAll("-", "");
    this.told = JSON.stringify(view);
    const query = new URLSearchParams({ screen: view.screen, view_only: view.view_only ? "1" : "0", name: this.viewer });
    const rfb = new RFB(this.target, socket(tabPath(this.id, `/picture?${query}`), "deskside.picture"), { shared: true });
    this.rfb = rfb;
    this.meter.watch(rfb);
    rfb.background = "transparent";
    rfb.addEventListener("connect", () => {
      if (this.rfb !== rfb) return;
      this.seen = true;
      this.wait = 400;
      show(this.veil, false);
      this.apply();
      const c = this.canvas;
      if (c) {
        c.tabIndex = 0;
        c.setAttribute("role", "application");
        c.setAttribute("aria-label", `Screen of ${this.name}. Keys go there while it has the focus; Ctrl+Alt+Shift comes back.`);
      }
      this.giveFocusBack();
      this.on.up(true);
    });
    rfb.addEventListener("disconnect", () => {
      if (this.rfb !== rfb) return; // dropped
      const opened = this.seen;
      this.rfb = null;
      this.seen = false;
      this.offer = null;
      this.keepFocus();
      this.on.up(false);
      if (!opened) this.on.screens();
      show(this.veil, true);
      text(this.veilWords, "The picture was interrupted. Opening it again …");
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, 5000);
    });
    rfb.addEventListener("clipboard", (e) => this.takeClipboard((e as CustomEvent<{ text: string }>).detail.text));
    offered.set((rfb as unknown as Inside)._sock, (fetch) => { this.offer = fetch; this.on.copied(); });
    this.apply();
  }

  private drop(): void {
    clearTimeout(this.timer);
    show(this.veil, true);
    const was = this.rfb;
    this.rfb = null;
    this.offer = null;
    this.seen = false;
    was?.disconnect();
    this.keepFocus();
    if (was) this.on.up(false);
  }

  /** apply passes the settings on. */
  apply(): void {
    const r = this.rfb;
    if (!r) return;
    if (this.viewOnly && !r.viewOnly) this.releaseKeys();
    r.viewOnly = this.viewOnly;
    this.steer();
    r.scaleViewport = this.scale === "fit";
    r.showDotCursor = true;
    const sock = (r as unknown as Inside)._sock;
    const was = lossless.has(sock), is = this.quality === "lossless";
    if (is) lossless.add(sock); else lossless.delete(sock);
    const [quality, compression] = levels[this.quality];
    r.qualityLevel = quality;
    // Only a change makes noVNC ask again; leaving lossless must be one.
    if (was !== is && r.compressionLevel === compression) r.compressionLevel = compression + 1;
    r.compressionLevel = compression;
    this.panning &&= this.scale === "whole";
    show(this.pan, this.panning);
    this.target.classList.toggle("fit", this.scale === "fit");
  }

  private panBy(): void {
    const scroller = (): HTMLElement | null => this.target.querySelector("div");
    const step: Record<string, [number, number]> = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
    this.pan.addEventListener("keydown", (e) => {
      const d = step[e.key];
      if (!d) return;
      e.preventDefault();
      scroller()?.scrollBy(d[0], d[1]);
    });
    this.pan.addEventListener("pointerdown", (e) => this.pan.setPointerCapture(e.pointerId));
    this.pan.addEventListener("pointermove", (e) => {
      if (this.pan.hasPointerCapture(e.pointerId)) scroller()?.scrollBy(-e.movementX, -e.movementY);
    });
    this.pan.addEventListener("wheel", (e) => scroller()?.scrollBy(e.deltaX, e.deltaY), { passive: true });
  }

  focus(): void {
    if (this.panning) this.pan.focus();
    else this.rfb?.focus({ preventScroll: true });
  }

  sendKey(sym: number, code: string | null, down?: boolean): void { this.rfb?.sendKey(sym, code, down); }
  ctrlAltDel(): void { this.rfb?.sendCtrlAltDel(); }
  clipboard(words: string): void { this.rfb?.clipboardPasteFrom(words); }

  /** takeClipboard keeps text that came: because it was asked for, or from a
   *  machine that sends what is copied at once. */
  private takeClipboard(words: string): void {
    this.theirs = words;
    if (this.arrived) this.arrived(words); else this.on.copied();
  }

  /** fetch gives what was copied over there, "" if nothing was. */
  fetch(): Promise<string> {
    const ask = this.offer;
    if (!ask) return Promise.resolve(this.theirs);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => { this.arrived = null; reject(new Error("late")); }, fetchLimit);
      this.arrived = (words) => { clearTimeout(late); this.arrived = this.offer = null; resolve(words); };
      ask();
    });
  }

  /** close ends the picture for good. */
  close(): void {
    this.stopped = true;
    window.removeEventListener("keydown", this.leaveKeys, true);
    this.typing = false;
    this.drop();
    fill(this.el);
  }
}

/** noPicture takes the picture's place where the session has no right to it. */
export function noPicture(name: string): HTMLElement {
  return h("div", { class: "picture none" }, h("p", {}, `This session does not show the screen of ${name}.`),
    h("p", { class: "soft" }, "Set up another one and ask to see the screen."));
}
