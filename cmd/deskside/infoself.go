package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	"deskside"
	"deskside/agent"
	"deskside/codec"
	"deskside/desktop"
	"deskside/internal/plain"
	"deskside/rcinfo"
)

// selfResult is what info --self says of the machine it runs on.
type selfResult struct {
	Version  string          `json:"version"`
	Platform string          `json:"platform"`
	CPUs     int             `json:"cpus"`
	Codecs   string          `json:"codecs"`
	Desktop  *desktop.Survey `json:"desktop,omitempty"`
	Screens  []rcinfo.Screen `json:"screens,omitempty"`
	Error    string          `json:"error,omitempty"` // why there is no desktop
	Do       string          `json:"do,omitempty"`
}

// self describes this machine without an agent. That there is no screen is an
// answer like another.
func (f *infoFlags) self(e *env) error {
	r := selfResult{Version: deskside.Version, Platform: deskside.Platform, CPUs: runtime.NumCPU(), Codecs: codec.Means()}
	s, err := agent.Survey(f.display)
	if err != nil {
		r.Error, r.Do = err.Error(), mend(&s)
	} else {
		r.Desktop = &s
		for _, m := range s.Screens {
			b := m.Bounds
			r.Screens = append(r.Screens, rcinfo.Screen{ID: m.ID, Name: m.Name, X: b.X0, Y: b.Y0, W: b.W(), H: b.H()})
		}
	}
	return e.show(r, func(w io.Writer) error { return writeSelf(w, &r) })
}

// mend says what to try where the display could not be opened.
func mend(s *desktop.Survey) string {
	if s.Display == "" && len(s.Others) == 0 {
		return "There is no X server on this machine, as far as can be seen. Chat, files and diagnostics are served without one."
	}
	switch {
	case s.Display != "" && len(s.Others) > 0:
		return fmt.Sprintf("If it is %s that you mean, set XAUTHORITY to its cookie file, and run as its user or as root. Other displays here: %s.", s.Display, strings.Join(s.Others, ", "))
	case len(s.Others) > 0:
		return fmt.Sprintf("Displays here: %s. Choose one with --display, with XAUTHORITY set to its cookie file.", strings.Join(s.Others, ", "))
	}
	return "Set XAUTHORITY to the display's cookie file, and run as its user or as root."
}

func writeSelf(out io.Writer, r *selfResult) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("version", "%s on %s, %d processors", r.Version, r.Platform, r.CPUs)
	row("codecs", "%s", r.Codecs)
	if r.Desktop == nil {
		row("desktop", "none: %s", plain.Text(r.Error))
		row("to do", "%s", plain.Text(r.Do))
		return w.Flush()
	}
	s := r.Desktop
	row("desktop", "%s, %s", s.Display, plain.Text(s.Server))
	row("picture", "%dx%d, %d bits of colour in %d", s.W, s.H, s.Depth, s.Bits)
	for _, m := range r.Screens {
		row("screen", "%d  %dx%d+%d+%d  %s", m.ID, m.W, m.H, m.X, m.Y, plain.Text(m.Name))
	}
	row("pixels", "%s", s.Pixels)
	row("changes", "%s", s.Changes)
	for _, p := range s.Parts {
		if p.There {
			row(p.Name, "for %s", p.For)
			continue
		}
		row(p.Name, "not there, so %s", p.Instead)
		if p.Do != "" {
			row("", "to do: %s", p.Do)
		}
	}
	if len(s.Others) > 0 {
		row("others", "%s", strings.Join(s.Others, ", "))
	}
	return w.Flush()
}
