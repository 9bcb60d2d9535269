package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// Address is where a display string leads.
type Address struct {
	network string // "unix" or "tcp"
	addr    string
	host    string // empty for a server on this machine
	number  int
	screen  int
}

// String gives the display string again.
func (a Address) String() string {
	text := a.host + ":" + strconv.Itoa(a.number)
	if a.screen != 0 {
		text += "." + strconv.Itoa(a.screen)
	}
	return text
}

// Find reads a display string, "[host]:number[.screen]"; an empty one means
// $DISPLAY.
func Find(display string) (Address, error) {
	if display == "" {
		display = os.Getenv("DISPLAY")
	}
	if display == "" {
		return Address{}, errors.New("no display named, and DISPLAY is not set")
	}
	return parseDisplay(display)
}

// parseDisplay reads "[host]:number[.screen]".
func parseDisplay(text string) (Address, error) {
	bad := func(why string) (Address, error) {
		return Address{}, fmt.Errorf("display %q: %s, want HOST:NUMBER as in \":0\"", text, why)
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return bad("no colon")
	}
	number, screen, dotted := strings.Cut(text[colon+1:], ".")
	var a Address
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

// Local lists the displays of this machine, by the sockets in the usual folder.
// Servers that have ended may have left theirs.
func Local() []string {
	entries, err := os.ReadDir("/tmp/.X11-unix")
	if err != nil {
		return nil
	}
	var list []string
	for _, e := range entries {
		if number, ok := strings.CutPrefix(e.Name(), "X"); ok {
			if _, err := displayNumber(number); err == nil {
				list = append(list, ":"+number)
			}
		}
	}
	return list
}

// dial connects to the server. A local server may listen on an abstract socket
// alone, as in containers that do not share /tmp; where there are none, the name
// is that of a file which does not exist.
func (a Address) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, a.network, a.addr)
	if err != nil && a.network == "unix" {
		if abstract, err2 := d.DialContext(ctx, a.network, "@"+a.addr); err2 == nil {
			return abstract, nil
		}
	}
	return c, err
}
