package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestAHalfWrittenPolicyIsWaitedFor writes a file in two halves, as an editor
// may.
func TestAHalfWrittenPolicyIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, PolicyFile)
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	whole := "unknown-operators = \"deny\"\njoin = \"ask\"\n"
	write(whole)
	want := digest(path)
	synctest.Test(t, func(t *testing.T) {
		write(whole[:20])
		half := digest(path)
		time.AfterFunc(settling/2, func() { write(whole) })
		if got := settled(t.Context(), path, half); !bytes.Equal(got, want) {
			t.Errorf("got %x, want the whole's %x; the half's is %x", got, want, half)
		}
	})
}
