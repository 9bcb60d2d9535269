//go:build unix

package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// oneFile is a tree of one program that may be executed, without the body's end,
// and the end.
func oneFile() (body, end []byte) {
	var b bytes.Buffer
	w := tree.NewWriter(&b)
	w.Entry(&tree.Head{Kind: tree.File, Path: "x", Size: 5, Mode: 0o755, ModTime: time.Unix(1e9, 0)})
	w.Write([]byte("hello"))
	w.End(disk.SumOf([]byte("hello")))
	w.Flush()
	n := b.Len()
	w.Close()
	return b.Bytes()[:n], b.Bytes()[n:]
}

func sayChunk(s transport.Stream, b []byte) { fmt.Fprintf(s, "%x\r\n%s\r\n", len(b), b) }

// TestTreeAfterPolicyChanged has policy change when all of a tree's file has come and
// the tree's end has not: what policy says at the end holds.
func TestTreeAfterPolicyChanged(t *testing.T) {
	changes := map[string]struct {
		roots func(r *rig) []xfer.Root
		mode  os.FileMode // of the file, 0: it is not there
	}{
		"unchanged":    {func(r *rig) []xfer.Root { return []xfer.Root{{Path: r.dir, Write: true, Executables: true}} }, 0o755},
		"read only":    {func(r *rig) []xfer.Root { return []xfer.Root{{Path: r.dir}} }, 0},
		"part of it":   {func(r *rig) []xfer.Root { return []xfer.Root{{Path: r.dir, Write: true}, {Path: r.at("dst/x")}} }, 0},
		"not executed": {func(r *rig) []xfer.Root { return []xfer.Root{{Path: r.dir, Write: true}} }, 0o644},
		"not open":     {func(r *rig) []xfer.Root { return nil }, 0},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				must(t, os.Mkdir(r.at("dst"), 0o755))
				body, end := oneFile()
				s := r.net.Dial(deskside.Xfer)
				defer s.Abort()
				must(t, say(r, s, "PUT /tree?path=dst HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\n\n"))
				sayChunk(s, body)
				await.True(t, "the file is there", func() bool {
					list := r.service.Traffic.List()
					return len(list) > 0 && list[0].Files > 0
				})
				r.setRoots(change.roots(r)...)
				sayChunk(s, end)
				io.WriteString(s, "0\r\n\r\n")
				status, reply := answer(s)
				info, err := os.Stat(r.at("dst/x"))
				switch {
				case change.mode == 0 && (err == nil || status == 200):
					t.Errorf("it is there: %v, and the answer %d %v", info, status, reply)
				case change.mode != 0 && (err != nil || info.Mode() != change.mode || status != 200):
					t.Errorf("%v, %v, and the answer %d %v", info, err, status, reply)
				}
			})
		})
	}
}

// TestFolderWithoutAudit: a folder of a tree is not made unless the audit has it.
func TestFolderWithoutAudit(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		must(t, os.Mkdir(r.at("dst"), 0o755))
		var b bytes.Buffer
		w := tree.NewWriter(&b)
		w.Entry(&tree.Head{Kind: tree.Folder, Path: "made", Mode: 0o755, ModTime: time.Unix(1e9, 0)})
		w.Close()
		s := r.net.Dial(deskside.Xfer)
		defer s.Abort()
		must(t, say(r, s, "PUT /tree?path=dst HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\n\n"))
		await.True(t, "it has begun", func() bool { return len(r.service.Traffic.List()) > 0 })
		r.gate.FailRecord(errors.New("full"))
		sayChunk(s, b.Bytes())
		io.WriteString(s, "0\r\n\r\n")
		if status, reply := answer(s); status == 200 || reply.Code != deskside.CodeNoAudit {
			t.Errorf("%d %v", status, reply)
		}
		wantNone(t, r.at("dst/made"))
	})
}

// TestFileAfterPolicyChanged: whether a file may be executed is for policy at the
// moment at which it gets its name.
func TestFileAfterPolicyChanged(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		s := r.net.Dial(deskside.Xfer)
		defer s.Abort()
		must(t, say(r, s, "PUT /file?path=new&mtime=2026-01-01T00:00:00Z&size=5&mode=0755 HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\nTrailer: Deskside-Hash\n\n3\nabc\n"))
		await.True(t, "it has begun", func() bool {
			list := r.service.Traffic.List()
			return len(list) > 0 && list[0].Done > 0
		})
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true})
		io.WriteString(s, "2\r\nde\r\n0\r\nDeskside-Hash: "+hashOf("abcde")+"\r\n\r\n")
		status, reply := answer(s)
		info, err := os.Stat(r.at("new"))
		must(t, err)
		if status != 200 || info.Mode() != 0o644 {
			t.Errorf("it has %v; %d %v", info.Mode(), status, reply)
		}
	})
}
