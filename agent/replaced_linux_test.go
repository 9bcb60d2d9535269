package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"deskside"
	"deskside/chat"
	"deskside/desktop/desktoptest"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/loopback"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"
	"deskside/xfer"
)

// TestMain also is the program of the agent that is attacked, and what it runs
// for the person in a terminal.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "person-chat":
		os.WriteFile(os.Getenv("DESKSIDE_TEST_RAN"), []byte("genuine"), 0o600)
	case os.Getenv("DESKSIDE_TEST_DIR") != "":
		if err := serveUntilEOF(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// serveUntilEOF runs an agent, prints its hello and ends with its input.
func serveUntilEOF() error {
	a, err := Start(context.Background(), Config{
		Dir: os.Getenv("DESKSIDE_TEST_DIR"), Screen: desktoptest.New(320, 200), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Settings: Settings{Listen: []string{"127.0.0.1"}, Ports: "0,0,0,0"}, Desk: &loopback.Desk{Path: os.Getenv("DESKSIDE_TEST_BIN")},
	})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := json.NewEncoder(os.Stdout).Encode(a.hello()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// victim is an agent in a process of its own, whose program lies in the person's
// home, and an operator with the shipped policy's folder.
type victim struct {
	home, ran string
	program   string
	hello     rcinfo.Hello
	dialer    *transport.Dialer
	tickets   map[string]deskside.Ticket
}

func attackable(t *testing.T) *victim {
	t.Helper()
	transporttest.CheckLeaks(t)
	home, op := t.TempDir(), transporttest.Identity(t)
	v := &victim{home: home, ran: filepath.Join(t.TempDir(), "ran"), program: filepath.Join(home, "bin/deskside"), dialer: &transport.Dialer{Identity: op}}
	t.Cleanup(func() { v.dialer.Close() })
	v.install(t, op)
	v.begin(t)
	r := rcinfo.Client{Self: op.ID(), Client: v.wire(deskside.RCInfo)}
	t.Cleanup(r.Close)
	answer, err := r.Setup(t.Context(), rcinfo.Setup{Request: "1", Rights: deskside.RightsOf(deskside.FilesRead, deskside.FilesWrite, deskside.ChatRight)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v.tickets = answer.Tickets
	return v
}

// install puts the program where it is called by a link, and a terminal that
// runs what it is told beside it.
func (v *victim) install(t *testing.T, op *identity.Identity) {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(v.home, "opt/deskside-1"), 0o755))
	must(t, os.Mkdir(filepath.Join(v.home, "bin"), 0o755))
	must(t, os.WriteFile(filepath.Join(v.home, "opt/deskside-1/deskside"), self, 0o755))
	must(t, os.Symlink("deskside-1", filepath.Join(v.home, "opt/deskside")))
	must(t, os.Symlink("../opt/deskside/deskside", v.program))
	must(t, os.Mkdir(filepath.Join(v.home, "screen"), 0o755))
	must(t, os.WriteFile(filepath.Join(v.home, "screen/xterm"), []byte("#!/bin/sh\nwhile [ \"$1\" != -e ]; do shift; done\nshift\nexec \"$@\"\n"), 0o755))
	if _, err := Init(v.dir()); err != nil {
		t.Fatal(err)
	}
	rule := ann
	rule.Key = op.ID()
	must(t, Permit(v.dir(), rule))
}

func (v *victim) dir() string { return filepath.Join(v.home, "agent") }

// begin starts the agent by its link.
func (v *victim) begin(t *testing.T) {
	t.Helper()
	cmd := exec.Command(v.program)
	cmd.Env = append(os.Environ(), "HOME="+v.home, "PATH="+v.home+"/bin:"+v.home+"/screen:"+os.Getenv("PATH"),
		"DESKSIDE_TEST_DIR="+v.dir(), "DESKSIDE_TEST_BIN="+v.home+"/screen", "DESKSIDE_TEST_RAN="+v.ran)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	must(t, err)
	must(t, json.Unmarshal(line, &v.hello))
}

func (v *victim) wire(svc deskside.Service) *wire.Client {
	return &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		return v.dialer.Dial(ctx, svc, net.JoinHostPort("127.0.0.1", strconv.Itoa(v.hello.Ports[svc.String()])), v.hello.Agent)
	}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An operator with files-write and chat, under the shipped policy, has the agent
// run a program: neither by any file that it runs from, nor where such a file
// was replaced all the same.
func TestFilesAndChatRunNothing(t *testing.T) {
	v := attackable(t)
	evil := filepath.Join(t.TempDir(), "evil")
	must(t, os.WriteFile(evil, []byte("#!/bin/sh\necho evil >"+v.ran+"\n"), 0o755))
	w := v.wire(deskside.Xfer)
	t.Cleanup(w.Close)
	files := &xfer.Client{HTTP: w, Agent: v.hello.Agent, Ticket: func(context.Context) (deskside.Ticket, error) { return v.tickets[deskside.Xfer.String()], nil }}
	put := func(path string) error {
		_, err := files.Put(t.Context(), evil, path, xfer.Options{Replace: true})
		return err
	}
	rename := func(from, to string) error { _, err := files.Rename(t.Context(), from, to, true); return err }
	must(t, put("evil"))
	for what, err := range map[string]error{
		"the link": put("bin/deskside"), "by the link's folder": put("opt/deskside/deskside"), "the file": put("opt/deskside-1/deskside"),
		"beside it": put("opt/deskside-1/x"), "a rename over it": rename("evil", "opt/deskside-1/deskside"), "a rename over the link": rename("evil", "bin/deskside"),
		"the link to its folder": rename("opt/deskside", "old"), "its folder": rename("opt/deskside-1", "old"), "above it": rename("opt", "old"),
		"taking it away": files.Delete(t.Context(), "opt/deskside-1", true), "taking the link away": files.Delete(t.Context(), "opt/deskside", false),
		"a program of the path": put("screen/chromium"), "the terminal": put("screen/xterm"), "another in bin": put("bin/xterm"),
		"the shell": put(".profile"), "any hidden file": put(".toolrc"),
	} {
		if deskside.CodeOf(err) != deskside.CodeDenied {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Somebody else replaces the file.
	for _, path := range []string{v.program, filepath.Join(v.home, "opt/deskside-1/deskside")} {
		text, err := os.ReadFile(evil)
		must(t, err)
		must(t, os.WriteFile(path+".new", text, 0o755))
		must(t, os.Rename(path+".new", path))
	}
	if got := v.chats(t); got != "genuine" {
		t.Errorf("the chat ran the program %q", got)
	}
}

// chats says something to the person, and gives what the terminal ran for it.
func (v *victim) chats(t *testing.T) (ran string) {
	t.Helper()
	w := v.wire(deskside.Chat)
	t.Cleanup(w.Close)
	c := chat.NewClient(chat.ClientConfig{Open: func(ctx context.Context) (net.Conn, error) {
		conn, err := w.Upgrade(ctx, http.MethodPost, chat.Path, chat.Protocol, v.tickets[deskside.Chat.String()])
		if err != nil {
			return nil, err
		}
		return conn, nil
	}})
	t.Cleanup(func() { c.Close() })
	if _, err := c.Send("hello"); err != nil {
		t.Fatal(err)
	}
	hears(t, c, "hello")
	await.True(t, "the terminal runs a program", func() bool {
		text, err := os.ReadFile(v.ran)
		ran = strings.TrimSpace(string(text))
		return err == nil && ran != ""
	})
	return ran
}

func TestTrail(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(dir, "c/d"), 0o755))
	must(t, os.Symlink("b", filepath.Join(dir, "a")))
	must(t, os.Symlink(filepath.Join(dir, "c"), filepath.Join(dir, "b")))
	must(t, os.Symlink("../x", filepath.Join(dir, "c/d/e")))
	must(t, os.Symlink("x", filepath.Join(dir, "c/x")))
	got := trail(filepath.Join(dir, "a/d/e"))
	for i, want := range []string{"a/d/e", "b/d/e", "c/d/e", "c/x"} {
		if len(got) <= i || got[i] != filepath.Join(dir, want) {
			t.Fatalf("the trail is %v", got)
		}
	}
	if len(got) != maxLinks+1 {
		t.Errorf("a link to itself is followed %d times", len(got))
	}
}
