//go:build unix

package serve

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/tree"
)

// longList is a list of count files, all in one folder, named by name.
func longList(count int, dir string, name func(n int) string) []byte {
	var b bytes.Buffer
	w := tree.NewWriter(&b)
	w.Entry(&tree.Head{Kind: tree.Folder, Mode: 0o755, ModTime: spring})
	for at := range dir {
		if dir[at] == '/' {
			w.Entry(&tree.Head{Kind: tree.Folder, Path: dir[:at], Mode: 0o755, ModTime: spring})
		}
	}
	for n := range count {
		h := evilFile(dir+fmt.Sprintf("%08d", n)+name(n), "").Head
		w.Entry(&h)
	}
	w.Close()
	return b.Bytes()
}

// TestListLong has a list that takes more than this side holds, as it came, and
// one that does so packed, which is refused.
func TestListLong(t *testing.T) {
	get := func(list []byte) (xfer.TreeResult, error) {
		c := &xfer.Client{HTTP: evilAgent{list: list}, Ticket: fixed(deskside.NewTicket())}
		return c.GetTree(ctx(t), "x", filepath.Join(t.TempDir(), "got"), xfer.TreeOptions{DryRun: true})
	}
	const count = 60_000
	long := longList(count, strings.Repeat(strings.Repeat("ж", 120)+"/", 3), func(int) string { return strings.Repeat("夏", 80) })
	if got, err := get(long); err != nil || got.Files != count || len(long) < 48<<20 {
		t.Errorf("of %d files in %d bytes %d are there: %v", count, len(long), got.Files, err)
	}
	random := noise(120 * 300_000)
	got, err := get(longList(300_000, "", func(n int) string { return hex.EncodeToString(random[n*120:][:120]) }))
	if err != nil || len(got.Failed) != 1 || deskside.CodeOf(got.Failed[0].Error) != deskside.CodeConflict {
		t.Errorf("a list that cannot be held: %+v, %v", got.Failed, err)
	}
}
