// The conversation with the person: lines, what became of them, and who is
// writing.
import { socket, tabPath } from "./api";
import { fill, h, show, text } from "./dom";
import { icon } from "./icons";
import { hour, sentence } from "./format";
import { button, say } from "./ui";
import type { ChatEvent, Tab } from "./types";

type State = "sending" | "sent" | "delivered" | "seen" | "failed";
interface Line { id: string; seq: number; mine: boolean; name: string; text: string; at: string; state: State; el: HTMLElement; mark: HTMLElement }

const maxLine = 4000; // characters

export class Chat {
  readonly el: HTMLElement;
  readonly input: HTMLTextAreaElement;
  unread = 0;
  private lines = new Map<string, Line>();
  private ws: WebSocket | null = null;
  private wanted = false;
  private wait = 400;
  private timer = 0;
  private typingTimer = 0;
  private typed = 0;
  private peer = "The person";
  private last = 0; // the number of the newest line that came
  private got = 0;
  private read = 0;
  private seen = 0; // theirs
  private readonly kept: string;
  private readonly log = h("ol", { class: "lines", "aria-label": "Conversation" });
  private readonly scroller: HTMLElement;
  private readonly typing = h("p", { class: "typing", hidden: true });
  private readonly empty: HTMLElement;
  private readonly notice = h("p", { class: "chat-notice", role: "status", hidden: true });
  private readonly sendButton: HTMLButtonElement;

  constructor(private tab: Tab, private changed: () => void, private isOpen: () => boolean) {
    this.kept = `deskside.seen.${tab.id}`;
    this.seen = Number(sessionStorage.getItem(this.kept));
    this.input = h("textarea", { rows: 1, placeholder: "Write to the person", "aria-label": "Message", maxlength: maxLine,
      oninput: () => { this.grow(); this.tellTyping(); },
      onkeydown: (e: KeyboardEvent) => {
        if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); this.send(); }
      } });
    this.sendButton = button("", { icon: "send", kind: "primary", label: "Send", keys: "Enter" }, () => this.send());
    this.empty = h("p", { class: "panel-empty" }, "Nothing has been said yet. The first message opens a window for the person.");
    this.scroller = h("div", { class: "scroller", role: "log", tabindex: 0, "aria-label": "Conversation", "aria-live": "polite" }, this.empty, this.log, this.typing);
    this.el = h("section", { class: "panel chat", "aria-label": "Chat" }, this.scroller, this.notice,
      h("div", { class: "composer" }, this.input, this.sendButton));
    this.scroller.addEventListener("focusin", () => this.see());
    this.input.addEventListener("focus", () => this.see());
  }

  /** want opens or closes the conversation's stream. */
  want(on: boolean): void {
    if (on === this.wanted) return;
    this.wanted = on;
    this.input.disabled = !on;
    this.sendButton.disabled = !on;
    if (on) { this.wait = 400; this.open(); return; }
    clearTimeout(this.timer);
    show(this.typing, false);
    this.ws?.close();
  }

  private open(): void {
    const ws = socket(tabPath(this.tab.id, "/chat"), "deskside.chat");
    this.ws = ws;
    ws.onopen = () => {
      this.wait = 400;
      show(this.notice, false);
      for (const l of this.lines.values()) if (l.mine && l.state === "sending") this.tell({ do: "send", id: l.id, text: l.text });
    };
    ws.onmessage = (e) => this.take(JSON.parse(String(e.data)) as ChatEvent);
    ws.onclose = (e) => {
      if (this.ws === ws) this.ws = null;
      if (!this.wanted) return;
      text(this.notice, e.reason ? sentence(e.reason) : "Chat was interrupted. Joining it again …");
      show(this.notice, true);
      this.timer = setTimeout(() => { if (this.wanted && !this.ws) this.open(); }, this.wait);
      this.wait = Math.min(this.wait * 2, 5000);
    };
  }

  private tell(what: object): void {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(what));
  }

  private take(e: ChatEvent): void {
    switch (e.kind) {
      case "joined":
        show(this.notice, false);
        this.peer = e.name || this.peer;
        this.cut(e.first ?? 0);
        break;
      case "lost": this.say("Chat was interrupted. What you write is sent when it is back."); break;
      case "line": this.line(e); break;
      case "marks": this.reached(e.got ?? 0, e.read ?? 0); break;
      case "typing": this.showTyping(e.on ?? false); break;
      case "refused": {
        const l = this.lines.get(e.id ?? "");
        if (l) this.set(l, "failed");
        this.say(sentence(e.error?.words ?? "that was refused"));
        break;
      }
    }
  }

  /** cut says in the conversation that lines are missing, where the first that is kept is not the next. */
  private cut(first: number): void {
    if (first <= this.last + 1) return;
    this.last = first - 1;
    this.log.append(h("li", { class: "gone" }, "Earlier lines are no longer kept."));
    show(this.empty, false);
  }

  private say(words: string): void {
    text(this.notice, words);
    show(this.notice, true);
  }

  private line(e: ChatEvent): void {
    const id = e.id ?? "", known = this.lines.get(id);
    this.last = Math.max(e.seq ?? 0, this.last);
    if (known) {
      known.seq = e.seq ?? 0;
      if (known.state === "sending" || known.state === "failed") this.set(known, "sent");
      this.reached(this.got, this.read);
      return;
    }
    if (!e.text) return;
    const mine = e.from === "operator";
    this.put(id, e.seq ?? 0, mine, e.name || (mine ? "You" : this.peer), e.text ?? "", e.at ?? new Date().toISOString(), "sent");
    if (mine) { this.reached(this.got, this.read); return; }
    show(this.typing, false);
    if ((e.seq ?? 0) <= this.seen) return; // before the page was loaded again
    if (this.isOpen() && document.hasFocus()) { this.see(); return; }
    this.unread++;
    if (!this.isOpen()) say(`${e.name || this.peer} wrote: ${e.text ?? ""}`);
    this.changed();
  }

  private put(id: string, seq: number, mine: boolean, name: string, words: string, at: string, state: State): Line {
    const last = [...this.lines.values()].at(-1);
    const mark = h("span", { class: "mark" });
    const follows = last && last.mine === mine && last.name === name && Date.parse(at) - Date.parse(last.at) < 120_000;
    const el = h("li", { class: `line ${mine ? "mine" : "theirs"}${follows ? " follows" : ""}` },
      follows ? null : h("div", { class: "by" }, h("b", {}, mine ? "You" : name), " ", h("time", { datetime: at }, hour(at))),
      h("div", { class: "bubble" }, words), mine ? mark : null);
    const l: Line = { id, seq, mine, name, text: words, at, state, el, mark };
    this.lines.set(id, l);
    this.log.append(el);
    show(this.empty, false);
    this.set(l, state);
    this.scroller.scrollTop = this.scroller.scrollHeight;
    return l;
  }

  private set(l: Line, state: State): void {
    l.state = state;
    if (!l.mine) return;
    const words: Record<State, string> = { sending: "Sending", sent: "Sent", delivered: "Delivered", seen: "Seen", failed: "Not sent" };
    fill(l.mark, state === "seen" ? icon("checks") : state === "delivered" ? icon("check") : null, words[state]);
    l.mark.dataset["state"] = state;
    const mine = [...this.lines.values()].filter((o) => o.mine);
    // Only the last line that came so far says so; what failed always does.
    mine.forEach((o, i) => { show(o.mark, o.state === "failed" || o.state === "sending" || mine[i + 1]?.state !== o.state); });
  }

  /** reached notes how far the person's window and the person have got. */
  private reached(got: number, read: number): void {
    this.got = Math.max(got, this.got);
    this.read = Math.max(read, this.read);
    for (const l of this.lines.values()) {
      if (!l.mine || l.seq === 0 || l.state === "seen") continue;
      if (l.seq <= this.read) this.set(l, "seen");
      else if (l.seq <= this.got && l.state === "sent") this.set(l, "delivered");
    }
  }

  private showTyping(on: boolean): void {
    text(this.typing, `${this.peer} is writing …`);
    show(this.typing, on);
    this.scroller.scrollTop = this.scroller.scrollHeight;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => show(this.typing, false), 8000);
  }

  /** see tells that everything so far was read. */
  see(): void {
    const theirs = [...this.lines.values()].filter((l) => !l.mine).at(-1);
    if (theirs) {
      this.seen = Math.max(theirs.seq, this.seen);
      sessionStorage.setItem(this.kept, String(this.seen)); // a page that is loaded again knows
      this.tell({ do: "seen", seq: this.seen });
    }
    if (this.unread === 0) return;
    this.unread = 0;
    this.changed();
  }

  private tellTyping(): void {
    if (this.input.value === "" ? this.typed === 0 : Date.now() - this.typed < 4000) return;
    this.typed = this.input.value === "" ? 0 : Date.now();
    this.tell({ do: "typing", on: this.typed !== 0 });
  }

  private send(): void {
    const words = this.input.value.trim();
    if (!words || !this.wanted) return;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const id = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
    this.put(id, 0, true, "You", words, new Date().toISOString(), "sending");
    this.tell({ do: "send", id, text: words });
    this.input.value = "";
    this.typed = 0;
    this.grow();
    this.input.focus();
  }

  private grow(): void {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
  }

  /** transcript gives the conversation as text. */
  transcript(): string {
    return [...this.lines.values()].map((l) => `[${hour(l.at)}] ${l.mine ? "You" : l.name}: ${l.text}`).join("\n");
  }

  close(): void { this.want(false); }
}
