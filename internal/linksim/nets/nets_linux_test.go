package nets

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"deskside/internal/linksim"
)

// listen opens a port of the namespace; dial reaches it from another.
func listen(t *testing.T, n *Net) (l net.Listener) {
	t.Helper()
	err := n.Do(func() (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(n.Addr.String(), "0"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t *testing.T, n *Net, to net.Addr) (c net.Conn) {
	t.Helper()
	err := n.Do(func() (err error) {
		c, err = net.Dial("tcp", to.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// send carries size bytes from a to b by the kernel's TCP and wants them there.
func send(t *testing.T, a, b *Net, size int) {
	t.Helper()
	l := listen(t, b)
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	go func() {
		c := dial(t, a, l.Addr())
		c.Write(data)
		c.Close()
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes of %d arrived, %v", len(got), len(data), err)
	}
}

// control gives the congestion control of a connection.
func control(t *testing.T, c net.Conn) (name string) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		name, inner = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	})
	if err != nil || inner != nil {
		t.Fatal(err, inner)
	}
	return name
}

// privileged reports whether namespaces can be made, and else wants to be told
// so in order.
func privileged(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	if _, err := Alone(); err == nil || !strings.Contains(err.Error(), "a network namespace") {
		t.Errorf("without the right to: %v", err)
	}
	return false
}

func TestLink(t *testing.T) {
	defer goleak.VerifyNone(t)
	if !privileged(t) {
		return
	}
	const delay = 15 * time.Millisecond
	p, err := Open(linksim.Config{Delay: delay, Loss: 0.01, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, name := range []string{"cubic", "reno"} {
		if err := p.Congestion(name); err != nil {
			t.Fatal(err)
		}
		c := dial(t, p.Near, listen(t, p.Far).Addr())
		if got := control(t, c); got != name {
			t.Errorf("a connection begins with %s, want %s", got, name)
		}
	}
	if err := p.Congestion("none"); err == nil {
		t.Error("a congestion control that there is not is taken")
	}
	began := time.Now()
	send(t, p.Near, p.Far, 1<<20)
	if took := time.Since(began); took < 2*delay {
		t.Errorf("a handshake and a MiB took %v over a way of %v", took, delay)
	}
	send(t, p.Far, p.Near, 1<<18)
	up, down := p.Stats()
	if up.Bytes < 1<<20 || up.Packets < 1<<20/mtu || up.Lost == 0 || down.Bytes < 1<<18 {
		t.Errorf("up %+v, down %+v", up, down)
	}
	if got, err := p.Far.Received(); err != nil || got < 1<<20 || got > int64(up.Bytes) {
		t.Errorf("the far end received %d bytes (%v), the link took %d", got, err, up.Bytes)
	}
}

func TestAlone(t *testing.T) {
	defer goleak.VerifyNone(t)
	if !privileged(t) {
		return
	}
	n, err := Alone()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	before, err := n.Received()
	if err != nil || before != 0 {
		t.Errorf("%d bytes at the begin, %v", before, err)
	}
	send(t, n, n, 1<<20)
	if got, err := n.Received(); err != nil || got < 1<<20 || got > 5<<18 {
		t.Errorf("%d bytes for a MiB, %v", got, err)
	}
	// Programs are there too, and see nothing of what is outside.
	var out bytes.Buffer
	cmd := exec.Command("cat", "/proc/net/dev")
	cmd.Stdout = &out
	if err := n.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || strings.Count(out.String(), ":") != 1 {
		t.Errorf("%v, it sees %s", err, out.String())
	}
}

func TestReceivedBy(t *testing.T) {
	const text = "Inter-|   Receive\n face |bytes    packets\n    lo:  123   4\ntun0:77 1\n"
	for name, want := range map[string]int64{"lo": 123, "tun0": 77} {
		if got, err := receivedBy(text, name); got != want || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if _, err := receivedBy(text, "tun1"); err == nil {
		t.Error("one that is not there has received something")
	}
}
