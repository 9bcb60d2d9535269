// Light, dark, or as the system has it; and the choice to have shortcuts of a
// single key. Both are kept in this browser.
import { button, menuButton, type Item } from "./ui";
import type { Icon } from "./icons";

type Theme = "system" | "light" | "dark";
const kept = "deskside.theme", keysKept = "deskside.keys";
const icons: Record<Theme, Icon> = { system: "system", light: "sun", dark: "moon" };
const words: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

const read = (): Theme => {
  const t = localStorage.getItem(kept);
  return t === "light" || t === "dark" ? t : "system";
};

export function applyTheme(t: Theme = read()): void {
  if (t === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = t;
}

export function themeButton(): HTMLButtonElement {
  const trigger = button("", { icon: icons[read()], kind: "quiet", label: "Appearance" });
  return menuButton(trigger, () => (["system", "light", "dark"] as Theme[]).map((t): Item => ({
    words: words[t], radio: true, checked: read() === t,
    act: () => { localStorage.setItem(kept, t); applyTheme(t); },
  })));
}

export const singleKeys = (): boolean => localStorage.getItem(keysKept) !== "off";
export const setSingleKeys = (on: boolean): void => localStorage.setItem(keysKept, on ? "on" : "off");
