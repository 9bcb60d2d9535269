// Keys that the browser or the operator's own desktop keeps for itself, keys
// held down until they are let go, and text typed as keys.

export interface Keyboard {
  sendKey(keysym: number, code: string | null, down?: boolean): void;
}

interface Key { sym: number; code: string; words: string }

const control: Key = { sym: 0xffe3, code: "ControlLeft", words: "Ctrl" };
const alt: Key = { sym: 0xffe9, code: "AltLeft", words: "Alt" };
const altGr: Key = { sym: 0xfe03, code: "AltRight", words: "AltGr" };
const superKey: Key = { sym: 0xffeb, code: "MetaLeft", words: "Super" };
const shift: Key = { sym: 0xffe1, code: "ShiftLeft", words: "Shift" };
const tab: Key = { sym: 0xff09, code: "Tab", words: "Tab" };
const escape: Key = { sym: 0xff1b, code: "Escape", words: "Esc" };

/** holdable are the keys that can be held down. */
export const holdable = [control, alt, altGr, superKey, shift];

/** chords are sent at one press. */
export const chords: { words: string; keys: Key[] }[] = [
  { words: "Super", keys: [superKey] },
  { words: "Alt+Tab", keys: [alt, tab] },
  { words: "Alt+F4", keys: [alt, { sym: 0xffc1, code: "F4", words: "F4" }] },
  { words: "Ctrl+Esc", keys: [control, escape] },
  { words: "Ctrl+W", keys: [control, { sym: 0x77, code: "KeyW", words: "W" }] },
  { words: "Ctrl+T", keys: [control, { sym: 0x74, code: "KeyT", words: "T" }] },
  { words: "Ctrl+Alt+T", keys: [control, alt, { sym: 0x74, code: "KeyT", words: "T" }] },
  { words: "Print Screen", keys: [{ sym: 0xff61, code: "PrintScreen", words: "Print" }] },
];

/** press sends a chord: down in order, up in reverse. */
export function press(to: Keyboard, keys: Key[]): void {
  for (const k of keys) to.sendKey(k.sym, k.code, true);
  for (const k of [...keys].reverse()) to.sendKey(k.sym, k.code, false);
}

/** Held are the keys held down on the far side by the menu. */
export class Held {
  private down = new Set<Key>();
  constructor(private to: () => Keyboard | null, private changed: (names: string[]) => void) {}

  has(k: Key): boolean { return this.down.has(k); }

  toggle(k: Key): void {
    const on = !this.down.has(k);
    this.to()?.sendKey(k.sym, k.code, on);
    if (on) this.down.add(k); else this.down.delete(k);
    this.changed([...this.down].map((d) => d.words));
  }

  release(): void {
    for (const k of [...this.down]) this.toggle(k);
  }
}

/** keysymOf gives the X11 keysym of a character: Latin-1 as it is, others by
 *  the rule for Unicode, and the two that are keys. */
function keysymOf(c: string): number {
  if (c === "\n") return 0xff0d;
  if (c === "\t") return 0xff09;
  const n = c.codePointAt(0) ?? 0;
  if (n < 0x20 || n === 0x7f) return 0;
  return n >= 0x20 && n <= 0x7e || n >= 0xa0 && n <= 0xff ? n : 0x01000000 | n;
}

export const typeLimit = 10_000;

/** typeText types text as key presses, slowly enough for programs that look at
 *  each, and tells how far it is. It stops when signal says so. */
export async function typeText(to: Keyboard, words: string, tell: (done: number, all: number) => void, signal: AbortSignal): Promise<number> {
  const all = [...words.replaceAll("\r\n", "\n").replaceAll("\r", "\n")].slice(0, typeLimit);
  let n = 0;
  for (const c of all) {
    if (signal.aborted) break;
    const sym = keysymOf(c);
    if (sym) {
      to.sendKey(sym, null, true);
      to.sendKey(sym, null, false);
    }
    n++;
    if (n % 16 === 0) tell(n, all.length);
    await new Promise((r) => setTimeout(r, 8));
  }
  tell(n, all.length);
  return n;
}
