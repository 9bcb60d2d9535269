package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"deskside"
	"deskside/identity"
)

// ErrLocked is returned by Open when another process writes the log.
var ErrLocked = errors.New("another process writes it")

func (l *Log) open() error {
	if err := identity.MakePrivate(l.dir); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(l.dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	l.lock = lock
	if err := lockFile(lock); err != nil {
		return err
	}
	names, err := files(l.dir)
	if err != nil {
		return err
	}
	return l.resume(names)
}

// resume finds the last good entry and continues after it. Files without one,
// which a crash may leave, are taken away from the end.
func (l *Log) resume(names []string) error {
	repairs := []deskside.Event{}
	for i := len(names) - 1; i >= 0; i-- {
		path := filepath.Join(l.dir, names[i])
		t, err := lastGood(path)
		if err != nil {
			return err
		}
		if t.end < t.size {
			ev, err := setAside(path, t.end)
			if err != nil {
				return err
			}
			repairs = append(repairs, ev)
		}
		if t.entry != nil {
			l.head = t.entry.Head()
			return l.carryOn(path, t.end, repairs)
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if err := l.start(1); err != nil {
		return err
	}
	return l.record(repairs)
}

func (l *Log) carryOn(path string, size int64, repairs []deskside.Event) (err error) {
	if l.file, err = openAt(path, size); err != nil {
		return err
	}
	l.size = size
	return l.record(repairs)
}

// record writes the repairs before anybody else can write.
func (l *Log) record(repairs []deskside.Event) error {
	for _, ev := range repairs {
		results := []result{{}}
		if err := l.write([]request{{events: []deskside.Event{ev}}}, results); err != nil {
			return err
		}
	}
	return nil
}

// setAside moves what is in the file from end on to a file of its own, and
// gives the event that tells of it.
func setAside(path string, end int64) (ev deskside.Event, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return ev, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ev, err
	}
	torn, err := io.ReadAll(io.NewSectionReader(f, end, info.Size()-end))
	if err != nil {
		return ev, err
	}
	hash := Hash(sha256.Sum256(torn))
	kept := fmt.Sprintf("torn-%.16s.bin", hash)
	if err := create(filepath.Join(filepath.Dir(path), kept), torn); err != nil && !errors.Is(err, os.ErrExist) {
		return ev, err
	}
	if err := errors.Join(f.Truncate(end), f.Sync()); err != nil {
		return ev, err
	}
	return deskside.Event{
		Kind:  deskside.EventRepaired,
		Words: "a line that was not written to its end was taken out; nobody was told that it had been written",
		Detail: map[string]string{
			"file": filepath.Base(path), "offset": strconv.FormatInt(end, 10),
			"size": strconv.Itoa(len(torn)), "hash": hash.String(), "kept": kept,
		},
	}, nil
}
