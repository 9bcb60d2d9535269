package agent

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestDeskOf has a root whose display belongs to another user, where the test
// may make one.
func TestDeskOf(t *testing.T) {
	cookie := filepath.Join(t.TempDir(), "cookie")
	if err := os.WriteFile(cookie, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want, isRoot := os.Getuid(), os.Getuid() == 0
	if isRoot {
		want = 1 // daemon, on every system
		if err := os.Chown(cookie, want, want); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("DISPLAY", ":7")
	t.Setenv("XAUTHORITY", cookie)
	d, err := deskOf("")
	if err != nil || !slices.Equal(d.Env, []string{"DISPLAY=:7", "XAUTHORITY=" + cookie}) {
		t.Fatalf("%+v, %v", d, err)
	}
	if owner, err := ownerOf(cookie); err != nil || owner.UID != want {
		t.Errorf("owner %+v, %v, want %d", owner, err, want)
	}
	if isRoot != (d.User != nil) {
		t.Errorf("as root %v, windows are of %+v", isRoot, d.User)
	}
	t.Setenv("XAUTHORITY", "")
	if d, err = deskOf(":8"); err != nil || d.User != nil || !slices.Equal(d.Env, []string{"DISPLAY=:8"}) {
		t.Errorf("%+v, %v", d, err)
	}
	t.Setenv("XAUTHORITY", cookie+".gone")
	if d, err = deskOf(":8"); isRoot && err == nil {
		t.Errorf("a cookie that is not there: %+v", d)
	}
}
