//go:build unix

package serve

import (
	"os"
	"strings"
	"testing"

	"deskside"
	"deskside/xfer/disk"
)

// TestLeftBehind has files that killed programs left, on either side, and that go
// when the next copy comes to their folder: drafts of whatever time, and what
// nobody went on with for a day.
func TestLeftBehind(t *testing.T) {
	draft := ".deskside-" + strings.Repeat("a", 32) + ".draft"
	stale := disk.PartialName(deskside.KeyID{9}, "gone", 5, spring)
	fresh := disk.PartialName(deskside.KeyID{9}, "coming", 5, spring)
	for name, conv := range conversations() {
		t.Run(name, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				for name, data := range sources {
					write(t, r.at("src/"+name), data)
					write(t, r.mine("src/"+name), data)
				}
				conv.lay(r)
				in := conv.into(r) + "/in/"
				for _, name := range []string{draft, stale, fresh} {
					write(t, in+name, []byte("half"))
				}
				must(t, os.Chtimes(in+stale, spring, spring))
				must(t, conv.run(ctx(t), r.c, r))
				wantNone(t, in+draft)
				wantNone(t, in+stale)
				if got := partials(t, in); len(got) != 1 || got[0] != fresh {
					t.Errorf("left are %q", got)
				}
			})
		})
	}
}
