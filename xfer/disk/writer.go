package disk

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

const (
	// directFrom is the size in bytes from which a file is written past the page
	// cache. It is flushed at its end in any case; to copy it into fresh pages
	// before costs more than all else that is done with it.
	directFrom = 16 << 20

	page  = 4 << 10 // bytes of which what goes past the page cache has a multiple, in memory and in the file
	block = 1 << 20 // bytes that are written at once

	writeEvery = 8 << 20 // bytes
)

// blocks begin at pages, as all do that the runtime allocates of that size.
var blocks = sync.Pool{New: func() any { return new([block]byte) }}

// writer writes a file, mostly in order. Past the page cache it writes whole
// blocks, which begin where a multiple of their length does; what is no whole one
// waits in memory for more. The zero writer of a file writes at once.
type writer struct {
	f      *os.File
	direct bool

	on     bool         // f is set to write so
	wait   *[block]byte // what waits, nil if nothing does
	n      int          // bytes of it
	at     int64        // where they belong
	begins int64        // from where the system was not told to write to the disk
}

// write writes b at an offset. It is done with b when it returns.
func (w *writer) write(b []byte, at int64) error {
	if w.wait != nil && at != w.at+int64(w.n) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	for len(b) > 0 {
		if !w.direct {
			return w.put(b, at)
		}
		if w.wait == nil && at%block == 0 && len(b) >= block {
			if err := w.put(b[:block], at); err != nil {
				return err
			}
			b, at = b[block:], at+block
			continue
		}
		n, err := w.keep(b, at)
		if err != nil {
			return err
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// keep lets what of b fits wait, and gives how much that is.
func (w *writer) keep(b []byte, at int64) (int, error) {
	if w.wait == nil {
		w.wait, w.n, w.at = blocks.Get().(*[block]byte), 0, at
	}
	room := block - int(w.at%block)
	n := copy(w.wait[w.n:room], b)
	if w.n += n; w.n < room {
		return n, nil
	}
	return n, w.empty()
}

// empty writes what waits.
func (w *writer) empty() error {
	b := w.wait
	w.wait = nil
	defer blocks.Put(b)
	return w.put(b[:w.n], w.at)
}

// flush writes what waits, and leaves the file as any other is.
func (w *writer) flush() error {
	var err error
	if w.wait != nil {
		err = w.empty()
	}
	return errors.Join(err, w.set(false))
}

// put writes b, past the page cache if that can be. Where that is refused it is
// not tried again.
func (w *writer) put(b []byte, at int64) error {
	if w.direct && at%page == 0 && len(b)%page == 0 {
		err := w.set(true)
		if err == nil {
			_, err = w.f.WriteAt(b, at)
		}
		if !errors.Is(err, syscall.EINVAL) {
			return err
		}
		w.direct = false
	}
	if err := w.set(false); err != nil {
		return err
	}
	if _, err := w.f.WriteAt(b, at); err != nil {
		return err
	}
	w.begun(at + int64(len(b)))
	return nil
}

func (w *writer) set(on bool) error {
	if w.on == on {
		return nil
	}
	if err := setDirect(w.f, on); err != nil {
		return err
	}
	w.on = on
	return nil
}

// begun has the system begin to write to the disk what was put up to end, so that
// the end of the file need not wait for all of it.
func (w *writer) begun(end int64) {
	if n := end - w.begins; n >= writeEvery {
		startWriting(w.f, w.begins, n)
		w.begins = end
	}
}
