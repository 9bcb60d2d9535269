// What the page keeps of the operator's habits: in the operator's folder, for
// the page's address is another at each start, and in this browser tab, so
// that a page that is loaded again begins as it was.
import { call } from "./api";

const here = "deskside.habits";
let all: Record<string, string> = read();
const listeners: (() => void)[] = [];

function read(): Record<string, string> {
  try { return JSON.parse(sessionStorage.getItem(here) ?? "{}") as Record<string, string>; } catch { return {}; }
}

export const habit = (name: string): string | undefined => all[name];

/** keepHabit changes one, here and in the operator's folder. */
export function keepHabit(name: string, value: string): void {
  if (all[name] === value) return;
  all = { ...all, [name]: value };
  sessionStorage.setItem(here, JSON.stringify(all));
  call("POST", "/api/kept", all).catch(() => { /* a habit that is not kept is no loss worth a word */ });
}

/** takeHabits takes over what the console had. */
export function takeHabits(kept: Record<string, string> | undefined): void {
  all = { ...kept };
  sessionStorage.setItem(here, JSON.stringify(all));
  for (const f of listeners) f();
}

/** onHabits calls f when they were taken over. */
export const onHabits = (f: () => void): void => { listeners.push(f); };
