package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"deskside"
)

// Config says where and how a log is written.
type Config struct {
	Dir      string           // the folder; made if it is not there
	FileSize int64            // bytes after which another file begins; 0 means 16 MiB
	Now      func() time.Time // nil means time.Now
}

const (
	defaultFileSize = 16 << 20
	maxBatch        = 256 // calls that share one sync
)

// ErrClosed is returned by Append after Close.
var ErrClosed = errors.New("the audit is closed")

// Log is an audit that is being written. Its methods may be called from any
// goroutine.
type Log struct {
	dir      string
	fileSize int64
	now      func() time.Time
	lock     *os.File

	queue   chan request
	quit    chan struct{}
	stopped chan struct{}
	once    sync.Once

	mu   sync.Mutex
	head Head

	// What follows belongs to the goroutine of run.
	file  *os.File
	size  int64
	gap   int   // entries refused since the last that was written
	cause error // why, and that the file may hold more than size
}

type request struct {
	events []deskside.Event
	done   chan<- result // has room for one
}

type result struct {
	head Head
	err  error
}

// Open opens the log in c.Dir, or begins one, and repairs its end. It fails if
// another process writes it, or if others may read or write the folder.
func Open(c Config) (*Log, error) {
	l := &Log{
		dir: c.Dir, fileSize: c.FileSize, now: c.Now,
		queue: make(chan request), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	if l.fileSize <= 0 {
		l.fileSize = defaultFileSize
	}
	if l.now == nil {
		l.now = time.Now
	}
	if err := l.open(); err != nil {
		l.release()
		return nil, fmt.Errorf("audit %q: %w", c.Dir, err)
	}
	go l.run()
	return l, nil
}

// Append writes events, one after another and all or none, and returns when they
// are on the disk, with the chain's head after them. An error means that what
// they record must not go on: CodeNoAudit if the disk failed, CodeBadRequest if
// one is too long, or the context's error, after which the entries may or may not
// have been written.
func (l *Log) Append(ctx context.Context, events ...deskside.Event) (Head, error) {
	done := make(chan result, 1)
	select {
	case l.queue <- request{events, done}:
	case <-l.quit:
		return Head{}, noAudit(ErrClosed)
	case <-ctx.Done():
		return Head{}, ctx.Err()
	}
	select {
	case r := <-done:
		return r.head, r.err
	case <-ctx.Done():
		return Head{}, ctx.Err()
	}
}

// Head gives the chain's head as it is on the disk.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Close waits for what is being written and lets another process write.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.quit) })
	<-l.stopped
	return nil
}

// noAudit tells a peer no more than that the audit failed; the cause is for
// the agent's own log.
func noAudit(cause error) error {
	return &deskside.Error{
		Code:  deskside.CodeNoAudit,
		Words: "the audit cannot be written",
		Do:    "The agent's owner must see to its disk; until then nothing is allowed.",
		Err:   cause,
	}
}

func (l *Log) run() {
	defer close(l.stopped)
	defer l.release()
	for {
		select {
		case r := <-l.queue:
			l.commit(l.gather(r))
		case <-l.quit:
			return
		}
	}
}

// gather adds to r what else waits.
func (l *Log) gather(r request) []request {
	batch := []request{r}
	for len(batch) < maxBatch {
		select {
		case r := <-l.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch and answers its callers.
func (l *Log) commit(batch []request) {
	results := make([]result, len(batch))
	if err := l.write(batch, results); err != nil {
		for _, r := range batch {
			l.gap += len(r.events)
		}
		for i := range results {
			results[i] = result{err: noAudit(err)}
		}
	}
	for i, r := range batch {
		r.done <- results[i]
	}
}

// write writes a batch with one sync and fills in the results. An error is for
// all of the batch, and then nothing of it counts.
func (l *Log) write(batch []request, results []result) error {
	if err := l.mend(); err != nil {
		return err
	}
	at, head, buf := l.now(), l.Head(), []byte(nil)
	if l.gap > 0 {
		buf, head, _ = appendLine(buf, head, at, gapEvent(l.gap, l.cause))
	}
	for i, r := range batch {
		buf, head, results[i].err = appendLines(buf, head, at, r.events)
		results[i].head = head
	}
	if err := l.rotate(len(buf)); err != nil {
		l.cause = err
		return err
	}
	if err := l.store(buf); err != nil {
		l.cause = err
		return err
	}
	l.gap, l.cause = 0, nil
	l.mu.Lock()
	l.head = head
	l.mu.Unlock()
	return nil
}

// store appends buf to the file.
func (l *Log) store(buf []byte) error {
	if _, err := l.file.Write(buf); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.size += int64(len(buf))
	return nil
}

// rotate begins another file if n more bytes are too many for this one.
func (l *Log) rotate(n int) error {
	if l.size == 0 || l.size+int64(n) <= l.fileSize {
		return nil
	}
	old := l.file
	if err := l.start(l.Head().Sequence + 1); err != nil {
		return err
	}
	return old.Close()
}

// mend takes back what a failed write may have left. The file is opened anew,
// since a failed sync may have dropped what the old descriptor wrote.
func (l *Log) mend() error {
	if l.cause == nil {
		return nil
	}
	f, err := openAt(l.file.Name(), l.size)
	if err != nil {
		return err
	}
	l.file.Close()
	l.file = f
	return nil
}

// start begins a file whose first entry will be first. An empty one may be
// there from an attempt that failed later.
func (l *Log) start(first uint64) error {
	path := filepath.Join(l.dir, fileName(first))
	if err := create(path, nil); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := openAt(path, 0)
	if err != nil {
		return err
	}
	l.file, l.size = f, 0
	return nil
}

// openAt opens a file to be continued at size, and cuts off what is there.
func openAt(path string, size int64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(size), f.Sync()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func gapEvent(n int, cause error) deskside.Event {
	return deskside.Event{
		Kind:  deskside.EventRepaired,
		Code:  deskside.CodeNoAudit,
		Words: fmt.Sprintf("%d entries could not be written, and what they record was refused: %v", n, cause),
	}
}

func (l *Log) release() {
	if l.file != nil {
		l.file.Close()
	}
	if l.lock != nil {
		l.lock.Close()
	}
}
