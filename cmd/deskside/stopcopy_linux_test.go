package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/audit"
	"deskside/desktop"
	"deskside/desktop/panel"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/xfer/disk"
)

// TestStopCopy has the person see copies in the bar of a real display, one in each
// direction, and stop them there.
func TestStopCopy(t *testing.T) {
	d := furnish(t)
	d.serve("", deskside.TCP, access.OperatorRule{Name: "Ann", Rights: deskside.AllRights, Consent: access.ConsentAllow})
	d.knows()
	near := t.TempDir()
	data := make([]byte, 40<<20)
	rand.NewChaCha8([32]byte{7}).Read(data)
	for _, path := range []string{filepath.Join(near, "up"), filepath.Join(d.files, "down")} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, args := range [][]string{
		{filepath.Join(near, "up"), d.host() + ":up"},
		{d.host() + ":down", filepath.Join(near, "down")},
	} {
		cmd := exec.Command("deskside", append([]string{"cp", "--reason", "test", "--limit-rate", "2M"}, args...)...)
		cmd.Env = append(os.Environ(), "DESKSIDE_HOME="+d.home)
		said := new(bytes.Buffer)
		cmd.Stderr = said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		d.pressStopCopy(uint64(i+1), i == 0)
		err := await.Recv(t, "the copy ends", ended)
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() == 0 || !strings.Contains(said.String(), "the person stopped the transfer") {
			t.Errorf("%q: %v, %s", args, err, said)
		}
	}
	for _, dir := range []string{near, d.files} {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if disk.IsPartial(e.Name()) || e.Name() == "up" && dir == d.files || e.Name() == "down" && dir == near {
				t.Errorf("%s is left in %s", e.Name(), dir)
			}
		}
	}
	d.agent.Close()
	stopped := 0
	for e, err := range audit.Read(filepath.Join(d.dir, agent.AuditDir), audit.Filter{Kinds: []deskside.EventKind{deskside.EventTransferEnd}}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Event.Code == deskside.CodeRefused {
			stopped++
		}
	}
	if stopped < 2 {
		t.Errorf("the audit has %d copies that were stopped", stopped)
	}
}

// pressStopCopy waits until the bar has the row of a copy, and presses its button.
func (d *deskE2E) pressStopCopy(id uint64, in bool) {
	d.t.Helper()
	e := desktop.BarEntry{Session: deskside.SessionID{1}, State: deskside.Active, Rights: deskside.AllRights, Operator: deskside.Operator{Name: "Ann"}}
	bare := panel.NewBar([]desktop.BarEntry{e}, 1280, 800, panel.Scale(1280, 800, 0))
	e.Copies = []desktop.Copy{{ID: id, In: in, Name: "x"}}
	bar := panel.NewBar([]desktop.BarEntry{e}, 1280, 800, panel.Scale(1280, 800, 0))
	_, low, _ := bare.Size()
	var x, y int
	await.True(d.t, "the bar has a row of the copy", func() bool {
		if !strings.Contains(xvfb.Tree(d.t, d.display), `"Deskside bar"`) {
			return false
		}
		has := map[string]int{}
		for line := range strings.Lines(xvfb.Run(d.t, d.display, "xwininfo", "-name", "Deskside bar")) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			has[key], _ = strconv.Atoi(strings.TrimSpace(value))
		}
		x, y = has["Absolute upper-left X"], has["Absolute upper-left Y"]
		return has["Height"] > low
	})
	d.shot("stop-copy-" + strconv.FormatUint(id, 10))
	at := bar.Button(desktop.BarAction{Session: e.Session, Do: desktop.BarStopCopy, Copy: id})
	xvfb.Run(d.t, d.display, "xdotool", "mousemove", strconv.Itoa(x+(at.Min.X+at.Max.X)/2), strconv.Itoa(y+(at.Min.Y+at.Max.Y)/2), "click", "1")
}
