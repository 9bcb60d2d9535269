package console_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"deskside"
	"deskside/console"
	"deskside/console/glance"
	"deskside/internal/browsertest"
)

// drawing is a picture of w by h points, as PNG; noise makes it large.
func drawing(t *testing.T, w, h int, noise bool) string {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for i := range p.Pix {
		seed = seed*1664525 + 1013904223
		if noise || i%4 == 3 {
			p.Pix[i] = byte(seed>>24) | 0x80
		}
	}
	for x := range w {
		p.Set(x, x*h/w, color.NRGBA{0x34, 0x51, 0xd1, 0xff})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// put gives the far machine files.
func (f *files) put(list map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, text := range list {
		f.all["/home/ada/"+name] = []byte(text)
	}
}

// preview reads one.
func (a *api) preview(path string) (string, http.Header) {
	a.t.Helper()
	r, err := http.DefaultClient.Do(a.request("GET", path, ""))
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		a.t.Fatalf("%s: %s, %v", path, r.Status, err)
	}
	return string(body), r.Header
}

func TestPreviewsOnBothSides(t *testing.T) {
	big := drawing(t, 400, 300, true)
	if len(big) <= glance.MaxText {
		t.Fatalf("%d bytes are read at once", len(big))
	}
	list := map[string]string{
		"page.html": "<script>alert(1)</script>", "draw.svg": `<svg onload="alert(1)"/>`, "small.png": drawing(t, 4, 4, false), "big.png": big,
		"long.txt": strings.Repeat("0123456789abcdef", glance.MaxText/16+1), "tool.bin": "\x7fELF\x00\x01", "old.txt": "gr\xfc\xdfe", "none.txt": "",
	}
	a := newAPI(t, withMachines(), console.Config{Folder: folderWith(t, list)})
	far, tab := a.open(deskside.AllRights)
	far.files.put(list)
	for _, side := range []string{"/api/here/preview?path=/", "/api/tabs/" + tab + "/preview?path=/home/ada/"} {
		for name, want := range map[string]string{
			"page.html": "text/plain; charset=utf-8", "draw.svg": "text/plain; charset=utf-8", "long.txt": "text/plain; charset=utf-8", "none.txt": "text/plain; charset=utf-8",
			"small.png": "image/png", "big.png": "image/png", "old.txt": "text/plain; charset=windows-1252",
		} {
			body, h := a.preview(side + name)
			if h.Get("Content-Type") != want || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s%s has %v, want %s", side, name, h, want)
			}
			shown := list[name]
			if name == "long.txt" {
				shown = shown[:glance.MaxText]
			}
			if body != shown || h.Get("Deskside-Size") != fmt.Sprint(len(list[name])) {
				t.Errorf("%s%s gave %d bytes of %s", side, name, len(body), h.Get("Deskside-Size"))
			}
		}
		if body, h := a.preview(side + "tool.bin"); h.Get("Content-Type") != "application/json" || !strings.Contains(body, "neither text nor a picture") {
			t.Errorf("a program is shown: %s", body)
		}
	}
	a.refused(a.request("GET", "/api/here/preview?path=/nobody", ""), http.StatusNotFound, deskside.CodeNotFound)
	a.refused(a.request("GET", "/api/here/preview?path=/../x", ""), http.StatusForbidden, deskside.CodeDenied)
	a.refused(a.request("GET", "/api/here/preview?path=/", ""), http.StatusBadRequest, deskside.CodeBadRequest)
	a.refused(a.request("GET", "/api/here/preview?path=/old.txt", "", "Authorization", ""), http.StatusUnauthorized, deskside.CodeDenied)

	// A picture that turns out to be damaged on its way is not shown.
	far.files.mu.Lock()
	far.files.torn = true
	far.files.mu.Unlock()
	a.refused(a.request("GET", "/api/tabs/"+tab+"/preview?path=/home/ada/big.png", ""), http.StatusConflict, deskside.CodeConflict)
}

func TestPreviewsByKeyboard(t *testing.T) {
	s, far := panes(t, folderWith(t, map[string]string{"mine.txt": "of this machine"}), 1280, 720)
	far.files.put(map[string]string{"a-page.html": "<script>alert(1)</script>", "b-small.png": drawing(t, 40, 30, false), "c-broken.png": drawing(t, 40, 30, false)[:33] + strings.Repeat("no part of a picture ", 9), "d-tool.bin": "\x7fELF\x00"})
	s.on("there", "Pictures")
	s.Keys("r")
	s.Has(".pane.there .file-name", "a-page.html")
	s.Keys(kb.F3) // of a folder there is none
	s.Gone("dialog")
	s.on("there", "a-page.html")
	s.Keys(kb.F3)
	s.Has("dialog.preview h2", "a-page.html")
	s.Has(".preview-text", "<script>alert(1)</script>")
	s.Has(".preview-note", "text, UTF-8")
	s.Keys(kb.ArrowRight)
	s.Has("dialog.preview h2", "b-small.png")
	s.Has(".preview-note", "PNG, 40 × 30")
	s.Until("it is drawn", `document.querySelector(".preview-image").naturalWidth === 40 && document.querySelector(".preview-image").alt === "b-small.png"`)
	s.Keys(kb.ArrowRight)
	s.Has("dialog.preview .note", "The picture cannot be drawn")
	s.Keys(kb.ArrowRight)
	s.Has("dialog.preview .panel-empty", "neither text nor a picture")
	s.Keys(kb.ArrowRight + kb.ArrowRight)
	s.Has("dialog.preview h2", "print-log.txt")
	s.Has(".preview-note", "text, UTF-8") // it is all there
	s.Keys(kb.ArrowRight)
	s.Has(".preview-note", "This is the last file.")
	s.Keys(kb.Escape)
	s.Gone("dialog")
	s.Until("the focus is back", `document.activeElement === document.querySelector(".pane.there .pane-list")`)
	s.Has(".pane.there .pane-row.at", "print-log.txt")

	s.on("here", "mine.txt")
	s.Press("Preview")
	s.Has(".preview-text", "of this machine")
	s.Keys("v")
	s.Gone("dialog")
	s.Until("the focus is in the pane", `document.activeElement === document.querySelector(".pane.here .pane-list")`)
}

func TestNoPreviewWithoutTheRightToFetch(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	s.connect("front-desk-1", deskside.RightsOf(deskside.View, deskside.FilesWrite))
	s.Press("Files")
	s.Has(".file-name", "notes.txt")
	s.Press("More for notes.txt")
	s.Press("Preview F3")
	s.Has("dialog.preview .note", "The session has no right to fetch files")
	if n := browsertest.Eval[int](s.Page, `document.querySelectorAll(".preview-text").length`); n != 0 {
		t.Error("it is shown")
	}
}

func TestPreviewShots(t *testing.T) {
	source := axe(t)
	log := strings.Repeat("Nov  3 09:12:04 front-desk-1 cupsd[712]: lpd: queue \"office\" stopped: Unable to connect to printer at 10.0.0.90:9100\n", 3000)
	for _, v := range []struct {
		w, h int64
		dark bool
		name string
	}{{1280, 800, false, "light"}, {1280, 800, true, "dark"}, {480, 800, false, "narrow"}} {
		t.Run(v.name, func(t *testing.T) {
			s, far := panes(t, folderWith(t, map[string]string{"readme.txt": "r"}), 1280, 800)
			far.files.put(map[string]string{"a-log.txt": log, "b-picture.png": drawing(t, 300, 200, false), "c-tool.bin": "\x00"})
			s.Size(v.w, v.h)
			s.Dark(v.dark)
			s.on("there", "Pictures")
			s.Keys("r")
			s.Has(".pane.there .file-name", "a-log.txt")
			s.on("there", "a-log.txt")
			s.Keys(kb.F3)
			s.Has(".preview-note", "the first 256 KiB are shown")
			s.Shot("preview-text-" + v.name)
			s.Axe(source, "preview-text-"+v.name)
			s.Keys(kb.ArrowRight)
			s.Has(".preview-note", "PNG, 300 × 200")
			s.Shot("preview-image-" + v.name)
			s.Axe(source, "preview-image-"+v.name)
			s.Keys(kb.ArrowRight)
			s.Has("dialog.preview .panel-empty", "neither text nor a picture")
			s.Shot("preview-none-" + v.name)
		})
	}
}
