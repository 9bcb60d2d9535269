package deskside

import (
	"fmt"
	"strconv"
	"strings"
)

// Service is one of the four remote tools an agent serves.
type Service uint8

// The services, in the order of the port table.
const (
	RCInfo  Service = iota // session setup and verify, and the short commands
	RemCtrl                // remote control
	Chat                   // remote chat
	Xfer                   // remote file transfer
)

// Services lists every service, in the order of the port table.
var Services = [...]Service{RCInfo, RemCtrl, Chat, Xfer}

var serviceNames = [...]string{"sms-rcinfo", "sms-remctrl", "sms-chat", "sms-xfer"}

var serviceFunctions = [...]string{
	"session setup and verify",
	"remote control",
	"remote chat",
	"remote file transfer",
}

// String gives the process name of the published port table, "sms-rcinfo".
func (s Service) String() string {
	if int(s) < len(serviceNames) {
		return serviceNames[s]
	}
	return "service " + strconv.Itoa(int(s))
}

// Function says in a few words what the service does.
func (s Service) Function() string {
	if int(s) < len(serviceFunctions) {
		return serviceFunctions[s]
	}
	return "unknown"
}

// ALPN is the protocol name with which TLS and QUIC handshakes name the
// service, so that a client which reached the wrong port can be told so.
func (s Service) ALPN() string {
	return "deskside1-" + strings.TrimPrefix(s.String(), "sms-")
}

// ServiceByALPN finds the service with the protocol name alpn.
func ServiceByALPN(alpn string) (Service, bool) {
	for _, s := range Services {
		if s.ALPN() == alpn {
			return s, true
		}
	}
	return 0, false
}

// ParseService finds a service by its process name; the prefix "sms-" may be
// left out.
func ParseService(name string) (Service, error) {
	for _, s := range Services {
		if name == s.String() || "sms-"+name == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("unknown service %q: want one of %s", name, strings.Join(serviceNames[:], ", "))
}

// MarshalText gives the process name.
func (s Service) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a process name.
func (s *Service) UnmarshalText(b []byte) (err error) {
	*s, err = ParseService(string(b))
	return err
}

// IANA gives the port under which the IANA registry, and so /etc/services,
// lists the service. The registry has 2702 and 2704 the other way round than
// the published table of Systems Management Server 2.0 SP2, which is the one
// that counts here; a port is therefore never looked up by name.
func (s Service) IANA() uint16 {
	return [...]uint16{2701, 2704, 2703, 2702}[s]
}

// Ports gives the port of each service, indexed by Service. The same number is
// used on TCP and on UDP.
type Ports [4]uint16

var (
	// SP2 is the port table of Systems Management Server 2.0 SP2 and later,
	// and the default.
	SP2 = Ports{2701, 2702, 2703, 2704}

	// SMS12 is the table from before SP2 (Microsoft KB Q167128): 1761 rights,
	// reboot and execute, 1762 control, 1763 chat, 1764 transfer.
	SMS12 = Ports{1761, 1762, 1763, 1764}
)

// Of gives the port of one service.
func (p Ports) Of(s Service) uint16 { return p[s] }

// String gives the four ports with commas between, the form ParsePorts reads.
func (p Ports) String() string {
	words := make([]string, len(p))
	for i, n := range p {
		words[i] = strconv.Itoa(int(n))
	}
	return strings.Join(words, ",")
}

// ParsePorts reads "sp2", "sms12", or four different port numbers with commas
// between, in the order of the port table. A zero asks the system for any free
// port and may repeat.
func ParsePorts(text string) (Ports, error) {
	switch text {
	case "", "sp2":
		return SP2, nil
	case "sms12":
		return SMS12, nil
	}
	words := strings.Split(text, ",")
	if len(words) != len(Services) {
		return Ports{}, fmt.Errorf("ports %q: want sp2, sms12 or four numbers such as %s", text, SP2)
	}
	var p Ports
	seen := make(map[uint16]Service)
	for i, w := range words {
		n, err := strconv.ParseUint(strings.TrimSpace(w), 10, 16)
		if err != nil {
			return Ports{}, fmt.Errorf("ports %q: %q is not a port number from 0 to 65535", text, w)
		}
		p[i] = uint16(n)
		if first, ok := seen[p[i]]; ok && p[i] != 0 {
			return Ports{}, fmt.Errorf("ports %q: %s and %s share port %d", text, first, Services[i], n)
		}
		seen[p[i]] = Services[i]
	}
	return p, nil
}
