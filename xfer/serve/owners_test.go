//go:build unix

package serve

import (
	"os"
	"syscall"
	"testing"

	"deskside/xfer"
)

// TestOwners keeps the owners of all that a tree has, short files and long ones,
// there and back. As another user than root nobody can give anything away, and
// all is the same user's.
func TestOwners(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		ids := map[string]int{"src": 101, "src/sub": 102, "src/sub/short": 103, "src/long": 104, "src/link": 105}
		must(t, os.MkdirAll(r.mine("src/sub"), 0o755))
		write(t, r.mine("src/sub/short"), noise(100))
		write(t, r.mine("src/long"), noise(5<<20))
		must(t, os.Symlink("long", r.mine("src/link")))
		for name, id := range ids {
			if os.Geteuid() != 0 {
				id = os.Geteuid()
				ids[name] = id
			}
			must(t, os.Lchown(r.mine(name), id, -1))
		}
		o := xfer.TreeOptions{Owners: true}
		must(t, os.Mkdir(r.mine("back"), 0o755))
		must(t, firstFailure(r.c.PutTree(ctx(t), r.mine("src"), "src", o)))
		must(t, firstFailure(r.c.GetTree(ctx(t), "src", r.mine("back/src"), o)))
		for name, id := range ids {
			for _, path := range []string{r.at(name), r.mine("back/" + name)} {
				var st syscall.Stat_t
				if err := syscall.Lstat(path, &st); err != nil || int(st.Uid) != id {
					t.Errorf("%s is of %d, want %d (%v)", path, st.Uid, id, err)
				}
			}
		}
	})
}
