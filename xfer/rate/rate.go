// Package rate holds the bodies of requests and their answers to a rate.
package rate

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Doer sends a request and gives its answer.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Least is the lowest rate that Limit takes: with less, a way that moves
// would seem to stand still.
const Least = 16 << 10

// Limit gives a Doer whose bodies move rate bytes a second at most, all of them
// and both ways together.
func Limit(d Doer, rate int64) Doer {
	return &limited{d, &tap{rate: max(rate, Least)}}
}

type limited struct {
	Doer
	tap *tap
}

func (l *limited) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = &dripping{r.Body, r.Context(), l.tap}
	}
	resp, err := l.Doer.Do(r)
	if err == nil {
		resp.Body = &dripping{resp.Body, r.Context(), l.tap}
	}
	return resp, err
}

// tap lets bytes through at a rate.
type tap struct {
	rate int64 // bytes a second
	mu   sync.Mutex
	free time.Time // when what went through before has had its time
}

// ahead is how much may go through at once.
const ahead = 100 * time.Millisecond

// piece gives how many bytes to take next.
func (t *tap) piece() int { return int(min(max(t.rate/10, 1), 256<<10)) }

// pass waits until n bytes may have gone through.
func (t *tap) pass(ctx context.Context, n int) error {
	t.mu.Lock()
	now := time.Now()
	if early := now.Add(-ahead); t.free.Before(early) {
		t.free = early
	}
	t.free = t.free.Add(time.Duration(float64(n) / float64(t.rate) * float64(time.Second)))
	wait := t.free.Sub(now)
	t.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dripping is a body that is read no faster than a tap lets it.
type dripping struct {
	io.ReadCloser
	ctx context.Context
	tap *tap
}

func (d *dripping) Read(b []byte) (int, error) {
	n, err := d.ReadCloser.Read(b[:min(len(b), d.tap.piece())])
	if late := d.tap.pass(d.ctx, n); late != nil && (err == nil || err == io.EOF) {
		err = late
	}
	return n, err
}

// WriteTo writes a body that writes itself, or else what is read of it.
func (d *dripping) WriteTo(w io.Writer) (int64, error) {
	if from, ok := d.ReadCloser.(io.WriterTo); ok {
		return from.WriteTo(dripped{w, d})
	}
	return io.Copy(w, struct{ io.Reader }{d})
}

// dripped is where a body goes that writes itself.
type dripped struct {
	io.Writer
	d *dripping
}

func (w dripped) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		part := b[n:min(len(b), n+w.d.tap.piece())]
		if err := w.d.tap.pass(w.d.ctx, len(part)); err != nil {
			return n, err
		}
		var some int
		some, err = w.Writer.Write(part)
		n += some
	}
	return n, err
}
