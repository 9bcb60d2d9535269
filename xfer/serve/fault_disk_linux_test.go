package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"deskside/internal/figure"
	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// scarce is a small disk of which only so much is free. Where none can be mounted
// it is a folder with a disk that says so.
type scarce struct {
	t       *testing.T
	dir     string
	pretend *disk.Space // nil: the disk is real
}

const scarceSize, scarceNodes = 24 << 20, 400

func newScarce(t *testing.T) *scarce {
	s := &scarce{t: t, dir: t.TempDir()}
	err := syscall.Mount("none", s.dir, "tmpfs", 0, fmt.Sprintf("size=%d,nr_inodes=%d", scarceSize, scarceNodes))
	if errors.Is(err, syscall.EPERM) {
		s.pretend = &disk.Space{Size: scarceSize}
		return s
	}
	must(t, err)
	t.Cleanup(func() { must(t, syscall.Unmount(s.dir, syscall.MNT_DETACH)) })
	return s
}

// space is what either side is told of the disk: more than there is, so that it
// is the writing that fails.
func (s *scarce) space(*os.Root) disk.Space {
	if s.pretend != nil {
		return *s.pretend
	}
	return disk.Space{Size: 1 << 40, Free: 1 << 40}
}

// leave leaves so many bytes and files free, and empties all else.
func (s *scarce) leave(bytes int64, nodes int) {
	s.t.Helper()
	list, err := os.ReadDir(s.dir)
	must(s.t, err)
	for _, e := range list {
		must(s.t, os.RemoveAll(filepath.Join(s.dir, e.Name())))
	}
	if s.pretend != nil {
		s.pretend.Free = bytes
		return
	}
	filler := filepath.Join(s.dir, "filler")
	must(s.t, os.Mkdir(filler, 0o755))
	var has unix.Statfs_t
	for i := 0; ; i++ {
		must(s.t, unix.Statfs(s.dir, &has))
		if int(has.Ffree) <= nodes+1 {
			break
		}
		must(s.t, os.WriteFile(fmt.Sprintf("%s/%d", filler, i), nil, 0o600))
	}
	f, err := os.Create(filler + "/bytes")
	must(s.t, err)
	defer f.Close()
	if n := int64(has.Bfree)*has.Bsize - bytes; n > 0 {
		must(s.t, unix.Fallocate(int(f.Fd()), 0, 0, n))
	}
}

// TestFaultDisk copies a tree, with one file in it that goes by itself, onto a
// disk that is full at every step of it in turn: of its bytes, then of the files
// it can hold. What has its name is whole, nothing stays that nobody would go on
// with, and with room again the same copy comes to its end.
func TestFaultDisk(t *testing.T) {
	for _, up := range []bool{true, false} {
		t.Run(fmt.Sprintf("up=%v", up), func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				s := newScarce(t)
				r.service.disk, r.c.Disk = s.space, s.space
				r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true}, xfer.Root{Name: "disk", Path: s.dir, Write: true})
				source, target := r.mine("src"), s.dir+"/in"
				if !up {
					source = r.at("src")
				}
				size, nodes := goods(t, source)
				copy := func() error {
					o := xfer.TreeOptions{Options: xfer.Options{Replace: true}}
					var res xfer.TreeResult
					var err error
					if up {
						res, err = r.c.PutTree(t.Context(), source, target, o)
					} else {
						res, err = r.c.GetTree(t.Context(), "src", target, o)
					}
					return firstFailure(res, err)
				}
				full, well, steps := 0, 0, int64(figure.Of(4, 150))
				try := func(bytes int64, nodes int) {
					s.leave(bytes, nodes)
					switch err := copy(); {
					case err == nil:
						well++
					case deskside.CodeOf(err) == deskside.CodeNoSpace:
						full++
					default:
						t.Errorf("with %d bytes and %d files free: %v", bytes, nodes, err)
					}
					wholeTree(t, source, target, false)
				}
				for i := range steps {
					try(size*i/steps, scarceNodes)
				}
				try(scarceSize, 1) // for the top and no folder in it
				for i := range min(steps, int64(nodes)) {
					try(scarceSize, int(int64(nodes)*i/steps))
				}
				s.leave(scarceSize, scarceNodes)
				must(t, copy())
				wholeTree(t, source, target, true)
				t.Logf("%d copies onto a disk that became full, and %d for which there was room after all", full, well)
			})
		})
	}
}

// goods makes a tree, and gives what it needs on a disk, about.
func goods(t *testing.T, top string) (size int64, nodes int) {
	write(t, top+"/a/long", noise(5<<20))
	size, nodes = 5<<20, 3
	for i := range 40 {
		data := write(t, fmt.Sprintf("%s/b/%02d/small", top, i), noise(i*1700))
		size += int64(len(data)) + 4096
		nodes += 2
	}
	return size, nodes + 2
}

// wholeTree checks that every file of a tree is the source's, and that all are
// there if they must be, and nothing else.
func wholeTree(t *testing.T, source, target string, all bool) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(target, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if disk.IsPartial(d.Name()) {
			return fmt.Errorf("%s was left behind", path)
		}
		files++
		rel, err := filepath.Rel(target, path)
		if err != nil {
			return err
		}
		want, err := os.ReadFile(filepath.Join(source, rel))
		if err != nil {
			return err
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%s has %d bytes that are not the source's (%v)", rel, len(got), err)
		}
		return nil
	})
	if err != nil && (all || !errors.Is(err, fs.ErrNotExist)) {
		t.Error(err)
	}
	if all && files != 41 {
		t.Errorf("%d files, want 41", files)
	}
}

// islands gives where a file has bytes that are not zero, in blocks of 4 KiB, and
// what they hold.
func islands(t *testing.T, path string) (size int64, found map[int64]string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	info, err := f.Stat()
	must(t, err)
	found = make(map[int64]string)
	zero, block := make([]byte, 4096), make([]byte, 4096)
	for at := int64(0); ; {
		from, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return info.Size(), found
		}
		must(t, err)
		if at, err = unix.Seek(int(f.Fd()), from, unix.SEEK_HOLE); err != nil {
			t.Fatal(err)
		}
		for b := from &^ 4095; b < at; b += 4096 {
			n, _ := f.ReadAt(block, b)
			if !bytes.Equal(block[:n], zero[:n]) {
				found[b] = string(block[:n])
			}
		}
	}
}

// TestFaultIslands copies a file of more than 4 GiB, nearly all of it a hole, with
// data on both sides of 4 GiB and across it, in a tree there and back; and by
// itself, which reads it all, at the named figure.
func TestFaultIslands(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		const far = 4 << 30
		must(t, os.Mkdir(r.mine("src"), 0o755))
		f, err := os.Create(r.mine("src/sparse"))
		must(t, err)
		must(t, f.Truncate(far+512<<20))
		for _, at := range []int64{0, 2 << 30, far - 4096, far - 5, far + 8191, far + 1<<20, far + 512<<20 - 7} {
			_, err := f.WriteAt(noise(6000)[:min(6000, far+512<<20-at)], at)
			must(t, err)
		}
		must(t, f.Close())
		size, want := islands(t, r.mine("src/sparse"))
		check := func(path string) {
			t.Helper()
			n, got := islands(t, path)
			if n != size || len(got) != len(want) {
				t.Fatalf("%s has %d bytes with %d islands, want %d with %d", path, n, len(got), size, len(want))
			}
			for at, text := range want {
				if got[at] != text {
					t.Errorf("%s has other bytes at %d", path, at)
				}
			}
		}
		began := time.Now()
		res, err := r.c.PutTree(t.Context(), r.mine("src"), "tree", xfer.TreeOptions{})
		must(t, firstFailure(res, err))
		check(r.at("tree/sparse"))
		res, err = r.c.GetTree(t.Context(), "tree", r.mine("back"), xfer.TreeOptions{})
		must(t, firstFailure(res, err))
		check(r.mine("back/sparse"))
		var st unix.Stat_t
		must(t, unix.Stat(r.at("tree/sparse"), &st))
		if st.Blocks*512 > 64<<20 {
			t.Errorf("%d bytes on the disk", st.Blocks*512)
		}
		if figure.Of(0, 1) == 1 {
			_, err := r.c.Put(t.Context(), r.mine("src/sparse"), "alone", xfer.Options{})
			must(t, err)
			check(r.at("alone"))
			_, err = r.c.Get(t.Context(), "alone", r.mine("alone"), xfer.Options{})
			must(t, err)
			check(r.mine("alone"))
		}
		t.Logf("%d bytes with %d islands in %v", size, len(want), time.Since(began).Round(time.Millisecond))
	})
}
