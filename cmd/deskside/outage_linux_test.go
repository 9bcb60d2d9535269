package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/chat"
	"deskside/client"
	"deskside/desktop/desktoptest"
	"deskside/internal/await"
	"deskside/loopback"
	"deskside/person"
	"deskside/transport/transporttest"
	"deskside/xfer"
)

// line is the network between an operator and an agent: what is sent to a port
// of 127.0.0.2 goes to the same port of 127.0.0.1, unless the line is down. Then
// streams are reset, and datagrams lost.
type line struct {
	t *testing.T

	mu      sync.Mutex
	down    bool
	refused int // streams since it went down
	streams map[net.Conn]bool
	passed  int64 // bytes to the file service
	cutAt   int64 // of these; 0: never
	tasks   sync.WaitGroup
}

func newLine(t *testing.T, ports deskside.Ports) *line {
	t.Helper()
	l := &line{t: t, streams: make(map[net.Conn]bool)}
	t.Cleanup(func() { l.set(true); l.tasks.Wait() })
	for _, s := range deskside.Services {
		port := strconv.Itoa(int(ports.Of(s)))
		near, far := "127.0.0.2:"+port, "127.0.0.1:"+port
		door, err := net.Listen("tcp", near)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { door.Close() })
		socket, err := net.ListenPacket("udp", near)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		l.tasks.Go(func() { l.accept(door, far, s) })
		l.tasks.Go(func() { l.receive(socket, far, s) })
	}
	return l
}

// set takes the line down or up.
func (l *line) set(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.refused, l.cutAt = down, 0, 0
	for c := range l.streams {
		reset(c)
	}
	clear(l.streams)
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// lost reports whether n more bytes for a service are lost.
func (l *line) lost(s deskside.Service, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == deskside.Xfer {
		l.passed += int64(n)
	}
	if l.cutAt > 0 && l.passed >= l.cutAt {
		l.down, l.cutAt = true, 0
		for c := range l.streams {
			if _, udp := c.(*net.UDPConn); !udp {
				reset(c)
			}
		}
	}
	return l.down
}

func (l *line) state() (down bool, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down, l.refused
}

func (l *line) accept(door net.Listener, far string, s deskside.Service) {
	for {
		c, err := door.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		if l.down {
			l.refused++
			l.mu.Unlock()
			reset(c)
			continue
		}
		l.streams[c] = true
		l.mu.Unlock()
		l.tasks.Go(func() { l.join(c, far, s) })
	}
}

func (l *line) join(near net.Conn, far string, s deskside.Service) {
	defer reset(near)
	c, err := net.Dial("tcp", far)
	if err != nil {
		return
	}
	defer reset(c)
	l.mu.Lock()
	l.streams[c] = true
	l.mu.Unlock()
	l.tasks.Go(func() {
		defer reset(near)
		io.Copy(near, c)
	})
	buf := make([]byte, 32<<10)
	for {
		n, err := near.Read(buf)
		if err != nil || l.lost(s, n) {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// receive passes datagrams on, with a socket towards the agent for each that
// asks, and the answers back.
func (l *line) receive(near net.PacketConn, far string, s deskside.Service) {
	ways := make(map[string]net.Conn)
	buf := make([]byte, 64<<10)
	for {
		n, from, err := near.ReadFrom(buf)
		if err != nil {
			break
		}
		if l.lost(s, n) {
			continue
		}
		way := ways[from.String()]
		if way == nil {
			if way, err = net.Dial("udp", far); err != nil {
				break
			}
			ways[from.String()] = way
			l.tasks.Go(func() { l.answer(near, from, way) })
		}
		way.Write(buf[:n])
	}
	for _, way := range ways {
		way.Close()
	}
}

func (l *line) answer(near net.PacketConn, to net.Addr, way net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := way.Read(buf)
		if err != nil {
			return
		}
		if down, _ := l.state(); !down {
			near.WriteTo(buf[:n], to)
		}
	}
}

// shaky is a session with a real agent over a line that can be cut.
type shaky struct {
	*client.Session
	line  *line
	agent *agent.Agent
	files string
}

func overLine(t *testing.T, over deskside.Transport) *shaky {
	t.Helper()
	transporttest.CheckLeaks(t)
	c, err := client.Open(filepath.Join(t.TempDir(), "operator"))
	if err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	rule := access.OperatorRule{Key: c.ID(), Name: "Ann", Rights: deskside.AllRights, Consent: access.ConsentAllow, Limits: access.DefaultLimits}
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := agent.Init(dir); err != nil {
		t.Fatal(err)
	}
	a, err := agent.Start(t.Context(), agent.Config{
		Dir: dir, Screen: desktoptest.New(320, 200), Desk: &loopback.Desk{Path: t.TempDir()}, Log: slog.New(slog.DiscardHandler),
		Settings: agent.Settings{Listen: []string{"127.0.0.1"}, Ports: "0,0,0,0"},
		Policy: &access.Policy{
			MaxSessions: 4, Operators: map[deskside.OperatorID]access.OperatorRule{c.ID(): rule},
			Files: []access.FileRoot{{Name: "files", Path: files, Write: true}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	h := &shaky{line: newLine(t, a.Ports()), agent: a, files: files}
	host := "127.0.0.2:" + strconv.Itoa(int(a.Ports().Of(deskside.RCInfo)))
	if err := c.Trust(host, a.ID()); err != nil {
		t.Fatal(err)
	}
	far, err := c.Reach(t.Context(), host, over)
	if err != nil {
		t.Fatal(err)
	}
	if h.Session, err = far.Setup(t.Context(), client.Request{Rights: deskside.AllRights}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Session.Close() })
	return h
}

// A conversation and a copy go on where they were when the session comes back,
// after outages of every length: nothing is lost, and nothing comes twice.
func TestOutages(t *testing.T) {
	suspended := func(h *shaky) bool {
		return h.Info().State == deskside.Suspended && h.agent.Sessions()[0].State == deskside.Suspended
	}
	for _, c := range []struct {
		over    deskside.Transport
		outages []func(*shaky) bool // each is over when it reports true
	}{
		{deskside.TCP, []func(*shaky) bool{
			func(h *shaky) bool { _, refused := h.line.state(); return refused > 0 },
			func(h *shaky) bool { return h.Info().State == deskside.Suspended },
			suspended,
			func(h *shaky) bool { _, refused := h.line.state(); return refused > 4 && suspended(h) },
		}},
		{deskside.UDP, []func(*shaky) bool{suspended}}, // 15 s of silence
	} {
		t.Run(string(c.over), func(t *testing.T) {
			h := overLine(t, c.over)
			talk := h.converse(t)
			for i, over := range c.outages {
				h.line.set(false)
				talk.both(fmt.Sprint("before ", i))
				data, copied := h.copy(t, fmt.Sprint(i))
				await.True(t, "the line breaks in the middle of the file", func() bool { down, _ := h.line.state(); return down })
				talk.say(fmt.Sprint("during ", i))
				await.True(t, fmt.Sprint("outage ", i, " has lasted"), func() bool { return over(h) })
				h.line.set(false)
				talk.both(fmt.Sprint("after ", i))
				if err := await.Recv(t, "the copy ends", copied); err != nil {
					t.Fatalf("outage %d: the copy: %v", i, err)
				}
				if got, err := os.ReadFile(filepath.Join(h.files, fmt.Sprint(i))); err != nil || !bytes.Equal(got, data) {
					t.Fatalf("outage %d: %d bytes of %d, %v", i, len(got), len(data), err)
				}
			}
			talk.check()
		})
	}
}

// copy begins to copy a file as deskside cp does, with the line cut after a
// third of it.
func (h *shaky) copy(t *testing.T, name string) (data []byte, copied <-chan error) {
	t.Helper()
	data = make([]byte, 12<<20)
	rand.NewChaCha8([32]byte{byte(len(name))}).Read(data)
	from := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(from, data, 0o644); err != nil {
		t.Fatal(err)
	}
	h.line.mu.Lock()
	h.line.cutAt = h.line.passed + int64(len(data)/3)
	h.line.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		done <- h.cp(t.Context(), from)
	}()
	return data, done
}

func (h *shaky) cp(ctx context.Context, from string) error {
	c := &transfer{
		f: new(cpFlags), p: &copyPlan{way: up, from: []string{from}, to: h.files + "/"}, to: h.Files(), sessions: []*client.Session{h.Session},
		o: xfer.Options{Progress: func(xfer.Progress) {}},
	}
	return c.one(ctx, from)
}

// talk is the conversation of a session, with what each side was told.
type talk struct {
	t        *testing.T
	op, ada  *chat.Client
	mu       sync.Mutex
	said     []string
	atOp     []string
	atPerson []string
	reading  sync.WaitGroup
}

func (h *shaky) converse(t *testing.T) *talk {
	t.Helper()
	await.True(t, "the session is active", func() bool { return len(h.agent.Sessions()) == 1 })
	k := &talk{t: t, op: h.Chat(), ada: person.NewClient(h.agent.ChatSocket(), h.Info().ID)}
	k.reading.Go(func() { k.read(k.op, &k.atOp) })
	k.reading.Go(func() { k.read(k.ada, &k.atPerson) })
	t.Cleanup(func() {
		k.op.Close()
		k.ada.Close()
		k.reading.Wait()
	})
	return k
}

func (k *talk) read(c *chat.Client, into *[]string) {
	for f := range c.Updates() {
		if f.Type == chat.Message {
			k.mu.Lock()
			*into = append(*into, f.Text)
			k.mu.Unlock()
		}
	}
}

// say has either side say something, without waiting for it.
func (k *talk) say(text string) {
	k.t.Helper()
	for who, c := range map[string]*chat.Client{"operator": k.op, "person": k.ada} {
		words := who + " " + text
		if _, err := c.Send(words); err != nil {
			k.t.Fatalf("%s: %v", words, err)
		}
		k.mu.Lock()
		k.said = append(k.said, words)
		k.mu.Unlock()
	}
}

// both is say, and waits until either side has all that was said.
func (k *talk) both(text string) {
	k.t.Helper()
	k.say(text)
	await.True(k.t, "both have what was said "+text, func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		if err := k.op.Err(); err != nil {
			k.t.Fatalf("the operator's chat ended: %v", err)
		}
		return len(k.atOp) >= len(k.said) && len(k.atPerson) >= len(k.said)
	})
}

// check wants everything once, and both to have it in the same order.
func (k *talk) check() {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.atOp, k.atPerson) {
		k.t.Errorf("the operator has %q, the person %q", k.atOp, k.atPerson)
	}
	slices.Sort(k.said)
	slices.Sort(k.atOp)
	if !slices.Equal(k.said, k.atOp) {
		k.t.Errorf("said %q, there is %q", k.said, k.atOp)
	}
}
