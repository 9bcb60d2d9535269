package serve

import (
	"context"
	"sync"

	"deskside"
	"deskside/transport"
	"deskside/xfer/disk"
)

// turns sees to it that one transfer at a time writes a partial file, the
// newest. An operator whose network broke comes back before the agent has
// noticed, and must not wait for that.
type turns struct {
	mu  sync.Mutex
	has map[string]*turn
}

// turn is one transfer's hold on a partial file.
type turn struct {
	stop func()        // ends the transfer, soon
	done chan struct{} // closed when it has let go
}

// take gets the turn at the partial file key for a transfer that stop ends,
// after ending the one that has it. The caller calls leave when it is done.
func (t *turns) take(ctx context.Context, key string, stop func()) (leave func(), err error) {
	mine := &turn{stop, make(chan struct{})}
	for {
		t.mu.Lock()
		other := t.has[key]
		if other == nil {
			if t.has == nil {
				t.has = make(map[string]*turn)
			}
			t.has[key] = mine
			t.mu.Unlock()
			return func() { t.leave(key, mine) }, nil
		}
		t.mu.Unlock()
		other.stop()
		select {
		case <-other.done:
		case <-ctx.Done():
			return nil, &disk.BrokenError{Err: ctx.Err()}
		}
	}
}

func (t *turns) leave(key string, mine *turn) {
	t.mu.Lock()
	delete(t.has, key)
	t.mu.Unlock()
	close(mine.done)
}

// turn takes the turn at a partial file for this call.
func (c *call) turn(key string) (leave func(), err error) {
	stream := transport.FromContext(c.r.Context())
	if stream == nil {
		return nil, deskside.Errorf(deskside.CodeInternal, "the request came over no stream")
	}
	return c.s.turns.take(c.r.Context(), key, stream.Abort)
}
