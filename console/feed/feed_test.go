package feed_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"deskside"
	"deskside/console/feed"
)

func TestFilesReachTheCopyThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table feed.Table
		if _, err := table.Give(t.Context(), "x", feed.File{}); deskside.CodeOf(err) != deskside.CodeConflict {
			t.Errorf("nobody waits: %v", err)
		}
		bad := errors.New("it is there already")
		took, ended := []string{}, make(chan error, 1)
		go func() {
			ended <- table.Take(t.Context(), "a", func(f feed.File) error {
				took = append(took, f.Path)
				if f.Path == "b" {
					return bad
				}
				return nil
			})
		}()
		for _, f := range []struct {
			feed.File
			err error
		}{{feed.File{Path: "a"}, nil}, {feed.File{Path: "b"}, bad}, {feed.File{Path: "c", Last: true}, nil}} {
			more, err := table.Give(t.Context(), "a", f.File)
			if more == f.Last || !errors.Is(err, f.err) {
				t.Errorf("%s: %v, more %v", f.Path, err, more)
			}
		}
		if err := <-ended; err != nil || len(took) != 3 {
			t.Errorf("took %v: %v", took, err)
		}
	})
}

func TestAnErrorMayEndTheCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table feed.Table
		broke, ended := errors.New("the way broke"), make(chan error, 1)
		go func() {
			ended <- table.Take(t.Context(), "a", func(feed.File) error { return &feed.Stop{Err: broke} })
		}()
		if more, err := table.Give(t.Context(), "a", feed.File{}); more || !errors.Is(err, broke) {
			t.Errorf("%v, more %v", err, more)
		}
		if err := <-ended; err != broke {
			t.Errorf("it ended with %v", err)
		}
	})
}

func TestACopyWithoutAPageFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table feed.Table
		none := func(feed.File) error { return nil }
		if err := table.Take(t.Context(), "a", none); deskside.CodeOf(err) != deskside.CodeNotFound {
			t.Errorf("%v, want not-found", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := table.Take(ctx, "a", none); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want that it was stopped", err)
		}
	})
}
