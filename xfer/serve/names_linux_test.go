package serve

import (
	"testing"

	"deskside/xfer"

	"deskside"
)

// TestNamesOfLinux copies files whose names Windows could not hold there and
// back, alone and in a tree: neither side is Windows.
func TestNamesOfLinux(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		names := []string{"2026-01-02T10:00:00.log", "CON", "nul.txt", "ends ", "ends.", "...", "a:b", "C:", "what?", "PROGRA~1"}
		_, err := r.c.Mkdir(ctx(t), "Desk:top", 0)
		must(t, err)
		for i, name := range names {
			data := write(t, r.mine("tree/"+name), noise(i))
			_, err := r.c.Put(ctx(t), r.mine("tree/"+name), "Desk:top/"+name, xfer.Options{})
			if name == "..." { // which is hidden
				wantCode(t, err, deskside.CodeDenied)
				write(t, r.at("Desk:top/..."), data)
				continue
			}
			must(t, err)
			_, err = r.c.Get(ctx(t), "Desk:top/"+name, r.mine("back:"+name), xfer.Options{})
			must(t, err)
			wantFile(t, r.mine("back:"+name), data)
		}
		got, err := r.c.GetTree(ctx(t), "Desk:top", r.mine("whole"), xfer.TreeOptions{})
		if err != nil || got.Files != len(names) || got.Failed != nil {
			t.Errorf("copied %+v, %v", got, err)
		}
		must(t, r.c.Delete(ctx(t), "Desk:top/CON", false))
	})
}
