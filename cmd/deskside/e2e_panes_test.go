package main

import (
	"os"
	"path/filepath"

	"github.com/chromedp/chromedp/kb"

	"deskside/agent"
	"deskside/audit"
	"deskside/internal/browsertest"
)

// panes looks into files in the two panes, finds one further down and drops some
// from the desktop.
func (d *deskE2E) panes() {
	d.t.Helper()
	p := d.page
	below := filepath.Join(d.files, "queue", "office-2")
	if err := os.MkdirAll(below, 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(below, "last.log"), []byte("lpd: queue stopped\n"), 0o644); err != nil {
		d.t.Fatal(err)
	}
	p.Press("Two panes")
	p.Has(".pane.there .file-name", "printer.log")
	dropped := filepath.Join(d.t.TempDir(), "office-2.ppd")
	body := string(make([]byte, 3<<20))
	if err := os.WriteFile(dropped, []byte(body), 0o644); err != nil {
		d.t.Fatal(err)
	}
	p.Carry(".pane.there", dropped)
	p.Drop(".pane.there", dropped)
	p.Has(`.queue-job[data-name="office-2.ppd"]`, "Copied and verified")
	if got, _ := d.read("office-2.ppd"); got != body {
		d.t.Errorf("%d bytes arrived, want %d", len(got), len(body))
	}

	browsertest.Eval[bool](p, `(document.querySelector(".pane.there .pane-list").focus(), true)`)
	p.Keys("/")
	p.Keys("last\r")
	p.Has(".pane.there .pane-found", "1 found")
	p.Has(".pane.there .pane-row.at", "last.log in queue/office-2")
	p.Keys(kb.F3)
	p.Has(".preview-text", "lpd: queue stopped")
	p.Shot("e2e-preview")
	p.Keys(kb.Escape)
	p.Gone("dialog")
	p.Keys("\r")
	p.Has(".pane.there .crumb[aria-current]", "office-2")
	p.Keys(kb.Escape)
	p.Gone(".panes")
}

// previewed wants the preview in the audit, as the part of a file that was read.
func (d *deskE2E) previewed() {
	d.t.Helper()
	for e, err := range audit.Read(filepath.Join(d.dir, agent.AuditDir), audit.Filter{}) {
		if err != nil {
			d.t.Fatal(err)
		}
		if filepath.Base(e.Event.Detail["path"]) == "last.log" && e.Event.Detail["range"] == "bytes=0-262143" {
			return
		}
	}
	d.t.Error("the audit does not have that last.log was looked into")
}
