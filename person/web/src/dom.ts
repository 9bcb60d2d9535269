// Elements are made here and nowhere else. Text only ever becomes a text node:
// nothing that came over the wire is read as HTML.

type Child = Node | string | null;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attrs: Record<string, string> = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) e.setAttribute(name, value);
  for (const c of children) if (c !== null) e.append(c);
  return e;
}

// foreign is somebody else's text: its writing direction is its own, and ends
// with it.
export function foreign(text: string, className = ""): HTMLElement {
  return el("bdi", className === "" ? {} : { class: className }, text);
}

const svg = "http://www.w3.org/2000/svg";

export function icon(path: string): SVGElement {
  const e = document.createElementNS(svg, "svg");
  e.setAttribute("viewBox", "0 0 24 24");
  e.setAttribute("class", "icon");
  e.setAttribute("aria-hidden", "true");
  const p = document.createElementNS(svg, "path");
  p.setAttribute("d", path);
  e.append(p);
  return e;
}

export function clock(at: string | Date): string {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
