// What was dropped on the page from the desktop, folders with all in them.

export interface Dropped {
  folders: string[]; // paths below the place of the drop, each after the one it is in
  files: [string, File][];
}

const most = 10_000; // files and folders of one drop

/** dropped reads it. The items are good only until the event's handler has
 *  returned, so their entries are taken at once. */
export async function dropped(items: DataTransferItem[]): Promise<Dropped> {
  const d: Dropped = { folders: [], files: [] };
  const tops = items.filter((i) => i.kind !== "string").map((i): [FileSystemEntry | null, File | null] => {
    const e = i.webkitGetAsEntry();
    return [e, e?.isDirectory ? null : i.getAsFile()];
  });
  for (const [e, f] of tops) {
    if (f) d.files.push([f.name, f]); // a file is had without its entry, which may not open
    else if (e) await take(e, e.name, d);
  }
  return d;
}

async function take(e: FileSystemEntry, path: string, d: Dropped): Promise<void> {
  if (d.folders.length + d.files.length >= most) throw new Error(`more than ${most} files and folders cannot be dropped at once`);
  if (e.isFile) {
    d.files.push([path, await new Promise<File>((ok, no) => (e as FileSystemFileEntry).file(ok, no))]);
    return;
  }
  d.folders.push(path);
  const reader = (e as FileSystemDirectoryEntry).createReader();
  for (;;) { // it gives a hundred at a time, then none
    const some = await new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
    if (some.length === 0) return;
    for (const s of some) await take(s, `${path}/${s.name}`, d);
  }
}
