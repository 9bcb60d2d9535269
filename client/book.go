package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"deskside"
	"deskside/internal/atomicfile"
)

// Machine is an entry of the address book.
type Machine struct {
	Name    string `json:"name"`
	Address string `json:"address"`         // host, host:port, or an agent ID
	Group   string `json:"group,omitempty"` // "Front desk"
	Note    string `json:"note,omitempty"`

	Used time.Time `json:"used,omitzero"` // when a session was last set up from the console
}

// The limits of the address book.
const (
	MaxMachines  = 100_000
	maxField     = 1200 // bytes
	maxBookBytes = 64 << 20
)

// Book is the operator's address book: a JSON file, read anew at each call and
// replaced whole.
type Book struct {
	path string
	mu   sync.Mutex
}

// All lists the machines in order of group and name.
func (b *Book) All() ([]Machine, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read()
}

// Find looks a name up; case does not matter.
func (b *Book) Find(name string) (Machine, bool, error) {
	list, err := b.All()
	if err != nil {
		return Machine{}, false, err
	}
	i := slices.IndexFunc(list, named(name))
	if i < 0 {
		return Machine{}, false, nil
	}
	return list[i], true, nil
}

func named(name string) func(Machine) bool {
	return func(m Machine) bool { return strings.EqualFold(m.Name, name) }
}

// Put adds a machine, or changes the one with its name.
func (b *Book) Put(m Machine) error {
	m.Name, m.Address = strings.TrimSpace(m.Name), strings.TrimSpace(m.Address)
	if m.Name == "" {
		m.Name = m.Address
	}
	for _, f := range []string{m.Name, m.Address, m.Group, m.Note} {
		if len(f) > maxField {
			return deskside.Errorf(deskside.CodeBadRequest, "an entry of the address book has %d bytes: at most %d", len(f), maxField)
		}
	}
	if _, err := deskside.ParseKeyID(m.Address); err != nil {
		if _, err := splitHost(m.Address); err != nil {
			return err
		}
	}
	return b.change(func(list []Machine) ([]Machine, error) {
		if i := slices.IndexFunc(list, named(m.Name)); i >= 0 {
			list[i] = m
			return list, nil
		}
		if len(list) >= MaxMachines {
			return nil, deskside.Errorf(deskside.CodeTooMany, "the address book has %d machines, and takes no more", len(list))
		}
		return append(list, m), nil
	})
}

// Remove takes a machine out; its pinned key stays.
func (b *Book) Remove(name string) error {
	return b.change(func(list []Machine) ([]Machine, error) {
		i := slices.IndexFunc(list, named(name))
		if i < 0 {
			return nil, deskside.Errorf(deskside.CodeNotFound, "the address book has no %q", name)
		}
		return slices.Delete(list, i, i+1), nil
	})
}

func (b *Book) change(edit func([]Machine) ([]Machine, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	unlock, err := atomicfile.Lock(b.path)
	if err != nil {
		return err
	}
	defer unlock()
	list, err := b.read()
	if err != nil {
		return err
	}
	if list, err = edit(list); err != nil {
		return err
	}
	text, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.Write(b.path, append(text, '\n'), 0o600)
}

func (b *Book) read() ([]Machine, error) {
	info, err := os.Stat(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return []Machine{}, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxBookBytes {
		return nil, fmt.Errorf("%s has %d bytes: at most %d", b.path, info.Size(), maxBookBytes)
	}
	text, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	list := []Machine{}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", b.path, err)
	}
	slices.SortFunc(list, func(x, y Machine) int {
		return strings.Compare(strings.ToLower(x.Group+"\x00"+x.Name), strings.ToLower(y.Group+"\x00"+y.Name))
	})
	return list, nil
}
