//go:build unix

package serve

import (
	"math/rand/v2"
	"os"
	"testing"

	"deskside/xfer"
	"deskside/xfer/disk"
)

// placed finds a place below the operator's own folder, as the console does.
func placed(t *testing.T, r *rig, path ...string) *disk.Place {
	t.Helper()
	top, err := os.OpenRoot(r.own)
	must(t, err)
	p, err := disk.Walk(top, disk.SplitNative(r.own), path, false)
	must(t, err)
	t.Cleanup(p.Close)
	return p
}

func TestPlacesRoundTrip(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		must(t, os.Mkdir(r.mine("in"), 0o755))
		want := write(t, r.mine("in/a"), noise(300_000))
		_, err := r.c.PutAt(ctx(t), placed(t, r, "in", "a"), "a", xfer.Options{})
		must(t, err)
		wantFile(t, r.at("a"), want)
		got, err := r.c.GetAt(ctx(t), "a", placed(t, r, "in", "back"), xfer.Options{})
		must(t, err)
		wantFile(t, r.mine("in/back"), want)
		if got.Size != int64(len(want)) {
			t.Errorf("%+v", got)
		}

		randomTree(t, r.mine("in/tree"), rand.New(rand.NewPCG(5, 1)))
		all := told(t, r.mine("in/tree"))
		put, err := r.c.PutTreeAt(ctx(t), placed(t, r, "in", "tree"), "tree", xfer.TreeOptions{})
		if err != nil || put.Failed != nil {
			t.Fatalf("%+v, %v", put, err)
		}
		wantTold(t, told(t, r.at("tree")), all)
		get, err := r.c.GetTreeAt(ctx(t), "tree", placed(t, r, "in", "treeback"), xfer.TreeOptions{})
		if err != nil || get.Failed != nil {
			t.Fatalf("%+v, %v", get, err)
		}
		wantTold(t, told(t, r.mine("in/treeback")), all)
	})
}
