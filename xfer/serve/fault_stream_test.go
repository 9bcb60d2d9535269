//go:build unix

package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/internal/figure"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// fault is what happens to one byte of a conversation, inside the authenticated
// stream, where no stranger reaches: only a fault of the programs or of memory.
type fault struct {
	up  bool  // in what the operator's side says
	at  int64 // the byte, counted over all streams of a client
	cut bool  // nothing comes behind it; else it is another one

	mu    sync.Mutex
	count [2]int64 // bytes that passed, up and down
}

// passed gives how many bytes passed, up and down.
func (f *fault) passed() [2]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// pass counts b, and gives it as the fault makes it, and whether to end there.
func (f *fault) pass(up bool, b []byte) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &f.count[0]
	if !up {
		n = &f.count[1]
	}
	from := *n
	*n += int64(len(b))
	at := f.at - from
	if f.up != up || at >= int64(len(b)) || at < 0 && !f.cut {
		return b, false
	}
	if f.cut {
		return b[:max(at, 0)], true
	}
	b = bytes.Clone(b)
	b[at] ^= 1 << (f.at % 8)
	return b, false
}

// faulty is a stream of a client with a fault in it.
type faulty struct {
	transport.Stream
	f   *fault
	end bool // of reading
}

func (s *faulty) Write(b []byte) (int, error) {
	part, cut := s.f.pass(true, b)
	if n, err := s.Stream.Write(part); err != nil {
		return n, err
	}
	if cut {
		s.Stream.CloseWrite()
	}
	return len(b), nil
}

func (s *faulty) Read(b []byte) (int, error) {
	if s.end {
		return 0, io.EOF
	}
	n, err := s.Stream.Read(b)
	part, cut := s.f.pass(false, b[:n])
	copy(b, part)
	if s.end = cut; cut && len(part) == 0 {
		return 0, io.EOF
	}
	return len(part), err
}

// conversation is one whole use of the protocol.
type conversation struct {
	lay  func(r *rig) // what is there before
	run  func(ctx context.Context, c *xfer.Client, r *rig) error
	into func(r *rig) string // the folder in which it makes files, besides src
}

// conversations are of every kind that moves files.
func conversations() map[string]conversation {
	far, near := func(r *rig) string { return r.dir }, func(r *rig) string { return r.own }
	one := func(at func(*rig) string) func(r *rig) {
		return func(r *rig) { write(r.t, at(r)+"/in/file", []byte("an older file")) }
	}
	tree := xfer.TreeOptions{Options: xfer.Options{Replace: true}}
	return map[string]conversation{
		"put": {one(far), func(ctx context.Context, c *xfer.Client, r *rig) error {
			_, err := c.Put(ctx, r.mine("src/file"), "in/file", xfer.Options{Replace: true})
			return err
		}, far},
		"get": {one(near), func(ctx context.Context, c *xfer.Client, r *rig) error {
			_, err := c.Get(ctx, "src/file", r.mine("in/file"), xfer.Options{Replace: true})
			return err
		}, near},
		"put a tree": {one(far), func(ctx context.Context, c *xfer.Client, r *rig) error {
			res, err := c.PutTree(ctx, r.mine("src"), "in", tree)
			return firstFailure(res, err)
		}, far},
		"get a tree": {one(near), func(ctx context.Context, c *xfer.Client, r *rig) error {
			res, err := c.GetTree(ctx, "src", r.mine("in"), tree)
			return firstFailure(res, err)
		}, near},
	}
}

// firstFailure makes one error of a tree's failures.
func firstFailure(res xfer.TreeResult, err error) error {
	if err == nil && len(res.Failed) > 0 {
		err = res.Failed[0].Error
	}
	return err
}

// TestFaultStream flips and cuts off every byte of what both sides say, one in
// each of many conversations. None leaves half a file, or wrong bytes, under the
// name of a file; one that ends well has brought the right bytes, be it under
// another name where it was the name that was changed; and the agent goes on
// serving.
func TestFaultStream(t *testing.T) {
	stride := int64(figure.Of(211, 1))
	for name, conv := range conversations() {
		t.Run(name, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				for name, data := range sources {
					write(t, r.at("src/"+name), data)
					write(t, r.mine("src/"+name), data)
				}
				none := &fault{at: 1 << 60}
				must(t, r.suffer(conv, none, await.Limit))
				whole := none.passed()
				tries, well := 0, 0
				for i, length := range whole {
					for at := int64(0); at < length; at += stride {
						for _, cut := range []bool{false, true} {
							tries++
							if r.suffer(conv, &fault{up: i == 0, at: at, cut: cut}, time.Second/5) == nil {
								well++
							}
							if t.Failed() {
								t.Fatalf("at byte %d, up=%v, cut=%v", at, i == 0, cut)
							}
						}
					}
				}
				must(t, r.suffer(conv, &fault{at: 1 << 60}, await.Limit))
				t.Logf("%d faults in a conversation of %d bytes up and %d down; after %d of them it ended well", tries, whole[0], whole[1], well)
			})
		})
	}
}

var sources = map[string][]byte{"file": noise(400), "a/empty": {}, "a/text": bytes.Repeat([]byte("words "), 40), "b/zero": make([]byte, 500)}

// suffer has one conversation with a fault. One in which a side waits for what
// never comes ends when patience does.
func (r *rig) suffer(conv conversation, f *fault, patience time.Duration) error {
	r.t.Helper()
	list, err := os.ReadDir(conv.into(r))
	must(r.t, err)
	for _, e := range list {
		if e.Name() != "src" {
			must(r.t, os.RemoveAll(filepath.Join(conv.into(r), e.Name())))
		}
	}
	conv.lay(r)
	dial := r.net.Dialer(deskside.Xfer)
	var mu sync.Mutex
	var streams []transport.Stream
	w := &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		s, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		streams = append(streams, s)
		return &faulty{Stream: s, f: f}, nil
	}}
	c := *r.c
	c.HTTP = w
	within, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	err = conv.run(within, &c, r)
	w.Close()
	mu.Lock()
	for _, s := range streams {
		s.Abort()
	}
	mu.Unlock()
	await.True(r.t, "the agent's end of the streams", func() bool { return r.gate.Open() == 0 })
	r.checkWhole(conv.into(r), err == nil)
	return err
}

// checkWhole checks that every file is one of the sources, or the older one, and
// if all went well that none of the sources' bytes are missing.
func (r *rig) checkWhole(dir string, well bool) {
	r.t.Helper()
	found := false
	must(r.t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "src" {
			return fs.SkipDir
		}
		if err != nil || !d.Type().IsRegular() || disk.IsPartial(d.Name()) {
			return err
		}
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found = found || bytes.Equal(got, sources["file"])
		if string(got) == "an older file" {
			return nil
		}
		for _, want := range sources {
			if bytes.Equal(got, want) {
				return nil
			}
		}
		return fmt.Errorf("%s has %d bytes that are no source's", path, len(got))
	}))
	if well && !found {
		r.t.Errorf("it ended well, and nothing arrived")
	}
}

// TestEndNeverComes sends bodies that say all they have to, but for their last
// chunk. They are answered all the same, after a time, and the stream is free.
func TestEndNeverComes(t *testing.T) {
	for name, what := range map[string]string{"put of a tree": "PUT /tree?path=new", "fetch": "POST /fetch?path="} {
		t.Run(name, func(t *testing.T) {
			dir, own := t.TempDir(), t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				r := newRigIn(t, transporttest.New(t, deskside.Memory), Config{}, dir, own)
				status, reply := raw(t, r, what+" HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\n\n2\nz\x00\n", false)
				if status != http.StatusOK {
					t.Errorf("%d %+v", status, reply)
				}
			})
		})
	}
}
