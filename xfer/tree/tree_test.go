package tree

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside"
)

var when = time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)

// sample is a body with files of every kind of head there is.
func sample() (heads []*Head, data map[string][]byte) {
	data = map[string][]byte{"a": []byte("abc"), "d/\xff": {}, "d/holes": []byte("begin and end")}
	return []*Head{
		{Kind: Folder, Mode: 0o755, ModTime: when},
		{Kind: File, Path: "a", Size: 3, Mode: 0o640, ModTime: when, Owner: &Owner{1000, 7}, Attrs: []Attr{{"x", []byte("y\x00")}, {"z", []byte{}}}},
		{Kind: Folder, Path: "d", Mode: 0o700, ModTime: when.Add(-1e9 * 3600)},
		{Kind: Link, Path: "d/l", ModTime: when, Target: "../a"},
		{Kind: File, Path: "d/holes", Size: 5 << 32, ModTime: when, Holes: true, Extents: []Extent{{0, 6}, {5<<32 - 7, 7}}},
		{Kind: File, Path: "d/\xff", ModTime: time.Unix(-5, 1).UTC(), Hash: &[32]byte{1, 2}},
		{Kind: File, Path: "void", Size: 1 << 40, ModTime: when, Holes: true},
	}, data
}

// writeSample writes the body, with a note in it and a fault.
func writeSample(t testing.TB) []byte {
	heads, data := sample()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, h := range heads {
		must(t, w.Entry(h))
		if h.Kind != File {
			continue
		}
		w.Write(data[h.Path])
		if h.Path == "a" {
			must(t, w.Fault(deskside.Errorf(deskside.CodeConflict, "changed")))
		} else {
			must(t, w.End([32]byte{9}))
		}
	}
	must(t, w.Note("gone", deskside.Errorf(deskside.CodeNotFound, "it went")))
	must(t, w.Want("d/\xff"))
	must(t, w.Close())
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBody(t *testing.T) {
	heads, data := sample()
	r := NewReader(bytes.NewReader(writeSample(t)), true)
	for _, want := range heads {
		rec, err := r.Next()
		must(t, err)
		if !reflect.DeepEqual(rec.Head, want) {
			t.Errorf("%+v came back as %+v", want, rec.Head)
		}
		if want.Kind != File {
			continue
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data[want.Path]) {
			t.Errorf("%s: %q, %v", want.Path, got, err)
		}
		sum, fault, err := r.Sum()
		if err != nil || (fault != nil) != (want.Path == "a") || fault == nil && sum != [32]byte{9} {
			t.Errorf("%s ends with %v, %v, %v", want.Path, sum, fault, err)
		}
	}
	if rec, err := r.Next(); err != nil || rec.Path != "gone" || rec.Why.Code != deskside.CodeNotFound {
		t.Errorf("note: %+v, %v", rec, err)
	}
	if rec, err := r.Next(); err != nil || rec.Path != "d/\xff" || rec.Why != nil || rec.Head != nil {
		t.Errorf("want: %+v, %v", rec, err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
}

// drain reads a body to its end, or to what is wrong with it.
func drain(b []byte) (records int, err error) {
	r := NewReader(bytes.NewReader(b), true)
	for {
		if _, err := r.Next(); err != nil {
			return records, err
		}
		if err := r.Skip(); err != nil {
			return records, err
		}
		records++
	}
}

// TestCutShort: no beginning of a body is a body, and each is told from one that
// is wrong.
func TestCutShort(t *testing.T) {
	whole := writeSample(t)
	for n := range whole {
		var cut *Broken
		if _, err := drain(whole[:n]); !errors.As(err, &cut) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestRefused(t *testing.T) {
	long := strings.Repeat("n", MaxName+1)
	for name, h := range map[string]*Head{
		"up": {Kind: File, Path: "../x"}, "up below": {Kind: File, Path: "a/../../x"}, "absolute": {Kind: File, Path: "/etc/x"},
		"dot": {Kind: Folder, Path: "."}, "empty name": {Kind: Folder, Path: "a//b"}, "trailing": {Kind: Folder, Path: "a/"},
		"NUL": {Kind: File, Path: "a\x00b"}, "long name": {Kind: File, Path: long}, "long path": {Kind: File, Path: strings.Repeat("a/", MaxPath)},
		"deep": {Kind: File, Path: strings.Repeat("d/", MaxDepth) + "x"}, "file as top": {Kind: File}, "no kind": {Kind: 'x', Path: "a"},
		"link to nothing": {Kind: Link, Path: "a"}, "file that leads": {Kind: File, Path: "a", Target: "b"}, "folder with bytes": {Kind: Folder, Path: "a", Size: 3},
		"mode": {Kind: File, Path: "a", Mode: 0o4755}, "negative": {Kind: File, Path: "a", Size: -1},
		"far time":       {Kind: File, Path: "a", ModTime: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"outside":        {Kind: File, Path: "a", Size: 5, Holes: true, Extents: []Extent{{3, 3}}},
		"empty extent":   {Kind: File, Path: "a", Size: 5, Holes: true, Extents: []Extent{{3, 0}}},
		"adjoining":      {Kind: File, Path: "a", Size: 5, Holes: true, Extents: []Extent{{0, 1}, {1, 1}}},
		"past all":       {Kind: File, Path: "a", Size: 1<<63 - 1, Holes: true, Extents: []Extent{{1<<62 - 1, 1 << 61}, {1<<63 - 1, 1 << 61}}},
		"many attrs":     {Kind: File, Path: "a", Attrs: make([]Attr, MaxAttrs+1)},
		"nameless attr":  {Kind: File, Path: "a", Attrs: []Attr{{"", nil}}},
		"large attr":     {Kind: File, Path: "a", Attrs: []Attr{{"a", make([]byte, MaxAttr)}}},
		"large together": {Kind: File, Path: "a", Attrs: []Attr{{"a", make([]byte, MaxAttr/2)}, {"b", make([]byte, MaxAttr/2)}}},
	} {
		var b bytes.Buffer
		w := NewWriter(&b)
		if h.ModTime.IsZero() {
			h.ModTime = when
		}
		w.Entry(h)
		w.Close()
		if n, err := drain(b.Bytes()); n > 0 || deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
	}
	for name, b := range map[string]string{
		"no record": "x", "head too long": "e\xff\xff\xff\x7f", "number too large": "e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"empty head": "e\x00", "count": "z\x05", "unknown flag": "e\x08f\x40\x01a\x00\x00\x00\x00", "left over": "e\x09f\x00\x01a\x00\x00\x00\x00\x00",
		"note of nothing": "n\x01\x00", "note that climbs": "n\x16\x02..{\"code\":\"conflict\"}",
	} {
		if _, err := drain([]byte(b)); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCompare puts paths in the order of a walk that sorts the names in each
// folder.
func TestCompare(t *testing.T) {
	want := []string{"", "a", "a/\x01", "a/b", "a/b/c", "a/b-", "a\x01", "a-b", "a-b/c", "a.b", "aa", "b", "\xff"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Compare)
	if !slices.Equal(got, want) {
		t.Errorf("sorted %q, want %q", got, want)
	}
}

func TestInside(t *testing.T) {
	for _, tt := range []struct {
		path, target string
		want         bool
	}{
		{"l", "a", true}, {"l", "./a/b", true}, {"l", "a//b/", true}, {"d/l", "../a", true}, {"d/e/l", "../../a", true}, {"d/l", "..", true}, {"l", ".", true},
		{"l", "..", false}, {"d/l", "../..", false}, {"d/l", "../../d/x", false}, {"l", "/etc", false}, {"l", "", false}, {"d/l", "a/../b", false},
		{"l", `..\x`, true}, {"l", "a\x00", false},
	} {
		if got := Inside(tt.path, tt.target); got != tt.want {
			t.Errorf("Inside(%q, %q) = %v", tt.path, tt.target, got)
		}
	}
}

// FuzzBody reads any bytes as a body: without a fault, in no more memory than
// its limits, and what it takes is written as the same again.
func FuzzBody(f *testing.F) {
	f.Add(writeSample(f))
	f.Add([]byte("z\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), true)
		for {
			rec, err := r.Next()
			if err != nil {
				return
			}
			if rec.Head != nil {
				again, err := parse(rec.Head.append(nil))
				if err != nil || !reflect.DeepEqual(again, rec.Head) {
					t.Fatalf("%+v came back as %+v, %v", rec.Head, again, err)
				}
				if rec.Head.Bytes() < 0 {
					t.Fatalf("%+v has less than no bytes", rec.Head)
				}
			}
			if rec.Head != nil && CheckPath(rec.Head.Path) != nil {
				t.Fatalf("the path %q was taken", rec.Head.Path)
			}
			if r.Skip() != nil {
				return
			}
		}
	})
}

// TestBehindTheEnd refuses a body that goes on, as one does that is packed and was
// not said to be.
func TestBehindTheEnd(t *testing.T) {
	r := NewReader(strings.NewReader("z\x00\x00\x01\x00"), true)
	if _, err := r.Next(); deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("got %v", err)
	}
	r = NewReader(strings.NewReader("z\x00"), true)
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("got %v", err)
	}
}
