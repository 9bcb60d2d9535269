package xfer

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside/xfer/disk"
)

func allFields() []string {
	var all []string
	for key := range fields {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}

func modeOf(m Mode) *Mode { return &m }

func TestRequestRoundTrip(t *testing.T) {
	sum := disk.Hash{1, 2, 3}
	tests := []*Request{
		{},
		{Path: "docs/a b&c=d;ä\xff%2e"},
		{Path: "x", To: "y", Replace: true},
		{Path: "x", After: "\xff\xfe", Limit: 10},
		{Path: "x", Offset: 5 << 30, Prefix: &sum, Size: 6 << 30, Mode: modeOf(0o754), ModTime: time.Date(2026, 2, 3, 4, 5, 6, 789, time.UTC)},
		{Path: "x", Mode: modeOf(0)},
		{Path: "x", Tree: true, Follow: true},
	}
	for _, r := range tests {
		got, err := ParseRequest(r.Query(), allFields())
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%+v came back as %+v, %v", r, got, err)
		}
	}
}

func TestRequestRefused(t *testing.T) {
	hash := strings.Repeat("0", 64)
	for _, query := range []string{
		"path=%zz", "path=a&path=b", "unknown=1", "path=a;b=c",
		"limit=0", "limit=-1", "limit=10001", "limit=x",
		"size=-1", "size=01", "size=+1", "size=9223372036854775808", "size=1e3",
		"offset=1", "size=5&offset=6&prefix=" + hash, "size=5&offset=3", "prefix=" + hash, "size=5&offset=3&prefix=00",
		"size=5&offset=3&prefix=" + strings.Repeat("A", 64),
		"mtime=yesterday", "mtime=2026-01-01T00:00:00%2B01:00", "mode=4755", "mode=9", "mode=-1",
		"replace=0", "replace=yes", "tree=true", "follow=",
		"path=" + strings.Repeat("%20", maxQuery),
	} {
		if r, err := ParseRequest(query, allFields()); err == nil {
			t.Errorf("%.80q was read as %+v", query, r)
		}
	}
	if _, err := ParseRequest("tree=1", []string{"path"}); err == nil {
		t.Error("a field that the request does not take was passed over")
	}
}

// TestRequestPrefixes checks that a query cut short is never taken for whole,
// for the fields of fixed length.
func TestRequestPrefixes(t *testing.T) {
	for _, whole := range []string{"prefix=" + strings.Repeat("0", 64), "mtime=2026-02-03T04%3A05%3A06Z"} {
		for n := 1; n < len(whole); n++ {
			if r, err := ParseRequest("size=1&offset=1&"+whole[:n], allFields()); err == nil {
				t.Errorf("%q was read as %+v", whole[:n], r)
			}
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("path=a&size=5&mtime=2026-01-01T00%3A00%3A00Z&mode=0644")
	f.Add("offset=1&size=2&prefix=" + strings.Repeat("0", 64))
	f.Add("path=%ff&after=b&limit=3&replace=1&tree=1&follow=1&to=x")
	f.Add("mtime=0001-01-01T00%3A00%3A00Z")
	f.Fuzz(func(t *testing.T, query string) {
		r, err := ParseRequest(query, allFields())
		if err != nil {
			return
		}
		again, err := ParseRequest(r.Query(), allFields())
		if err != nil || again.Query() != r.Query() {
			t.Fatalf("%q became %q, then %+v, %v", query, r.Query(), again, err)
		}
		if r.Size < 0 || r.Offset < 0 || r.Offset > r.Size || r.Mode != nil && *r.Mode > 0o777 || r.Limit < 0 || r.Limit > maxPage {
			t.Fatalf("%q was read as %+v", query, r)
		}
	})
}

func FuzzTrailer(f *testing.F) {
	f.Add(`{"code":"conflict","words":"changed"}`, "")
	f.Add("", strings.Repeat("ab", 32))
	f.Add("{", "xyz")
	f.Fuzz(func(t *testing.T, fault, hash string) {
		h := map[string][]string{HeaderFault: {fault}, HeaderHash: {hash}}
		if err := FaultIn(h); (err == nil) != (fault == "") {
			t.Fatalf("the fault %q: %v", fault, err)
		}
		if sum, err := HashIn(h); err == nil && sum.String() != hash {
			t.Fatalf("the hash %q was read as %s", hash, sum)
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add("5", "2026-01-01T00:00:00Z", "0644")
	f.Add("-5", "", "7777")
	f.Fuzz(func(t *testing.T, size, mtime, mode string) {
		h := map[string][]string{headerSize: {size}, headerTime: {mtime}, headerMode: {mode}}
		m, err := readHead(h)
		if err != nil {
			return
		}
		back := make(map[string][]string)
		WriteHead(back, m)
		again, err := readHead(back)
		if err != nil || again != m {
			t.Fatalf("%v came back as %v, %v", m, again, err)
		}
	})
}
