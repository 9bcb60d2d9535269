package agent

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Windows open as the user whose display it is. Root opens none where that is
// not known.
func TestDeskOf(t *testing.T) {
	isRoot := os.Getuid() == 0
	for what, c := range map[string]struct {
		variable, home bool // where the cookie is
		uid            int  // to whom root gives it
		user           string
		root           bool // whether root opens windows
	}{
		"another's cookie":            {variable: true, uid: 1, root: true}, // daemon, on every system
		"another's cookie at home":    {home: true, uid: 1, root: true},
		"a cookie of root's":          {variable: true},
		"a cookie of root's, at home": {home: true},
		"no cookie":                   {},
		"root, who is named":          {variable: true, user: "root", root: true},
		"another, who is named":       {user: "daemon", uid: 1, home: true, root: true},
		"nobody's name":               {variable: true, uid: 1, user: "no-such-user"},
	} {
		home := t.TempDir()
		cookie := filepath.Join(home, ".Xauthority")
		t.Setenv("HOME", home)
		t.Setenv("XAUTHORITY", "")
		t.Setenv("DISPLAY", ":7")
		if c.variable {
			cookie = filepath.Join(home, "cookie")
			t.Setenv("XAUTHORITY", cookie)
		}
		if c.variable || c.home {
			if err := os.WriteFile(cookie, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if isRoot {
				if err := os.Chown(cookie, c.uid, c.uid); err != nil {
					t.Fatal(err)
				}
			}
		}
		d, err := deskOf("", c.user)
		switch {
		case isRoot && !c.root:
			if err == nil {
				t.Errorf("%s: root opens windows as %+v", what, d.User)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", what, err)
			continue
		case isRoot != (d.User != nil) || isRoot && d.User.UID != c.uid:
			t.Errorf("%s: as root %v, windows are of %+v", what, isRoot, d.User)
		}
		want := []string{"DISPLAY=:7"}
		if c.variable || isRoot {
			want = append(want, "XAUTHORITY="+cookie)
		}
		if !slices.Equal(d.Env, want) {
			t.Errorf("%s: %q, want %q", what, d.Env, want)
		}
	}
	t.Setenv("XAUTHORITY", filepath.Join(t.TempDir(), "gone"))
	if d, err := deskOf(":8", ""); isRoot && err == nil {
		t.Errorf("a cookie that is not there: %+v", d)
	}
}
