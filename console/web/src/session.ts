// A tab with an open session: the picture, the panels beside it, what can be
// done, and how the path stands.
import { call, faultOf, tabPath } from "./api";
import { Chat } from "./chat";
import { clipboardDialog } from "./clipboard";
import { fill, h, one, rove, s, show, text } from "./dom";
import { Files } from "./files";
import { Health } from "./health";
import { clock, hour, rtt, since, span } from "./format";
import { icon } from "./icons";
import { chords, Held, holdable, press } from "./keys";
import { panes, type Panes } from "./panes";
import { noPicture, Picture, type Quality, type Scale } from "./picture";
import { ScreenChoice } from "./screens";
import { button, complain, confirm, menuButton, redrawMenu, say, toast, toggled, type Item } from "./ui";
import { store } from "./store";
import type { View } from "./waiting";
import { has, type Tab } from "./types";

export interface SessionView extends View {
  key(k: string): boolean;
  unread(): number;
  transcript(): string;
  shown(): void; // its tab was chosen
}

const shortcuts: Record<string, string> = { chat: "c", files: "f", view: "v", scale: "z", full: "s", keys: "k", clip: "b", end: "e" };

export function sessionView(first: Tab, changed: () => void): SessionView {
  let tab = first;
  const name = first.machine.name;
  const wide = innerWidth >= 1600;
  const filesAlone = !has(first, "view") && canFiles(first); // there is no picture to look at
  const open = { chat: has(first, "chat") && !filesAlone, files: (wide || filesAlone) && canFiles(first) };

  const held = new Held(() => picture, (names) => {
    text(heldChip, `${names.join("+")} held`);
    show(heldChip, names.length > 0);
  });
  const picture = new Picture(first.id, name, {
    copied: () => toast(`Something was copied on ${name}. Fetch it from Clipboard.`),
    focused: (on) => grabbed(on),
    leave: () => { held.release(); say("The keyboard is back in the page."); (tools.find((b) => b.tabIndex === 0) ?? tools[0])?.focus(); },
    up: (on) => { if (on && tab.phase === "open") void screens.read(); else held.release(); draw(); },
    screens: () => { if (tab.phase === "open") void screens.read(); },
  });
  const screens = new ScreenChoice(first.id, () => picture, () => redrawMenu(look));
  const chat = new Chat(first, () => { draw(); changed(); }, () => open.chat && el.checkVisibility());
  const files = new Files(first, () => twoPanes());
  let two: Panes | null = null, wantsTwo = filesAlone && store.here !== "";
  const health = new Health(() => tab, picture, has(first, "view"), () => el.checkVisibility());

  // The toolbar.
  const viewOnly = button("View only", { icon: "eye", pressed: false, keys: shortcuts["view"]!, label: "View only" }, () => setViewOnly(!picture.viewOnly));
  const cad = button("Ctrl+Alt+Del", {}, () => { picture.ctrlAltDel(); say("Ctrl+Alt+Del was sent."); });
  const keys = menuButton(button("Keys", { icon: "key", keys: shortcuts["keys"]!, label: "Special keys" }), keyItems);
  const clip = button("Clipboard", { icon: "clipboard", keys: shortcuts["clip"]!, label: "Clipboard and typing" }, () =>
    clipboardDialog(name, picture, { clipboard: has(tab, "clipboard"), control: has(tab, "control") && !picture.viewOnly }));
  const look = menuButton(button("Picture", { icon: "picture", label: "How the picture is shown" }), () => { void screens.read(); return lookItems(); });
  const full = button("", { icon: "full", kind: "quiet", label: "Full screen", keys: shortcuts["full"]!, pressed: false }, () => void fullScreen());
  const badge = h("span", { class: "badge", hidden: true });
  const chatTool = button("Chat", { icon: "chat", label: "Chat", pressed: open.chat, keys: shortcuts["chat"]! }, () => togglePanel("chat"));
  chatTool.append(badge);
  const filesTool = button("Files", { icon: "folder", label: "Files", pressed: open.files, keys: shortcuts["files"]! }, () => togglePanel("files"));
  const end = button("End session", { icon: "end", label: "End session", kind: "danger", keys: shortcuts["end"]! }, () => void endSession());
  const tools = [viewOnly, cad, keys, clip, look, full, health.tool, chatTool, filesTool, end];
  const heldChip = h("button", { type: "button", class: "chip", hidden: true, title: "Let go of them", onclick: () => { held.release(); } });
  const toolbar = h("div", { class: "toolbar", role: "toolbar", "aria-label": `Session with ${name}` },
    h("div", { class: "tools" }, viewOnly, cad, keys, clip, look, full, heldChip),
    h("div", { class: "tools" }, health.tool, h("span", { class: "rule", "aria-hidden": "true" }), chatTool, filesTool, h("span", { class: "rule", "aria-hidden": "true" }), end));
  rove(toolbar, () => tools, "row");
  one(tools);

  // The panels.
  const chatBox = box("chat", "Chat", chat.el), filesBox = box("files", "Files", files.el);
  const panels = h("div", { class: "panels" }, chatBox, filesBox);
  function box(which: "chat" | "files", title: string, inner: HTMLElement): HTMLElement {
    return h("div", { class: `panel-box ${which}-box` }, h("header", { class: "panel-head" }, icon(which === "chat" ? "chat" : "folder"), h("h2", {}, title),
      button("", { icon: "close", kind: "quiet", class: "small", label: `Close ${title.toLowerCase()}` }, () => togglePanel(which))), inner);
  }

  // The strip below.
  const state = h("span", { class: "state" }), path = h("span", { class: "mono path" }), trip = h("span", { class: "mono trip" });
  const line = s("polyline", { class: "spark-line", points: "" });
  const spark = h("span", { class: "spark", title: "Round trip of the last minute" }, s("svg", { viewBox: "0 0 60 16", "aria-hidden": "true" }, line));
  const timer = h("span", { class: "mono", title: "How long the session has lasted" }), limits = h("span", { class: "limits" });
  const reason = h("span", { class: "reason" }), grab = h("span", { class: "grab" });
  const strip = h("footer", { class: "strip", "aria-label": "State of the session" }, state,
    h("span", { class: "strip-part" }, path), h("span", { class: "strip-part" }, trip, spark), h("span", { class: "strip-part" }, icon("clock"), timer, limits), health.others.chip, reason, grab);

  // The layer over the picture while the connection is lost.
  const lostWords = h("p");
  const lost = h("div", { class: "lost", role: "alert", hidden: true }, h("span", { class: "spinner", "aria-hidden": "true" }), h("h2", {}, "Connection lost"), lostWords,
    button("End session", { kind: "danger" }, () => void endSession()));
  const stage = h("div", { class: "stage" }, has(first, "view") ? picture.el : noPicture(name), lost, health.el);
  const work = h("div", { class: "work" }, stage, panels);
  const el = h("div", { class: "session" }, toolbar, work, strip);
  const trips: number[] = [];

  let inPicture = false;

  /** grabbed shows where keys go: while one only looks, they stay with the page
   *  although the picture has the focus. */
  function grabbed(on: boolean): void {
    inPicture = on;
    const there = on && !picture.viewOnly;
    el.classList.toggle("grabbed", there);
    el.classList.toggle("looking", picture.viewOnly);
    if (picture.viewOnly) fill(grab, icon("key"), "View only: keys stay here");
    else fill(grab, icon("key"), there ? `Keyboard on ${name}: ` : "Keyboard here: ", h("kbd", {}, there ? "Ctrl+Alt+Shift" : "p"), there ? " comes back" : " goes there");
  }

  function setViewOnly(on: boolean): void {
    held.release();
    picture.viewOnly = on || !has(tab, "control");
    picture.apply();
    toggled(viewOnly, picture.viewOnly);
    grabbed(inPicture);
    say(picture.viewOnly ? "View only." : "You control the machine.");
    draw();
  }

  function keyItems(): Item[] {
    const off = picture.viewOnly || !picture.connected;
    return [
      { words: "Ctrl+Alt+Del", heading: "Press", disabled: off, act: () => picture.ctrlAltDel() },
      ...chords.map((c): Item => ({ words: c.words, disabled: off, act: () => press(picture, c.keys) })),
      ...holdable.map((k, i): Item => ({ words: k.words, checked: held.has(k), stay: true, disabled: off,
        ...(i === 0 ? { rule: true, heading: "Hold down" } : {}), act: () => held.toggle(k) })),
    ];
  }

  function lookItems(): Item[] {
    const scale = (v: Scale, words: string, heading?: string): Item => ({ words, radio: true, checked: picture.scale === v, act: () => setScale(v), ...(heading ? { heading } : {}) });
    const quality = (v: Quality, words: string, first?: boolean): Item => ({ words, radio: true, checked: picture.quality === v,
      act: () => { picture.quality = v; picture.apply(); }, ...(first ? { heading: "Quality", rule: true } : {}) });
    return [scale("fit", "Fit the window", "Size"), scale("whole", "Every pixel (1:1)"),
      { words: "Move with the mouse", checked: picture.panning, disabled: picture.scale === "fit", act: () => { picture.panning = !picture.panning; picture.apply(); picture.focus(); } },
      ...screens.items(), quality("lossless", "Lossless", true), quality("auto", "Automatic"), quality("low", "Low, for slow lines")];
  }

  function setScale(v: Scale): void {
    picture.scale = v;
    picture.apply();
    say(v === "fit" ? "The picture fits the window." : "The picture is shown pixel by pixel.");
  }

  async function fullScreen(): Promise<void> {
    if (document.fullscreenElement) { await document.exitFullscreen(); return; }
    try {
      await el.requestFullscreen();
      // Where the browser can, keys such as Alt+Tab go to the machine too.
      await (navigator as { keyboard?: { lock?: () => Promise<void> } }).keyboard?.lock?.();
      picture.focus();
      toast("The tools are at the upper edge; so is the keyboard after Ctrl+Alt+Shift.");
    } catch {
      toast("The browser did not allow full screen.", "bad");
    }
  }
  const onFull = (): void => {
    const on = document.fullscreenElement === el;
    toggled(full, on);
    if (!on) (navigator as { keyboard?: { unlock?: () => void } }).keyboard?.unlock?.();
  };
  document.addEventListener("fullscreenchange", onFull);

  function togglePanel(which: "chat" | "files", focus = true): void {
    open[which] = !open[which];
    draw();
    if (!open[which]) { (which === "chat" ? chatTool : filesTool).focus(); return; }
    if (which === "files") files.want(tab.phase === "open" && canFiles(tab), tab);
    if (which === "chat") chat.see();
    if (focus) (which === "chat" ? chat.input : filesBox.querySelector<HTMLElement>(".file-open[tabindex='0'], .button"))?.focus();
  }

  /** twoPanes shows this machine's files beside the far ones, over the picture,
   *  or takes that away. */
  function twoPanes(): void {
    if (two) {
      two.close();
      two.el.remove();
      two = null;
      filesTool.focus();
      return;
    }
    if (tab.phase !== "open" || !canFiles(tab)) return;
    held.release();
    two = panes(tab, () => twoPanes());
    work.append(two.el);
    two.focus();
  }

  async function endSession(): Promise<void> {
    const running = (tab.transfers ?? []).filter((x) => x.state === "running").length;
    const yes = await confirm(`End the session with ${name}?`,
      running ? `${running === 1 ? "A file is" : `${running} files are`} still on the way and will be cancelled.` : "The picture, chat and files close on both sides at once.", "End session");
    if (!yes) return;
    try { await call("POST", tabPath(tab.id, "/end")); } catch (e) { complain(faultOf(e)); }
  }

  function draw(): void {
    show(chatBox, open.chat);
    show(filesBox, open.files);
    show(panels, open.chat || open.files);
    toggled(chatTool, open.chat);
    toggled(filesTool, open.files);
    chatTool.disabled = !has(tab, "chat");
    filesTool.disabled = !canFiles(tab);
    const input = picture.connected && !picture.viewOnly;
    cad.disabled = keys.disabled = !input;
    viewOnly.disabled = !has(tab, "control");
    clip.disabled = !picture.connected || !has(tab, "clipboard") && !has(tab, "control");
    look.disabled = !has(tab, "view");
    show(badge, chat.unread > 0);
    text(badge, String(chat.unread));
    chatTool.setAttribute("aria-label", chat.unread ? `Chat, ${chat.unread} unread` : "Chat");
  }

  function drawTime(): void {
    const info = tab.session;
    text(timer, clock(since(info?.began)));
    const rest = -since(info?.until), soon = info?.until !== undefined && rest < 300 && tab.phase === "open";
    const parts = [soon ? `ends in ${clock(rest)}` : info?.limits.absolute_s ? `of ${span(info.limits.absolute_s)}` : "",
      info?.limits.idle_s ? `idle limit ${span(info.limits.idle_s)}` : ""].filter(Boolean);
    text(limits, parts.join(" · "));
    limits.classList.toggle("soon", soon);
    if (tab.phase === "suspended") text(lostWords, `It may return until ${hour(info?.until)} (${clock(rest)} left). Keys and buttons were released.`);
  }
  const ticking = setInterval(() => {
    drawTime();
    if (look.getAttribute("aria-expanded") === "true" && tab.phase === "open") void screens.read(); // they may change under the menu
  }, 1000);

  function update(t: Tab): void {
    const was = tab.phase;
    tab = t;
    const up = t.phase === "open";
    if (!has(t, "control") && !picture.viewOnly) { picture.viewOnly = true; toggled(viewOnly, true); grabbed(inPicture); }
    picture.want(up && has(t, "view"));
    chat.want(up && has(t, "chat"));
    files.want(up && canFiles(t), t);
    two?.update(t, up);
    if (two) show(two.el, up); // a connection that is lost is seen
    if (up && wantsTwo) { wantsTwo = false; twoPanes(); }
    show(lost, t.phase === "suspended");
    if (was === "open" && t.phase === "suspended") held.release();
    if (was === "suspended" && up) toast("The connection is back.");
    state.className = `state ${t.quiet_s ? "suspended" : t.phase}`;
    text(state, !up ? "Connection lost" : t.quiet_s ? `No answer for ${t.quiet_s} s` : picture.viewOnly ? "Viewing" : health.others.acts ? "Can control" : "In control");
    text(path, t.path ? `${t.path.transport.toUpperCase()} ${t.path.remote}` : "");
    text(trip, up && !t.quiet_s ? rtt(t.rtt_ms) : "no answer");
    text(reason, t.reason ? `“${t.reason}”` : "");
    reason.title = t.reason;
    if (t.rtt_ms) { trips.push(t.rtt_ms); trips.splice(0, trips.length - 60); }
    const top = Math.max(...trips, 1);
    line.setAttribute("points", trips.map((v, i) => `${60 - trips.length + i},${15 - 13 * v / top}`).join(" "));
    drawTime();
    draw();
    health.update();
  }

  function key(k: string): boolean {
    const acts: Record<string, () => void> = {
      c: () => chatTool.click(), t: () => twoPanes(), f: () => filesTool.click(), v: () => viewOnly.click(), s: () => full.click(),
      k: () => keys.click(), b: () => clip.click(), e: () => end.click(), i: () => health.tool.click(), p: () => picture.focus(),
      z: () => setScale(picture.scale === "fit" ? "whole" : "fit"),
    };
    acts[k]?.();
    return k in acts;
  }

  grabbed(false);
  update(first);
  return {
    el, update, key, unread: () => chat.unread, transcript: () => chat.transcript(),
    shown: () => {
      if (open.chat) chat.see();
      files.want(tab.phase === "open" && canFiles(tab), tab);
    },
    focus: () => { if (two) two.focus(); else if (has(tab, "view") && picture.connected) picture.focus(); else tools[0]?.focus(); },
    close: () => {
      clearInterval(ticking);
      document.removeEventListener("fullscreenchange", onFull);
      if (document.fullscreenElement === el) void document.exitFullscreen();
      two?.close();
      picture.close();
      chat.close();
      health.close();
    },
  };
}

const canFiles = (t: Tab): boolean => has(t, "files-read") || has(t, "files-write");
