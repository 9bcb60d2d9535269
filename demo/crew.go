package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// crew is the programs that a demo started. It ends each of them by its own
// process, the last first, and nothing else.
type crew struct {
	dir  string // where their output goes
	env  []string
	list []*member
}

// member is one program.
type member struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

// start runs a program in the background. Its output goes to a file.
func (c *crew) start(name string, argv ...string) (*member, error) {
	return c.startWith(nil, name, argv...)
}

// startWith is start for a program that inherits files, as its descriptors
// from 3 on.
func (c *crew) startWith(files []*os.File, name string, argv ...string) (*member, error) {
	m, _, err := c.launch(name, files, false, argv)
	return m, err
}

// startReady runs a program that prints one line of JSON when it is ready, and
// reads it.
func (c *crew) startReady(ctx context.Context, into any, name string, argv ...string) (*member, error) {
	m, out, err := c.launch(name, nil, true, argv)
	if err != nil {
		return nil, err
	}
	line := make(chan error, 1)
	go func() {
		text, err := bufio.NewReader(io.LimitReader(out, 64<<10)).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		line <- err
		io.Copy(io.Discard, out)
		out.Close()
	}()
	select {
	case err = <-line:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		m.end()
		return nil, fmt.Errorf("%s did not become ready: %w\n%s", name, err, m.said())
	}
	return m, nil
}

// launch starts a program; with piped its standard output can be read.
func (c *crew) launch(name string, files []*os.File, piped bool, argv []string) (*member, *os.File, error) {
	m := &member{name: name, cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	m.log = filepath.Join(c.dir, name+".log")
	log, err := os.OpenFile(m.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	m.cmd.Env = append(os.Environ(), c.env...)
	m.cmd.Stdout, m.cmd.Stderr = log, log
	m.cmd.ExtraFiles = files
	m.cmd.SysProcAttr = ownGroup()
	var out *os.File
	if piped {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		defer w.Close()
		m.cmd.Stdout, out = w, r
	}
	if err := m.cmd.Start(); err != nil {
		if out != nil {
			out.Close()
		}
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		m.cmd.Wait()
		close(m.done)
	}()
	c.list = append(c.list, m)
	return m, out, nil
}

// patience is how long a program may take to end when it is asked to.
const patience = 5 * time.Second

// end asks the program to end, and makes it.
func (m *member) end() {
	m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.done:
	case <-time.After(patience):
		m.cmd.Process.Kill()
		<-m.done
	}
}

// said gives the last lines that the program wrote, in one.
func (m *member) said() string {
	text, err := os.ReadFile(m.log)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text[max(0, len(text)-4096):])), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " / ")
}

// stop ends one program of the crew.
func (c *crew) stop(m *member) {
	m.end()
	c.list = slices.DeleteFunc(c.list, func(x *member) bool { return x == m })
}

// end ends all of them, the last first.
func (c *crew) end() {
	for _, m := range slices.Backward(c.list) {
		m.end()
	}
	c.list = nil
}

// errEnded says that a program ended which should have stayed.
var errEnded = errors.New("ended by itself")

// watch waits until the context ends or one of the programs does.
func (c *crew) watch(ctx context.Context, members ...*member) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan *member)
	for _, m := range members {
		go func() {
			select {
			case <-m.done:
				select {
				case ended <- m:
				case <-ctx.Done():
				}
			case <-ctx.Done():
			}
		}()
	}
	select {
	case m := <-ended:
		return fmt.Errorf("%s %w:\n%s", m.name, errEnded, m.said())
	case <-ctx.Done():
		return nil
	}
}
