// The list of shortcuts.
import { h } from "./dom";
import { dialog } from "./ui";
import { setSingleKeys, singleKeys } from "./theme";

const lists: [string, [string, string][]][] = [
  ["Everywhere", [["?", "This list"], ["m", "Machines"], ["1 … 9", "Session in that tab"], ["← →", "Next tab, while on the tabs"], ["Del", "Close the tab, while on it"], ["Esc", "Close a dialog or menu, cancel waiting"]]],
  ["Machines", [["/", "Search"], ["n", "Add a machine"], ["↑ ↓ ← →", "Move in the list"], ["Enter", "Connect"]]],
  ["In a session", [["p", "Keyboard to the picture"], ["Ctrl+Alt+Shift", "Keyboard back from the picture"], ["c", "Chat"], ["f", "Files"], ["t", "Files in two panes"], ["v", "View only"], ["z", "Fit or full size"], ["s", "Full screen"], ["k", "Special keys"], ["b", "Clipboard and typing"], ["i", "How the picture fares"], ["e", "End the session"]]],
  ["Two panes", [["Tab", "Other pane"], ["Space", "Mark"], ["/", "Filter by name; Enter searches below"], ["F3 v", "Preview; ← → the next file"], ["F5 c", "Copy to the other side"], ["F6 m", "Move"], ["F2", "Rename"], ["F7", "New folder"], ["r", "List again"], ["Del", "To the trash"], ["Ctrl+Z", "Back from the trash"]]],
  ["Files", [["Enter", "Open or download"], ["Backspace", "Folder above"], ["F3", "Preview"], ["F2", "Rename"], ["Del", "Delete"]]],
];

export function shortcutsDialog(): void {
  const d = dialog("Keyboard shortcuts", { class: "wide" });
  d.body.tabIndex = 0; // longer than a small window: it scrolls by keyboard too
  const box = h("input", { type: "checkbox", id: "single-keys", onchange: () => setSingleKeys(box.checked) });
  box.checked = singleKeys();
  d.body.append(h("div", { class: "shortcuts" }, ...lists.map(([title, rows]) => h("section", {}, h("h3", {}, title),
    h("dl", {}, ...rows.flatMap(([k, w]) => [h("dt", {}, h("kbd", {}, k)), h("dd", {}, w)]))))));
  d.foot.append(h("label", { class: "check", for: box.id }, box, h("span", {}, "Shortcuts of a single letter")));
  d.foot.classList.add("spread");
}
