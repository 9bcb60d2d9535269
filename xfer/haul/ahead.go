package haul

import (
	"errors"
	"io"
	"io/fs"

	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// ahead is how many entries are held in memory behind a new folder, itself counted:
// the folders among them are recorded at once, since a record is a wait for the
// disk, and made after that.
const ahead = 64

// arriving is an entry that has come.
type arriving struct {
	h    *tree.Head
	body *tree.Reader // of a file

	// Of a short file that was read, whole:
	page  *[shortFile]byte
	sum   disk.Hash
	fault error // of its source
}

func short(h *tree.Head) bool { return !h.Holes && h.Size <= shortFile }

// read reads a short file. An error is one of the body.
func (a *arriving) read() error {
	a.page = pages.Get().(*[shortFile]byte)
	if _, err := io.ReadFull(a.body, a.page[:a.h.Size]); err != nil {
		return err
	}
	sum, fault, err := a.body.Sum()
	if a.sum = sum; fault != nil {
		a.fault = fault
	}
	return err
}

// release gives back the page of a file that was not made.
func (a *arriving) release() {
	if a.page != nil {
		pages.Put(a.page)
		a.page = nil
	}
}

// waits reports whether an entry is held back: a folder, and what comes behind one
// and is small.
func (l *Landing) waits(h *tree.Head) bool {
	switch {
	case h.Path == "":
		return false
	case h.Kind == tree.Folder:
		return true
	}
	return len(l.held) > 0 && short(h)
}

// hold takes in an entry that waits.
func (l *Landing) hold(a *arriving) error {
	if a.h.Kind == tree.File {
		if err := a.read(); err != nil {
			return err
		}
	}
	if l.held = append(l.held, a); len(l.held) < ahead {
		return nil
	}
	return l.settle()
}

// settle makes what is held back.
func (l *Landing) settle() error {
	list := l.held
	l.held = nil
	if err := l.foretell(list); err != nil {
		l.stop(err)
		return err
	}
	for _, a := range list {
		err := l.try(a)
		a.release()
		if err != nil {
			return err
		}
	}
	return nil
}

// foretell records the folders of a list that are to be made.
func (l *Landing) foretell(list []*arriving) error {
	l.foretold = make(map[string]bool)
	var folders []Arrival
	for _, a := range list {
		if a.h.Kind == tree.Folder && (l.foretold[parentOf(a.h.Path)] || l.absent(a.h)) && l.permitted(a.h) == nil {
			l.foretold[a.h.Path] = true
			folders = append(folders, Arrival{Head: a.h})
		}
	}
	return l.tell(folders)
}

// absent reports whether nothing has the name of h, in a folder that is there.
func (l *Landing) absent(h *tree.Head) bool {
	in, err := l.enter(parentOf(h.Path))
	if err != nil {
		return false
	}
	_, err = in.dir.Root.Lstat(h.Name())
	return errors.Is(err, fs.ErrNotExist)
}

// tell hands entries to Record, one list at a time.
func (l *Landing) tell(list []Arrival) error {
	if len(list) == 0 {
		return nil
	}
	if err := l.step(); err != nil || l.Record == nil {
		return err
	}
	l.telling.Lock()
	defer l.telling.Unlock()
	return l.Record(list)
}
