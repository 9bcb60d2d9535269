package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxBreaks bounds a report; a file of another kind would fill it.
const maxBreaks = 100

// Break is a place where a chain does not hold.
type Break struct {
	File     string `json:"file,omitempty"` // empty: the end of the chain
	Line     int    `json:"line,omitempty"` // from 1; 0 is the file as a whole
	Sequence uint64 `json:"seq,omitempty"`  // of the entry, where that can be told
	Why      string `json:"why"`
}

// String gives "file:line: entry 7: why".
func (b Break) String() string {
	text := b.Why
	if b.Sequence != 0 {
		text = fmt.Sprintf("entry %d: %s", b.Sequence, text)
	}
	switch {
	case b.File == "":
		return text
	case b.Line == 0:
		return fmt.Sprintf("%s: %s", b.File, text)
	}
	return fmt.Sprintf("%s:%d: %s", b.File, b.Line, text)
}

// Report is what Verify found.
type Report struct {
	Files   int     `json:"files"`
	Entries uint64  `json:"entries"` // those whose own hash holds
	Head    Head    `json:"head"`    // of the last of them
	Breaks  []Break `json:"breaks"`  // in the order of the chain, at most 100
	Writing bool    `json:"writing"` // an agent writes it at the moment; a line it has not finished is not counted
}

// Whole reports whether the chain holds.
func (r *Report) Whole() bool { return len(r.Breaks) == 0 }

// verifier follows a chain.
type verifier struct {
	Report
	heads   []SignedHead
	matched []bool
}

// Verify reads the log in dir, follows its chain and compares it with the
// heads that its agent signed. An error means that it could not be read; a
// chain that does not hold is told in the report.
func Verify(dir string, heads ...SignedHead) (Report, error) {
	names, err := files(dir)
	if err != nil {
		return Report{}, err
	}
	v := &verifier{heads: heads, matched: make([]bool, len(heads))}
	v.Breaks = []Break{}
	for i := range heads {
		if err := heads[i].Check(); err != nil {
			return Report{}, err
		}
	}
	for i, name := range names {
		if err := v.file(dir, name, i == len(names)-1); err != nil {
			return Report{}, err
		}
	}
	v.compareHeads()
	return v.Report, nil
}

func (v *verifier) broken(b Break, format string, args ...any) {
	if b.Why = fmt.Sprintf(format, args...); len(v.Breaks) < maxBreaks {
		v.Breaks = append(v.Breaks, b)
	}
}

func (v *verifier) file(dir, name string, last bool) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	v.Files++
	first, _ := fileFirst(name)
	empty := true
	for l, err := range lines(f) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		empty = false
		at := Break{File: name, Line: l.number}
		if l.torn && last && writing(dir) {
			v.Writing = true
			continue
		}
		e, err := parseLine(l.text)
		if err != nil {
			v.broken(at, "the line after entry %d is not an entry: %v", v.Head.Sequence, err)
			continue
		}
		if l.number == 1 && e.Sequence != first {
			v.broken(Break{File: name, Sequence: e.Sequence}, "it is the file's first, but the name says %d", first)
		}
		v.entry(at, &e)
	}
	if empty && !last {
		v.broken(Break{File: name}, "the file is empty")
	}
	return nil
}

// entry checks that e follows the entry before it, and goes on from e.
func (v *verifier) entry(at Break, e *Entry) {
	at.Sequence = e.Sequence
	switch {
	case e.Sequence > v.Head.Sequence+1:
		v.broken(at, "%d entries before it are missing", e.Sequence-v.Head.Sequence-1)
	case e.Sequence <= v.Head.Sequence:
		v.broken(at, "it stands after entry %d", v.Head.Sequence)
	case e.Previous != v.Head.Hash:
		v.broken(at, "it follows an entry with the hash %.8s…, but the one before it has %.8s…", e.Previous, v.Head.Hash)
	}
	v.Entries++
	v.Head = e.Head()
	for i, h := range v.heads {
		if h.Sequence == e.Sequence {
			v.matched[i] = true
			if h.Hash != e.Hash {
				v.broken(at, "it is not the entry that the agent signed on %s: the audit was written anew", h.At.Format("2006-01-02 15:04:05 MST"))
			}
		}
	}
}

func (v *verifier) compareHeads() {
	for i, h := range v.heads {
		switch {
		case v.matched[i] || h.Sequence == 0:
		case h.Sequence > v.Head.Sequence:
			v.broken(Break{}, "the audit ends with entry %d, but on %s the agent signed entry %d: its end was cut off",
				v.Head.Sequence, h.At.Format("2006-01-02 15:04:05 MST"), h.Sequence)
		default:
			v.broken(Break{Sequence: h.Sequence}, "the agent signed it, and it is gone")
		}
	}
}

// writing reports whether a process has the log open to write.
func writing(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(lockFile(f), ErrLocked)
}
