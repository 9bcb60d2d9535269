package console_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskside"
	"deskside/console"
	"deskside/console/queue"
	"deskside/internal/await"
)

// folderWith makes a folder of this machine and fills it.
func folderWith(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// queue gives the list as a page that is loaded now finds it.
func (a *api) queue() []queue.Job {
	a.t.Helper()
	ws := a.socket("/api/events", "deskside.events")
	defer ws.CloseNow()
	_, text, err := ws.Read(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	var hello struct{ Queue []queue.Job }
	if err := json.Unmarshal(text, &hello); err != nil {
		a.t.Fatal(err)
	}
	return hello.Queue
}

// copied waits until the only job is in a state.
func (a *api) copied(want queue.State) (j queue.Job) {
	a.t.Helper()
	await.True(a.t, "the copy is "+string(want), func() bool {
		list := a.queue()
		if len(list) != 1 {
			return false
		}
		j = list[0]
		return j.State == want
	})
	return j
}

func (a *api) copyFile(tab string, up bool, here, there string) {
	a.t.Helper()
	body, err := json.Marshal(map[string]any{"tab": tab, "up": up, "items": []any{map[string]any{"here": here, "there": there}}})
	if err != nil {
		a.t.Fatal(err)
	}
	a.call("POST", "/api/queue", string(body))
}

func TestACopyIsPausedAndGoesOn(t *testing.T) {
	dir := folderWith(t, map[string]string{"tool.bin": strings.Repeat("x", 1000)})
	a := newAPI(t, withMachines(), console.Config{Folder: dir, Queue: filepath.Join(t.TempDir(), "q.json")})
	far, tab := a.open(deskside.AllRights)
	hold := make(chan struct{})
	far.files.mu.Lock()
	far.files.hold = hold
	far.files.mu.Unlock()
	a.copyFile(tab, true, "/tool.bin", "/home/ada/tool.bin")
	await.True(t, "half of it is there", func() bool { list := a.queue(); return len(list) == 1 && list[0].Done == 500 })
	id := a.copied(queue.Running).ID
	a.call("POST", "/api/queue/"+id, `{"do":"pause"}`)
	a.copied(queue.Paused)
	if _, there := far.files.get("/home/ada/tool.bin"); there {
		t.Error("half a file has the name")
	}
	close(hold)
	a.call("POST", "/api/queue/"+id, `{"do":"resume"}`)
	if j := a.copied(queue.Done); j.Done != 1000 || j.Hash == "" || j.Machine != "front-desk-1" {
		t.Errorf("%+v", j)
	}
	far.files.mu.Lock()
	resumed := far.files.resumed
	far.files.mu.Unlock()
	if resumed != 500 {
		t.Errorf("it went on from %d bytes, want 500", resumed)
	}
	a.refused(a.request("POST", "/api/queue/"+id, `{"do":"pause"}`), http.StatusConflict, deskside.CodeConflict)
	a.refused(a.request("POST", "/api/queue/nobody", `{"do":"pause"}`), http.StatusNotFound, deskside.CodeNotFound)
	a.call("POST", "/api/queue/"+id, `{"do":"forget"}`)
	if list := a.queue(); len(list) != 0 {
		t.Errorf("the queue has %v", list)
	}
}

func TestAMoveLeavesTheFirstInTheTrash(t *testing.T) {
	dir := folderWith(t, map[string]string{"a.txt": "a"})
	a := newAPI(t, withMachines(), console.Config{Folder: dir})
	far, tab := a.open(deskside.AllRights)
	a.call("POST", "/api/queue", `{"tab":"`+tab+`","up":true,"move":true,"items":[{"here":"/a.txt","there":"/home/ada/a.txt"}]}`)
	a.copied(queue.Done)
	if text, _ := far.files.get("/home/ada/a.txt"); text != "a" {
		t.Errorf("it is %q", text)
	}
	if kept, err := filepath.Glob(filepath.Join(dir, "Deskside trash", "* a.txt")); err != nil || len(kept) != 1 {
		t.Errorf("the trash has %v (%v)", kept, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.txt")); !os.IsNotExist(err) {
		t.Errorf("the first one is still there: %v", err)
	}
}

func TestDiscardAndUndoOnTheFarSide(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, tab := a.open(deskside.AllRights)
	files := "/api/tabs/" + tab + "/files"
	to := a.call("POST", files, `{"do":"discard","path":"/home/ada/notes.txt"}`)["to"].(string)
	if !strings.HasPrefix(to, "/home/ada/Deskside trash/") {
		t.Fatalf("it is at %q", to)
	}
	if _, there := far.files.get("/home/ada/notes.txt"); there {
		t.Error("it is still there")
	}
	a.call("POST", files, `{"do":"rename","path":"`+to+`","to":"/home/ada/notes.txt"}`)
	if text, _ := far.files.get("/home/ada/notes.txt"); text != "buy milk\n" {
		t.Errorf("undone it is %q", text)
	}
}

func TestThisMachineIsShownOnlyWhereChosen(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	_, tab := a.open(deskside.AllRights)
	a.refused(a.request("GET", "/api/here/files?path=/", ""), http.StatusNotFound, deskside.CodeNotFound)
	a.refused(a.request("POST", "/api/queue", `{"tab":"`+tab+`","items":[{"here":"/a","there":"/home/ada/a"}]}`), http.StatusNotFound, deskside.CodeNotFound)
}

func TestNothingBesideTheFolderIsShown(t *testing.T) {
	dir := folderWith(t, map[string]string{"in/a.txt": "a", "secret": "s"})
	b := newAPI(t, withMachines(), console.Config{Folder: filepath.Join(dir, "in")})
	_, tab := b.open(deskside.AllRights)
	l := b.call("GET", "/api/here/files?path=/", "")
	if list := l["entries"].([]any); len(list) != 1 || list[0].(map[string]any)["path"] != "/a.txt" {
		t.Errorf("there are %v", list)
	}
	for _, body := range []string{
		`{"tab":"` + tab + `","up":true,"items":[{"here":"/../secret","there":"/home/ada/x"}]}`,
		`{"tab":"` + tab + `","items":[{"here":"","there":"/home/ada/notes.txt"}]}`,
		`{"tab":"` + tab + `","items":[{"here":"/x","there":"/home/../x"}]}`,
	} {
		b.refused(b.request("POST", "/api/queue", body), http.StatusBadRequest, deskside.CodeBadRequest)
	}
	b.refused(b.request("POST", "/api/here/files", `{"do":"delete","path":"/a.txt"}`), http.StatusForbidden, deskside.CodeDenied)
	b.refused(b.request("GET", "/api/here/files?path=/", "", "Authorization", ""), http.StatusUnauthorized, deskside.CodeDenied)
}
