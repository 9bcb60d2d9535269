package disk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestWriter writes a file in parts, holes and jumps among them, in each way, and
// compares with the same in memory.
func TestWriter(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			f, err := os.Create(filepath.Join(t.TempDir(), "f"))
			must(t, err)
			defer f.Close()
			w := &writer{f: f, direct: seed%3 == 1 && direct(f) || seed%3 == 2}
			want := make([]byte, 24<<20)
			data := make([]byte, 1+3*block)[seed%2:] // from one, which begins at no page, such a write is refused
			for at := int64(0); at < int64(len(want)-4*block); {
				if r.IntN(4) == 0 {
					at += int64([]int{1, page, block, r.IntN(block)}[r.IntN(4)])
				}
				n := []int{1, page - 1, page, block, 2 * block, r.IntN(len(data))}[r.IntN(6)]
				for i := 0; i < n; i += 61 {
					data[i] = byte(r.Uint32())
				}
				must(t, w.write(data[:n], at))
				at += int64(copy(want[at:], data[:n]))
			}
			must(t, w.flush())
			got, err := os.ReadFile(f.Name())
			must(t, err)
			if !bytes.Equal(got, want[:len(got)]) || len(bytes.TrimRight(want[len(got):], "\x00")) > 0 {
				t.Errorf("other bytes, %d of them", len(got))
			}
			if w.on || w.wait != nil {
				t.Error("it is not left as any other file is")
			}
		})
	}
}
