// Light, dark, or as the system has it; and the choice to have shortcuts of a
// single key.
import { habit, keepHabit } from "./habits";
import { button, menuButton, type Item } from "./ui";
import type { Icon } from "./icons";

type Theme = "system" | "light" | "dark";
const icons: Record<Theme, Icon> = { system: "system", light: "sun", dark: "moon" };
const words: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

const read = (): Theme => {
  const t = habit("theme");
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
    act: () => { keepHabit("theme", t); applyTheme(t); },
  })));
}

export const singleKeys = (): boolean => habit("keys") !== "off";
export const setSingleKeys = (on: boolean): void => keepHabit("keys", on ? "on" : "off");
