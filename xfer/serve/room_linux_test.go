package serve

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// smallDisk mounts a disk of 5 MB, or where that is not allowed gives a folder
// and pretends.
func smallDisk(t *testing.T) (dir string, has disk.Spaces) {
	dir = t.TempDir()
	err := syscall.Mount("none", dir, "tmpfs", 0, "size=5m")
	if errors.Is(err, syscall.EPERM) {
		return dir, func(*os.Root) disk.Space { return disk.Space{Size: 5 << 20, Free: 5 << 20} }
	}
	must(t, err)
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir, nil
}

// TestSmallDisk copies onto a small disk, in each direction: what does not fit
// is refused with nothing left, and what does arrives.
func TestSmallDisk(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		small := write(t, r.mine("small"), noise(4<<20))
		write(t, r.mine("large"), noise(8<<20))
		write(t, r.at("large"), noise(8<<20))
		far, has := smallDisk(t)
		near, _ := smallDisk(t)
		r.service.disk, r.c.Disk = has, has
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true}, xfer.Root{Name: "disk", Path: far, Write: true})
		_, err := r.c.Put(ctx(t), r.mine("large"), far+"/large", xfer.Options{})
		wantCode(t, err, deskside.CodeNoSpace)
		_, err = r.c.Get(ctx(t), "large", near+"/large", xfer.Options{})
		wantCode(t, err, deskside.CodeNoSpace)
		wantOnly(t, far)
		wantOnly(t, near)
		_, err = r.c.Put(ctx(t), r.mine("small"), far+"/small", xfer.Options{})
		must(t, err)
		wantFile(t, far+"/small", small)
	})
}

// TestDiskThatLies has a disk that is full though it told of room: the part is
// removed at once. Where none can be mounted the limit of a file stands for it.
func TestDiskThatLies(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("large"), noise(longFile))
		write(t, r.at("large"), noise(longFile))
		far, pretended := smallDisk(t)
		near, _ := smallDisk(t)
		if pretended != nil {
			defer limitFiles(t, 16<<20)() // above what go test itself writes
		}
		lies := func(*os.Root) disk.Space { return disk.Space{Size: 1 << 40, Free: 1 << 40} }
		r.service.disk, r.c.Disk = lies, lies
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true}, xfer.Root{Name: "disk", Path: far, Write: true})
		_, err := r.c.Put(ctx(t), r.mine("large"), far+"/large", xfer.Options{})
		wantCode(t, err, deskside.CodeNoSpace)
		_, err = r.c.Get(ctx(t), "large", near+"/large", xfer.Options{})
		wantCode(t, err, deskside.CodeNoSpace)
		wantOnly(t, far)
		wantOnly(t, near)
	})
}
