package main

import "testing"

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
