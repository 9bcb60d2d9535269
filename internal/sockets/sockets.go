// Package sockets tells which program of this machine holds a port, so that an
// error about a busy port can name it and the port table can say who listens,
// and which user holds the far end of a loopback connection, because loopback
// is not private.
//
// It reads what the system shows of its sockets and opens none itself. Where
// the system shows nothing, its functions return errors.ErrUnsupported.
package sockets

import (
	"net/netip"

	"deskside"
)

// Socket is a socket of this machine.
type Socket struct {
	Transport deskside.Transport `json:"transport"`
	Local     netip.AddrPort     `json:"local"`
	Remote    netip.AddrPort     `json:"-"`
	UID       uint32             `json:"uid"`               // who owns it
	PID       int                `json:"pid,omitempty"`     // 0 if it is not for us to see
	Program   string             `json:"program,omitempty"` // empty if it is not for us to see

	inode uint64
	state uint8
}
