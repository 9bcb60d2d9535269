package console_test

import (
	"os"
	"path/filepath"
	"testing"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
)

// connectBlind asks for a session that may not see the screen.
func (s *stage) connectBlind(rights deskside.Rights) *session {
	s.t.Helper()
	s.Press("Connect to front-desk-1")
	s.Has("dialog h2", "Connect to front-desk-1")
	s.Keys("INC-7\r")
	asked := await.Recv(s.t, "a setup", s.back.setups)
	far := newSession(asked.request, rights)
	asked.answer <- answer{session: far}
	return far
}

func TestASessionForFilesBeginsWithThem(t *testing.T) {
	rights := deskside.RightsOf(deskside.ChatRight, deskside.FilesRead, deskside.FilesWrite)
	s := openWith(t, withMachines(), console.Config{Folder: folderWith(t, map[string]string{"mine.txt": "m"})}, 1280, 720)
	s.connectBlind(rights)
	s.Has(".pane.here .file-name", "mine.txt")
	s.Has(".pane.there .file-name", "notes.txt")
	s.Until("the keyboard is in a pane", `document.activeElement.matches(".pane-list")`)
	s.Shot("720-light-files-alone")

	s = open(t, withMachines(), 1280, 720) // no folder of this machine
	s.connectBlind(rights)
	s.Has(".files .file-name", "notes.txt")
	s.Gone(".panes")
	s.Gone(".chat-box")
	s.Shot("720-light-files-panel-alone")

	s = open(t, withMachines(), 1280, 720)
	s.connectBlind(deskside.RightsOf(deskside.ChatRight))
	s.Has(".chat-box", "Chat")
	s.Gone(".files")
}

func TestPanesListAgain(t *testing.T) {
	dir := folderWith(t, map[string]string{"a.txt": "a", "b.txt": "b", "c.txt": "c"})
	s, far := panes(t, dir, 1280, 720)
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() {
		t.Helper()
		s.Has(".pane.here .pane-row.at", "c.txt")
		s.Has(".pane.here .pane-row.marked", "b.txt")
		s.Has(".pane.here .pane-foot", "1 marked")
	}
	s.on("here", "b.txt")
	s.Keys(" ")
	write("0-by-key.txt")
	s.Keys("r")
	s.Has(".pane.here .file-name", "0-by-key.txt")
	kept()
	write("0-by-button.txt")
	s.Press("List again")
	s.Has(".pane.here .file-name", "0-by-button.txt")
	kept()

	// After a while, by itself, when one comes back to the page or the pane.
	browsertest.Eval[bool](s.Page, `(Date.now = (now => () => now() + 60_000)(Date.now), true)`)
	write("0-by-page.txt")
	far.files.put(map[string]string{"by-page.txt": ""})
	browsertest.Eval[bool](s.Page, `dispatchEvent(new Event("focus"))`)
	s.Has(".pane.here .file-name", "0-by-page.txt")
	s.Has(".pane.there .file-name", "by-page.txt")
	kept()
	browsertest.Eval[bool](s.Page, `(Date.now = (now => () => now() + 60_000)(Date.now), true)`)
	far.files.put(map[string]string{"by-pane.txt": ""})
	s.Keys("\t")
	s.Has(".pane.there .file-name", "by-pane.txt")

	// What is gone is no longer marked.
	if err := os.Remove(filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	s.on("here", "a.txt")
	s.Keys("r")
	s.Has(".pane.here .pane-foot", "5 entries")
}
