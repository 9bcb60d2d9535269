package find_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"deskside"
	"deskside/console/find"
	"deskside/console/here"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tree lists folders of memory: the names in each.
type tree map[string][]string

func (f tree) list(ctx context.Context, dir string, yield func(here.Entry) bool) error {
	names, ok := f[dir]
	if !ok {
		return deskside.Errorf(deskside.CodeDenied, "policy does not open it")
	}
	for _, n := range names {
		p := path.Join(dir, strings.TrimSuffix(n, "/"))
		if !yield(here.Entry{Name: path.Base(p), Path: p, Dir: strings.HasSuffix(n, "/")}) {
			return nil
		}
	}
	return ctx.Err()
}

// below gives the paths that were found, and the last of the news.
func below(t *testing.T, f tree, want string) (list []string, last find.News) {
	t.Helper()
	err := find.Below(t.Context(), "/", want, f.list, func(n find.News) error {
		for _, e := range n.Hits {
			list = append(list, e.Path)
		}
		last = n
		return nil
	})
	if err != nil || !last.Over {
		t.Fatalf("%v, %+v", err, last)
	}
	slices.Sort(list)
	return list, last
}

func TestBelow(t *testing.T) {
	f := tree{"/": {"Log/", "notes.txt", "closed/"}, "/Log": {"old/", "Print.LOG", "x"}, "/Log/old": {"catalogue.pdf", "log"}}
	list, last := below(t, f, " lOg ")
	if want := []string{"/Log", "/Log/Print.LOG", "/Log/old/catalogue.pdf", "/Log/old/log"}; !slices.Equal(list, want) {
		t.Errorf("found %v, want %v", list, want)
	}
	if last.Looked != 8 || last.Skipped != 1 || last.Why != "/closed: policy does not open it" || last.Cut != "" {
		t.Errorf("%+v", last)
	}
	if list, last := below(t, f, "nobody"); len(list) != 0 || last.Looked != 8 {
		t.Errorf("found %v in %+v", list, last)
	}
}

func TestASearchHasAnEnd(t *testing.T) {
	many := make([]string, 150_000)
	for i := range many {
		many[i] = fmt.Sprintf("f%d", i)
	}
	f := tree{"/": {"a/", "b/", "c/"}, "/a": many, "/b": many, "/c": many}
	if list, last := below(t, f, "f"); len(list) != find.MaxHits || last.Cut != "hits" {
		t.Errorf("%d hits, %q", len(list), last.Cut)
	}
	if list, last := below(t, f, "zz"); len(list) != 0 || last.Cut != "entries" || last.Looked != find.MaxLooked {
		t.Errorf("%d hits, %q after %d", len(list), last.Cut, last.Looked)
	}
}

func TestASearchEndsWithItsAsker(t *testing.T) {
	f := tree{"/": {"a/"}, "/a": {"b/"}, "/a/b": {"c"}}
	if err := find.Below(t.Context(), "/", "  ", f.list, nil); deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("no name: %v", err)
	}
	if err := find.Below(t.Context(), "/closed", "x", f.list, nil); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("a folder that is closed: %v", err)
	}
	gone := errors.New("the page is gone")
	if err := find.Below(t.Context(), "/", "x", f.list, func(find.News) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("the page went away: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	err := find.Below(t.Context(), "/", "x", func(ctx context.Context, dir string, yield func(here.Entry) bool) error {
		if dir == "/a" { // what was found before is told while this one is waited for
			<-ctx.Done()
			return ctx.Err()
		}
		return f.list(ctx, dir, yield)
	}, func(n find.News) error { asked = n.Looked; return gone })
	if !errors.Is(err, gone) || asked != 1 {
		t.Errorf("the page went away after %d: %v", asked, err)
	}
	err = find.Below(ctx, "/", "x", func(ctx context.Context, dir string, yield func(here.Entry) bool) error {
		if dir == "/a" {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		return f.list(ctx, dir, yield)
	}, func(find.News) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
