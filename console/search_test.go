package console_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"deskside"
	"deskside/console"
	"deskside/console/find"
	"deskside/internal/await"
	"deskside/internal/browsertest"
)

// searched gives the paths that a search finds, and its last news.
func (a *api) searched(address string) (list []string, last find.News) {
	a.t.Helper()
	status, text := a.do(a.request("GET", address, ""))
	if status != http.StatusOK {
		a.t.Fatalf("%s: %d %s", address, status, text)
	}
	for line := range strings.Lines(text) {
		var n struct {
			find.News
			Hits []console.Entry `json:"hits"`
		}
		if err := json.Unmarshal([]byte(line), &n); err != nil || last.Over {
			a.t.Fatalf("%q: %v", line, err)
		}
		last = n.News
		for _, e := range n.Hits {
			list = append(list, e.Path)
		}
	}
	return list, last
}

func TestSearchesOnBothSides(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{Folder: folderWith(t, map[string]string{"kit/Driver.txt": "a", "kit/deep/driver/b.txt": "b", "notes.txt": "n"})})
	far, tab := a.open(deskside.AllRights)
	far.files.put(map[string]string{"Documents/Invoices/": "", "Documents/Invoices/driver bill.pdf": "x"})
	list, last := a.searched("/api/here/search?path=/&name=driver")
	if strings.Join(list, " ") != "/kit/Driver.txt /kit/deep/driver" || !last.Over || last.Looked != 6 {
		t.Errorf("here: %v, %+v", list, last)
	}
	if list, last := a.searched("/api/here/search?path=/kit/deep&name=driver"); len(list) != 1 || last.Looked != 2 {
		t.Errorf("further down: %v, %+v", list, last)
	}
	if list, last := a.searched("/api/tabs/" + tab + "/search?path=/home/ada&name=DRIVER"); strings.Join(list, " ") != "/home/ada/Documents/Invoices/driver bill.pdf" || !last.Over {
		t.Errorf("there: %v, %+v", list, last)
	}
	a.refused(a.request("GET", "/api/here/search?path=/&name=", ""), http.StatusBadRequest, deskside.CodeBadRequest)
	a.refused(a.request("GET", "/api/here/search?path=/../x&name=a", ""), http.StatusNotFound, deskside.CodeNotFound)
	a.refused(a.request("GET", "/api/tabs/"+tab+"/search?path=/root&name=a", ""), http.StatusNotFound, deskside.CodeNotFound)
}

func TestSearchByKeyboard(t *testing.T) {
	dir := folderWith(t, map[string]string{"top.log": "t", "kit/a.log": "a", "kit/deep/b.log": "b", "other.txt": "o"})
	s, far := panes(t, dir, 1280, 720)
	s.on("here", "kit")
	s.Keys("/")
	s.Keys("log")
	s.Has(".pane.here .pane-found", "Search below this folder")
	s.Keys("\r")
	s.Has(".pane.here .pane-found", "3 found, 6 looked at.")
	s.Has(".pane.here .pane-row", "in kit/deep")

	// What was found is copied, deleted and opened as what is in a folder.
	s.on("here", "b.log")
	s.Keys(kb.F5)
	await.True(t, "it is copied", func() bool { got, _ := far.files.get("/home/ada/b.log"); return got == "b" })
	s.on("here", "a.log")
	s.Keys(kb.Delete)
	s.Has(".toast", "a.log is in the trash")
	s.Has(".pane.here .pane-foot", "2 found")
	s.on("here", "b.log")
	s.Keys("\r")
	s.Has(".pane.here .crumb[aria-current]", "deep")
	s.Has(".pane.here .pane-row.at", "b.log")
	s.Gone(".pane.here .pane-found")

	// A listing that was asked for before the search does not end it.
	browsertest.Eval[bool](s.Page, `(() => {
		const real = window.fetch;
		window.fetch = (u, i) => String(u).includes("/files?") ? new Promise(ok => { window.letGo = () => {
			window.fetch = real;
			real(u, i).then(r => { ok(r); setTimeout(() => { window.listed = true; }, 300); });
			return true;
		}; }) : real(u, i);
		return true;
	})()`)
	s.on("here", "b.log")
	s.Keys("r/")
	s.Keys("b.l\r")
	s.Has(".pane.here .pane-found", "1 found")
	browsertest.Eval[bool](s.Page, `window.letGo()`)
	s.Until("the listing came", "window.listed")
	s.Has(".pane.here .pane-found", "1 found")

	// A search that lasts is stopped, and what was found until then stays.
	far.files.put(map[string]string{"slow/": "", "slow/late.log": "l", "Pictures/early.log": "e"})
	far.files.mu.Lock()
	far.files.hold = make(chan struct{})
	far.files.mu.Unlock()
	s.on("there", "Pictures")
	s.Keys("/")
	s.Keys("log\r")
	s.Has(".pane.there .pane-found", "Searching: 3 found") // late.log is waited for
	s.Has(".pane.there .pane-row", "early.log")
	s.Press("Stop the search")
	s.Has(".pane.there .pane-found", "Stopped before its end.")
	s.Keys(kb.Escape)
	s.Gone(".pane.there .pane-found")
	s.Has(".pane.there .crumb[aria-current]", "ada")
	s.Keys(kb.Escape)
	s.Gone(".panes")
}

func TestSearchShots(t *testing.T) {
	source := axe(t)
	for _, v := range []struct {
		w, h int64
		dark bool
		name string
	}{{1280, 800, false, "light"}, {1280, 800, true, "dark"}, {480, 800, false, "narrow"}} {
		t.Run(v.name, func(t *testing.T) {
			s, far := panes(t, folderWith(t, map[string]string{"printer/install.log": "r", "printer/old/2025/install.log": "r", "logo.png": "x"}), 1280, 800)
			far.files.put(map[string]string{"slow/": "", "slow/late.log": "l"})
			s.Size(v.w, v.h)
			s.Dark(v.dark)
			s.on("here", "printer")
			s.Keys("/")
			s.Keys("log\r")
			s.Has(".pane.here .pane-found", "3 found")
			far.files.mu.Lock()
			far.files.hold = make(chan struct{})
			far.files.mu.Unlock()
			s.on("there", "notes.txt")
			s.Keys("/")
			s.Keys("log")
			s.Has(".pane.there .pane-found", "Search below this folder")
			s.Shot("search-offer-" + v.name)
			s.Keys("\r")
			s.Has(".pane.there .pane-row", "print-log.txt")
			s.Shot("search-" + v.name)
			s.Axe(source, "search-"+v.name)
		})
	}
}
