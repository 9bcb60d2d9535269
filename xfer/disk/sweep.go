package disk

import (
	"os"
	"sync"
	"time"
)

// Sweeper takes away what transfers left that nobody goes on with, in the folders
// that are written to anyway and at most once an hour in each. A nil one looks
// through a folder each time.
type Sweeper struct {
	mu   sync.Mutex
	Last map[string]time.Time
}

// Look sweeps the folder of that path, if it is due; keep is how long a transfer
// may go on without a byte.
func (s *Sweeper) Look(dir *os.Root, keep time.Duration) {
	if now := time.Now(); s == nil || s.Due(dir.Name(), now) {
		Sweep(dir, now.Add(-keep))
	}
}

// Due reports whether the folder of that path is to be looked through now.
func (s *Sweeper) Due(folder string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.Last[folder]; ok && now.Sub(last) < sweepEvery {
		return false
	}
	if s.Last == nil || len(s.Last) >= SweepFolders {
		s.Last = make(map[string]time.Time)
	}
	s.Last[folder] = now
	return true
}

// Sweep removes the partial files in dir that nothing was written to since
// before, and drafts of any time. One that another transfer holds is left alone.
func Sweep(dir *os.Root, before time.Time) {
	d, err := dir.Open(".")
	if err != nil {
		return
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			if IsPartial(name) {
				removeStale(dir, name, before)
			}
		}
		if err != nil {
			return
		}
	}
}

// linkDraft is how long a link may be on its way to its name. It cannot be held.
const linkDraft = time.Minute

func removeStale(dir *os.Root, name string, before time.Time) {
	info, err := dir.Lstat(name)
	if err != nil || !sweepable(info) {
		return
	}
	if KindOf(info.Mode()) == Link && isDraft(name) {
		if time.Since(info.ModTime()).Abs() > linkDraft {
			dir.Remove(name)
		}
		return
	}
	if !info.Mode().IsRegular() || !isDraft(name) && info.ModTime().After(before) {
		return
	}
	f, err := dir.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) || Lock(f) != nil {
		return
	}
	dir.Remove(name)
}
