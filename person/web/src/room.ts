// One session's conversation, by the protocol of package chat. It keeps what
// was written until the agent has answered it, so that nothing is lost or
// doubled when the stream breaks.

import { Socket } from "./socket";

export const maxText = 8192; // bytes
const typingHolds = 8000, typingAgain = 4000; // ms

export type Side = "operator" | "person";

// RoomView is what the agent tells of a room.
export interface RoomView {
  session: string;
  name: string;
  says?: boolean;
  host?: string;
  reason?: string;
  state: string;
  until?: string;
  ended?: string;
  unread: number;
}

interface Fault { code: string; words: string; do?: string }

interface Frame {
  type: string;
  since?: number; first?: number; last?: number; seq?: number;
  id?: string; from?: Side; name?: string; text?: string; time?: string;
  on?: boolean; got?: number; seen?: number;
  state?: string; cause?: string; error?: Fault;
}

export interface Line {
  id: string;
  seq: number; // 0 until the agent has it
  from: Side;
  name: string;
  text: string;
  time: string;
  refused?: string;
}

const causes: Record<string, string> = {
  operator: "The operator ended the session.",
  person: "You stopped the session.",
  "idle-limit": "Nothing happened for a while, so the session ended.",
  "absolute-limit": "The session lasted as long as it may.",
  policy: "The rules of this computer no longer allow the session.",
  lost: "The connection was lost.",
  grace: "The connection was lost and did not return in time.",
  "agent-shutdown": "Deskside was stopped on this computer.",
};

export class Room {
  readonly lines: Line[] = [];
  view: RoomView;
  ended = "";       // why, once it is
  online = false;   // the stream to the agent on this machine
  gone = 0;         // messages older than what the agent still holds
  theirs = { got: 0, seen: 0 };
  typing = false;
  draft = "";
  lastSeen = 0;     // told to the agent

  private readonly byId = new Map<string, Line>();
  private last = 0;
  private typingTimer = 0;
  private typedAt = 0;
  private readonly socket: Socket;

  constructor(view: RoomView, private readonly you: () => string, private readonly changed: (r: Room, line?: Line) => void) {
    this.view = view;
    this.socket = new Socket(`/chat/${view.session}`, "deskside-chat", {
      open: () => this.write({ type: "join", ...(this.last > 0 && { since: this.last }) }),
      message: text => this.take(JSON.parse(text) as Frame),
      lost: () => {
        this.online = false;
        this.typing = false;
        this.changed(this);
      },
    });
  }

  // say adds a message and sends it, now or when the stream is back.
  say(text: string): void {
    const line: Line = { id: crypto.randomUUID(), seq: 0, from: "person", name: this.you(), text, time: new Date().toISOString() };
    this.lines.push(line);
    this.byId.set(line.id, line);
    this.typedAt = 0;
    if (this.online) this.write({ type: "say", id: line.id, text });
    this.changed(this, line);
  }

  // types tells the operator that the person writes, not too often.
  types(on: boolean): void {
    const now = Date.now();
    if (on ? now - this.typedAt < typingAgain : this.typedAt === 0) return;
    this.typedAt = on ? now : 0;
    if (this.online) this.write(on ? { type: "typing", on } : { type: "typing" });
  }

  // see tells that all that is there was in view.
  see(): void {
    if (this.last <= this.lastSeen || !this.online) return;
    this.lastSeen = this.last;
    this.write({ type: "seen", seq: this.last });
  }

  close(): void { this.socket.close(); }

  private write(f: Frame): void { this.socket.send(JSON.stringify(f) + "\n"); }

  private take(f: Frame): void {
    switch (f.type) {
      case "welcome": this.welcome(f); break;
      case "message": this.message(f); return;
      case "refused": this.refuse(f); break;
      case "ack": this.settle(f); break;
      case "marks": if (f.from === "operator") this.theirs = { got: f.got ?? 0, seen: f.seen ?? 0 }; break;
      case "typing": this.setTyping(f.on === true); break;
      case "state": if (f.state === "ended") this.end(f); break;
      case "end":
        this.end(f);
        this.online = this.typing = false;
        this.socket.close();
    }
    this.changed(this);
  }

  private welcome(f: Frame): void {
    this.online = true;
    this.lastSeen = 0;
    if ((f.first ?? 0) > this.last + 1) this.gone += (f.first ?? 0) - this.last - 1;
    for (const line of this.lines) {
      if (line.seq === 0 && line.refused === undefined) this.write({ type: "say", id: line.id, text: line.text });
    }
  }

  private message(f: Frame): void {
    const seq = f.seq ?? 0;
    if (seq <= this.last) return;
    this.last = seq;
    this.write({ type: "got", seq });
    if (f.from === "operator") this.setTyping(false);
    let line = f.from === "person" ? this.byId.get(f.id ?? "") : undefined;
    if (line) {
      this.lines.splice(this.lines.indexOf(line), 1);
    } else {
      line = { id: f.id ?? "", seq, from: f.from ?? "operator", name: "", text: f.text ?? "", time: "" };
      if (line.from === "person") this.byId.set(line.id, line);
    }
    Object.assign(line, { seq, name: f.name ?? "", time: f.time ?? "" });
    // Before what the agent does not have yet.
    const at = this.lines.findIndex(l => l.seq === 0);
    this.lines.splice(at < 0 ? this.lines.length : at, 0, line);
    this.changed(this, line);
  }

  private refuse(f: Frame): void {
    const line = this.byId.get(f.id ?? "");
    if (line && line.seq === 0) line.refused = sentence(f.error?.words ?? "not taken");
  }

  // settle marks a line that the agent had already, and may no longer hold.
  private settle(f: Frame): void {
    const line = this.byId.get(f.id ?? "");
    if (line && line.seq === 0) line.seq = f.seq ?? 0;
  }

  // end notes why the session ended. What was said can be read after it, and
  // what the agent does not have by then it takes no more.
  private end(f: Frame): void {
    if (this.ended !== "") return;
    this.ended = f.error ? sentence(f.error.words) : causes[f.cause ?? ""] ?? "The session has ended.";
    this.typing = false;
    for (const line of this.lines) {
      if (line.seq === 0 && line.refused === undefined) line.refused = "The session has ended.";
    }
  }

  private setTyping(on: boolean): void {
    clearTimeout(this.typingTimer);
    this.typing = on;
    if (on) {
      this.typingTimer = window.setTimeout(() => {
        this.typing = false;
        this.changed(this);
      }, typingHolds);
    }
  }
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1) + ".";
}
