package xfer

import (
	"sync"
	"testing"
)

// TestPipeIsClosedTwice closes pipes from two sides at the same time.
func TestPipeIsClosedTwice(t *testing.T) {
	for range 20_000 {
		f := &pipe{closed: make(chan struct{})}
		var closing sync.WaitGroup
		for range 2 {
			closing.Go(func() { f.Close() })
		}
		closing.Wait()
		<-f.closed
	}
}
