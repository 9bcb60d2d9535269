// How numbers, times and names that strangers chose are written.

/** size writes bytes with a unit. */
export function size(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

/** rtt writes a round trip. */
export function rtt(ms: number | undefined): string {
  if (!ms) return "–";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  return took(ms);
}

/** took writes how long something took. */
export const took = (ms: number): string =>
  ms < 0.05 ? "0 ms" : ms < 9.95 ? `${ms.toFixed(1)} ms` : ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;

/** rate writes bytes a second. */
export const rate = (bytes: number): string =>
  bytes < 9.95e6 ? `${Math.round(bytes / 1e3)} kB/s` : `${(bytes / 1e6).toFixed(bytes < 99.5e6 ? 1 : 0)} MB/s`;

const two = (n: number): string => String(n).padStart(2, "0");

/** clock writes a length of time as 1:02:03 or 02:03. */
export function clock(seconds: number): string {
  const t = Math.max(0, Math.floor(seconds));
  const rest = `${two(Math.floor(t / 60) % 60)}:${two(t % 60)}`;
  return t >= 3600 ? `${Math.floor(t / 3600)}:${rest}` : rest;
}

/** span writes a length of time in words. */
export function span(seconds: number): string {
  const t = Math.round(seconds);
  if (t < 60) return `${t} s`;
  if (t < 3600) return `${Math.round(t / 60)} min`;
  const hours = Math.floor(t / 3600), minutes = Math.round((t % 3600) / 60);
  return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
}

/** since gives the seconds from a time to now; negative before it. */
export const since = (time: string | undefined): number =>
  time ? (Date.now() - Date.parse(time)) / 1000 : 0;

/** ago writes how long ago something was. */
export function ago(time: string | undefined): string {
  if (!time) return "never";
  const t = since(time);
  if (t < 60) return "just now";
  if (t < 3600) return `${Math.floor(t / 60)} min ago`;
  if (t < 86400) return `${Math.floor(t / 3600)} h ago`;
  if (t < 7 * 86400) return `${Math.floor(t / 86400)} d ago`;
  return new Date(time).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** hour writes the time of day. */
export const hour = (time: string | undefined): string =>
  time ? new Date(time).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" }) : "";

/** day writes a date with the time for a listing. */
export function day(time: string | undefined): string {
  if (!time) return "";
  const d = new Date(time);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** sentence makes words that begin small and end without a stop into one. They
 *  may have names in them, so nothing in them is invisible either. */
export function sentence(said: string): string {
  const words = plain(said), t = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(t) ? t : `${t}.`;
}

/** lastGroup gives the last four letters of an ID. */
export const lastGroup = (id: string | undefined): string => id?.split("-").at(-1) ?? "";

// Letters, marks, numbers, punctuation, symbols and the common space show
// something; of these the blanks do not.
const shows = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u, mark = /^[\p{Mn}\p{Me}]$/u, bears = /^[\p{L}\p{N}\p{Mc}]$/u;
const blank = /^[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\u{1d159}\u{e0100}-\u{e01ef}]$/u;
const maxMarks = 2; // on one letter; a tower of them covers the lines above

/** plain writes a name with every character visible, as the command line does
 *  (package plain, which says why): one that does not show, or changes how others
 *  show, becomes its code point, "[U+202E]". What is sent is the name itself. */
export function plain(name: string): string {
  const all = [...name];
  let marks = maxMarks, before = " ";
  return all.map((c, i) => {
    const hidden = c === " " && (before === " " || i === all.length - 1) || !shows.test(c) || blank.test(c) || mark.test(c) && marks >= maxMarks;
    marks = mark.test(c) ? marks + 1 : bears.test(c) ? 0 : maxMarks;
    before = c;
    return hidden ? `[U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]` : c;
  }).join("");
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** named is plain for a name among other words: one that is written from right
 *  to left is set apart, or it would turn the words beside it. Where a name has
 *  an element of its own, bdi does that. */
export function named(name: string): string {
  const p = plain(name);
  return rightToLeft.test(p) ? `\u2068${p}\u2069` : p;
}

/** pathed is the same for a path, whose folders stay in their order. */
export const pathed = (path: string): string => path.split("/").map(named).join("/");
