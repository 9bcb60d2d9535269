package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskside/internal/await"
	"deskside/internal/figure"
	"deskside/xfer/disk"
)

// pair is an agent and an operator's commands, each a process of its own.
type pair struct {
	t     *testing.T
	dir   string // of all of it
	home  string // of the person: the folder that policy opens
	near  string // a folder at the operator's
	agent *exec.Cmd
	host  string
	named bool // no file is without a name: there is nothing in /proc to name it by
}

func newPair(t *testing.T) *pair { return newPairOf(t, false) }

func newPairOf(t *testing.T, named bool) *pair {
	t.Helper()
	p := &pair{t: t, dir: t.TempDir(), named: named}
	p.home, p.near = filepath.Join(p.dir, "home"), filepath.Join(p.dir, "near")
	for _, d := range []string{p.home, p.near} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var operator struct{ ID string }
	if err := json.Unmarshal(p.run("identity", "--json"), &operator); err != nil {
		t.Fatal(err)
	}
	p.run("agent", "init", "--dir", p.agentDir())
	p.run("operator", "permit", "--dir", p.agentDir(), operator.ID, "--name", "Ann", "--rights", "files-read,files-write", "--consent", "none")
	p.start()
	t.Cleanup(func() { p.kill(p.agent) })
	return p
}

func (p *pair) agentDir() string { return filepath.Join(p.dir, "agent") }

func (p *pair) command(args ...string) *exec.Cmd {
	cmd := exec.Command("deskside", args...)
	if p.named {
		hide := `at=$(readlink -f "$(command -v deskside)"); mount -t tmpfs none /proc && mkdir /proc/self && ln -s "$at" /proc/self/exe && exec "$@"`
		cmd = exec.Command("unshare", append([]string{"--mount", "sh", "-c", hide, "-", "deskside"}, args...)...)
	}
	cmd.Env = append(os.Environ(), "HOME="+p.home, "DESKSIDE_HOME="+filepath.Join(p.dir, "operator"))
	return cmd
}

// run runs a command that must succeed.
func (p *pair) run(args ...string) []byte {
	p.t.Helper()
	var said bytes.Buffer
	cmd := p.command(args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("deskside %s: %v\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return out
}

// start runs the agent, on other ports each time.
func (p *pair) start() {
	p.t.Helper()
	p.agent = p.command("agent", "run", "--json", "--dir", p.agentDir(), "--listen", "127.0.0.1", "--ports", "0,0,0,0", "--display", "none")
	said := new(bytes.Buffer)
	p.agent.Stderr = said
	out, err := p.agent.StdoutPipe()
	if err == nil {
		err = p.agent.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	var greeting struct {
		ID    string
		Ports map[string]int
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &greeting)
	}
	if err != nil {
		p.agent.Wait()
		p.t.Fatalf("the agent does not serve: %v\n%s", err, said)
	}
	p.host = fmt.Sprintf("127.0.0.1:%d", greeting.Ports["sms-rcinfo"])
	p.run("trust", p.host, "--fingerprint", greeting.ID)
}

// kill ends a process as the kernel does when memory is short, or a power cut.
func (p *pair) kill(cmd *exec.Cmd) {
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()
}

// wrote gives the bytes that a process has written so far, to files and else.
func wrote(pid int) (n int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "wchar:"); ok {
			n, _ = strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return n
}

// goods makes a tree of something of everything, and gives its size.
func goods(t *testing.T, root string) (size int64) {
	t.Helper()
	rnd := rand.NewChaCha8([32]byte{7})
	file := func(name string, n int) {
		data := make([]byte, n)
		rnd.Read(data)
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		size += int64(n)
	}
	file("a/large", 24<<20)
	file("z/last", 3<<20)
	for i := range 40 {
		file(fmt.Sprintf("m/%02d/small", i), i*997)
	}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	return size
}

// arrived compares what is at the target with the source, and gives how many
// files have their names. Each that has must be whole; what arrives may lie
// beside it, unless all is to be there.
func (p *pair) arrived(source, target string, all bool) (files int) {
	p.t.Helper()
	err := filepath.WalkDir(target, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !all && disk.IsPartial(d.Name()) {
			return err
		}
		name, err := filepath.Rel(target, path)
		if err != nil {
			return err
		}
		files++
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if want, err := os.ReadFile(filepath.Join(source, name)); err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%s has %d bytes that are not the source's %d (%v)", name, len(got), len(want), err)
		}
		return nil
	})
	if err != nil && (all || !os.IsNotExist(err)) {
		p.t.Fatal(err)
	}
	return files
}

// TestFaultKilled kills either end with no warning, again and again, at every
// stage of a copy. A file that has its name is whole, always; and the same
// command, with both ends begun anew, comes to the end of it, and leaves nothing
// of what was killed. Named is as on a file system whose files all have names; it
// takes root.
func TestFaultKilled(t *testing.T) {
	for _, c := range []struct {
		up        bool
		transport string
		named     bool
	}{{true, "tcp", false}, {false, "tcp", false}, {true, "udp", false}, {false, "udp", false}, {true, "tcp", true}, {false, "tcp", true}} {
		t.Run(fmt.Sprintf("up=%v over %s, named=%v", c.up, c.transport, c.named), func(t *testing.T) {
			k := &killer{pair: newPairOf(t, c.named && os.Geteuid() == 0), up: c.up, transport: c.transport, rnd: rand.New(rand.NewPCG(1, 2))}
			from, to := k.near, k.home
			if !c.up {
				from, to = to, from
			}
			k.source, k.to = filepath.Join(from, "tree"), to
			k.size = goods(t, k.source)
			k.turn()
			for k.kills < figure.Of(4, 50) {
				k.once(k.kills%2 == 0)
			}
			k.finish()
			t.Log(k.String())
		})
	}
}

// killer kills one end of copies of a tree.
type killer struct {
	*pair
	up        bool
	transport string
	source    string
	to        string // where targets are made
	size      int64  // bytes of the source
	rnd       *rand.Rand

	targets, kills, early, amid, late, done, refused int
}

func (k *killer) String() string {
	return fmt.Sprintf("%d kills: %d before the first file had its name, %d between, %d when all had; %d copies came to their end before, %d were refused",
		k.kills, k.early, k.amid, k.late, k.done, k.refused)
}

// turn begins with an empty target.
func (k *killer) turn() {
	k.t.Helper()
	k.targets++
	if err := os.Mkdir(k.target(), 0o755); err != nil {
		k.t.Fatal(err)
	}
}

func (k *killer) target() string { return filepath.Join(k.to, fmt.Sprint("in", k.targets)) }

// cp is the command that copies.
func (k *killer) cp() []string {
	near, far := k.source, fmt.Sprintf("%s:in%d/", k.host, k.targets)
	if !k.up {
		near, far = k.host+":tree", k.target()+"/"
	}
	return []string{"cp", "--recursive", "--transport", k.transport, "--reason", "test", near, far}
}

// once begins a copy, or goes on with it, and kills one end when the receiving
// one has written so much as the dice say.
func (k *killer) once(agent bool) {
	k.t.Helper()
	cp, said := k.command(k.cp()...), new(bytes.Buffer)
	cp.Stderr = said
	if err := cp.Start(); err != nil {
		k.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cp.Wait(); close(ended) }()
	receiver := cp.Process.Pid
	if k.up {
		receiver = k.agent.Process.Pid
	}
	before := int64(0)
	if k.up {
		before = wrote(receiver)
	}
	upto := k.stage()
	k.spin(ended, func() bool { return wrote(receiver)-before >= upto })
	if agent {
		k.kill(k.agent)
	}
	cp.Process.Signal(syscall.SIGKILL)
	await.Closed(k.t, "the copy is gone", ended)
	if agent {
		k.start()
	}
	switch status := cp.ProcessState.Sys().(syscall.WaitStatus); {
	case cp.ProcessState.Success():
		k.complete()
	case agent || status.Signaled():
		k.count()
	default: // as when the agent has not noticed yet that the one before is gone
		k.refused++
		if k.refused > 10+k.kills {
			k.t.Fatalf("the copy fails by itself, again and again: %s", said)
		}
	}
}

// stage chooses how much is to be written before the kill: hardly anything,
// nearly all, or any part.
func (k *killer) stage() int64 {
	switch k.rnd.IntN(4) {
	case 0:
		return k.rnd.Int64N(64 << 10)
	case 1:
		return k.size - 64<<10 + k.rnd.Int64N(256<<10)
	}
	return k.rnd.Int64N(k.size)
}

// spin waits without a pause, since a copy lasts for some hundredths of a second,
// until ok, or the copy has ended.
func (k *killer) spin(ended <-chan struct{}, ok func() bool) {
	k.t.Helper()
	for late := time.After(await.Limit); !ok(); {
		select {
		case <-ended:
			return
		case <-late:
			k.t.Fatal("the copy stands still")
		default:
		}
	}
}

// count looks at what a kill has left.
func (k *killer) count() {
	k.t.Helper()
	k.kills++
	switch files := k.arrived(k.source, filepath.Join(k.target(), "tree"), false); files {
	case 0:
		k.early++
	case 42:
		k.late++
	default:
		k.amid++
	}
}

// complete wants all of a tree to be there and nothing else.
func (k *killer) complete() {
	k.t.Helper()
	k.done++
	if files := k.arrived(k.source, filepath.Join(k.target(), "tree"), true); files != 42 {
		k.t.Fatalf("%d files, want 42", files)
	}
	k.turn()
}

// finish goes on with the last copy to its end. An agent that still waits for
// an operator who was killed gives the file up when it learns of that.
func (k *killer) finish() {
	k.t.Helper()
	began := time.Now()
	await.True(k.t, "the copy comes to its end", func() bool {
		out, err := k.command(k.cp()...).CombinedOutput()
		if err != nil {
			k.t.Logf("after %v: %s", time.Since(began), out)
		}
		return err == nil
	})
	k.complete()
}

// Names as people of many places write them, each within the 255 bytes that a name
// may have here, and some at them.
var scripts = []string{"Grüße-", "отчёт-", "报告", "レポート", "รายงาน", "📎", "e\u0301", "\u202e", "-", " "}

// longName gives a name for a number: that, and a script up to 255 bytes.
func longName(n int) string {
	script := scripts[n%len(scripts)]
	number := fmt.Sprintf("%06d", n)
	return number + strings.Repeat(script, (255-len(number))/len(script))
}

// TestFaultMany copies more files than fit anywhere at once, half of them in one
// folder, under long names in many scripts and paths of more than 300 characters,
// there and back.
func TestFaultMany(t *testing.T) {
	p := newPair(t)
	count := figure.Of(200, 100_000)
	source := filepath.Join(p.near, "tree")
	deep := filepath.Join(source, strings.Repeat("ж", 100), strings.Repeat("夏", 80), strings.Repeat("é", 120))
	for n := range count {
		dir := source
		if n%2 == 0 {
			dir = filepath.Join(deep, fmt.Sprint("Ordner-", n/200))
		}
		if n < 2 || n%200 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, longName(n)), []byte(fmt.Sprint(n)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.run("cp", "--recursive", "--reason", "test", source, p.host+":far")
	if got := p.arrived(source, filepath.Join(p.home, "far"), true); got != count {
		t.Fatalf("%d files arrived, want %d", got, count)
	}
	back := filepath.Join(p.near, "back")
	p.run("cp", "--recursive", "--reason", "test", p.host+":far", back)
	if got := p.arrived(source, back, true); got != count {
		t.Fatalf("%d files came back, want %d", got, count)
	}
	t.Logf("%d files there and back", count)
}

// TestNameOf300 wants a name that the disk cannot hold refused in words, and
// nothing left of it.
func TestNameOf300(t *testing.T) {
	p := newPair(t)
	file := filepath.Join(p.near, "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := p.command("cp", "--reason", "test", file, p.host+":"+strings.Repeat("ü", 300)).CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != exitFailed || !strings.Contains(string(out), "255") {
		t.Errorf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(p.home); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
