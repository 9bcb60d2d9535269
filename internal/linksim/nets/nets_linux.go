package nets

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"deskside/internal/linksim"
)

// Net is a network namespace.
type Net struct {
	Addr netip.Addr // of this end: the other one reaches it there

	device string
	work   chan func()
	ended  chan struct{}
	once   sync.Once
}

// open makes a namespace with its loopback interface up. A thread of its own
// stays in it, and does there what is asked for.
func open() (*Net, error) {
	n := &Net{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), device: "lo", work: make(chan func()), ended: make(chan struct{})}
	made := make(chan error)
	go func() {
		defer close(n.ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = up("lo", 0)
		}
		made <- err
		for f := range n.work {
			f()
		}
	}()
	if err := <-made; err != nil {
		n.Close()
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	return n, nil
}

// Alone makes a namespace in which there is a loopback interface.
func Alone() (*Net, error) { return open() }

// Close gives the namespace up. Programs in it keep it until they end.
func (n *Net) Close() error {
	n.once.Do(func() { close(n.work) })
	<-n.ended
	return nil
}

// Do runs f on a thread in the namespace: the sockets that it opens are there,
// not what goroutines open that it starts.
func (n *Net) Do(f func() error) error {
	done := make(chan error)
	n.work <- func() { done <- f() }
	return <-done
}

// Start starts a command in the namespace. The thread that starts it lives until
// Close.
func (n *Net) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// Received gives the bytes that the namespace's interface has received, headers
// of IP included: of loopback all that was sent in either direction.
func (n *Net) Received() (bytes int64, err error) {
	err = n.Do(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/dev")
		if err != nil {
			return err
		}
		bytes, err = receivedBy(string(text), n.device)
		return err
	})
	return bytes, err
}

// receivedBy reads /proc/net/dev.
func receivedBy(text, device string) (int64, error) {
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); strings.TrimSpace(name) == device && len(fields) > 0 {
			return strconv.ParseInt(fields[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("no interface %q", device)
}

// Pair is two namespaces with a link between them.
type Pair struct {
	Near, Far *Net // what the near one sends goes up
	link      *linksim.Link
}

const (
	mtu     = 1500       // packets of a usual size
	network = "192.0.2." // of the link, one that is nowhere
)

// Open makes two namespaces and the link. The caller closes it.
func Open(cfg linksim.Config) (*Pair, error) {
	p := &Pair{link: linksim.New(cfg)}
	var devices [2]*os.File
	var err error
	for i, end := range []**Net{&p.Near, &p.Far} {
		if *end, err = open(); err == nil {
			devices[i], err = (*end).connect(netip.MustParseAddr(fmt.Sprint(network, 1+i)))
		}
		if err != nil {
			if devices[0] != nil {
				devices[0].Close()
			}
			p.Close()
			return nil, err
		}
	}
	return p, p.link.Packets(devices[0], devices[1])
}

// Close ends the link and gives the namespaces up.
func (p *Pair) Close() error {
	p.link.Close()
	for _, n := range []*Net{p.Near, p.Far} {
		if n != nil {
			n.Close()
		}
	}
	return nil
}

// Stats tells what the link did; its bytes are those of packets, with headers.
func (p *Pair) Stats() (up, down linksim.Stats) { return p.link.Stats() }

// Congestion has TCP on the link begin with a congestion control that the kernel
// has, as "cubic" or "bbr"; a program may choose another for its sockets. It is
// said with the route, where a namespace may say what its own default may not be,
// by ip(8).
func (p *Pair) Congestion(name string) error {
	for _, n := range []*Net{p.Near, p.Far} {
		var said bytes.Buffer
		cmd := exec.Command("ip", "route", "replace", network+"0/24", "dev", n.device, "src", n.Addr.String(), "congctl", name)
		cmd.Stdout, cmd.Stderr = &said, &said
		err := n.Start(cmd)
		if err == nil {
			err = cmd.Wait()
		}
		if err != nil {
			return fmt.Errorf("ip route: %w: %s", err, strings.TrimSpace(said.String()))
		}
	}
	return nil
}

// connect makes the namespace's end of a link.
func (n *Net) connect(addr netip.Addr) (device *os.File, err error) {
	n.Addr, n.device = addr, "tun0"
	err = n.Do(func() error {
		quieten()
		if device, err = tun(n.device); err != nil {
			return err
		}
		return errors.Join(address(n.device, addr), up(n.device, mtu))
	})
	if err != nil && device != nil {
		device.Close()
		device = nil
	}
	return device, err
}

// quieten keeps the kernel from asking for IPv6 routers by itself; where there
// is no IPv6 it does not.
func quieten() {
	os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
}

// tun makes a device whose packets are read from a file.
func tun(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	r, err := unix.NewIfreq(name)
	if err == nil {
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, r)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("a tun device: %w", err)
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}

// ask asks for one change of an interface.
func ask(name string, request uint, set func(*unix.Ifreq) error) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	r, err := unix.NewIfreq(name)
	if err == nil {
		err = set(r)
	}
	if err == nil {
		err = unix.IoctlIfreq(s, request, r)
	}
	if err != nil {
		return fmt.Errorf("the interface %s: %w", name, err)
	}
	return nil
}

// address gives an interface an address of a network of 256.
func address(name string, addr netip.Addr) error {
	mask := [4]byte{255, 255, 255, 0}
	return errors.Join(
		ask(name, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(addr.AsSlice()) }),
		ask(name, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(mask[:]) }),
	)
}

// up brings an interface up, with packets of at most so many bytes; 0 leaves that.
func up(name string, most uint32) error {
	if most > 0 {
		if err := ask(name, unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(most); return nil }); err != nil {
			return err
		}
	}
	return ask(name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil })
}
