package console_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
)

// panes opens the two panes over a folder of this machine.
func panes(t *testing.T, dir string, w, h int64) (*stage, *session) {
	t.Helper()
	s := openWith(t, withMachines(), console.Config{Folder: dir}, w, h)
	s.Dark(false) // and nothing slides
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Press("Files")
	s.Has(".file-name", "notes.txt")
	s.Press("Two panes")
	s.Has(".pane.there .file-name", "notes.txt")
	return s, far
}

// on puts the cursor of a pane on a name, by keyboard and search.
func (s *stage) on(pane, name string) {
	s.t.Helper()
	browsertest.Eval[bool](s.Page, fmt.Sprintf(`(document.querySelector(".pane.%s .pane-list").focus(), true)`, pane))
	s.Keys(kb.Home)
	s.Until("the cursor is on "+name, fmt.Sprintf(`(() => {
		const list = document.querySelector(".pane.%s .pane-list");
		if (list.querySelector(".pane-row.at")?.dataset.name === %q) return true;
		list.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
		return false;
	})()`, pane, name))
}

func TestTwoPanesByKeyboard(t *testing.T) {
	body := strings.Repeat("payload\n", 50_000)
	dir := folderWith(t, map[string]string{"tool.bin": body, "kit/a.txt": "a", "kit/deep/b.txt": "b"})
	s, far := panes(t, dir, 1280, 720)
	s.Has(".pane.here .file-name", "tool.bin")

	// Copied up, with its hash and its pane refreshed.
	s.on("here", "tool.bin")
	s.Keys(kb.F5)
	s.Has(".queue-job", "Copied and verified")
	s.Has(".queue-hash", "BLAKE3")
	s.Has(".pane.there .file-name", "tool.bin")
	if got, _ := far.files.get("/home/ada/tool.bin"); got != body {
		t.Errorf("%d bytes arrived, want %d", len(got), len(body))
	}

	// A folder with everything in it, by letter.
	s.on("here", "kit")
	s.Keys("c")
	await.True(t, "the tree is there", func() bool { got, _ := far.files.get("/home/ada/kit/deep/b.txt"); return got == "b" })

	// Tab goes to the other pane; from there down, and what is there stays.
	s.on("here", "tool.bin")
	s.Keys("\t")
	s.Until("the far pane has the focus", `document.activeElement.closest(".pane.there") !== null`)
	s.on("there", "notes.txt")
	s.Keys(kb.F5)
	await.True(t, "it came down", func() bool {
		got, err := os.ReadFile(filepath.Join(dir, "notes.txt"))
		return err == nil && string(got) == "buy milk\n"
	})
	s.Has(".pane.here .file-name", "notes.txt")
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.on("there", "notes.txt")
	s.Keys(kb.F5)
	s.Press("Replace notes.txt")
	await.True(t, "it is replaced when told", func() bool {
		got, err := os.ReadFile(filepath.Join(dir, "notes.txt"))
		return err == nil && string(got) == "buy milk\n"
	})

	// Rename, trash and back.
	s.on("there", "tool.bin")
	s.Keys(kb.F2)
	s.Has("dialog h2", "Rename tool.bin")
	s.Keys("driver\r")
	s.Has(".pane.there .file-name", "driver.bin")
	s.on("there", "driver.bin")
	s.Keys(kb.Delete)
	s.Has(".toast", "driver.bin is in the trash")
	await.True(t, "it is gone", func() bool { _, there := far.files.get("/home/ada/driver.bin"); return !there })
	s.Press("Undo")
	await.True(t, "it is back", func() bool { _, there := far.files.get("/home/ada/driver.bin"); return there })

	s.Keys(kb.Escape)
	s.Gone(".panes")
}

func TestTheQueueOutlivesThePage(t *testing.T) {
	dir := folderWith(t, map[string]string{"slow.bin": strings.Repeat("x", 400_000), "next.txt": "n"})
	s, far := panes(t, dir, 1280, 720)
	hold := make(chan struct{})
	far.files.mu.Lock()
	far.files.hold = hold
	far.files.mu.Unlock()
	s.on("here", "slow.bin")
	s.Keys(kb.F5)
	s.Has(`.queue-job[data-state="running"]`, "slow.bin")
	s.on("here", "next.txt")
	s.Keys(kb.F5)
	s.Has(`.queue-job[data-state="waiting"]`, "next.txt")
	s.Press("Pause slow.bin")
	s.Has(`.queue-job[data-state="paused"]`, "195 KiB of 391 KiB")
	s.Press("Pause next.txt")
	s.Reload()
	s.Until("the picture is back", `document.querySelector("canvas")?.width > 0`)
	if far.Cause() != "" {
		t.Fatalf("the session ended: %s", far.Cause())
	}
	s.Click(".tab:nth-child(2)")
	s.Press("Files")
	s.Press("Two panes")
	s.Has(`.queue-job[data-name="slow.bin"]`, "Paused")
	s.Press("Earlier: next.txt")
	s.Until("the order is another", `document.querySelector(".queue-job").dataset.name === "next.txt"`)
	close(hold)
	s.Press("Resume slow.bin")
	s.Has(`.queue-job[data-name="slow.bin"]`, "Copied and verified")
	far.files.mu.Lock()
	resumed := far.files.resumed
	far.files.mu.Unlock()
	if resumed != 200_000 {
		t.Errorf("it went on from %d bytes, want 200000", resumed)
	}
	s.Press("Cancel next.txt")
	s.Has(`.queue-job[data-name="next.txt"]`, "Cancelled")
	s.Press("Clear what is done")
	s.Gone(".queue-job")
}

func TestAFolderOfAHundredThousand(t *testing.T) {
	dir := folderWith(t, map[string]string{"needle in the hay.txt": "n"})
	s, far := panes(t, dir, 1280, 720)
	far.files.mu.Lock()
	for i := range 100_000 {
		far.files.all[fmt.Sprintf("/home/ada/Pictures/img-%06d.jpg", i)] = nil
	}
	far.files.mu.Unlock()
	s.on("there", "Pictures")
	s.Keys("\r")
	s.Has(".pane.there .pane-foot", "100,000")
	s.Until("only what is seen is in the document", `document.querySelectorAll(".pane.there .pane-row").length < 80`)
	s.Keys(kb.End)
	s.Has(".pane.there .pane-row.at", "img-099999.jpg")
	s.Keys("/")
	s.Keys("54321")
	s.Has(".pane.there .pane-foot", "1 of 100,000")
	s.Keys(kb.ArrowDown)
	s.Has(".pane.there .pane-row.at", "img-054321.jpg")
	s.Shot("720-light-panes-many")
}

// dropFolder plays what a browser hands out of a folder that is dropped, which
// its debugger cannot: an entry whose reader gives what is in it in parts.
const dropFolder = `(() => {
	const file = (name, text) => ({ name, isFile: true, file: ok => ok(new File([text], name)) });
	const folder = (name, ...list) => ({ name, isDirectory: true, createReader: () => ({ readEntries: ok => ok(list.splice(0, 1)) }) });
	const top = folder("kit", file("a.txt", "a"), folder("deep", file("b.txt", "b"), folder("empty")), file("c.txt", "c"));
	const e = new Event("drop", { bubbles: true, cancelable: true });
	e.dataTransfer = { types: ["Files"], items: [{ webkitGetAsEntry: () => top }] };
	document.querySelector(".pane.there").dispatchEvent(e);
	return true;
})()`

func TestDropsOnTheFarPane(t *testing.T) {
	s, far := panes(t, folderWith(t, nil), 1280, 720)
	browsertest.Eval[bool](s.Page, dropFolder)
	s.Has(`.queue-job[data-name="kit"]`, "in 3 files · Copied and verified")
	for name, want := range map[string]string{"a.txt": "a", "deep/b.txt": "b", "c.txt": "c"} {
		if got, _ := far.files.get("/home/ada/kit/" + name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, there := far.files.get("/home/ada/kit/deep/empty/"); !there {
		t.Error("the empty folder is not there")
	}
	s.Has(".pane.there .file-name", "kit")
	one := fileWith(t, "one.txt", "one")
	s.Carry(".pane.there", one)
	s.Drop(".pane.there", one)
	s.Has(`.queue-job[data-name="one.txt"]`, "Copied and verified")
	s.Has(`.queue-job[data-name="one.txt"] .queue-hash`, "BLAKE3")

	// What is there stays, until it is told to go.
	s.Carry(".pane.there", fileWith(t, "one.txt", "two"))
	s.Drop(".pane.there", fileWith(t, "one.txt", "two"))
	s.Press("Replace one.txt")
	await.True(t, "it is replaced", func() bool { got, _ := far.files.get("/home/ada/one.txt"); return got == "two" })
}

// TestADroppedFileWaits pauses a copy of what was dropped, lets it go on, and loads
// the page again, which then has not got the bytes.
func TestADroppedFileWaits(t *testing.T) {
	s, far := panes(t, folderWith(t, nil), 1280, 720)
	hold := make(chan struct{})
	far.files.mu.Lock()
	far.files.hold = hold
	far.files.mu.Unlock()
	body := strings.Repeat("payload ", 100_000)
	slow, next := fileWith(t, "slow.bin", body), fileWith(t, "next.txt", "n")
	s.Carry(".pane.there", slow, next)
	s.Drop(".pane.there", slow, next)
	s.Has(`.queue-job[data-state="running"]`, "391 KiB of 781 KiB")
	s.Press("Pause slow.bin")
	s.Has(`.queue-job[data-name="slow.bin"]`, "Paused")
	s.Press("Pause next.txt")
	close(hold)
	s.Press("Resume slow.bin")
	s.Has(`.queue-job[data-name="slow.bin"]`, "Copied and verified")
	if got, _ := far.files.get("/home/ada/slow.bin"); got != body {
		t.Errorf("%d bytes arrived, want %d", len(got), len(body))
	}
	s.Reload()
	s.Until("the picture is back", `document.querySelector("canvas")?.width > 0`)
	s.Click(".tab:nth-child(2)")
	s.Press("Files")
	s.Press("Two panes")
	s.Has(`.queue-job[data-name="next.txt"]`, "Paused, but this page no longer has the file. Drop it again.")
	s.Shot("720-light-panes-dropped")
	s.Axe(axe(t), "panes-dropped")
	s.Dark(true)
	s.Size(480, 800)
	s.Shot("narrow-dark-panes-dropped")
	if browsertest.Eval[bool](s.Page, `[...document.querySelectorAll('[aria-label="Resume next.txt"]')].some(e => e.checkVisibility())`) {
		t.Error("it can be resumed without its bytes")
	}
	s.Forgive("ERR_") // the request that the pause broke off
}

func TestAFolderDroppedOnThePanel(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Press("Files")
	s.Has(".file-name", "notes.txt")
	browsertest.Eval[bool](s.Page, strings.Replace(dropFolder, ".pane.there", ".files", 1))
	s.Has(".toast", "in the queue")
	s.Has(".file-name", "kit")
	await.True(t, "it is there", func() bool { got, _ := far.files.get("/home/ada/kit/deep/b.txt"); return got == "b" })
}

func TestPanesShots(t *testing.T) {
	source := axe(t)
	dir := folderWith(t, map[string]string{"Drivers/printer.ppd": "x", "Notes for Ada.txt": "x", "driver-setup.run": strings.Repeat("x", 3<<20), "support-tool-2.4.tar.gz": strings.Repeat("y", 2<<20), "readme.txt": "r"})
	for _, v := range []struct {
		w, h int64
		dark bool
		name string
	}{{1280, 800, false, "light"}, {1280, 800, true, "dark"}, {640, 800, false, "narrow"}} {
		t.Run(v.name, func(t *testing.T) {
			s, far := panes(t, dir, 1280, 800)
			s.Size(v.w, v.h)
			s.Dark(v.dark)
			s.on("here", "readme.txt")
			s.Keys(kb.F5)
			s.Has(`.queue-job[data-name="readme.txt"]`, "Copied")
			far.files.mu.Lock()
			far.files.hold = make(chan struct{})
			far.files.mu.Unlock()
			s.on("here", "driver-setup.run")
			s.Keys(kb.F5)
			s.Has(`.queue-job[data-state="running"]`, "driver-setup.run")
			s.on("here", "support-tool-2.4.tar.gz")
			s.Keys(kb.F5)
			s.Has(`.queue-job[data-state="waiting"]`, "support-tool")
			s.on("there", "notes.txt")
			s.Keys(" ")
			s.Gone(".toast")
			s.Shot("panes-" + v.name)
			s.Axe(source, "panes-"+v.name)
		})
	}
}
