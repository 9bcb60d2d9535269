package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"deskside"
	"deskside/internal/sockets"
)

// explainListen says why a socket could not be opened and what to do.
func explainListen(err error, svc deskside.Service, transport deskside.Transport, addr string) error {
	e := deskside.Errorf(deskside.CodeInternal, "%s cannot listen on %s %s", svc, transport, addr)
	e.Err = err
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.Code = deskside.CodeBusy
		if who := portHolder(transport, addr); who != "" {
			return e.Hint("The port is held by %s: end that, or choose other ports with --ports.", who)
		}
		return e.Hint("Another program holds the port: find it with your system's tools (ss -lptun), or choose other ports with --ports.")
	case errors.Is(err, syscall.EACCES):
		e.Code = deskside.CodeDenied
		return e.Hint("The port is reserved for the administrator: choose ports above 1023 with --ports, lower net.ipv4.ip_unprivileged_port_start with sysctl, or run setcap cap_net_bind_service=+ep on the program.")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		e.Code = deskside.CodeBadRequest
		return e.Hint("This machine does not have that address: choose one of its own with --listen, or none for all.")
	}
	return e
}

// portHolder names the program that holds the port of addr, as far as this
// user may see it; empty when nothing is known.
func portHolder(transport deskside.Transport, addr string) string {
	_, portText, _ := net.SplitHostPort(addr)
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return ""
	}
	found, err := sockets.Listening(uint16(port))
	if err != nil {
		return ""
	}
	for _, s := range found {
		switch {
		case s.Transport != transport:
		case s.PID == 0:
			return fmt.Sprintf("a program of user %d", s.UID)
		default:
			return fmt.Sprintf("%q (process %d)", s.Program, s.PID)
		}
	}
	return ""
}

var quietOnce sync.Once

// quietBuffers keeps QUIC from printing advice about socket buffers to the
// log of the program. It asks the system for what it wants in any case; the
// manual says how to let it have it.
func quietBuffers() {
	quietOnce.Do(func() { _ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") })
}
