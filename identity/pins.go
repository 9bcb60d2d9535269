package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"deskside"
	"deskside/internal/atomicfile"
)

// Limits of a pin file.
const (
	MaxPins    = 100_000
	maxPinName = 300 // bytes; a DNS name has at most 253
	maxPinFile = 32 << 20
)

// Pin is a key met before.
type Pin struct {
	Name  string           `json:"name"`  // of the host, as the operator calls it, lower case
	Agent deskside.AgentID `json:"agent"` // whose key it is
	Met   time.Time        `json:"met"`   // when it was pinned
}

// Pins is the file in which an operator keeps the keys of agents met before:
// JSON, mode 0600, replaced whole. Several processes may use it at once; each
// call reads it anew.
type Pins struct {
	path string
}

// OpenPins gives the pins in the file path. The file and its directory are
// made by the first pin.
func OpenPins(path string) *Pins { return &Pins{path: path} }

// pinFile is the file's form. Unknown fields are errors: a newer program may
// have written what this one must not lose.
type pinFile struct {
	Version int   `json:"version"`
	Pins    []Pin `json:"pins"`
}

// Lookup gives the key pinned for name; the error is CodeUnpinned when there
// is none.
func (p *Pins) Lookup(name string) (deskside.AgentID, error) {
	name, err := pinName(name)
	if err != nil {
		return deskside.AgentID{}, err
	}
	all, err := p.read()
	if err != nil {
		return deskside.AgentID{}, err
	}
	pin, ok := all[name]
	if !ok {
		return deskside.AgentID{}, deskside.Errorf(deskside.CodeUnpinned, "the key of %q is not known here", name).
			Hint("Meet it with the six digits, or compare its ID and run: deskside trust %s", name)
	}
	return pin.Agent, nil
}

// Several gives the keys pinned for names, of one reading of the file. Names
// without one, and those that no host has, are left out.
func (p *Pins) Several(names []string) (map[string]deskside.AgentID, error) {
	all, err := p.read()
	if err != nil {
		return nil, err
	}
	keys := make(map[string]deskside.AgentID, len(names))
	for _, name := range names {
		plain, err := pinName(name)
		if err != nil {
			continue
		}
		if pin, ok := all[plain]; ok {
			keys[name] = pin.Agent
		}
	}
	return keys, nil
}

// All gives the pins in order of name.
func (p *Pins) All() ([]Pin, error) {
	all, err := p.read()
	if err != nil {
		return nil, err
	}
	return sorted(all), nil
}

// Add pins a key for name. The same key again changes nothing; another one is
// refused with CodeWrongKey. Replace trusts a changed one.
func (p *Pins) Add(name string, agent deskside.AgentID) error {
	name, err := pinName(name)
	if err != nil {
		return err
	}
	if agent.IsZero() || agent == Anyone() {
		return deskside.Errorf(deskside.CodeBadRequest, "pin %q: that is nobody's key", name)
	}
	return p.change(func(all map[string]Pin) error { return add(all, name, agent) })
}

func add(all map[string]Pin, name string, agent deskside.AgentID) error {
	if old, ok := all[name]; ok {
		return sameKey(old, agent)
	}
	if len(all) >= MaxPins {
		return deskside.Errorf(deskside.CodeTooMany, "pin %q: there are %d pins already", name, MaxPins)
	}
	all[name] = Pin{Name: name, Agent: agent, Met: time.Now().UTC().Truncate(time.Second)}
	return nil
}

// Replace pins a key for name whatever was pinned before, which only an
// operator's explicit word should do. It gives the key that was known, zero if
// there was none.
func (p *Pins) Replace(name string, agent deskside.AgentID) (old deskside.AgentID, err error) {
	if name, err = pinName(name); err != nil {
		return old, err
	}
	if agent.IsZero() || agent == Anyone() {
		return old, deskside.Errorf(deskside.CodeBadRequest, "pin %q: that is nobody's key", name)
	}
	err = p.change(func(all map[string]Pin) error {
		if old = all[name].Agent; old != agent {
			delete(all, name)
		}
		return add(all, name, agent)
	})
	return old, err
}

// Remove forgets the key of name; no error when there is none.
func (p *Pins) Remove(name string) error {
	name, err := pinName(name)
	if err != nil {
		return err
	}
	return p.change(func(all map[string]Pin) error {
		delete(all, name)
		return nil
	})
}

// sameKey refuses a key that differs from the pinned one.
func sameKey(old Pin, agent deskside.AgentID) error {
	if old.Agent == agent {
		return nil
	}
	return deskside.Errorf(deskside.CodeWrongKey, "%q is known with the key %s and now has %s", old.Name, old.Agent, agent).
		Hint("If the machine was set up anew, compare its ID there and run: deskside trust --replace %s", old.Name)
}

// pinName gives the form under which a host's name is kept.
func pinName(name string) (string, error) {
	plain := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
	bad := strings.ContainsFunc(plain, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar })
	if plain == "" || len(plain) > maxPinName || bad {
		return "", deskside.Errorf(deskside.CodeBadRequest, "%q is not the name of a host", name)
	}
	return plain, nil
}

// change reads the pins, applies edit and, unless it fails, replaces the file.
func (p *Pins) change(edit func(map[string]Pin) error) error {
	if err := MakePrivate(filepath.Dir(p.path)); err != nil {
		return err
	}
	unlock, err := atomicfile.Lock(p.path)
	if err != nil {
		return fmt.Errorf("lock pins %q: %w", p.path, err)
	}
	defer unlock()
	all, err := p.read()
	if err != nil {
		return err
	}
	before := maps.Clone(all)
	if err := edit(all); err != nil || maps.Equal(before, all) {
		return err
	}
	return p.write(all)
}

func (p *Pins) write(all map[string]Pin) error {
	text, err := json.MarshalIndent(pinFile{Version: 1, Pins: sorted(all)}, "", "\t")
	if err != nil {
		return fmt.Errorf("write pins %q: %w", p.path, err)
	}
	if err := atomicfile.Write(p.path, append(text, '\n'), privateFile); err != nil {
		return fmt.Errorf("write pins: %w", err)
	}
	return nil
}

// read gives the pins by name, none when there is no file.
func (p *Pins) read() (map[string]Pin, error) {
	raw, err := readPrivate(p.path, maxPinFile)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Pin{}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := CheckPrivate(filepath.Dir(p.path)); err != nil {
		return nil, err
	}
	all, err := parsePins(raw)
	if err != nil {
		return nil, fmt.Errorf("pins %q: %w", p.path, err)
	}
	return all, nil
}

// parsePins reads the file's form, strictly: a file that somebody damaged
// must not lose a pin in silence.
func parsePins(raw []byte) (map[string]Pin, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var file pinFile
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the end")
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("version %d, want 1", file.Version)
	}
	if len(file.Pins) > MaxPins {
		return nil, fmt.Errorf("%d pins, more than %d", len(file.Pins), MaxPins)
	}
	all := make(map[string]Pin, len(file.Pins))
	for _, pin := range file.Pins {
		if name, err := pinName(pin.Name); err != nil || name != pin.Name {
			return nil, fmt.Errorf("%q is not the name of a host", pin.Name)
		}
		if pin.Agent.IsZero() || pin.Agent == Anyone() {
			return nil, fmt.Errorf("%q is pinned to nobody's key", pin.Name)
		}
		if _, twice := all[pin.Name]; twice {
			return nil, fmt.Errorf("%q is pinned twice", pin.Name)
		}
		all[pin.Name] = pin
	}
	return all, nil
}

func sorted(all map[string]Pin) []Pin {
	return slices.SortedFunc(maps.Values(all), func(a, b Pin) int { return strings.Compare(a.Name, b.Name) })
}
