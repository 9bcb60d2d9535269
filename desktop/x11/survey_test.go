package x11_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"deskside/desktop/x11"
	"deskside/internal/xvfb"
)

func TestSurvey(t *testing.T) {
	for _, c := range []struct {
		lacks           []string
		without         []string
		pixels, changes string
	}{
		{nil, nil, "in shared memory", "told by the server, and checked once a second"},
		{[]string{"DAMAGE"}, nil, "in shared memory", "compared in time"},
		{[]string{"MIT-SHM"}, nil, "through the connection", "told by the server, and checked once a second"},
		{nil, []string{"XFIXES"}, "in shared memory", "told by the server, and compared in time"},
	} {
		t.Run(strings.Join(append(c.lacks, c.without...), " "), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			display := xvfb.Start(t, "320x200x24", without(c.lacks...)...)
			var log bytes.Buffer
			cfg := x11.Config{Display: display, Without: c.without, Log: slog.New(slog.NewTextHandler(&log, nil))}
			s, err := x11.Look(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if s.Pixels != c.pixels || s.Changes != c.changes || s.W != 320 || s.H != 200 || len(s.Screens) != 1 || s.Display != display {
				t.Errorf("%+v", s)
			}
			var lacking []string
			for _, p := range s.Lacking() {
				lacking = append(lacking, p.Name)
			}
			if want := append(c.lacks, c.without...); !slices.Equal(lacking, want) {
				t.Errorf("lacking %v, want %v", lacking, want)
			}
			if slices.Contains(s.Others, display) {
				t.Error("the display is another than itself")
			}
			// The agent's log has the same.
			d, err := x11.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if text := log.String(); !strings.Contains(text, c.pixels) || !strings.Contains(text, c.changes) {
				t.Errorf("the log has %s", text)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		defer goleak.VerifyNone(t)
		here := xvfb.Start(t, "320x200x24")
		gone := xvfb.Launch(t, "320x200x24")
		gone.Kill()
		s, err := x11.Look(x11.Config{Display: gone.Display})
		if err == nil || !slices.Contains(s.Others, here) {
			t.Errorf("%v, and others %v, want %s among them", err, s.Others, here)
		}
	})
}
