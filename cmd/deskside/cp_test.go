package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestPlanCopy(t *testing.T) {
	for args, want := range map[[3]string]string{
		{"a", "b", "h:d/"}:        "{true h [a b] d/}",
		{"h:a", "h:b", "d"}:       "{false h [a b] d}",
		{"h:1:a", "h:1:b", "d"}:   "{false h:1 [a b] d}",
		{"h:a", "g:b", "d"}:       "",
		{"a", "b", "c"}:           "",
		{"h:a", "b", "h:c"}:       "",
		{"h:a", "b", "c"}:         "",
		{":a", "b", "h:c"}:        "",
		{"./x:y", "b", "[::1]:c"}: "{true [::1] [./x:y b] c}",
	} {
		got, err := planCopy(args[:])
		if (err != nil) != (want == "") || err == nil && fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v, want %s", args, got, err, want)
		}
	}
}

func TestNearTargetStaysInItsFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to, name string
		several  bool
		want     string
	}{
		{dir, "a", true, filepath.Join(dir, "a")},
		{dir + "/", "a", false, filepath.Join(dir, "a")},
		{file, "a", false, file},
		{filepath.Join(dir, "new"), "a", false, filepath.Join(dir, "new")},
		{filepath.Join(dir, "new") + "/", "a", false, ""},
		{filepath.Join(dir, "new"), "a", true, ""},
		{file, "a", true, ""},
		{dir, "..", false, ""},
		{dir, ".", false, ""},
		{dir, "", false, ""},
		{dir, `..\x`, false, ""},
	} {
		got, err := nearTarget(c.to, c.name, c.several)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q in %q: %q, %v, want %q", c.name, c.to, got, err, c.want)
		}
	}
}
