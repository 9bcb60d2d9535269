//go:build linux

package serve

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deskside"
	"deskside/internal/await"
	"deskside/transport/transporttest"
	"deskside/xfer"
	"deskside/xfer/rate"
)

// TestRelay copies trees and files from one agent to another, there and again.
func TestRelay(t *testing.T) {
	transporttest.CheckLeaks(t)
	from, to := newRig(t, transporttest.New(t, deskside.Memory)), newRig(t, transporttest.New(t, deskside.Memory))
	for seed := range uint64(4) {
		name := fmt.Sprint("t", seed)
		randomTree(t, from.at(name), rand.New(rand.NewPCG(seed, 2)))
		write(t, from.at(name+"/long"), noise(9<<20))
		want := told(t, from.at(name))
		steps := map[xfer.Step]int{}
		o := xfer.TreeOptions{Each: func(s xfer.TreeStep) { steps[s.Do]++ }}
		got, err := from.c.RelayTree(ctx(t), name, to.c, name, o)
		if err != nil || got.Failed != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		wantTold(t, told(t, to.at(name)), want)
		if steps[xfer.StepCopy] != got.Files+got.Links+got.Folders {
			t.Errorf("%v of %+v", steps, got)
		}
		for _, checksum := range []bool{false, true} {
			again, err := from.c.RelayTree(ctx(t), name, to.c, name, xfer.TreeOptions{Checksum: checksum})
			if err != nil || again.Same != got.Files || again.Files+again.Folders+again.Links != 0 {
				t.Errorf("again: %+v, %v", again, err)
			}
		}
	}
	data := write(t, from.at("one"), noise(3<<20))
	must(t, os.Chmod(from.at("one"), 0o750))
	for _, replace := range []bool{false, true} {
		got, err := from.c.Relay(ctx(t), "one", to.c, "two", xfer.Options{Replace: replace})
		if err != nil || got.Hash.String() != hashOf(string(data)) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	wantFile(t, to.at("two"), data)
	if info, err := os.Stat(to.at("two")); err != nil || info.Mode().Perm() != 0o750 || !info.ModTime().Equal(mtime(t, from.at("one"))) {
		t.Errorf("it is %v, %v", info, err)
	}
	_, err := from.c.Relay(ctx(t), "one", to.c, "two", xfer.Options{})
	wantCode(t, err, deskside.CodeExists)
	_, err = from.c.Relay(ctx(t), "none", to.c, "three", xfer.Options{})
	wantCode(t, err, deskside.CodeNotFound)
	wantNone(t, to.at("three"))
}

// TestHostileTreesAcross has an agent that sends what it must not, to be sent on:
// nothing of it comes to be where it has no business.
func TestHostileTreesAcross(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for name, list := range hostileTrees {
			to := strings.ReplaceAll(name, " ", "-")
			top := r.at(to)
			layTarget(t, top)
			evil := &xfer.Client{HTTP: evilAgent{list: evilBody(false, list...), files: evilBody(true, list...)}, Ticket: fixed(deskside.NewTicket())}
			got, err := evil.RelayTree(ctx(t), "x", r.c, to+"/got", xfer.TreeOptions{})
			await.True(t, "the agent is done with it", func() bool {
				return len(r.gate.EventsOf(deskside.EventTransfer)) == len(r.gate.EventsOf(deskside.EventTransferEnd))
			})
			t.Run(name, func(t *testing.T) {
				if err == nil && len(got.Failed)+len(got.Skipped) == 0 {
					t.Errorf("copied %+v", got)
				}
				checkTarget(t, top)
			})
		}
	})
}

// TestMirrorSpares: what is excluded stays, with the folders that it is in; what
// is spared stays; and where not all of the source could be read, all stays.
func TestMirrorSpares(t *testing.T) {
	for _, way := range []string{"put", "get", "relay"} {
		t.Run(way, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				from, to := r.mine("tree"), r.at("tree")
				do := func(o xfer.TreeOptions) (xfer.TreeResult, error) { return r.c.PutTree(ctx(t), from, "tree", o) }
				switch way {
				case "get":
					from, to = to, from
					do = func(o xfer.TreeOptions) (xfer.TreeResult, error) { return r.c.GetTree(ctx(t), "tree", to, o) }
				case "relay":
					from, to = r.at("from"), r.at("to")
					do = func(o xfer.TreeOptions) (xfer.TreeResult, error) { return r.c.RelayTree(ctx(t), "from", r.c, "to", o) }
				}
				write(t, filepath.Join(from, "a"), nil)
				for _, name := range []string{"old/deep/x.o", "old/deep/y", "old/z", "gone/all", "gone/of", "spared/b", "cache/c", "d"} {
					write(t, filepath.Join(to, name), nil)
				}
				var deleted []string
				o := xfer.TreeOptions{
					Delete: true, Exclude: []string{"*.o", "cache/"}, Spare: func(path string) bool { return path == "spared" },
					Each: func(s xfer.TreeStep) {
						if s.Do == xfer.StepDelete {
							deleted = append(deleted, s.Path)
						}
					},
				}
				deep := filepath.Join(from, "long")
				must(t, os.MkdirAll(deep, 0o755))
				tooDeep(t, deep)
				got, err := do(o)
				if err != nil || got.Deleted != 0 || got.Spared != 4 || len(got.Failed) == 0 || deleted != nil {
					t.Errorf("with what cannot be read: %+v, %v, %q", got, err, deleted)
				}
				must(t, os.RemoveAll(filepath.Join(from, "long")))
				must(t, os.RemoveAll(filepath.Join(to, "long")))
				got, err = do(o)
				if want := []string{"d", "gone", "old/deep/y", "old/z"}; err != nil || !slices.Equal(deleted, want) || got.Failed != nil {
					t.Errorf("deleted %q, want %q; %+v, %v", deleted, want, got, err)
				}
				wantOnly(t, to, "a", "cache", "old", "spared")
				wantOnly(t, filepath.Join(to, "old"), "deep")
				wantOnly(t, filepath.Join(to, "old/deep"), "x.o")
			})
		})
	}
}

// tooDeep makes folders in dir until their path is longer than one of a tree may
// be, which is as good as one that cannot be read, to root too.
func tooDeep(t *testing.T, dir string) {
	top, err := os.OpenRoot(dir)
	must(t, err)
	for range 22 {
		must(t, top.Mkdir(strings.Repeat("n", 200), 0o755))
		next, err := top.OpenRoot(strings.Repeat("n", 200))
		must(t, err)
		must(t, top.Close())
		top = next
	}
	must(t, top.Close())
}

// TestSum asks for a file's hash, for which it must be allowed to be read.
func TestSum(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.at("a"), noise(700_000))
		got, err := r.c.Sum(ctx(t), "a")
		if err != nil || got.Hash == nil || got.Hash.String() != hashOf(string(data)) || got.Size != 700_000 {
			t.Errorf("%+v, %v", got, err)
		}
		mine, err := xfer.Describe(r.at("a"), true)
		if err != nil || mine.Hash == nil || *mine.Hash != *got.Hash || !mine.ModTime.Equal(got.ModTime) {
			t.Errorf("here: %+v, %v", mine, err)
		}
		must(t, os.Mkdir(r.at("d"), 0o755))
		if _, err := r.c.Sum(ctx(t), "d"); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("of a folder: %v", err)
		}
		r.gate.SetRights(deskside.RightsOf(deskside.FilesWrite))
		if _, err := r.c.Sum(ctx(t), "a"); deskside.CodeOf(err) != deskside.CodeNoRight {
			t.Errorf("without the right: %v", err)
		}
		if _, err := r.c.Stat(ctx(t), "a", true); err != nil {
			t.Errorf("without the hash: %v", err)
		}
	})
}

// TestLimited copies through a tap: what arrives is the same.
func TestLimited(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("a"), noise(3<<20))
		x := *r.c
		x.HTTP = rate.Limit(x.HTTP, 64<<20)
		_, err := x.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		must(t, err)
		_, err = x.Get(ctx(t), "a", r.mine("b"), xfer.Options{})
		must(t, err)
		if back, err := os.ReadFile(r.mine("b")); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%d bytes, %v", len(back), err)
		}
		_, err = x.PutTree(ctx(t), r.own, "tree", xfer.TreeOptions{})
		must(t, err)
		wantFile(t, r.at("tree/a"), data)
	})
}
