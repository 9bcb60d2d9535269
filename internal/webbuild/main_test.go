package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed pages must be what their sources give; script/test runs npm ci
// before.
func TestDistIsBuiltFromTheSources(t *testing.T) {
	for _, web := range []string{"../../console/web", "../../person/web"} {
		if err := run(web, true); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckFindsDifferences(t *testing.T) {
	dist := t.TempDir()
	for _, name := range []string{"same.js", "changed.js", "extra.js"} {
		if err := os.WriteFile(filepath.Join(dist, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := compare(dist, map[string][]byte{
		"same.js": []byte("same.js"), "changed.js": []byte("else"), "missing.js": []byte("x"),
	})
	if err == nil {
		t.Fatal("no difference found")
	}
	for _, name := range []string{"changed.js", "missing.js", "extra.js"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not told of in: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "same.js") {
		t.Errorf("same.js is told of in: %v", err)
	}
}
