package x11

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// address is where a display string leads.
type address struct {
	network string // "unix" or "tcp"
	addr    string
	host    string // empty for a server on this machine
	number  int
	screen  int
}

// parseDisplay reads "[host]:number[.screen]".
func parseDisplay(text string) (address, error) {
	bad := func(why string) (address, error) {
		return address{}, fmt.Errorf("display %q: %s, want HOST:NUMBER as in \":0\"", text, why)
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return bad("no colon")
	}
	number, screen, dotted := strings.Cut(text[colon+1:], ".")
	var a address
	var err error
	if a.number, err = displayNumber(number); err != nil {
		return bad("no display number")
	}
	if dotted {
		if a.screen, err = displayNumber(screen); err != nil {
			return bad("no screen number")
		}
	}
	a.host = strings.TrimPrefix(text[:colon], "tcp/")
	if a.host == "" || a.host == "unix" {
		a.network, a.addr, a.host = "unix", "/tmp/.X11-unix/X"+strconv.Itoa(a.number), ""
		return a, nil
	}
	a.network, a.addr = "tcp", net.JoinHostPort(strings.Trim(a.host, "[]"), strconv.Itoa(6000+a.number))
	return a, nil
}

// displayNumber reads a number of digits alone; a port must be left for it.
func displayNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n > 65535-6000 {
		return 0, errors.New("out of range")
	}
	return int(n), nil
}

// dial connects to the server. A local server may listen on an abstract socket
// alone, as in containers that do not share /tmp; where there are none, the name
// is that of a file which does not exist.
func (a address) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, a.network, a.addr)
	if err != nil && a.network == "unix" {
		if abstract, err2 := d.DialContext(ctx, a.network, "@"+a.addr); err2 == nil {
			return abstract, nil
		}
	}
	return c, err
}

// displayFromEnvironment gives the display this process was started on.
func displayFromEnvironment() (string, error) {
	if d := os.Getenv("DISPLAY"); d != "" {
		return d, nil
	}
	return "", errors.New("no display named, and DISPLAY is not set")
}
