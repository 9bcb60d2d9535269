//go:build !linux

package sockets

import (
	"errors"
	"net/netip"
)

// Listening cannot be told here.
func Listening(...uint16) ([]Socket, error) { return nil, errors.ErrUnsupported }

// Owner cannot be told here.
func Owner(_, _ netip.AddrPort) (uint32, error) { return 0, errors.ErrUnsupported }

// Held cannot be told here.
func Held(int) ([]Socket, error) { return nil, errors.ErrUnsupported }
