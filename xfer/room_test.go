//go:build unix

package xfer

import (
	"math"
	"os"
	"testing"

	"deskside"
)

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		disk space
		need int64
		ok   bool
	}{
		{space{}, 1 << 50, true}, // does not tell
		{space{100, 100}, 95, true},
		{space{100, 100}, 96, false},
		{space{100, 4}, 0, true},
		{space{100, 4}, 1, false},
		{space{1 << 40, 100 << 20}, 36 << 20, true},
		{space{1 << 40, 100 << 20}, 36<<20 + 1, false},
		{space{math.MaxInt64, math.MaxInt64}, 1 << 60, true},
	} {
		if err := c.disk.fits("x", c.need); (err == nil) != c.ok {
			t.Errorf("%d bytes on %+v: %v", c.need, c.disk, err)
		}
	}
}

// TestNoRoom has disks with too little room for a file, in each direction: not
// a byte of it is taken, and nothing is left. What is there of it already needs
// no room.
func TestNoRoom(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("a"), noise(3<<20))
		write(t, r.at("b"), data)
		full := func(*os.Root) space { return space{100 << 20, 7 << 20} } // 2 MiB of it may be used
		r.service.disk, r.c.disk = full, full
		o := Options{Progress: func(p Progress) {
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
		tmp := partialName(r.net.Operator.ID(), "a", info.Size(), wireTime(info.ModTime()))
		must(t, os.WriteFile(r.at(tmp), data[:1<<20], 0o600))
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", Options{})
		if err != nil || sent.Resumed != 1<<20 {
			t.Errorf("put: %+v, %v", sent, err)
		}
	})
}

func TestDiskTells(t *testing.T) {
	dir, err := os.OpenRoot(t.TempDir())
	must(t, err)
	defer dir.Close()
	if s := diskSpace(dir); s.size <= 0 || s.free < 0 || s.free > s.size {
		t.Errorf("the disk has %+v", s)
	}
}
