package console

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"deskside"
)

const (
	maxTransfers = 200                    // kept in one tab, done or not
	tellEvery    = 200 * time.Millisecond // how often progress is told
)

// transfer is one file on its way between the page and the machine.
type transfer struct {
	cancel context.CancelFunc

	mu   sync.Mutex
	view transferView
	told time.Time
}

func (x *transfer) snapshot() transferView {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.view
}

// moved counts bytes and reports whether it is time to tell the pages.
func (x *transfer) moved(n int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.view.Done += int64(n)
	if time.Since(x.told) < tellEvery {
		return false
	}
	x.told = time.Now()
	return true
}

// finish sets how the transfer came out.
func (x *transfer) finish(ctx context.Context, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case err == nil:
		x.view.State = "done"
	case ctx.Err() != nil:
		x.view.State = "cancelled"
	default:
		x.view.State, x.view.Error = "failed", deskside.AsError(err)
	}
}

// transfer begins to account for a file. The context it gives ends when the
// transfer or the tab is cancelled; finish must be called.
func (t *tab) transfer(ctx context.Context, path string, size int64, up bool) (context.Context, *transfer, func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(t.ctx, cancel)
	x := &transfer{cancel: cancel, view: transferView{
		ID: newID(), Name: baseName(path), Path: path, Up: up, Size: size, State: "running",
	}}
	t.mu.Lock()
	t.transfers = append(t.transfers, x)
	if n := len(t.transfers) - maxTransfers; n > 0 {
		t.transfers = slices.Delete(t.transfers, 0, n)
	}
	t.mu.Unlock()
	t.publish(t)
	return ctx, x, func(err error) {
		x.finish(ctx, err)
		stop()
		cancel()
		t.publish(t)
	}
}

// cancelTransfer cancels one file.
func (t *tab) cancelTransfer(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.transfers {
		if x.snapshot().ID == id {
			x.cancel()
			return nil
		}
	}
	return deskside.Errorf(deskside.CodeNotFound, "no transfer %q", id)
}

// counted reads through r and tells the pages how far it is.
type counted struct {
	r io.Reader
	t *tab
	x *transfer
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if n > 0 && c.x.moved(n) {
		c.t.publish(c.t)
	}
	return n, err
}

func baseName(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}
