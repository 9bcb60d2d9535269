package haul

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// Limits of a group, and of what is noted.
const (
	groupFiles = 512
	groupBytes = 32 << 20
	maxNotes   = 10_000 // what is noted beyond is counted
)

// Landing is a tree that arrives in a folder. Its methods are called by one
// goroutine; Close ends it.
type Landing struct {
	Top     *disk.Dir   // the folder; not owned
	Made    bool        // the folder is new, and is given the permissions and time of the tree's top
	Replace bool        // files that have a name already may go
	Owners  bool        // keep owners, where this program may
	Origin  string      // what files are marked with; "" is nothing
	Largest int64       // bytes of a file; 0: any
	Disk    disk.Spaces // nil asks the system
	Folds   bool        // the file system does not tell names by case; always where it usually does not

	Allow  func(h *tree.Head) error // says why an entry must not be made, and may narrow its permissions; nil allows all
	Record func([]Arrival) error    // is told of entries before they get their names, and of folders before they are made, one list at a time; may narrow the permissions of files, and stops all by an error; nil is fine
	Sweep  func(dir *os.Root)       // is called for each folder of the tree that something arrives in, before that; nil is fine
	Step   func() error             // is called between pieces, and stops all by an error; nil is fine

	Result Result // complete after Close

	stack    []*folder // from the top to where the last entry was
	closed   string    // path of a folder that could not be made: what is in it is left out
	later    []dressing
	held     []*arriving     // behind a folder that is not made yet
	foretold map[string]bool // folders that were recorded, of those that were held last
	telling  sync.Mutex      // held while Record runs
	group    *group
	room     int64 // bytes the disk has left for this group; -1: not known
	jobs     chan job
	work     chan *group
	done     sync.WaitGroup // of committing
	hands    sync.WaitGroup // of the writers
	mu       sync.Mutex
	err      error              // of committing, for good
	named    map[disk.ID]string // files that have names, where names fold; of the goroutine that commits
	dirty    bool               // names wait for the next SyncAll; of the goroutine that commits
	seen     map[string]string
}

// Result says what became of a tree.
type Result struct {
	Files, Folders, Links int // made
	Same                  int // links and folders aside, there already
	Bytes                 int64
	Failed                []Note
	More                  int // failures that are not listed
}

// Note is a path of the tree and why it is not there.
type Note struct {
	Path string
	Err  error
}

// Arrival is an entry that is about to get its name.
type Arrival struct {
	Head *tree.Head
	Sum  disk.Hash // of a file
}

// dressing is a folder that gets its time when all is in it, and if it was made,
// now or by a copy that was cut off, its permissions.
type dressing struct {
	head *tree.Head
	made bool
}

// folder is one that is held open.
type folder struct {
	dir   *disk.Dir
	path  string
	other bool // it is on another file system than the top
	using int  // entries of groups in it, and the stack; guarded by Landing.mu
}

// item is an entry of a group.
type item struct {
	Arrival
	in   *folder
	told bool        // it was recorded
	f    *disk.Draft // of a file that is written
	has  uint16      // permissions of f
	err  error       // why it was not
}

// group is what gets its names together.
type group struct {
	items    []*item
	bytes    int64
	writing  sync.WaitGroup // files that writers have
	together bool           // it was flushed with all else of the top's file system, and its names are to be
}

func (l *Landing) start() {
	if l.work != nil {
		return
	}
	l.Folds = l.Folds || disk.FoldsCase
	l.seen, l.named = make(map[string]string), make(map[disk.ID]string)
	l.stack = []*folder{{dir: l.Top, using: 1}}
	l.sweep(l.Top)
	l.work, l.jobs = make(chan *group), make(chan job, waiting)
	l.begin()
	for range writers {
		l.hands.Go(func() {
			for j := range l.jobs {
				l.write(j)
			}
		})
	}
	written := make(chan *group)
	l.done.Go(func() {
		defer close(written)
		for g := range l.work {
			l.flush(g)
			written <- g
		}
	})
	l.done.Go(func() {
		for g := range written {
			l.commit(g)
		}
	})
}

func (l *Landing) sweep(dir *disk.Dir) {
	if l.Sweep != nil {
		l.Sweep(dir.Root)
	}
}

// begin begins a group.
func (l *Landing) begin() { l.group, l.room = &group{}, -1 }

// Add makes the entry h. body gives the bytes of a file, and is not read if the
// file is not made. An error means that nothing more can be made.
func (l *Landing) Add(h *tree.Head, body *tree.Reader) error {
	l.start()
	if err := l.stopped(); err != nil {
		return err
	}
	a := &arriving{h: h, body: body}
	if l.waits(h) {
		return l.hold(a)
	}
	if err := l.settle(); err != nil {
		return err
	}
	if err := l.try(a); err != nil {
		return err
	}
	a.release()
	if h.Kind == tree.File {
		return body.Skip()
	}
	return nil
}

// try makes an entry, or notes why not.
func (l *Landing) try(a *arriving) error {
	if l.shut(a.h.Path) {
		return nil
	}
	err := l.add(a)
	if stop, ok := errors.AsType[*stopError](err); ok {
		return stop.err
	}
	if err != nil {
		l.Fail(a.h.Path, err)
		if a.h.Kind == tree.Folder {
			l.closed = a.h.Path
		}
	}
	return nil
}

// stopError is an error after which nothing more is made.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

func (l *Landing) stopped() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// shut reports whether path lies in a folder that could not be made.
func (l *Landing) shut(path string) bool {
	return l.closed != "" && strings.HasPrefix(path, l.closed+"/")
}

// Fail notes why path is not there.
func (l *Landing) Fail(path string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.Result.Failed) >= maxNotes {
		l.Result.More++
		return
	}
	l.Result.Failed = append(l.Result.Failed, Note{path, err})
}

func (l *Landing) add(a *arriving) error {
	h := a.h
	if h.Path == "" {
		l.later = append(l.later, dressing{h, l.Made})
		if l.Made {
			l.count(h)
		}
		return nil
	}
	if err := l.permitted(h); err != nil {
		return err
	}
	in, err := l.enter(parentOf(h.Path))
	if err != nil {
		return err
	}
	if h.Kind == tree.File {
		return l.file(a, in)
	}
	info, err := in.dir.Root.Lstat(h.Name())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Explain(err, "write", h.Name())
	}
	if err != nil {
		info = nil
	}
	if h.Kind == tree.Folder {
		return l.folder(h, in, info)
	}
	return l.link(h, in, info)
}

func parentOf(p string) string {
	if dir := path.Dir(p); dir != "." {
		return dir
	}
	return ""
}

// Look describes what is at path, or gives nil where there is nothing.
func (l *Landing) Look(path string) (*Entry, error) {
	l.start()
	in, err := l.enter(parentOf(path))
	if deskside.CodeOf(err) == deskside.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := &tree.Head{Path: path}
	info, err := in.dir.Root.Lstat(h.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, disk.Explain(err, "read", h.Name())
	}
	h, ok, err := disk.HeadOf(in.dir.Root, h.Name(), path, info)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, disk.Exists(path)
	}
	return &Entry{Head: h, Dir: in.dir, Info: info}, nil
}

// permitted checks what needs no look at the disk.
func (l *Landing) permitted(h *tree.Head) error {
	for e := range strings.SplitSeq(h.Path, "/") {
		if err := disk.CheckNative(e); err != nil {
			return err
		}
		if disk.IsPartial(e) {
			return disk.Conflict("%q is a name for transfers that have not ended", e)
		}
	}
	if h.Kind == tree.Link {
		if err := CheckTarget(h); err != nil {
			return err
		}
	}
	if l.Largest > 0 && h.Size > l.Largest {
		return deskside.Errorf(deskside.CodeDenied, "a file of %d bytes is larger than the %d that policy allows", h.Size, l.Largest)
	}
	if err := l.clash(h); err != nil {
		return err
	}
	if l.Allow != nil {
		return l.Allow(h)
	}
	return nil
}

// CheckTarget refuses a link that leads out of the tree, or may on this system,
// where a name may be more than a name.
func CheckTarget(h *tree.Head) error {
	if !tree.Inside(h.Path, h.Target) {
		return deskside.Errorf(deskside.CodeDenied, "the link leads to %q, out of the folder that is copied", disk.Text(h.Target))
	}
	for e := range strings.SplitSeq(h.Target, "/") {
		if e == "" || e == "." || e == ".." {
			continue
		}
		if err := disk.CheckNative(e); err != nil {
			return err
		}
	}
	return nil
}

// clash refuses a name that this file system does not tell from another one of
// the same tree.
func (l *Landing) clash(h *tree.Head) error {
	if !l.Folds {
		return nil
	}
	key := disk.Fold(h.Path)
	if other, ok := l.seen[key]; ok && other != h.Path {
		return oneName(other, h.Name())
	}
	l.seen[key] = h.Path
	return nil
}

func oneName(other, name string) error {
	return disk.Conflict("%q and %q are one name on this file system", disk.Text(path.Base(other)), disk.Text(name)).Hint("Rename one of them.")
}

// enter opens the folder at path, through those before it.
func (l *Landing) enter(path string) (*folder, error) {
	for top := l.stack[len(l.stack)-1]; len(l.stack) > 1 && path != top.path && !strings.HasPrefix(path, top.path+"/"); top = l.stack[len(l.stack)-1] {
		l.stack = l.stack[:len(l.stack)-1]
		l.leave(top)
	}
	at := l.stack[len(l.stack)-1]
	if at.path == path {
		return at, nil
	}
	rest := strings.TrimPrefix(path[len(at.path):], "/")
	for name := range strings.SplitSeq(rest, "/") {
		dir, err := disk.OpenDir(at.dir.Root, name)
		if err != nil {
			return nil, err
		}
		l.sweep(dir)
		at = &folder{dir: dir, other: !dir.SameDisk(l.Top), path: strings.TrimPrefix(at.path+"/"+name, "/"), using: 1}
		l.stack = append(l.stack, at)
	}
	return at, nil
}

// leave lets go of a folder once.
func (l *Landing) leave(f *folder) {
	l.mu.Lock()
	f.using--
	last := f.using == 0
	l.mu.Unlock()
	if last && f.dir != l.Top {
		f.dir.Close()
	}
}

func (l *Landing) folder(h *tree.Head, in *folder, info fs.FileInfo) error {
	if info != nil {
		if !info.IsDir() {
			return disk.Exists(h.Name())
		}
		l.later = append(l.later, dressing{h, disk.HalfMade(info, h.Mode)})
		return nil
	}
	if !l.foretold[h.Path] { // it went since
		if err := l.tell([]Arrival{{Head: h}}); err != nil {
			return &stopError{err}
		}
	}
	if err := disk.MakeFolder(in.dir.Root, h.Name(), h.Mode); err != nil {
		return disk.Explain(err, "make", h.Name())
	}
	l.later = append(l.later, dressing{h, true})
	l.take(&item{Arrival: Arrival{Head: h}, in: in, told: true}, 0)
	return nil
}

func (l *Landing) link(h *tree.Head, in *folder, info fs.FileInfo) error {
	if info != nil && info.Mode()&fs.ModeSymlink != 0 {
		if says, err := in.dir.Root.Readlink(h.Name()); err == nil && says == h.Target {
			return nil
		}
	}
	if err := l.free(h, in, info); err != nil {
		return err
	}
	l.take(&item{Arrival: Arrival{Head: h}, in: in}, 0)
	return nil
}

// free refuses a name that has something which is not to go.
func (l *Landing) free(h *tree.Head, in *folder, info fs.FileInfo) error {
	return disk.Replaceable(&disk.Place{Dir: in.dir.Root, Name: h.Name(), Info: info}, l.Replace)
}

// take puts an entry into the group, and hands the group on when it is full.
func (l *Landing) take(it *item, bytes int64) {
	l.mu.Lock()
	it.in.using++
	l.mu.Unlock()
	l.group.items = append(l.group.items, it)
	l.group.bytes += bytes
	if len(l.group.items) >= groupFiles || l.group.bytes >= groupBytes {
		l.handOn()
	}
}

// Flush gives what has arrived its names without waiting for a full group.
func (l *Landing) Flush() {
	if l.work == nil {
		return
	}
	if err := l.settle(); err != nil {
		l.stop(err)
	}
	l.handOn()
}

func (l *Landing) handOn() {
	if len(l.group.items) > 0 {
		l.work <- l.group
		l.begin()
	}
}
