// What was dropped on this page from the desktop, as copies of the queue. The
// console owns the copies; the bytes stay with this page, which gives them when
// one of its copies runs. Another page, or this one loaded again, has not got them.
import { call, faultOf, Refusal, tabPath } from "./api";
import type { Dropped } from "./dropped";
import { join } from "./pane";
import { store } from "./store";
import { complain, say } from "./ui";
import type { Fault, Job } from "./types";

/** Held is one thing that was dropped: a file, whose path is "", or a folder. */
interface Held {
  files: [string, File][];
  sent: Set<string>; // paths that are there
  feeding: boolean;
  done: () => void;
}

const held = new Map<string, Held>();

/** holds reports whether this page has the bytes of a copy. */
export const holds = (j: Job): boolean => !j.page || held.has(j.page);

/** drop puts what was dropped into the queue, to be copied into a folder of the
 *  machine; done is called when one of the copies is there. */
export async function drop(tab: string, d: Dropped, into: string, done: () => void): Promise<void> {
  for (const dir of d.folders) {
    await call("POST", tabPath(tab, "/files"), { do: "mkdir", path: join(into, dir) })
      .catch((e: unknown) => { if (!(e instanceof Refusal && e.fault.code === "exists")) throw e; });
  }
  const tops = new Map<string, [string, File][]>();
  for (const [path, f] of d.files) {
    const top = path.split("/")[0]!;
    const list = tops.get(top) ?? [];
    if (list.length === 0) tops.set(top, list);
    list.push([path.slice(top.length + 1), f]);
  }
  const items = [...tops].map(([top, files]) => {
    const page = crypto.randomUUID();
    held.set(page, { files, sent: new Set(), feeding: false, done });
    return { here: `/${top}`, there: join(into, top), tree: files[0]![0] !== "", size: files.reduce((n, [, f]) => n + f.size, 0), page };
  });
  for (let i = 0; i < items.length; i += 50) { // a request has an end
    await call("POST", "/api/queue", { tab, up: true, items: items.slice(i, i + 50) });
  }
  say(`${items.length} in the queue.`);
  if (d.files.length === 0) done();
}

/** feed gives a copy that runs its files, one after the other. */
async function feed(j: Job, h: Held): Promise<void> {
  h.feeding = true;
  const left = h.files.filter(([path]) => !h.sent.has(path));
  let before = h.files.reduce((n, [path, f]) => h.sent.has(path) ? n + f.size : n, 0);
  try {
    for (const [i, [path, f]] of left.entries()) {
      const q = new URLSearchParams({ path, size: String(f.size), changed: new Date(f.lastModified).toISOString(), before: String(before), nth: String(h.sent.size + 1), ...(i === left.length - 1 ? { last: "1" } : {}) });
      const r = await call<{ more: boolean; error?: Fault }>("PUT", `/api/queue/${encodeURIComponent(j.id)}/file?${q}`, f);
      if (!r.error) h.sent.add(path);
      if (!r.more) return;
      before += f.size;
    }
  } catch (e) {
    // A copy that was paused breaks its request off; anything else the queue says.
    if (!(e instanceof TypeError)) complain(faultOf(e));
  } finally {
    h.feeding = false;
  }
}

/** look gives files to those copies of this page that run. */
function look(): void {
  for (const j of store.queue) {
    const h = j.page ? held.get(j.page) : undefined;
    if (!h) continue;
    if (j.state === "done") { held.delete(j.page!); h.done(); }
    else if (j.state === "running" && !h.feeding) void feed(j, h).finally(() => setTimeout(look, 100));
  }
  const there = new Set(store.queue.map((j) => j.page));
  for (const page of held.keys()) if (settled.has(page) && !there.has(page)) held.delete(page);
  for (const j of store.queue) if (j.page) settled.add(j.page);
}

const settled = new Set<string>(); // pages' names that the queue has had

store.on((what) => { if (what === "queue") look(); });
