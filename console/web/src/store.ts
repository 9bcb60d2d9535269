// What the page knows, kept by the event stream, and who wants to hear of it.
import { socket } from "./api";
import { takeHabits } from "./habits";
import type { Job, Machine, Notice, Tab } from "./types";

export type Link = "joining" | "up" | "lost";

class Store {
  version = "";
  operator = "";
  machines: Machine[] = [];
  tabs: Tab[] = [];
  queue: Job[] = [];
  here = ""; // the folder of this machine that is shown beside the far ones
  link: Link = "joining";
  ready = false;

  private listeners = new Set<(what: string) => void>();
  private wait = 250;

  /** on calls f after every change, with what changed: "machines", a tab's ID,
   *  "tabs", "queue" or "link". */
  on(f: (what: string) => void): () => void {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  }

  tab(id: string): Tab | undefined { return this.tabs.find((t) => t.id === id); }

  /** tabOf finds the tab of a machine whose session is not over. */
  tabOf(machine: string): Tab | undefined {
    return this.tabs.find((t) => t.machine.name === machine && t.phase !== "ended" && t.phase !== "failed");
  }

  private tell(what: string): void {
    for (const f of [...this.listeners]) f(what);
  }

  /** join opens the event stream, and opens it again whenever it breaks. */
  join(first: (n: Notice) => void): void {
    const ws = socket("/api/events", "deskside.events");
    ws.onmessage = (e) => {
      const n = JSON.parse(String(e.data)) as Notice;
      this.wait = 250;
      this.take(n);
      if (n.type === "hello") first(n);
    };
    ws.onclose = () => {
      this.link = "lost";
      this.tell("link");
      setTimeout(() => this.join(first), this.wait);
      this.wait = Math.min(this.wait * 2, 4000);
    };
  }

  private take(n: Notice): void {
    switch (n.type) {
      case "hello":
        takeHabits(n.kept);
        this.version = n.version ?? "";
        this.operator = n.operator ?? "";
        this.machines = n.machines ?? [];
        this.tabs = n.tabs ?? [];
        this.here = n.here ?? "";
        this.queue = n.queue ?? [];
        this.link = "up";
        this.ready = true;
        this.tell("link");
        this.tell("machines");
        this.tell("tabs");
        this.tell("queue");
        break;
      case "queue":
        this.queue = n.queue ?? [];
        this.tell("queue");
        break;
      case "job": {
        const at = this.queue.findIndex((j) => j.id === n.job?.id);
        if (at >= 0 && n.job) this.queue[at] = n.job;
        this.tell("queue");
        break;
      }
      case "machines":
        this.machines = n.machines ?? [];
        this.tell("machines");
        break;
      case "tab":
        if (n.tab) this.put(n.tab);
        break;
      case "gone":
        this.tabs = this.tabs.filter((t) => t.id !== n.id);
        this.tell("tabs");
        break;
    }
  }

  /** put adds or replaces a tab. */
  put(t: Tab): void {
    const at = this.tabs.findIndex((o) => o.id === t.id);
    if (at < 0) {
      this.tabs = [...this.tabs, t];
      this.tell("tabs");
      return;
    }
    this.tabs[at] = t;
    this.tell(t.id);
  }
}

export const store = new Store();
