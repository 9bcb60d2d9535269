//go:build unix

package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"deskside"
	"deskside/internal/await"
	"deskside/internal/figure"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"
	"deskside/xfer"
)

// fuse is a way that ends when so many bytes have passed, in the direction in
// which the file goes.
type fuse struct {
	up     bool
	silent bool   // the other end learns nothing of it
	when   func() // called before it ends; nil is fine

	mu    sync.Mutex
	left  int64
	burnt bool
}

var errBurnt = errors.New("the way is gone")

// spend takes n bytes of what is left, and reports whether the way is gone.
func (f *fuse) spend(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left -= int64(n); f.left > 0 || f.burnt {
		return f.burnt
	}
	f.burnt = true
	if f.when != nil {
		f.when()
	}
	return true
}

func (f *fuse) gone() bool { return f.spend(0) }

// fused is a stream on a way with a fuse.
type fused struct {
	transport.Stream
	f *fuse
}

func (s *fused) Write(b []byte) (int, error) {
	if s.f.gone() {
		return 0, errBurnt
	}
	n, err := s.Stream.Write(b)
	if s.f.up && s.f.spend(n) {
		s.Close()
	}
	return n, err
}

func (s *fused) Read(b []byte) (int, error) {
	if s.f.gone() {
		return 0, errBurnt
	}
	n, err := s.Stream.Read(b)
	if !s.f.up && s.f.spend(n) {
		s.Close()
	}
	return n, err
}

// Close on a way that is gone reaches the other end at once or never.
func (s *fused) Close() error {
	switch {
	case !s.f.gone():
		return s.Stream.Close()
	case !s.f.silent:
		s.Stream.Abort()
	}
	return nil
}

// over gives a client whose streams share a fuse.
func (r *rig) over(n *transporttest.Net, f *fuse) *xfer.Client {
	dial := n.Dialer(deskside.Xfer)
	w := &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		s, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		r.t.Cleanup(s.Abort)
		return &fused{s, f}, nil
	}}
	r.t.Cleanup(w.Close)
	c := r.client(n)
	c.HTTP = w
	return c
}

// TestFaultLink kills the way again and again in the middle of one file, in turn
// over TCP and UDP, with a word to the other end and without, each time after new
// bytes that count: no way lasts for more than its share of the file, so what is
// there grows only if each copy goes on where the last one ended. The file is
// right in the end.
func TestFaultLink(t *testing.T) {
	kills, size := figure.Of(4, 20), figure.Of(30<<20, 512<<20)
	for _, up := range []bool{true, false} {
		t.Run(fmt.Sprintf("up=%v", up), func(t *testing.T) {
			transporttest.CheckLeaks(t)
			r := newRig(t, transporttest.New(t, deskside.TCP))
			other := transporttest.New(t, deskside.UDP)
			other.Agent, other.Operator = r.net.Agent, r.net.Operator
			r.serve(other)
			data, into := noise(size), r.dir
			copy := func(c *xfer.Client) (xfer.Result, error) {
				return c.Put(t.Context(), r.mine("file"), "file", xfer.Options{})
			}
			if up {
				write(t, r.mine("file"), data)
			} else {
				write(t, r.at("file"), data)
				into = r.own
				copy = func(c *xfer.Client) (xfer.Result, error) {
					return c.Get(t.Context(), "file", r.mine("file"), xfer.Options{})
				}
			}
			before := int64(-1)
			for k := range kills {
				f := &fuse{up: up, silent: k%3 == 2, left: int64(size / (kills + 1))}
				there := largest(into)
				if up { // what is on its way when the way ends may be lost
					f.when = func() { await.True(t, "new bytes at the agent", func() bool { return largest(into) > there+1<<20 }) }
				}
				_, err := copy(r.over([]*transporttest.Net{r.net, other}[k%2], f))
				wantCode(t, err, deskside.CodeUnreachable)
				if !f.gone() {
					t.Fatalf("kill %d did not happen", k)
				}
				await.True(t, "new bytes that are kept", func() bool { return largest(into) > before })
				before = largest(into)
			}
			got, err := copy(r.client(r.net))
			must(t, err)
			if got.Resumed < int64(size)*int64(kills)/int64(kills+1)/2 {
				t.Errorf("the last copy went on at %d of %d", got.Resumed, size)
			}
			wantFile(t, r.at("file"), data)
			wantFile(t, r.mine("file"), data)
			wantOnly(t, r.dir, "file")
			wantOnly(t, r.own, "file")
			t.Logf("%d kills in %d bytes; the last copy went on at %d", kills, size, got.Resumed)
		})
	}
}
