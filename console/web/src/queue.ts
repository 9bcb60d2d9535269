// The queue of copies, which is the console's: what is on its way, in which
// order, how fast, and what became of it.
import { call, faultOf } from "./api";
import { bdi, fill, h, s, show, text } from "./dom";
import { named, pathed, plain, sentence, size } from "./format";
import { icon } from "./icons";
import { holds } from "./drops";
import { button, complain, copy } from "./ui";
import { store } from "./store";
import type { Job } from "./types";

interface Row { el: HTMLElement; update(j: Job): void }

const nameOf = (j: Job): string => (j.up ? j.here : j.there).split("/").at(-1) ?? "";

/** whole says what a copy that is done has brought. */
function whole(j: Job): string {
  const parts = [j.tree ? `${size(j.size ?? 0)} in ${j.files ?? 0} files` : size(j.size ?? 0), "Copied and verified"];
  if (j.same) parts.push(`${j.same} there already`);
  if (j.left) parts.push(`${j.left} left out, such as devices`);
  return parts.join(" · ");
}

export function queueView(): { el: HTMLElement; draw(): void; close(): void } {
  const rows = new Map<string, Row>();
  const list = h("ul", { class: "queue-list", "aria-label": "Copies" });
  const none = h("p", { class: "panel-empty" }, "Nothing is on its way. F5 copies what is marked to the other side.");
  const words = h("span", { class: "soft" }), speed = h("span", { class: "mono queue-speed" });
  const line = s("polyline", { class: "spark-line", points: "" });
  const area = s("polygon", { class: "spark-area", points: "" });
  const graph = h("span", { class: "queue-graph", role: "img", "aria-label": "Speed of the last minute" },
    s("svg", { viewBox: "0 0 120 26", preserveAspectRatio: "none", "aria-hidden": "true" }, area, line));
  const clear = button("Clear", { kind: "quiet", class: "small", label: "Clear what is done" }, () => {
    for (const j of store.queue) if (j.state === "done" || j.state === "cancelled") order(j, "forget");
  });
  const el = h("section", { class: "queue", "aria-label": "Queue" },
    h("header", { class: "queue-head" }, h("h2", {}, "Queue"), words, graph, speed, clear), list, none);

  // Speed: what arrived since the last second, of all that run.
  const before = new Map<string, number>(), speeds: number[] = [];
  const ticking = setInterval(() => {
    let bytes = 0;
    for (const j of store.queue) {
      const was = before.get(j.id);
      if (was !== undefined && j.done > was) bytes += j.done - was;
      before.set(j.id, j.done);
    }
    speeds.push(bytes);
    speeds.splice(0, speeds.length - 60);
    const top = Math.max(...speeds, 1);
    const points = speeds.map((v, i) => `${120 - 2 * (speeds.length - 1 - i)},${25 - 23 * v / top}`);
    line.setAttribute("points", points.join(" "));
    area.setAttribute("points", `${120 - 2 * (speeds.length - 1)},26 ${points.join(" ")} 120,26`);
    text(speed, store.queue.some((j) => j.state === "running") ? `${size(bytes)}/s` : "");
  }, 1000);

  function order(j: Job, what: string): void {
    call("POST", `/api/queue/${encodeURIComponent(j.id)}`, { do: what }).catch((e: unknown) => complain(faultOf(e)));
  }

  function rowOf(first: Job): Row {
    let now = first;
    const name = nameOf(first);
    const bar = h("progress", { max: 1, "aria-label": `Progress of ${named(name)}` });
    const state = h("span", { class: "transfer-words" });
    const hash = h("button", { type: "button", class: "queue-hash mono", hidden: true, onclick: () => void copy(now.hash ?? "", "The hash was copied.") });
    const act = (icn: Parameters<typeof icon>[0], label: string, what: string): HTMLButtonElement =>
      button("", { icon: icn, kind: "quiet", class: "small", label: `${label} ${named(name)}` }, () => order(now, what));
    const pause = act("pause", "Pause", "pause"), resume = act("play", "Resume", "resume"), retry = act("refresh", "Retry", "retry");
    const replace = button("Replace", { class: "small", label: `Replace ${named(name)}` }, () => order(now, "replace"));
    const up = act("up", "Earlier:", "up"), cancel = act("close", "Cancel", "cancel"), forget = act("close", "Dismiss", "forget");
    const li = h("li", { class: "transfer queue-job", "data-name": name },
      h("span", { class: "transfer-icon", title: first.up ? `To ${first.machine}` : `From ${first.machine}` }, icon(first.up ? "upload" : "download")),
      h("div", { class: "transfer-main" }, h("span", { class: "transfer-name", title: `${pathed(first.up ? first.here : first.there)} → ${pathed(first.up ? first.there : first.here)}` }, bdi(name),
        h("span", { class: "soft" }, ` ${first.move ? "moves " : ""}${first.up ? "to" : "from"} ${first.machine}`)), bar, h("span", { class: "queue-words" }, state, hash)),
      h("div", { class: "queue-acts" }, replace, up, pause, resume, retry, cancel, forget));
    const update = (j: Job): void => {
      now = j;
      li.dataset["state"] = j.state;
      if (j.size || j.state === "done") bar.value = j.state === "done" ? 1 : Math.min(1, j.done / (j.size ?? 1));
      else bar.removeAttribute("value");
      const far = j.size ? `${size(j.done)} of ${size(j.size)}` : size(j.done);
      text(state, j.state === "done" ? whole(j)
        : j.state === "running" ? far : j.state === "waiting" ? `Waiting${j.done ? ` · ${far}` : ""}`
          : j.state === "paused" ? `Paused · ${far}` : j.state === "cancelled" ? "Cancelled" : sentence(j.error?.words ?? "it failed"));
      const mine = holds(j), over = j.state === "done" || j.state === "failed" || j.state === "cancelled";
      if (!mine && !over && j.state !== "running") text(state, `${j.state === "paused" ? "Paused" : "Waiting"}, but this page no longer has the file. Drop it again.`);
      if (!mine && (j.state === "failed" || j.state === "cancelled")) text(state, `${state.textContent} This page no longer has the file: drop it again.`);
      state.title = plain(j.error?.do ?? "");
      show(hash, Boolean(j.hash) && j.state === "done");
      text(hash, `BLAKE3 ${(j.hash ?? "").slice(0, 12)}…`);
      hash.title = `${j.hash ?? ""} (press to copy)`;
      show(replace, mine && j.state === "failed" && j.error?.code === "exists");
      show(up, j.state === "waiting" || j.state === "paused");
      show(pause, j.state === "running" || j.state === "waiting");
      show(resume, mine && j.state === "paused");
      show(retry, mine && (j.state === "failed" && j.error?.code !== "exists" || j.state === "cancelled"));
      show(cancel, !over);
      show(forget, over);
    };
    return { el: li, update };
  }

  function draw(): void {
    const ids = new Set(store.queue.map((j) => j.id));
    for (const [id, r] of rows) if (!ids.has(id)) { r.el.remove(); rows.delete(id); }
    store.queue.forEach((j, i) => {
      let r = rows.get(j.id);
      if (!r) rows.set(j.id, r = rowOf(j));
      r.update(j);
      if (list.children[i] !== r.el) list.insertBefore(r.el, list.children[i] ?? null);
    });
    const count = (state: string): number => store.queue.filter((j) => j.state === state).length;
    const parts = (["running", "waiting", "paused", "failed"] as const).map((k) => count(k) ? `${count(k)} ${k}` : "").filter(Boolean);
    text(words, parts.join(" · "));
    show(none, store.queue.length === 0);
    show(list, store.queue.length > 0);
    clear.disabled = count("done") + count("cancelled") === 0;
  }

  const off = store.on((what) => { if (what === "queue") draw(); });
  draw();
  return { el, draw, close: () => { clearInterval(ticking); off(); fill(list); } };
}
