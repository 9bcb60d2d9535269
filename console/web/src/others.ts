// Who else has a session with the machine.
import { fill, h, show, text } from "./dom";
import { hour } from "./format";
import { icon } from "./icons";
import { toast } from "./ui";
import { rightsWords, type Other, type Tab } from "./types";

const titleOf = (o: Other): string => o.you ? `${o.name} (you, elsewhere)` : o.name;

const asks = (o: Other): boolean => o.state === "asked" || o.state === "granted";

/** here says who of a list is there, in few words. */
function here(list: Other[]): string {
  const names = list.map((o) => `${titleOf(o)}${o.controls ? ", in control" : ""}`);
  if (names.length > 2) return `${names[0]} and ${names.length - 1} others are here too`;
  return names.length ? `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} here too` : "";
}

/** does says what somebody does there at the moment. */
function does(o: Other): string {
  if (asks(o)) return "asks to join";
  if (o.state === "suspended") return "connection lost";
  return o.controls ? "in control" : o.looks ? "looks at the screen" : "does not look at the screen";
}

const atOnce = 2; // are named when they come or go
const allRights = 10;

const may = (o: Other): string => o.rights.split(",").length >= allRights ? "do everything" : rightsWords(o.rights);

export class Others {
  readonly el: HTMLElement; // in the panel
  readonly chip: HTMLElement; // in the strip
  private readonly list = h("ul", {});
  private acting = false;
  private readonly words = h("span", {});
  private known: Map<string, Other> | null = null; // null before the first list

  constructor(private tab: () => Tab) {
    this.el = h("section", { class: "others", hidden: true }, h("h3", {}, icon("people"), "Also here"), this.list);
    this.chip = h("span", { class: "strip-part others-chip", hidden: true }, icon("people"), this.words);
  }

  /** acts reports whether somebody else acted last. */
  get acts(): boolean { return this.acting; }

  take(list: Other[], more: number): void {
    this.acting = list.some((o) => o.controls);
    this.tell(list);
    show(this.el, list.length > 0);
    show(this.chip, list.length > 0);
    text(this.words, [here(list.filter((o) => !asks(o))), ...list.filter(asks).map((o) => `${titleOf(o)} asks to join`)].filter(Boolean).join(", "));
    this.chip.title = list.map((o) => `${titleOf(o)}: ${does(o)}`).join("\n");
    fill(this.list, ...list.map((o) => h("li", {},
      h("div", {}, h("b", {}, titleOf(o)), " ", h("code", { title: "The end of this operator's ID" }, o.key)),
      h("div", { class: "soft" }, [does(o), o.began ? `since ${hour(o.began)}` : "", `may ${may(o)}`].filter(Boolean).join(" · ")))), more > 0 && h("li", { class: "soft" }, `and ${more} more`));
  }

  /** tell says once who came and who went. */
  private tell(list: Other[]): void {
    const now = new Map<string, Other>();
    list.filter((o) => o.state === "active").forEach((o) => now.set(`${o.key} ${o.began} ${o.name}`, o));
    const machine = this.tab().machine.name, was = this.known;
    this.known = now;
    if (!was) return;
    const came = [...now].filter(([k]) => !was.has(k)), went = [...was].filter(([k, o]) => !now.has(k) && !list.some((l) => l.name === o.name && l.began === o.began));
    if (came.length > atOnce) toast(`${came.length} others have a session with ${machine} too.`);
    else for (const [, o] of came) toast(`${titleOf(o)} has a session with ${machine} too.`);
    if (went.length > atOnce) toast(`${went.length} others are no longer there.`);
    else for (const [, o] of went) toast(`${titleOf(o)} is no longer there.`);
  }
}
