package identity

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"deskside"
)

func TestPins(t *testing.T) {
	one, two := fixed(t, 1).ID(), fixed(t, 2).ID()
	pins := OpenPins(place(t, "pins.json"))
	if _, err := pins.Lookup("desk"); deskside.CodeOf(err) != deskside.CodeUnpinned {
		t.Fatalf("before any: %v, want unpinned", err)
	}
	if err := pins.Add("Desk.example.", one); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"desk.example", "DESK.EXAMPLE", " desk.example. "} {
		if got, err := pins.Lookup(name); err != nil || got != one {
			t.Errorf("%q: %s, %v; want %s", name, got, err, one)
		}
	}
	if err := pins.Add("desk.example", one); err != nil {
		t.Errorf("the same key again: %v", err)
	}
	if err := pins.Add("desk.example", two); deskside.CodeOf(err) != deskside.CodeWrongKey {
		t.Errorf("a changed key: %v, want wrong-key", err)
	}
	if got, err := OpenPins(pins.path).Lookup("desk.example"); err != nil || got != one {
		t.Errorf("after the changed key: %s, %v; want the first, %s", got, err, one)
	}
	if err := pins.Remove("desk.example"); err != nil {
		t.Fatal(err)
	}
	if err := pins.Add("desk.example", two); err != nil {
		t.Errorf("after Remove: %v", err)
	}
	all, err := pins.All()
	if err != nil || len(all) != 1 || all[0].Agent != two || all[0].Met.IsZero() {
		t.Errorf("all: %v, %v", all, err)
	}
	if info, err := os.Stat(pins.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want mode 0600", info, err)
	}
}

func TestPinsReplace(t *testing.T) {
	one, two := fixed(t, 1).ID(), fixed(t, 2).ID()
	pins := OpenPins(place(t, "pins.json"))
	for _, step := range []struct{ agent, old deskside.AgentID }{{agent: one}, {two, one}, {two, two}} {
		if old, err := pins.Replace("Desk", step.agent); err != nil || old != step.old {
			t.Errorf("in place of %s: %s, %v", step.old, old, err)
		}
		if got, err := pins.Lookup("desk"); err != nil || got != step.agent {
			t.Errorf("pinned is %s, %v; want %s", got, err, step.agent)
		}
	}
	if _, err := pins.Replace("desk", Anyone()); deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("nobody's key: %v", err)
	}
}

func TestPinsRefuse(t *testing.T) {
	pins := OpenPins(place(t, "pins.json"))
	id := fixed(t, 1).ID()
	for _, name := range []string{"", " ", "a b", "a\x00b", "a\nb", strings.Repeat("a", maxPinName+1), "\xff"} {
		if err := pins.Add(name, id); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("pinned the name %q: %v", name, err)
		}
	}
	for _, nobody := range []deskside.KeyID{{}, Anyone()} {
		if err := pins.Add("desk", nobody); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("pinned nobody's key %s: %v", nobody, err)
		}
	}
	if _, err := os.Stat(pins.path); err == nil {
		t.Error("refusals made a file")
	}
}

func TestPinsAtOnce(t *testing.T) {
	path, id := place(t, "pins.json"), fixed(t, 1).ID()
	var work sync.WaitGroup
	const many = 20
	for i := range many {
		// Each with a Pins of its own, as separate programs have.
		work.Go(func() {
			if err := OpenPins(path).Add(fmt.Sprintf("desk-%d", i), id); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if all, err := OpenPins(path).All(); err != nil || len(all) != many {
		t.Errorf("%d pins, %v; want %d", len(all), err, many)
	}
}

func TestPinsDamaged(t *testing.T) {
	id := fixed(t, 1).ID()
	pins := OpenPins(place(t, "pins.json"))
	if err := pins.Add("desk", id); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(pins.path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string]string{
		"an unknown field": strings.Replace(string(good), `"version"`, `"extra": 1, "version"`, 1),
		"a later version":  strings.Replace(string(good), `: 1,`, `: 2,`, 1),
		"more after it":    string(good) + "{}",
		"a short ID":       strings.Replace(string(good), id.String(), id.String()[:20], 1),
	}
	// The last byte is a newline, without which it is whole.
	for n := range len(good) - 2 {
		damaged[fmt.Sprintf("the first %d bytes", n)] = string(good[:n])
	}
	for what, content := range damaged {
		if err := os.WriteFile(pins.path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := pins.Lookup("desk"); err == nil || deskside.CodeOf(err) == deskside.CodeUnpinned {
			t.Errorf("%s: %v, as if there were no pin", what, err)
		}
		if err := pins.Add("desk", fixed(t, 2).ID()); err == nil {
			t.Errorf("%s: pinned another key over it", what)
		}
	}
	if err := os.WriteFile(pins.path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(pins.path), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := pins.Lookup("desk"); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("in a directory others may write: %v, want denied", err)
	}
}

func TestParsePinsRefuses(t *testing.T) {
	id := fixed(t, 1).ID()
	pin := fmt.Sprintf(`{"name":"desk","agent":%q,"met":"2026-01-02T03:04:05Z"}`, id)
	for what, text := range map[string]string{
		"the same name twice": `{"version":1,"pins":[` + pin + `,` + pin + `]}`,
		"an upper-case name":  `{"version":1,"pins":[` + strings.Replace(pin, "desk", "Desk", 1) + `]}`,
		"no name":             `{"version":1,"pins":[` + strings.Replace(pin, "desk", "", 1) + `]}`,
		"the zero key":        `{"version":1,"pins":[` + strings.Replace(pin, id.String(), deskside.KeyID{}.String(), 1) + `]}`,
		"anyone's key":        `{"version":1,"pins":[` + strings.Replace(pin, id.String(), Anyone().String(), 1) + `]}`,
		"no version":          `{"pins":[]}`,
		"null":                `null`,
		"a list":              `[]`,
	} {
		if all, err := parsePins([]byte(text)); err == nil {
			t.Errorf("%s: read %v", what, all)
		}
	}
}

func FuzzParsePins(f *testing.F) {
	id := fixed(f, 1).ID()
	f.Add([]byte(fmt.Sprintf(`{"version":1,"pins":[{"name":"desk","agent":%q,"met":"2026-01-02T03:04:05Z"}]}`, id)))
	f.Add([]byte(`{"version":1,"pins":[]}`))
	f.Add([]byte(`{"version":1,"pins":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := parsePins(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(pinFile{Version: 1, Pins: sorted(all)})
		if err != nil {
			// A year JSON cannot write: the file could not have held it.
			t.Fatal(err)
		}
		back, err := parsePins(again)
		if err != nil || len(back) != len(all) {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		for name, pin := range all {
			if name == "" || back[name].Agent != pin.Agent {
				t.Fatalf("pin %q changed", name)
			}
		}
	})
}
