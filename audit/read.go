package audit

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"deskside"
)

// Filter chooses entries. What is zero chooses all.
type Filter struct {
	Session deskside.SessionID
	Kinds   []deskside.EventKind
	Since   time.Time // not before
	Until   time.Time // before
}

func (f *Filter) has(e *Entry) bool {
	if !f.Session.IsZero() && (e.Event.Session == nil || *e.Event.Session != f.Session) {
		return false
	}
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, e.Event.Kind) {
		return false
	}
	return !e.At.Before(f.Since) && (f.Until.IsZero() || e.At.Before(f.Until))
}

// Read gives the entries in dir that the filter chooses, oldest first. A line
// that is not an entry gives an error and the reading goes on, but for a last
// line that is not finished, which is left out. Read does not follow the chain;
// that is for Verify.
func Read(dir string, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		names, err := files(dir)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, name := range names {
			if !readFile(filepath.Join(dir, name), &f, yield) {
				return
			}
		}
	}
}

func readFile(path string, f *Filter, yield func(Entry, error) bool) bool {
	in, err := os.Open(path)
	if missing(err) {
		return true // taken away since it was listed
	}
	if err != nil {
		return yield(Entry{}, err)
	}
	defer in.Close()
	for l, err := range lines(in) {
		if err != nil {
			return yield(Entry{}, err)
		}
		if l.torn {
			return true
		}
		e, err := parseLine(l.text)
		switch {
		case err != nil:
			if !yield(Entry{}, fmt.Errorf("%s:%d: %w", filepath.Base(path), l.number, err)) {
				return false
			}
		case f.has(&e) && !yield(e, nil):
			return false
		}
	}
	return true
}
