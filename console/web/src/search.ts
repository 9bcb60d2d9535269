// A search by name below a folder, as the console streams what it finds.
import { raw } from "./api";
import { plain, sentence } from "./format";
import type { Entry } from "./types";

/** News is one line of it, as package find has them. */
export interface News { hits?: Entry[]; looked: number; over?: boolean; cut?: "hits" | "entries"; skipped?: number; why?: string }

/** Search is one that runs, or has ended. */
export class Search {
  readonly hits: Entry[] = [];
  last: News = { looked: 0 };
  fault = "";
  stopped = false;
  private readonly stopper = new AbortController();

  constructor(readonly from: string, readonly want: string) {}

  stop(): void {
    this.stopped = !this.last.over;
    this.stopper.abort();
  }

  get running(): boolean { return !this.last.over && !this.stopped && !this.fault; }

  /** run reads the news until the last, and calls tell for each. */
  async run(api: string, tell: () => void): Promise<void> {
    const q = new URLSearchParams({ path: this.from, name: this.want });
    const r = await raw(`${api}?${q}`, { signal: this.stopper.signal });
    const lines = r.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await lines.read();
      if (done) break;
      const whole = (rest + value).split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) this.take(JSON.parse(line) as News);
      tell();
    }
    if (!this.last.over) throw new Error("the search broke off; what was found until then is shown");
  }

  private take(n: News): void {
    this.last = n;
    this.hits.push(...n.hits ?? []);
  }

  /** below gives the folder of a hit, from where the search began. */
  below(e: Entry): string {
    return e.path.slice(this.from.replace(/\/$/, "").length + 1, -e.name.length - 1);
  }

  /** words say how it stands. */
  words(): string {
    const n = this.hits.length, looked = this.last.looked.toLocaleString();
    const parts = [this.running ? `Searching: ${n.toLocaleString()} found, ${looked} looked at…` : `${n.toLocaleString()} found, ${looked} looked at.`];
    if (this.stopped) parts.push("Stopped before its end.");
    if (this.fault) parts.push(sentence(this.fault));
    if (this.last.cut === "hits") parts.push("There are more: a longer name finds fewer.");
    if (this.last.cut === "entries") parts.push("That is as far as one search goes: open a folder further down and search there.");
    if (this.last.skipped) parts.push(`${this.last.skipped} ${this.last.skipped === 1 ? "folder" : "folders"} could not be read, first ${plain(this.last.why ?? "")}.`);
    return parts.join(" ");
  }
}
