package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deskside"
	"deskside/internal/await"
	"deskside/transport/transporttest"
)

// A program that others could change is refused, with what to do: this one runs
// itself from such places, and from good ones.
func TestTheProgramIsWhereOthersCannotWrite(t *testing.T) {
	if os.Getenv("DESKSIDE_TEST_START") != "" {
		startAndClose(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		file, dir os.FileMode
		want      string // in what it says; empty: it runs
	}{
		"a good place":                 {0o755, 0o755, ""},
		"a sticky folder":              {0o755, 0o777 | os.ModeSticky, ""},
		"a folder others can write":    {0o755, 0o777, "others may write in"},
		"a program others can replace": {0o777, 0o755, "others may write to"},
	} {
		dir := filepath.Join(t.TempDir(), "bin")
		path := filepath.Join(dir, "agent.test")
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(path, program, 0o700), os.Chmod(path, c.file), os.Chmod(dir, c.dir)); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "-test.run=^TestTheProgramIsWhereOthersCannotWrite$")
		cmd.Env = append(os.Environ(), "DESKSIDE_TEST_START=1")
		out, err := cmd.CombinedOutput()
		if (err == nil) != (c.want == "") || !strings.Contains(string(out), c.want) || c.want != "" && !strings.Contains(string(out), "chmod") {
			t.Errorf("%s: %v, %s", what, err, out)
		}
	}
}

// startAndClose is what the program does in those places.
func startAndClose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := Init(dir); err != nil {
		t.Fatal(err)
	}
	a, err := Start(context.Background(), Config{
		Dir: dir, Settings: Settings{Display: "none", Ports: "0,0,0,0", Listen: []string{"127.0.0.1"}}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("%v: %s", err, deskside.AsError(err).Do)
	}
	a.Close()
}

// Files of the agent's folder that others could change are taken neither at the
// start nor later. A policy of which that becomes known is as one that does not
// parse: what is in force stays, and no session begins.
func TestFilesThatOthersCanWriteAreNotTaken(t *testing.T) {
	d := openDesk(t, Settings{}, ann)
	policy, config := filepath.Join(d.dir, PolicyFile), filepath.Join(d.dir, ConfigFile)
	if _, err := d.setup(t); err != nil {
		t.Fatal(err)
	}
	refused := func(want bool) {
		t.Helper()
		await.True(t, "new sessions are refused or not", func() bool {
			_, err := d.setup(t)
			return (deskside.CodeOf(err) == deskside.CodePolicyBroken) == want
		})
	}
	for path, mode := range map[string][2]os.FileMode{policy: {0o602, 0o604}, d.dir: {0o702, 0o700}} {
		if err := os.Chmod(path, mode[0]); err != nil {
			t.Fatal(err)
		}
		refused(true)
		if p, _ := d.authority.Policy(); len(p.Operators) != 1 || len(d.Sessions()) == 0 {
			t.Errorf("%s: %d operators, %d sessions: the last good policy is not in force", path, len(p.Operators), len(d.Sessions()))
		}
		rule := ann
		rule.Key = transporttest.Identity(t).ID()
		if err := Permit(d.dir, rule); deskside.CodeOf(err) != deskside.CodeDenied {
			t.Errorf("%s: an operator is added: %v", path, err)
		}
		d.endAll()
		if err := os.Chmod(path, mode[1]); err != nil {
			t.Fatal(err)
		}
		refused(false)
	}

	d.Close()
	for path, start := range map[string]func() error{
		config: func() error { _, err := ReadSettings(d.dir); return err },
		policy: func() error {
			a, err := Start(t.Context(), Config{Dir: d.dir, Settings: Settings{Display: "none", Ports: "0,0,0,0"}, Log: slog.New(slog.DiscardHandler)})
			if err == nil {
				a.Close()
			}
			return err
		},
	} {
		if err := start(); err != nil {
			t.Errorf("%s as it was made: %v", path, err)
		}
		if err := os.Chmod(path, 0o606); err != nil {
			t.Fatal(err)
		}
		if err := start(); err == nil || !strings.Contains(err.Error(), "others may write to") {
			t.Errorf("%s that others can write: %v", path, err)
		}
	}
}
