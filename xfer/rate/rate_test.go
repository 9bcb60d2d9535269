package rate

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// echo answers with what was sent.
type echo struct{}

func (echo) Do(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	return &http.Response{Body: io.NopCloser(bytes.NewReader(b))}, err
}

// TestLimit sends a megabyte there and back at 200 KiB a second.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := Limit(echo{}, 200<<10)
		began := time.Now()
		r, err := http.NewRequestWithContext(t.Context(), "PUT", "/", bytes.NewReader(make([]byte, 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := d.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || len(got) != 1<<20 {
			t.Fatalf("%d bytes came back, %v", len(got), err)
		}
		want := 2 << 20 * time.Second / (200 << 10)
		if took := time.Since(began); took > want || took < want-ahead {
			t.Errorf("it took %v, want %v", took, want)
		}
	})
}

func TestLimitEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "PUT", "/", bytes.NewReader(make([]byte, 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := Limit(echo{}, Least).Do(r); err != context.DeadlineExceeded || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// itself is a body that writes itself, and cannot be read.
type itself struct{ bytes.Reader }

func (i *itself) Read([]byte) (int, error) { return 0, io.ErrNoProgress }
func (i *itself) Close() error             { return nil }

// written answers when a body wrote itself.
type written struct{}

func (written) Do(r *http.Request) (*http.Response, error) {
	var b bytes.Buffer
	_, err := io.Copy(&b, r.Body)
	return &http.Response{Body: io.NopCloser(&b)}, err
}

func TestLimitOfABodyThatWritesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &itself{*bytes.NewReader(make([]byte, 1<<20))}
		began := time.Now()
		r, err := http.NewRequestWithContext(t.Context(), "PUT", "/", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := Limit(written{}, 200<<10).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := 1 << 20 * time.Second / (200 << 10)
		if took := time.Since(began); took > want || took < want-ahead {
			t.Errorf("it took %v, want %v", took, want)
		}
	})
}
