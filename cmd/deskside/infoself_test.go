package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"deskside/desktop"
	"deskside/internal/xvfb"
)

func self(t *testing.T, display string, asJSON bool) string {
	t.Helper()
	var out bytes.Buffer
	f := &infoFlags{ownSelf: true, display: display}
	if err := f.run(t.Context(), &env{stdout: &out, json: asJSON}, nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestInfoSelf describes servers that have everything, lack something, and are
// not there.
func TestInfoSelf(t *testing.T) {
	whole := xvfb.Start(t, "640x480x24")
	text := self(t, whole, false)
	for _, want := range []string{"640x480, 24 bits of colour in 32", "in shared memory", "told by the server", "640x480+0+0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "not there") {
		t.Errorf("something is missing:\n%s", text)
	}

	lacking := xvfb.Start(t, "640x480x16", "-extension", "DAMAGE", "-extension", "MIT-SHM", "-extension", "XTEST")
	text = self(t, lacking, false)
	for _, want := range []string{"16 bits of colour in 16", "through the connection", "compared in time", "nobody can control", "to do: "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	var r selfResult
	if err := json.Unmarshal([]byte(self(t, lacking, true)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Desktop == nil || r.Desktop.W != 640 || len(r.Screens) != 1 || r.Screens[0].W != 640 || len(r.Desktop.Lacking()) != 3 {
		t.Errorf("as JSON: %+v", r)
	}
	for _, p := range r.Desktop.Lacking() {
		if p.Instead == "" || p.Do == "" {
			t.Errorf("nothing is said of what to do without %s", p.Name)
		}
	}

	r = selfResult{}
	if err := json.Unmarshal([]byte(self(t, "nonsense", true)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Desktop != nil || r.Error == "" || r.Do == "" || r.Version == "" {
		t.Errorf("without a display: %+v", r)
	}
	if text := self(t, "nonsense", false); !strings.Contains(text, "none: ") || !strings.Contains(text, "to do") {
		t.Errorf("without a display:\n%s", text)
	}
}

// TestMend has a display whose cookie is missing beside others.
func TestMend(t *testing.T) {
	for _, test := range []struct {
		display string
		others  []string
		want    []string
	}{
		{"", nil, []string{"no X server"}},
		{":7", nil, []string{"XAUTHORITY"}},
		{"", []string{":1", ":2"}, []string{"Displays here: :1, :2", "--display", "XAUTHORITY"}},
		{":7", []string{":1"}, []string{"If it is :7", "XAUTHORITY", "Other displays here: :1"}},
	} {
		got := mend(&desktop.Survey{Display: test.display, Others: test.others})
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q beside %v: %q lacks %q", test.display, test.others, got, want)
			}
		}
	}
}
