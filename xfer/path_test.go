package xfer

import (
	"slices"
	"strings"
	"testing"

	"deskside"
)

func TestParsePath(t *testing.T) {
	deep := strings.Repeat("d/", maxDepth+1)
	tests := []struct {
		in   string
		want string // as String gives it back
		code deskside.Code
	}{
		{in: "", want: ""},
		{in: "/", want: "/"},
		{in: "docs/x", want: "docs/x"},
		{in: "/home/ann/x", want: "/home/ann/x"},
		{in: "//home//./ann/", want: "/home/ann"},
		{in: "tätowierung/зима/雪.txt", want: "tätowierung/зима/雪.txt"},
		{in: "odd\xff\xfename", want: "odd\xff\xfename"},
		{in: strings.Repeat("n", maxName), want: strings.Repeat("n", maxName)},
		{in: "C:/Users/Ann", want: "C:/Users/Ann"},
		{in: "..", code: deskside.CodeDenied},
		{in: "/home/ann/../../etc/passwd", code: deskside.CodeDenied},
		{in: "a/../b", code: deskside.CodeDenied},
		{in: `a\..\b`, code: deskside.CodeBadRequest},
		{in: `C:\Users`, code: deskside.CodeBadRequest},
		{in: "a\x00b", code: deskside.CodeBadRequest},
		{in: strings.Repeat("n", maxName+1), code: deskside.CodeBadRequest},
		{in: strings.Repeat("a/", maxPath), code: deskside.CodeBadRequest},
		{in: deep, code: deskside.CodeBadRequest},
	}
	for _, tt := range tests {
		p, err := parsePath(tt.in)
		if deskside.CodeOf(err) != tt.code {
			t.Errorf("parsePath(%.40q): %v, want code %q", tt.in, err, tt.code)
		}
		if err == nil && p.String() != tt.want {
			t.Errorf("parsePath(%.40q) = %q, want %q", tt.in, p, tt.want)
		}
	}
}

func TestWindowsName(t *testing.T) {
	for _, name := range []string{
		"CON", "con", "Nul.txt", "aux.tar.gz", "COM1", "lpt9.log", "COM¹", "CONIN$", "prn .txt", "conout$.x",
		"ends.", "ends ", "...", "a.txt:stream", "2026-01-02T10:00:00.log", "C:", "what?", "a*b", "<a>", "a|b", `say "a"`, "a\tb",
		"PROGRA~1", "docum~12.txt",
	} {
		if windowsName(name) == nil {
			t.Errorf("Windows takes %q", name)
		}
	}
	for _, name := range []string{
		"CONSOLE", "com", "COM0", "com10", "nulls", "a.con", ".hidden", "-rf", "a b", "$x", "%2e%2e", "a~b1", "雪.txt",
	} {
		if err := windowsName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLocate(t *testing.T) {
	roots := []Root{{Name: "home", Path: "/home/ann"}, {Name: "all", Path: "/"}, {Name: "public", Path: "/home/ann/Public"}}
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
		if !s.startup(splitNative(path), nil, false) {
			t.Errorf("%s may be written", path)
		}
	}
	if !s.startup(home, nil, true) || !s.startup([]string{"data"}, nil, true) {
		t.Error("a home may be moved as a whole")
	}
}

func TestWhatPolicyNames(t *testing.T) {
	root := Root{AllowStartup: []string{".config/autostart", "~/bin"}}
	for path, want := range map[string]bool{
		"/home/ann/.config/autostart/x.desktop": true, "/home/ann/.bashrc": false, "/home/ann/.config": false,
		"/home/ann/bin/x": true, "/data/ann/bin": true, "/data/ann/x/bin": false,
	} {
		if root.named(splitNative(path), []string{"data", "ann"}) != want {
			t.Errorf("%s: want %v", path, want)
		}
	}
}

func TestHidden(t *testing.T) {
	for path, want := range map[string]bool{
		"a": false, "a/b.c": false, ".a": true, ".a/b": true, "a/.b/c": true, "a/.b": true, "...": true,
	} {
		if hidden(splitNative("/home/.ann/"+path), []string{"home", ".ann"}) != want {
			t.Errorf("%s: want %v", path, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"", "/", "a/b", "/home/ann/x", "../x", "a//b/./c/", "a\x00", "\xff", `a\b`, "C:/x", "CON", "a..b/...c", "10:00:00.log", "a: /b. "} {
		f.Add(s)
	}
	roots := []Root{{Name: "srv", Path: "/srv/files"}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		again, err := parsePath(p.String())
		if err != nil || again.abs != p.abs || !slices.Equal(again.elems, p.elems) {
			t.Fatalf("%q came back as %q, %v", p, again, err)
		}
		to, err := locate(roots, text)
		if err != nil {
			return
		}
		for _, e := range to.rest {
			windowsName(e) // of any bytes, without a fault
			if e == "" || e == "." || e == ".." || strings.ContainsAny(e, "/\\\x00") || len(e) > maxName {
				t.Fatalf("%q leads to the element %q", text, e)
			}
		}
	})
}
