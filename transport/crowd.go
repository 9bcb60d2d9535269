package transport

import "sync"

// crowd knows the open streams of a listener or a dialer, so that its Close
// can end them.
type crowd struct {
	mu      sync.Mutex
	closed  bool
	streams map[Stream]struct{}
}

// add takes a stream in, or aborts it and reports false when it is too late.
func (c *crowd) add(s Stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		s.Abort()
		return false
	}
	if c.streams == nil {
		c.streams = make(map[Stream]struct{})
	}
	c.streams[s] = struct{}{}
	s.AfterClose(func() { c.remove(s) })
	return true
}

func (c *crowd) remove(s Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, s)
}

// end aborts every stream, and those that come later.
func (c *crowd) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for s := range c.streams {
		s.Abort()
	}
}
