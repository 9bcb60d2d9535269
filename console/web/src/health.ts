// How the picture fares: a figure among the tools, and a panel that says where
// the time goes. The figures and the verdict are the far side's, but for what this
// browser needs to decode. Nothing of it is read out as it changes: a screen
// reader finds the words and the table when it goes there.
import { call, tabPath } from "./api";
import { fill, fresh, h, s, show, text } from "./dom";
import { rate, rtt, took } from "./format";
import { icon } from "./icons";
import { few, type Eyes } from "./meter";
import { Others } from "./others";
import type { Picture } from "./picture";
import { button } from "./ui";
import type { Figures, Health as Answer, Stage, StageTime, Tab, Verdict } from "./types";

const title = "How the picture fares";
const where = "Where the time of an update goes";
const pollEvery = 1000; // milliseconds
const othersEvery = 3; // polls
const remembered = 60; // readings

const stageWords: Record<Stage, [string, string]> = {
  capture: ["Capture", "the machine takes its screen's picture"],
  compare: ["Compare", "the machine finds what changed"],
  encode: ["Encode", "the machine packs it"],
  wait: ["Wait for the network", "it has no room yet"],
  send: ["Send", "the connection takes it"],
  decode: ["Decode", "this browser unpacks and draws it"],
};

/** Trend is a number of the last minute: its name, how it stands, its curve. */
class Trend {
  private readonly list: number[] = [];
  private readonly now = h("span", { class: "trend-now" }, "–");
  private readonly more = h("span", { class: "trend-more" });
  private readonly area = s("polygon", { class: "trend-area" });
  private readonly line = s("polyline", { class: "trend-line" });
  readonly el: HTMLElement;

  constructor(words: string, means: string) {
    this.el = h("div", { class: "trend", title: means }, h("dt", {}, words), h("dd", {}, this.now,
      s("svg", { viewBox: "0 0 100 28", preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.line), this.more));
  }

  none(): void { text(this.now, "–"); text(this.more, ""); }

  put(value: number, now: string, more: string): void {
    this.list.push(value);
    this.list.splice(0, this.list.length - remembered);
    text(this.now, now);
    text(this.more, more);
    const top = Math.max(...this.list, 1e-9), step = 100 / (remembered - 1), first = 100 - step * (this.list.length - 1);
    const at = this.list.map((v, i) => `${(first + i * step).toFixed(1)},${(26.5 - 24 * v / top).toFixed(1)}`);
    this.line.setAttribute("points", at.join(" "));
    this.area.setAttribute("points", `${first.toFixed(1)},28 ${at.join(" ")} 100,28`);
  }
}

/** StageRow is a stage's line of the table and its part of the bar. They stay as
 *  they are while their figures change. */
class StageRow {
  readonly part: HTMLElement;
  readonly el: HTMLElement;
  private readonly mean = h("td");
  private readonly p95 = h("td", { class: "soft" });
  private readonly tag = h("span", { class: "slow-tag" }, "slow");

  constructor(readonly stage: Stage) {
    const [words, means] = stageWords[stage];
    this.part = h("span", { class: `stage-part ${stage}`, title: words, hidden: true });
    this.el = h("tr", {},
      h("th", { scope: "row", title: means }, h("span", { class: `stage-key ${stage}`, "aria-hidden": "true" }), words, this.tag),
      this.mean, this.p95);
    this.put(null, false);
  }

  put(t: StageTime | null, slow: boolean): void {
    const ms = t?.mean_ms ?? 0;
    show(this.part, ms > 0);
    this.part.style.flexGrow = ms.toFixed(4);
    text(this.mean, t ? took(ms) : "–");
    text(this.p95, t ? took(t.p95_ms) : "–");
    this.el.classList.toggle("slow", slow);
    show(this.tag, slow);
  }
}

export class Health {
  readonly tool: HTMLButtonElement;
  readonly el: HTMLElement;
  readonly others: Others;

  private readonly figure = h("span", { class: "figure" }, "–");
  private readonly mark = h("span", { class: "mark-state" });
  private readonly words: HTMLElement;
  private readonly advice = h("p", { class: "health-do" });
  private readonly frames = new Trend("Frames", "New pictures in a second, and in how many parts they came");
  private readonly data = new Trend("Data", "What the picture takes, and what the network carries at least");
  private readonly trip = new Trend("Round trip", "There and back at best, and of the last update with its time in queues");
  private readonly where: HTMLElement;
  private readonly stages = (Object.keys(stageWords) as Stage[]).map((stage) => new StageRow(stage));
  private readonly facts = h("p", { class: "health-facts" });
  private readonly timer: ReturnType<typeof setInterval>;
  private polls = 0;
  private asking = false;

  constructor(private tab: () => Tab, private picture: Picture, seesPicture: boolean, private shown: () => boolean) {
    this.tool = button("", { icon: "gauge", label: title, keys: "i" }, () => this.toggle());
    this.tool.classList.remove("only-icon");
    this.tool.classList.add("health-tool");
    this.tool.append(this.figure);
    this.tool.setAttribute("aria-expanded", "false");
    this.others = new Others(tab);
    this.words = h("h2", { id: fresh("health") }, "Measuring …");
    this.where = h("h3", { id: fresh("health") });
    const bar = h("div", { class: "stages-bar", "aria-hidden": "true" }, ...this.stages.map((r) => r.part));
    const stages = h("section", { class: "stages" }, this.where, bar,
      h("table", { "aria-labelledby": this.where.id },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Stage")), h("th", { scope: "col" }, "average"),
          h("th", { scope: "col", title: "95 of 100 updates take no longer" }, "95 % within"))),
        h("tbody", {}, ...this.stages.map((r) => r.el))));
    this.el = h("section", { class: "health", role: "dialog", "aria-labelledby": this.words.id, tabindex: -1, hidden: true },
      h("header", { class: "health-head" }, this.mark, h("div", { class: "health-words" }, this.words, this.advice),
        button("", { icon: "close", kind: "quiet", class: "small", label: "Close how the picture fares", keys: "Esc" }, () => this.toggle(false))),
      h("dl", { class: "trends" }, this.frames.el, this.data.el, this.trip.el), stages, this.facts, this.others.el);
    this.el.addEventListener("keydown", (e) => {
      if (e.key !== "Escape") return;
      e.preventDefault();
      e.stopPropagation();
      this.toggle(false);
    });
    show(this.tool, seesPicture);
    this.nothing();
    this.timer = setInterval(() => void this.poll(), pollEvery);
  }

  /** toggle opens the panel or closes it. */
  toggle(on: boolean = this.el.hidden === true): void {
    const had = this.el.contains(document.activeElement);
    show(this.el, on);
    this.tool.setAttribute("aria-expanded", String(on));
    if (on) this.el.focus({ preventScroll: true }); else if (had) this.tool.focus();
  }

  /** poll asks for what there is to show, while it is shown, one at a time. */
  private async poll(): Promise<void> {
    if (this.asking || this.tab().phase !== "open" || document.hidden || !this.shown()) return;
    this.asking = true;
    const stream = this.picture.stream, eyes = this.picture.meter.read();
    const query = new URLSearchParams({ name: stream });
    if (eyes.updates >= few || eyes.busy >= 0.5) { query.set("decode_ms", eyes.mean.toFixed(3)); query.set("busy", eyes.busy.toFixed(4)); }
    if (this.polls++ % othersEvery === 0) query.set("others", "1");
    // What went wrong the picture and the state of the session show.
    const got = await call<Answer | null>("GET", tabPath(this.tab().id, `/health?${query}`)).catch(() => null);
    this.asking = false;
    if (got?.others) this.others.take(got.others, got.more ?? 0);
    if (stream === this.picture.stream) this.draw(got?.figures, got?.verdict, eyes);
  }

  private draw(f: Figures | undefined, v: Verdict | undefined, eyes: Eyes): void {
    if (!f || !v) return this.nothing();
    const trip = f.path.round_trip_ms || this.tab().rtt_ms || 0;
    const fps = f.frames_per_s < 9.5 && f.frames_per_s % 1 > 0.05 ? f.frames_per_s.toFixed(1) : String(Math.round(f.frames_per_s));
    this.name(`${rtt(trip)} · ${fps} fps`);
    this.judge(v);
    this.frames.put(f.frames_per_s, `${fps} /s`, `${Math.round(f.updates_per_s)} ${Math.round(f.updates_per_s) === 1 ? "update" : "updates"}`);
    this.data.put(f.bytes_per_s, rate(f.bytes_per_s), f.path.bytes_per_s ? `path ≥ ${rate(f.path.bytes_per_s)}` : "");
    this.trip.put(trip, rtt(trip), f.path.last_trip_ms ? `update ${took(f.path.last_trip_ms)}` : "");
    const times = new Map([...f.stages, { stage: "decode" as Stage, mean_ms: eyes.mean, p95_ms: eyes.p95 }].map((t) => [t.stage, t]));
    const sum = [...times.values()].reduce((n, t) => n + t.mean_ms, 0);
    text(this.where, f.of_updates ? `Where the ${took(sum)} of an update go` : where);
    for (const r of this.stages) r.put(f.of_updates ? times.get(r.stage) ?? null : null, r.stage === v.stage);
    text(this.facts, `${f.w} × ${f.h} pixels, ${content(f)}`);
  }

  /** nothing shows that there are no figures. What was drawn of the past stays. */
  private nothing(): void {
    const up = this.tab().phase === "open", quiet = this.tab().quiet_s;
    this.name("–");
    if (up && quiet) this.judge({ state: "slow", stage: "", words: `The machine has not answered for ${quiet} s: what you see is from before.` });
    else this.judge({ state: "measuring", stage: "", words: !up ? "The connection is lost." : this.picture.stream ? "The machine has not said how its picture fares." : "There is no picture at the moment." });
    for (const t of [this.frames, this.data, this.trip]) t.none();
    text(this.where, where);
    for (const r of this.stages) r.put(null, false);
    text(this.facts, "");
  }

  /** name writes the figure. While the button has the focus its name stays, or
   *  a screen reader may say it again each second. */
  private name(figure: string): void {
    text(this.figure, figure);
    if (document.activeElement !== this.tool) this.tool.setAttribute("aria-label", `${title}: ${figure}`);
  }

  private judge(v: Verdict): void {
    if (this.mark.dataset["state"] !== v.state) {
      const bad = v.state === "slow" || v.state === "far";
      this.tool.dataset["state"] = this.mark.dataset["state"] = v.state;
      fill(this.mark, icon(bad ? "alert" : v.state === "well" ? "check" : "clock"));
      fill(this.tool, icon(bad ? "alert" : "gauge"), this.figure);
    }
    text(this.words, v.words);
    text(this.advice, v.do ?? "");
  }

  /** update shows that there is nothing to measure while the session is lost. */
  update(): void { if (this.tab().phase !== "open") this.draw(undefined, undefined, this.picture.meter.read()); }

  close(): void { clearInterval(this.timer); }
}

/** content says how the pixels come. */
function content(f: Figures): string {
  if (!f.may_quality) return "every one exact";
  if (!f.photos_per_s || !f.quality || !f.rects_per_s) return "all exact at the moment";
  const share = Math.min(Math.max(Math.round(100 * f.photos_per_s / f.rects_per_s), 1), 100);
  return `${share} % as photographs, quality ${f.quality}`;
}
