//go:build unix

package serve

import (
	"os"
	"testing"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// TestNoRoom has disks with too little room for a file, in each direction: not
// a byte of it is taken, and nothing is left. What is there of it already needs
// no room.
func TestNoRoom(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("a"), noise(3<<20))
		write(t, r.at("b"), data)
		full := func(*os.Root) disk.Space { return disk.Space{Size: 100 << 20, Free: 7 << 20} } // 2 MiB of it may be used
		r.service.disk, r.c.Disk = full, full
		o := xfer.Options{Progress: func(p xfer.Progress) {
			if p.Done > 2<<20 {
				t.Errorf("%d bytes were moved", p.Done)
			}
		}}
		_, err := r.c.Put(ctx(t), r.mine("a"), "a", o)
		wantCode(t, err, deskside.CodeNoSpace)
		_, err = r.c.Get(ctx(t), "b", r.mine("b"), o)
		wantCode(t, err, deskside.CodeNoSpace)
		wantOnly(t, r.dir, "b")
		wantOnly(t, r.own, "a")

		info, err := os.Stat(r.mine("a"))
		must(t, err)
		tmp := disk.PartialName(r.net.Operator.ID(), "a", info.Size(), disk.WireTime(info.ModTime()))
		must(t, os.WriteFile(r.at(tmp), data[:1<<20], 0o600))
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		if err != nil || sent.Resumed != 1<<20 {
			t.Errorf("put: %+v, %v", sent, err)
		}
	})
}
