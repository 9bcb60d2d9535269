package haul

import (
	"cmp"
	"errors"
	"slices"

	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// fewFiles are flushed one by one: everything else that waits for the disk need
// not be waited for.
const fewFiles = 8

// commit gives the entries of a group their names, in the order of the package
// comment, while the next group is flushed.
func (l *Landing) commit(g *group) {
	defer l.letGo(g)
	if l.stopped() != nil {
		return
	}
	if err := l.record(g); err != nil {
		l.stop(err)
		return
	}
	for _, it := range g.items {
		l.name(it)
	}
	l.dirty = l.dirty || g.together
	l.syncFolders(g)
}

func (l *Landing) stop(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = cmp.Or(l.err, err)
}

// letGo takes away what got no name, and lets go of the folders.
func (l *Landing) letGo(g *group) {
	for _, it := range g.items {
		if it.f != nil {
			it.f.Drop()
		}
		l.leave(it.in)
	}
}

// flush waits until the files of a group are written, and writes them through to
// the disk, with the names of those before where they wait for it. What cannot be
// is dropped.
func (l *Landing) flush(g *group) {
	g.writing.Wait()
	if l.stopped() != nil {
		return
	}
	for _, it := range g.items {
		if it.err != nil {
			l.drop(it, it.err)
		}
	}
	g.together = len(g.items) > fewFiles && l.Top.SyncAll() == nil
	for _, it := range g.items {
		if it.f == nil || g.together && !it.in.other {
			continue
		}
		if err := it.f.F.Sync(); err != nil {
			l.drop(it, disk.Explain(err, "write", it.Head.Name()))
		}
	}
}

// drop notes why an entry gets no name.
func (l *Landing) drop(it *item, err error) {
	l.Fail(it.Head.Path, err)
	if it.f != nil {
		it.f.Drop()
		it.f = nil
	}
	it.Head = nil
}

func (l *Landing) record(g *group) error {
	if err := l.step(); err != nil {
		return err
	}
	list := make([]Arrival, 0, len(g.items))
	for _, it := range g.items {
		if it.Head != nil && !it.told {
			list = append(list, it.Arrival)
		}
	}
	return l.tell(list)
}

// name gives one entry its name, and counts it.
func (l *Landing) name(it *item) {
	if it.Head == nil {
		return
	}
	h, err := it.Head, error(nil)
	switch h.Kind {
	case tree.File:
		err = l.nameFile(it)
	case tree.Link:
		if err = it.in.dir.Link(h.Target, h.Name(), l.Replace); err == nil {
			err = it.in.dir.DressLink(h, l.Owners)
		}
	}
	if err != nil {
		l.drop(it, disk.Explain(err, "write", h.Name()))
		return
	}
	l.count(h)
}

// nameFile gives a file its name. Where names that differ may be one, for more
// than case (a letter and its accent may be one sign or two), what came before
// under another name is not replaced.
func (l *Landing) nameFile(it *item) error {
	f, root, name := it.f, it.in.dir.Root, it.Head.Name()
	it.f = nil
	if it.Head.Mode != it.has {
		if err := f.Chmod(it.Head.Mode); err != nil {
			f.Drop()
			return err
		}
	}
	if !l.Folds || !l.Replace {
		return f.Name(name, l.Replace)
	}
	if info, err := root.Lstat(name); err == nil {
		if other, ok := l.named[disk.Identity(info)]; ok && other != it.Head.Path {
			f.Drop()
			return oneName(other, name)
		}
	}
	if err := f.Name(name, true); err != nil {
		return err
	}
	if info, err := root.Lstat(name); err == nil {
		l.named[disk.Identity(info)] = it.Head.Path
	}
	return nil
}

func (l *Landing) count(h *tree.Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch h.Kind {
	case tree.File:
		l.Result.Files++
		l.Result.Bytes += h.Size
	case tree.Folder:
		l.Result.Folders++
	case tree.Link:
		l.Result.Links++
	}
}

// syncFolders makes the names last that no flush of all does, in each folder once.
func (l *Landing) syncFolders(g *group) {
	synced := make(map[*folder]error)
	for _, it := range g.items {
		if it.Head == nil || g.together && !it.in.other {
			continue
		}
		err, done := synced[it.in]
		if !done {
			err = it.in.dir.Sync()
			synced[it.in] = err
		}
		if err != nil {
			l.Fail(it.Head.Path, disk.Explain(err, "write", it.Head.Name()))
		}
	}
}

// Close gives what has arrived its names, and folders their times and
// permissions, and waits until all is on the disk. The error is one that stopped
// it.
func (l *Landing) Close() error {
	l.start()
	l.Flush()
	close(l.jobs)
	close(l.work)
	l.hands.Wait()
	l.done.Wait()
	err := l.err
	if err == nil {
		err = l.dress()
	}
	if err != nil {
		l.dressMade()
	}
	for _, f := range l.stack[1:] {
		l.leave(f)
	}
	l.stack = nil
	return err
}

// dress gives the folders their times and permissions, those deeper down first.
func (l *Landing) dress() error {
	for i := len(l.later) - 1; i >= 0; i-- {
		h, made := l.later[i].head, l.later[i].made
		if h.Path == "" && !made {
			continue
		}
		if err := l.step(); err != nil {
			return err
		}
		if err := l.dressOne(l.later[i]); err != nil {
			l.Fail(h.Path, disk.Explain(err, "write", h.Name()))
		}
	}
	if l.dirty || len(l.later) > 0 {
		if err := l.Top.SyncAll(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return disk.Explain(err, "write", ".")
		}
	}
	return nil
}

func (l *Landing) dressOne(d dressing) error {
	in, err := l.enter(d.head.Path)
	if err != nil {
		return err
	}
	if err := in.dir.DressSelf(d.head, d.made, l.Owners); err != nil || !in.other {
		return err
	}
	return in.dir.Sync()
}

// dressMade gives the folders that were made what they are to have, whatever
// stopped the rest: to a copy that goes on they are folders which were there. What
// does not succeed is not told beside what stopped it all.
func (l *Landing) dressMade() {
	for _, d := range slices.Backward(l.later) {
		if d.made {
			_ = l.dressOne(d)
		}
	}
}
