// Which of the machine's screens the picture shows.
import { call, tabPath } from "./api";
import type { Picture } from "./picture";
import { say, toast, type Item } from "./ui";
import type { Screen, Screens } from "./types";

export class ScreenChoice {
  private list: Screen[] = [];

  constructor(private id: string, private picture: () => Picture, private changed: () => void) {}

  /** read asks which screens there are, and goes back to all when the one that
   *  is shown is no longer among them. */
  async read(): Promise<void> {
    // The session has ended or is lost when there is none, which is told elsewhere.
    const got = await call<Screens | null>("GET", tabPath(this.id, "/screens")).catch(() => null);
    if (!got) return;
    const list = got.screens;
    const other = JSON.stringify(list) !== JSON.stringify(this.list);
    this.list = list;
    if (other) this.changed();
    const shown = this.picture().screen;
    if (!shown || this.list.some((s) => String(s.id) === shown)) return;
    this.picture().choose("");
    toast("That screen is no longer there. All screens are shown.", "bad");
  }

  /** items are for a menu; there are none where there is nothing to choose. */
  items(): Item[] {
    if (this.list.length < 2) return [];
    const item = (id: string, words: string, hint?: string): Item => ({
      words, radio: true, checked: this.picture().screen === id, act: () => {
        this.picture().choose(id);
        say(id ? `The picture shows ${words}.` : "The picture shows all screens.");
      }, ...(hint ? { hint } : { heading: "Screen", rule: true }),
    });
    return [item("", "All screens"), ...this.list.map((s) => item(String(s.id), s.name, `${s.w} × ${s.h}${s.primary ? ", main" : ""}`))];
  }
}
