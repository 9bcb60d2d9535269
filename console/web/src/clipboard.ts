// The dialog that carries clipboard text over, one way at a time, and types it
// as keys where a program over there does not paste.
import { fresh, h, show, text } from "./dom";
import { button, dialog, field, toast } from "./ui";
import { typeLimit, typeText } from "./keys";
import type { Picture } from "./picture";

export function clipboardDialog(name: string, picture: Picture, can: { clipboard: boolean; control: boolean }): void {
  const stop = new AbortController();
  const d = dialog("Clipboard and typing", { lead: "Nothing is exchanged until you say so.", class: "wide", onclose: () => stop.abort() });
  const area = h("textarea", { rows: 7, spellcheck: "false", id: fresh("clip"), maxlength: 256 * 1024 });
  const status = h("p", { class: "soft", role: "status" });
  const fetchIt = button(`Fetch from ${name}`, { icon: "download", disabled: !can.clipboard }, () => void (async () => {
    let t: string;
    try {
      t = await picture.fetch();
    } catch {
      text(status, `It did not come: what was copied on ${name} is no text, or its policy or another operator keeps it.`);
      return;
    }
    if (!t) { text(status, `Nothing was copied on ${name} since the session began.`); return; }
    area.value = t;
    void navigator.clipboard.writeText(t).then(
      () => text(status, "Fetched, and put on this computer's clipboard."),
      () => text(status, "Fetched. The browser did not let the page put it on this computer's clipboard: copy it from here."));
  })());
  const paste = button("Take from this computer", { icon: "clipboard" }, () => {
    navigator.clipboard.readText().then((t) => { area.value = t; text(status, "Taken from this computer's clipboard."); },
      () => { text(status, "The browser did not let the page read the clipboard: paste into the field with Ctrl+V."); area.focus(); });
  });
  const send = button(`Send to ${name}`, { kind: "primary", icon: "send", disabled: !can.clipboard }, () => {
    picture.clipboard(area.value);
    text(status, `It is on the clipboard of ${name} now.`);
    toast(`Sent to the clipboard of ${name}.`);
  });
  const cancel = button("Stop typing", { kind: "danger" }, () => stop.abort());
  const type = button("Type as keys", { icon: "key", disabled: !can.control }, () => void (async () => {
    show(cancel, true);
    type.disabled = true;
    const all = [...area.value].length;
    await typeText(picture, area.value, (n, of) => text(status, `Typed ${n} of ${of} characters.`), stop.signal);
    if (all > typeLimit) text(status, `Typed the first ${typeLimit} of ${all} characters.`);
    show(cancel, false);
    type.disabled = false;
  })());
  show(cancel, false);
  d.body.append(h("div", { class: "row" }, paste, fetchIt), field("Text", area), status);
  d.foot.append(cancel, type, send);
  area.focus();
}
