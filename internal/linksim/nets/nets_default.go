//go:build !linux

package nets

import (
	"errors"
	"net/netip"
	"os/exec"

	"deskside/internal/linksim"
)

var errNotHere = errors.New("network namespaces: Linux has them")

// Net is a network namespace; there is none here.
type Net struct{ Addr netip.Addr }

// Alone fails.
func Alone() (*Net, error) { return nil, errNotHere }

// Close does nothing.
func (n *Net) Close() error { return nil }

// Do fails.
func (n *Net) Do(func() error) error { return errNotHere }

// Start fails.
func (n *Net) Start(*exec.Cmd) error { return errNotHere }

// Received fails.
func (n *Net) Received() (int64, error) { return 0, errNotHere }

// Pair is two namespaces with a link between them; there is none here.
type Pair struct{ Near, Far *Net }

// Open fails.
func Open(linksim.Config) (*Pair, error) { return nil, errNotHere }

// Close does nothing.
func (p *Pair) Close() error { return nil }

// Congestion fails.
func (p *Pair) Congestion(string) error { return errNotHere }

// Stats gives nothing.
func (p *Pair) Stats() (up, down linksim.Stats) { return up, down }
