package client

import (
	"context"
	"time"

	"deskside"
	"deskside/identity"
	"deskside/transport"
)

// Known gives the key that is pinned for a host, without reaching it. The
// error is CodeUnpinned when it was never met.
func (c *Client) Known(host string) (deskside.AgentID, error) {
	addr, err := c.resolve(host)
	if err != nil {
		return deskside.AgentID{}, err
	}
	return c.pins.Lookup(pinName(addr))
}

// Probe says who answers at host over one transport, and with which round trip,
// from the handshake alone. A host that was met before must prove its key; for
// another the key says who it claims to be.
func (c *Client) Probe(ctx context.Context, host string, t deskside.Transport) (deskside.AgentID, time.Duration, error) {
	addr, err := c.resolve(host)
	if err != nil {
		return deskside.AgentID{}, 0, err
	}
	key, err := c.pins.Lookup(pinName(addr))
	if deskside.CodeOf(err) == deskside.CodeUnpinned {
		key, err = identity.Anyone(), nil
	}
	if err != nil {
		return deskside.AgentID{}, 0, err
	}
	d := &transport.Dialer{Identity: c.id, Transport: t}
	defer d.Close()
	stream, err := d.Dial(ctx, deskside.RCInfo, addr, key)
	if err != nil {
		return deskside.AgentID{}, 0, err
	}
	defer stream.Close()
	return stream.Peer(), stream.RTT(), nil
}
