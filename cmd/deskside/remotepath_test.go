package main

import (
	"strings"
	"testing"
)

func TestParseRemote(t *testing.T) {
	for text, want := range map[string]remotePath{
		"desk7:":                  {"desk7", ""},
		"desk7:a/b c.txt":         {"desk7", "a/b c.txt"},
		"desk7:/etc/hosts":        {"desk7", "/etc/hosts"},
		"desk7:3701:a":            {"desk7:3701", "a"},
		"desk7:3701:":             {"desk7:3701", ""},
		"desk7:./3701:a":          {"desk7", "./3701:a"},
		"desk7:3701":              {"desk7", "3701"},
		`desk7:C:\Users\a`:        {"desk7", `C:\Users\a`},
		"[::1]:a":                 {"[::1]", "a"},
		"[fe80::1%eth0]:3701:a:b": {"[fe80::1%eth0]:3701", "a:b"},
	} {
		got, remote, err := parseRemote(text)
		if err != nil || !remote || got != want {
			t.Errorf("%q: %+v, %v, %v, want %+v", text, got, remote, err, want)
		}
	}
	for _, local := range []string{"a", "", "./a:b", "dir/a:b", `C:\a`, "C:/a", `.\a:b`} {
		if got, remote, err := parseRemote(local); remote || err != nil {
			t.Errorf("%q: %+v, %v, want a local path", local, got, err)
		}
	}
	for _, bad := range []string{":a", "[::1]", "[::1", "[::1]x:a"} {
		if got, _, err := parseRemote(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestRemotePathNames(t *testing.T) {
	for _, c := range []struct{ path, base, joined string }{
		{"", "", "x"}, {"a", "a", "a/x"}, {"a/", "a", "a/x"}, {"/a/b.txt", "b.txt", "/a/b.txt/x"}, {`C:\a\b`, "b", `C:\a\b/x`},
	} {
		r := remotePath{"h", c.path}
		if r.base() != c.base || r.join("x").path != c.joined {
			t.Errorf("%q: base %q, joined %q", c.path, r.base(), r.join("x").path)
		}
	}
}

// A far path that is read has a host, and is written as it was read.
func FuzzParseRemote(f *testing.F) {
	for _, text := range []string{"", "a", "h:", "h:p", "h:1:p", "h:99999:p", "[::1]:p", "[::1]:7:p", "[::1", "[]:", ":p", `C:\x`, "C:/x", "C:x", "./h:p", "h:/p:q", "h:p\x00\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, remote, err := parseRemote(text)
		if err != nil || !remote {
			if r != (remotePath{}) {
				t.Errorf("%q is no far path and gives %+v", text, r)
			}
			return
		}
		if r.host == "" || r.String() != text {
			t.Errorf("%q is read as %+v", text, r)
		}
		if strings.ContainsAny(r.base(), `/\`) {
			t.Errorf("the last name of %q is %q", text, r.base())
		}
	})
}
