// The person's chat page: the rooms there are, one of them shown.

import { clock, el, foreign, icon } from "./dom";
import { type Line, maxText, Room, type RoomView } from "./room";
import { Socket } from "./socket";

const sendIcon = "M4 12 20 4l-5 16-3.5-6.5L4 12Zm7.5 1.5L20 4";
const downIcon = "M6 9l6 6 6-6";
const together = 3 * 60_000; // ms between messages that share one heading

const rooms = new Map<string, Room>();
let you = "";
let shown: Room | null = null;
let reached = false; // the agent on this machine answers
let following = true; // the newest message is in view and is to stay so

// The fixed parts of the page.
const face = el("div", { class: "face", "aria-hidden": "true" });
const heading = el("h1");
const about = el("p", { class: "about" });
const state = el("p", { class: "state", role: "status" });
const tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Operators" });
const log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Messages", tabindex: "0" });
const typing = el("p", { class: "typing", "aria-live": "polite" });
const jump = el("button", { type: "button", class: "jump" }, icon(downIcon), "New messages");
const box = el("textarea", { rows: "1", dir: "auto", "aria-label": "Your message", placeholder: "Write a message", spellcheck: "true" });
const note = el("p", { class: "note", id: "note" });
const send = el("button", { type: "submit", class: "send", "aria-label": "Send", title: "Send (Enter)" }, icon(sendIcon));
const form = el("form", { class: "writer" }, box, send);

document.body.append(
  el("header", {}, face, el("div", { class: "who" }, heading, about), state),
  el("nav", {}, tabs),
  el("main", {}, log, jump),
  el("footer", {}, typing, form, note),
);
box.setAttribute("aria-describedby", "note");
jump.hidden = true;

const tabOf = new Map<Room, HTMLElement>();

// What the person has closed and the agent may still tell of.
const closed = new Set<string>();

// Rows of the shown room, by line.
let rows = new Map<Line, HTMLElement>();

const overview = new Socket("/rooms", "deskside-rooms", {
  open() {
    reached = true;
    draw();
  },
  lost() {
    reached = false;
    draw();
  },
  message(text) {
    const told = JSON.parse(text) as { you: string; rooms: RoomView[]; show?: string };
    you = told.you;
    for (const session of closed) {
      if (told.rooms.some(view => view.session === session)) overview.send(JSON.stringify({ close: session }));
      else closed.delete(session);
    }
    told.rooms = told.rooms.filter(view => !closed.has(view.session));
    const fresh = told.rooms.filter(view => !rooms.has(view.session)).map(view => new Room(view, () => you, update));
    for (const room of fresh) rooms.set(room.view.session, room);
    for (const view of told.rooms) rooms.get(view.session)!.view = view;
    // What is before the person stays there, also when the agent holds it no more.
    for (const room of rooms.values()) {
      if (room !== shown && !told.rooms.some(view => view.session === room.view.session)) drop(room);
    }
    const next = rooms.get(told.show ?? "") ?? (shown === null || shown.ended !== "" ? mostUrgent(fresh) : undefined);
    if (next) turnTo(next);
    draw();
  },
});

function mostUrgent(list: Room[]): Room | undefined {
  return list.find(r => r.view.unread > 0) ?? list.find(r => r.view.state !== "ended") ?? list[0];
}

function drop(room: Room): void {
  room.close();
  rooms.delete(room.view.session);
}

// closeRoom is when the person has read what was written in a session that ended.
function closeRoom(room: Room): void {
  closed.add(room.view.session);
  overview.send(JSON.stringify({ close: room.view.session }));
  drop(room);
  if (room !== shown) return;
  const next = mostUrgent([...rooms.values()]);
  if (next) return turnTo(next);
  shown = null;
  box.value = "";
  rows = new Map();
  log.replaceChildren();
  draw();
}

function turnTo(room: Room): void {
  if (shown) shown.draft = box.value;
  shown = room;
  box.value = room.draft;
  rows = new Map();
  log.replaceChildren();
  draw();
  fit(); // now that the box shows
  scrollDown();
  box.focus();
}

// update is called whenever a room changed; line is one that came.
function update(room: Room, line?: Line): void {
  draw();
  if (room !== shown) return;
  if (following || line?.from === "person") scrollDown();
  else if (line) jump.hidden = false;
}

function draw(): void {
  drawTabs();
  drawHead();
  if (shown) drawLines(shown);
  else if (!log.firstChild) log.append(el("p", { class: "empty" }, "Nobody is connected. When an operator writes to you, it appears here."));
  drawWriter();
  see();
}

function drawHead(): void {
  const v = shown?.view;
  face.textContent = v ? initial(v.name) : "";
  heading.replaceChildren(v ? operatorName(v) : "Deskside chat");
  heading.title = v?.name ?? "";
  const words: Node[] = [];
  if (v?.reason) words.push(el("span", { class: "reason", title: v.reason }, foreign(v.reason)));
  if (v?.says) words.push(el("span", { class: "claim", title: "The operator says so; this computer does not know the name." }, "name not known here"));
  if (v?.host) words.push(el("span", { class: "host", title: v.host }, "from ", foreign(v.host)));
  about.replaceChildren(...words);
  const [kind, text] = standing();
  state.className = `state ${kind}`;
  if (state.textContent !== text) state.textContent = text;
  const unread = [...rooms.values()].reduce((n, r) => n + (r === shown && document.hasFocus() ? 0 : r.view.unread), 0);
  document.title = (unread > 0 ? `(${unread}) ` : "") + (v ? `${v.name} – Deskside chat` : "Deskside chat");
}

// standing is how the shown session stands, in a word and a sentence.
function standing(): [string, string] {
  if (shown?.ended) return ["ended", "Ended"];
  if (!reached) return ["lost", "Not connected"];
  if (!shown) return ["idle", "No session"];
  if (shown.view.state === "suspended") return ["lost", "Connection lost"];
  return shown.online ? ["live", "Connected"] : ["lost", "Connecting"];
}

function operatorName(v: RoomView): Node {
  if (!v.says) return foreign(v.name);
  return el("span", {}, "says “", foreign(v.name), "”");
}

function initial(name: string): string {
  const letter = [...name].find(c => /[\p{L}\p{N}]/u.test(c));
  return letter ? letter.toLocaleUpperCase() : "?";
}

function drawTabs(): void {
  tabs.hidden = rooms.size < 2;
  if (tabs.hidden) return;
  for (const [room, tab] of tabOf) {
    if (rooms.get(room.view.session) === room) continue;
    tab.remove();
    tabOf.delete(room);
  }
  for (const room of rooms.values()) drawTab(room);
}

// drawTab draws one tab in its place: a tab that was replaced under the mouse
// would lose its click, and the focus.
function drawTab(room: Room): void {
  let tab = tabOf.get(room);
  if (!tab) {
    tab = el("button", { type: "button", role: "tab", class: "tab" });
    tab.onclick = () => turnTo(room);
    tabOf.set(room, tab);
    tabs.append(tab);
  }
  const on = room === shown;
  const unread = on ? 0 : room.view.unread;
  tab.ariaSelected = String(on);
  tab.tabIndex = on ? 0 : -1;
  const shows = JSON.stringify([room.view.name, room.view.says, room.ended, unread]);
  if (tab.dataset["shows"] === shows) return;
  tab.dataset["shows"] = shows;
  tab.replaceChildren(operatorName(room.view), ...(room.ended ? [el("small", {}, "ended")] : []),
    ...(unread > 0 ? [el("span", { class: "unread", "aria-label": `${unread} unread` }, String(unread))] : []));
}

tabs.onkeydown = e => {
  const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
  if (step === 0 || !shown) return;
  const list = [...rooms.values()];
  const next = list[(list.indexOf(shown) + step + list.length) % list.length];
  if (!next) return;
  turnTo(next);
  tabs.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
};

// drawLines brings the log to what the room holds, touching only what changed,
// so that a screen reader reads each message once.
function drawLines(room: Room): void {
  const first = log.firstElementChild;
  if (room.gone > 0 && first?.className !== "gone") log.prepend(el("p", { class: "gone" }, "Earlier messages are no longer held."));
  else if (room.lines.length > 0 && first?.className === "empty") first.remove();
  else if (room.lines.length === 0 && first === null && room.ended === "") log.append(emptyNote(room));
  let before: Line | undefined;
  let place: Element | null = log.querySelector(".line");
  for (const line of room.lines) {
    let row = rows.get(line);
    if (!row) {
      row = lineRow(room, line);
      rows.set(line, row);
    }
    if (row !== place) log.insertBefore(row, place);
    else place = row.nextElementSibling;
    row.classList.toggle("follows", before !== undefined && before.from === line.from && before.refused === undefined &&
      Date.parse(line.time) - Date.parse(before.time) < together);
    const mark = row.querySelector(".mark");
    const text = markOf(room, line);
    if (mark && mark.textContent !== text) mark.textContent = text;
    row.classList.toggle("refused", line.refused !== undefined);
    row.classList.toggle("waits", line.seq === 0);
    before = line;
  }
  drawOver(room);
}

function emptyNote(room: Room): HTMLElement {
  return el("p", { class: "empty" }, "You and ", operatorName(room.view), " can write to each other here while the session lasts.");
}

// drawOver closes the log with why the session ended.
function drawOver(room: Room): void {
  const there = log.querySelector(".over-note");
  if (room.ended === "" || there) return;
  const done = el("button", { type: "button", class: "done" }, "Close this chat");
  done.onclick = () => closeRoom(room);
  const at = room.view.ended ?? "";
  log.append(el("div", { class: "over-note" }, el("p", {}, room.ended, at !== "" ? el("time", { datetime: at }, ` ${clock(at)}`) : null), done));
}

function lineRow(room: Room, line: Line): HTMLElement {
  const mine = line.from === "person";
  return el("div", { class: mine ? "line mine" : "line" },
    el("p", { class: "head" }, el("span", { class: "by" }, mine ? "You" : operatorName(room.view)), " ", el("time", { datetime: line.time }, clock(line.time))),
    el("div", { class: "text", dir: "auto" }, line.text),
    mine ? el("p", { class: "mark" }) : null,
  );
}

// markOf says how far a message of the person's has come. Only the last of
// those that came equally far says so.
function markOf(room: Room, line: Line): string {
  if (line.from !== "person") return "";
  if (line.refused !== undefined) return `Not sent: ${line.refused}`;
  if (line.seq === 0) return "Sending…";
  const next = room.lines.find(l => l.from === "person" && l.seq > line.seq);
  const far = reach(room, line);
  return next && reach(room, next) === far ? "" : far;
}

function reach(room: Room, line: Line): string {
  return line.seq <= room.theirs.seen ? "Seen" : line.seq <= room.theirs.got ? "Delivered" : "Sent";
}

function drawWriter(): void {
  const bytes = new TextEncoder().encode(box.value).length;
  const over = shown === null || shown.ended !== "";
  box.disabled = over;
  send.disabled = over || box.value.trim() === "" || bytes > maxText;
  typing.replaceChildren();
  if (shown?.typing) typing.append(foreign(shown.view.name), " is writing", el("span", { class: "dots", "aria-hidden": "true" }));
  note.className = "note";
  if (!reached) note.textContent = "Deskside on this computer does not answer. If this stays, close the window and press Chat on the bar.";
  else if (over) note.textContent = shown ? "You can read this until you close it or the window." : "";
  else if (shown?.view.state === "suspended") note.textContent = `The connection was lost and may return until ${clock(shown.view.until ?? "")}. What you write is kept.`;
  else if (bytes > maxText) {
    note.textContent = `Too long by ${bytes - maxText} bytes.`;
    note.className = "note bad";
  } else note.textContent = bytes > maxText * 0.9 ? `${maxText - bytes} bytes left.` : "Enter sends, Shift+Enter begins a new line.";
}

// see tells the agent what is in view.
function see(): void {
  if (shown && document.visibilityState === "visible" && following) shown.see();
}

function scrollDown(): void {
  following = true;
  log.scrollTop = log.scrollHeight;
  jump.hidden = true;
  see();
}

// fit grows the box with its text; the style sheet has the most it may have.
function fit(): void {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function submit(): void {
  if (send.disabled || !shown) return;
  const text = box.value.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").trim();
  if (text === "") return;
  box.value = "";
  fit();
  shown.say(text);
  box.focus();
}

form.onsubmit = e => {
  e.preventDefault();
  submit();
};
box.onkeydown = e => {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  submit();
};
box.oninput = () => {
  shown?.types(box.value !== "");
  fit();
  drawWriter();
};
log.onscroll = () => {
  following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (!following) return;
  jump.hidden = true;
  see();
};
// The box takes from the log's height as it grows, and so does the window.
new ResizeObserver(() => { if (following) scrollDown(); }).observe(log);
jump.onclick = () => {
  scrollDown();
  box.focus();
};
document.addEventListener("visibilitychange", see);
window.addEventListener("focus", draw);

draw();
