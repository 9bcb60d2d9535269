package deskside_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write THIRD_PARTY.md anew")

// licensed is something of others that the binary holds.
type licensed struct{ name, version, text string }

// TestNoticesAreComplete compares THIRD_PARTY.md with what the binary for each
// system is made of. After a change of dependencies: go test . -run Notices -update
func TestNoticesAreComplete(t *testing.T) {
	want := notices(t)
	if *update {
		if err := os.WriteFile("THIRD_PARTY.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("THIRD_PARTY.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("THIRD_PARTY.md is not what the binary is made of; write it anew: go test . -run Notices -update")
	}
}

func notices(t *testing.T) []byte {
	t.Helper()
	all := []licensed{{"The Go standard library and runtime", "", licence(t, goEnv(t, "GOROOT"))}}
	all = append(all, modules(t)...)
	for _, page := range []string{"console/web/dist/licences.txt", "person/web/dist/licences.txt"} {
		if text, err := os.ReadFile(page); err == nil {
			all = append(all, licensed{"In the page " + strings.TrimSuffix(page, "/web/dist/licences.txt"), "", string(text)})
		}
	}
	var b bytes.Buffer
	b.WriteString("# Third-party software in the binary\n\nThe binary `deskside` holds the following besides our own code. Each stands under its own licence.\n")
	for _, l := range all {
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s\n```\n", strings.TrimSpace(l.name+" "+l.version), strings.TrimSpace(l.text))
	}
	return b.Bytes()
}

// modules lists the modules that are linked for any of the systems.
func modules(t *testing.T) []licensed {
	t.Helper()
	seen := make(map[string]licensed)
	for _, system := range []string{"linux", "windows", "darwin"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "./cmd/deskside")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH=amd64")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		for line := range strings.Lines(string(out)) {
			word := strings.SplitN(strings.TrimSpace(line), " ", 3)
			if len(word) == 3 && seen[word[0]].name == "" {
				seen[word[0]] = licensed{word[0], word[1], licence(t, word[2])}
			}
		}
	}
	list := []licensed{}
	for _, l := range seen {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b licensed) int { return strings.Compare(a.name, b.name) })
	return list
}

// licence reads the licence and notice in a module's folder.
func licence(t *testing.T, dir string) string {
	t.Helper()
	found := []string{}
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "UNLICENSE*", "COPYING*", "NOTICE*"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
		}
	}
	if len(found) == 0 {
		t.Fatalf("no licence in %s: may it be used at all?", dir)
	}
	return strings.Join(found, "\n\n")
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
