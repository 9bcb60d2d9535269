package serve

import (
	"slices"
	"strings"
	"testing"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

func TestLocate(t *testing.T) {
	roots := []xfer.Root{{Name: "home", Path: "/home/ann"}, {Name: "all", Path: "/"}, {Name: "public", Path: "/home/ann/Public"}}
	tests := []struct{ in, root, rest string }{
		{"docs/x", "home", "docs/x"},
		{"", "home", ""},
		{".", "home", ""},
		{"/home/ann/docs/x", "home", "docs/x"},
		{"/home/ann", "home", ""},
		{"/home/anna/x", "all", "home/anna/x"},
		{"/home/ann/Public/x", "public", "x"},
		{"/", "all", ""},
		{"C:/x", "home", "C:/x"}, // a folder like any other but on Windows
	}
	for _, tt := range tests {
		got, err := locate(roots, tt.in)
		if err != nil || got.root.Name != tt.root || strings.Join(got.rest, "/") != tt.rest {
			t.Errorf("locate(%q) = %s %q, %v; want %s %q", tt.in, got.root.Name, got.rest, err, tt.root, tt.rest)
		}
	}
	_, err := locate(roots[:1], "/etc/passwd")
	if deskside.CodeOf(err) != deskside.CodeDenied || !strings.Contains(deskside.AsError(err).Do, "/home/ann") {
		t.Errorf("a path outside: %v", err)
	}
	if _, err := locate(nil, "x"); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("without roots: %v", err)
	}
}

func TestStartup(t *testing.T) {
	s := New(Config{Home: "/data/ann", Programs: []string{"/home/ann/tools"}})
	home := []string{"home", "ann"}
	at := func(path string) []string { return append(slices.Clone(home), strings.Split(path, "/")...) }
	for _, path := range []string{
		".bashrc", ".ssh/authorized_keys", ".ssh", ".config/autostart/x.desktop", ".config/systemd/user/x.service",
		"deep/down/.profile", ".BASHRC", "Library/LaunchAgents/x.plist", "Library/Input Methods/x",
		"AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/x.lnk",
		".config/lxsession/LXDE/autostart", ".config/xfce4/xinitrc", ".i3/config", ".config/sway/config", ".config/bspwm/bspwmrc",
		".config/qtile/config.py", ".config/awesome/rc.lua", ".fvwm/config", ".fvwm2rc", ".config/sxhkd/sxhkdrc", ".config/openbox/rc.xml",
		".local/lib/python3.13/site-packages/usercustomize.py", "venv/lib/sitecustomize.py", "venv/x.pth", ".config/environment.d/x.conf",
		".pam_environment", ".ssh/rc", ".gitconfig", ".config/git/config", "src/.git/hooks/post-checkout", ".vimrc", ".config/nvim/init.lua",
		".mozilla/firefox/x/user.js", "bin", "bin/deskside", "Bin/xterm", "Desktop/Firefox.desktop", "Schreibtisch/x.desktop", "tools/x",
		".bashrc.", "bin /x", "Desktop/x.desktop. .",
	} {
		if !s.startup(at(path), home, false) {
			t.Errorf("%s may be written", path)
		}
	}
	for _, path := range []string{"docs/x", ".config/app/settings", ".config", "bashrc", "etc/passwd", ".sshx", "src/bin/x", "toolsx", "x.desktop.txt"} {
		if s.startup(at(path), home, false) {
			t.Errorf("%s may not be written", path)
		}
	}
	if !s.startup(at(".config"), home, true) || !s.startup(at("x/.local"), home, true) {
		t.Error("a folder that may hold start-up files may be moved as a whole")
	}
	if s.startup(at("docs"), home, true) {
		t.Error("any folder may not be moved")
	}
	if !s.startup([]string{"etc", "cron.d", "x"}, nil, false) || s.startup([]string{"etc", "cron.d", "x"}, []string{"etc"}, false) {
		t.Error("/etc is left out unless policy names it as a root")
	}
	if s.startup(at("tools/x"), at("tools"), false) {
		t.Error("a folder of programs is left out that policy names as a root")
	}
	for _, path := range []string{"/data/ann/bin/x", "/root/bin", "/Users/ann/go/bin/x"} {
		if !s.startup(disk.SplitNative(path), nil, false) {
			t.Errorf("%s may be written", path)
		}
	}
	if !s.startup(home, nil, true) || !s.startup([]string{"data"}, nil, true) {
		t.Error("a home may be moved as a whole")
	}
}

func TestWhatPolicyNames(t *testing.T) {
	root := xfer.Root{AllowStartup: []string{".config/autostart", "~/bin"}}
	for path, want := range map[string]bool{
		"/home/ann/.config/autostart/x.desktop": true, "/home/ann/.bashrc": false, "/home/ann/.config": false,
		"/home/ann/bin/x": true, "/data/ann/bin": true, "/data/ann/x/bin": false,
	} {
		if named(root, disk.SplitNative(path), []string{"data", "ann"}) != want {
			t.Errorf("%s: want %v", path, want)
		}
	}
}

func TestHidden(t *testing.T) {
	for path, want := range map[string]bool{
		"a": false, "a/b.c": false, ".a": true, ".a/b": true, "a/.b/c": true, "a/.b": true, "...": true,
	} {
		if hidden(disk.SplitNative("/home/.ann/"+path), []string{"home", ".ann"}) != want {
			t.Errorf("%s: want %v", path, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"", "/", "a/b", "/home/ann/x", "../x", "a//b/./c/", "a\x00", "\xff", `a\b`, "C:/x", "CON", "a..b/...c", "10:00:00.log", "a: /b. "} {
		f.Add(s)
	}
	roots := []xfer.Root{{Name: "srv", Path: "/srv/files"}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := disk.ParsePath(text)
		if err != nil {
			return
		}
		again, err := disk.ParsePath(p.String())
		if err != nil || again.Abs != p.Abs || !slices.Equal(again.Elems, p.Elems) {
			t.Fatalf("%q came back as %q, %v", p, again, err)
		}
		to, err := locate(roots, text)
		if err != nil {
			return
		}
		for _, e := range to.rest {
			disk.WindowsName(e) // of any bytes, without a fault
			if e == "" || e == "." || e == ".." || strings.ContainsAny(e, "/\\\x00") || len(e) > disk.MaxName {
				t.Fatalf("%q leads to the element %q", text, e)
			}
		}
	})
}
