package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"deskside/internal/await"
)

// launch starts a program and tells when it has ended; it is ended with the
// test.
func launch(t *testing.T, cmd *exec.Cmd) <-chan error {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, over := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(over)
		ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-over
	})
	return ended
}

// operator is a command of who helps.
type operator struct {
	t        *testing.T
	cmd      *exec.Cmd
	err      <-chan error
	out, log string // files with its standard output and error
}

// operate runs a command of the operator whose place is home.
func (d *deskE2E) operate(home string, args ...string) *operator {
	d.t.Helper()
	dir := d.t.TempDir()
	o := &operator{t: d.t, out: filepath.Join(dir, "out"), log: filepath.Join(dir, "log")}
	o.cmd = exec.Command(look(d.t, "deskside"), args...)
	o.cmd.Env = append(os.Environ(), "DESKSIDE_HOME="+home)
	out, err := os.Create(o.out)
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close()
	log, err := os.Create(o.log)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	o.cmd.Stdout, o.cmd.Stderr = out, log
	o.err = launch(d.t, o.cmd)
	return o
}

// ends waits for the exit status.
func (o *operator) ends() int {
	o.t.Helper()
	await.Recv(o.t, "the operator's command ends", o.err)
	text, _ := os.ReadFile(o.log)
	o.t.Logf("%s: %v\n%s", o.cmd.Args[1], o.cmd.ProcessState, text)
	return o.cmd.ProcessState.ExitCode()
}
