package console_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"deskside/internal/browsertest"
	"deskside/internal/plain"
)

// strangeNames are what somebody may call a file, to be taken for another.
var strangeNames = []string{
	"rtl\u202efdp.exe", "iso\u2066a\u2069b", "arabic mark\u061c", "control\a\x1b[31m", "c1\u009b", "del\x7f", "zero\u200bwidth\ufeff\u00ad",
	"filler\u3164\u2800\u115f", "tag\U000e0041", "heart\u2764\ufe0f", "private\ue000", "lines\u2028\u2029", "space\u00a0\u3000", " two  spaces ",
	"a\u0301\u0302\u0303\u0304", "\u0301mark", "e\u0301\u0302 \u0301", "👨\u200d👩", "Ольга 王小明", "ملف 12.txt", "[U+202E]", "nul\ufffd",
}

// hidden is the expression of everything that the page shows or says aloud and
// that has a character in it which does not show.
const hidden = `[...document.querySelectorAll("body, body *")].flatMap(e => [
	...[...e.childNodes].filter(n => n.nodeType === Node.TEXT_NODE).map(n => n.data), e.title, e.getAttribute("aria-label"), e.alt,
]).filter(s => /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2067\ufeff]/.test(s ?? "")).join("|")`

// TestNamesShowAsTheyAreWritten has the page write the names as package plain
// does, on both sides.
func TestNamesShowAsTheyAreWritten(t *testing.T) {
	list := make(map[string]string)
	for _, name := range strangeNames {
		list[name] = "x"
	}
	s, far := panes(t, folderWith(t, list), 1280, 900)
	far.files.put(list)
	s.on("there", "notes.txt")
	s.Keys("r")
	s.Has(".pane.there", "rtl[U+202E]fdp.exe")
	for _, side := range []string{".pane.here", ".pane.there"} {
		rows := browsertest.Eval[[][]string](s.Page, fmt.Sprintf(`[...document.querySelectorAll("%s .pane-row")].map(e => [e.dataset.name, e.querySelector(".file-name").textContent])`, side))
		for _, r := range rows {
			if want := plain.Text(r[0]); r[1] != want {
				t.Errorf("%s: %+q is shown as %+q, want %+q", side, r[0], r[1], want)
			}
			list[r[0]] = "seen"
		}
		for _, name := range strangeNames {
			if list[name] != "seen" {
				t.Errorf("%s: %+q is not listed", side, name)
			}
			list[name] = "x"
		}
	}
	if got := browsertest.Eval[string](s.Page, hidden); got != "" {
		t.Errorf("the page has %+q", got)
	}
	s.Shot("panes-names")
}

// TestANameThatReadsAsAnother meets one wherever a file's name is shown.
func TestANameThatReadsAsAnother(t *testing.T) {
	const evil, dir, want = "rtl\u202efdp.exe", "in\u202eside", "rtl[U+202E]fdp.exe"
	s, far := panes(t, folderWith(t, map[string]string{evil: "abc", dir + "/" + evil: "abc", "ملف.txt": "abc"}), 1280, 800)
	meets := func(selector, words string) {
		t.Helper()
		s.Has(selector, words)
		if got := browsertest.Eval[string](s.Page, hidden); got != "" {
			t.Errorf("at %s the page has %+q", selector, got)
		}
	}
	s.on("here", evil)
	s.Keys(kb.F3)
	meets("dialog h2", want)
	s.Keys(kb.Escape + kb.F2)
	meets("dialog h2", "Rename "+want)
	s.Keys(kb.Escape + kb.F5)
	meets(".queue-job", want)
	s.Has(".queue-job", "Copied and verified")
	s.Has(".pane.there .file-name", want)
	if got, _ := far.files.get("/home/ada/" + evil); got != "abc" {
		t.Error("it was sent under another name")
	}
	s.Keys("/fdp\r")
	meets(".pane.here .pane-row", want+" in in[U+202E]side")
	s.Keys(kb.Escape)
	s.Gone(".pane.here .pane-found")
	s.on("here", dir)
	s.Keys("\r")
	meets(".pane.here .crumb", "in[U+202E]side")
	s.on("here", evil)
	s.Keys(kb.Delete)
	meets(".toast", want+" is in the trash")
	s.Press("Undo")
	meets(".toast", want+" is back")
	s.on("here", evil)
	s.Keys(kb.Backspace)
	s.Has(".pane.here .file-name", "ملف.txt")

	// A name that is written from right to left turns nothing beside it.
	s.on("here", "ملف.txt")
	s.Keys(kb.Delete)
	s.Has(".toast", "\u2068ملف.txt\u2069 is in the trash")
	if tag := browsertest.Eval[string](s.Page, `document.querySelector(".pane-row .file-name > *").tagName`); tag != "BDI" {
		t.Errorf("a name is in a %s", tag)
	}

	// The panel beside the picture.
	s.on("there", evil)
	s.Keys(kb.Escape)
	s.Press("Refresh")
	meets(".files .file-name", want)
	s.Choose("input[type=file]", fileWith(t, evil, "new"))
	meets("dialog h2", "Replace "+want+"?")
	s.Forgive("409 (Conflict)")
	s.Press("Replace")
	meets(".transfer", want)
	s.Has(".transfer", "Uploaded")
	browsertest.Eval[bool](s.Page, fmt.Sprintf(`(document.querySelector('li[data-name=%q] .file-open').focus(), true)`, evil))
	s.Keys(kb.Delete)
	meets("dialog h2", "Delete "+want+"?")
	s.Keys("\r")
	meets(".toast", want+" was deleted")
}
