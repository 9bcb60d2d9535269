package troupe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// patience is how long a program may take to end when it is asked to.
const patience = 3 * time.Second

// Program is a process that was started.
type Program struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended

	in  io.WriteCloser
	out *json.Decoder
	pip []io.Closer
}

// Troupe starts programs and ends them. End must be called.
type Troupe struct {
	Dir string                // where their output goes
	Env []string              // beside the bench's own
	In  func(*exec.Cmd) error // starts a command, in a network of its own; nil is where the bench is

	mu   sync.Mutex
	list []*Program
}

// Start runs a program in the background. Its output goes to a file.
func (t *Troupe) Start(name string, argv ...string) (*Program, error) {
	return t.Launch(name, argv, nil, false)
}

// Talk runs a program that is spoken to through its standard streams.
func (t *Troupe) Talk(name string, argv ...string) (*Program, error) {
	return t.Launch(name, argv, nil, true)
}

// Launch is either, with files that the program gets from its descriptor 3 on.
func (t *Troupe) Launch(name string, argv []string, files []*os.File, talks bool) (*Program, error) {
	p := &Program{name: name, cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	p.log = filepath.Join(t.Dir, name+".log")
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Env = append(os.Environ(), t.Env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.ExtraFiles = files
	p.cmd.SysProcAttr = ownGroup()
	ours := []io.Closer{}
	if talks {
		if ours, err = p.pipes(); err != nil {
			return nil, err
		}
	}
	err = t.begin(p.cmd)
	for _, f := range ours {
		f.Close()
	}
	if err != nil {
		p.hangUp()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, p)
	return p, nil
}

// begin starts a command where the troupe is.
func (t *Troupe) begin(cmd *exec.Cmd) error {
	if t.In != nil {
		return t.In(cmd)
	}
	return cmd.Start()
}

// pipes makes the program's standard streams; it gives the ends that are the
// program's.
func (p *Program) pipes() (theirs []io.Closer, err error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		inR.Close()
		inW.Close()
		return nil, err
	}
	p.cmd.Stdin, p.cmd.Stdout = inR, outW
	p.in, p.out, p.pip = inW, json.NewDecoder(outR), []io.Closer{inW, outR}
	return []io.Closer{inR, outW}, nil
}

func (p *Program) hangUp() {
	for _, c := range p.pip {
		c.Close()
	}
}

// Say writes a line to the program.
func (p *Program) Say(line string) error {
	_, err := io.WriteString(p.in, line+"\n")
	return err
}

// Hear reads the next value of JSON that the program writes.
func (p *Program) Hear(ctx context.Context, into any) error {
	heard := make(chan error, 1)
	go func() { heard <- p.out.Decode(into) }()
	select {
	case err := <-heard:
		if err != nil {
			return fmt.Errorf("%s said nothing that is understood: %w\n%s", p.name, err, p.Said())
		}
		return nil
	case <-ctx.Done():
		p.hangUp() // ends the reading
		<-heard
		return fmt.Errorf("%s said nothing: %w\n%s", p.name, ctx.Err(), p.Said())
	}
}

// Said gives the end of what the program wrote to its log.
func (p *Program) Said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-2048):])
}

// Stop asks the program to end, and makes it.
func (p *Program) Stop() {
	p.hangUp()
	signalGroup(p.cmd.Process, false)
	select {
	case <-p.done:
	case <-time.After(patience):
	}
	signalGroup(p.cmd.Process, true) // and what it left behind
	<-p.done
}

// End ends all programs, the last first.
func (t *Troupe) End() {
	t.mu.Lock()
	list := t.list
	t.list = nil
	t.mu.Unlock()
	for i := len(list) - 1; i >= 0; i-- {
		list[i].Stop()
	}
}

// Dead tells which program has ended by itself.
func (t *Troupe) Dead() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.list {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended by itself:\n%s", p.name, p.Said())
		default:
		}
	}
	return nil
}

// Run runs a program to its end and gives what it printed.
func (t *Troupe) Run(ctx context.Context, argv ...string) (string, error) {
	text, _, err := t.Cost(ctx, argv...)
	return text, err
}

// Cost is Run, with the processor time of the program and of all the children
// that it waited for.
func (t *Troupe) Cost(ctx context.Context, argv ...string) (string, time.Duration, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, problems bytes.Buffer
	cmd.Env = append(os.Environ(), t.Env...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { signalGroup(cmd.Process, true); return nil }
	cmd.WaitDelay = patience
	err := t.begin(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(problems.String()))
	}
	return out.String(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
