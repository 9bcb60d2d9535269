package client

import (
	"context"
	"maps"
	"slices"
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

// Keys gives the keys that are pinned for machines by their address, those that
// were never met left out. However many machines there are, it reads the pins
// but twice.
func (c *Client) Keys(machines []Machine) (map[string]deskside.AgentID, error) {
	all, err := c.pins.All()
	if err != nil {
		return nil, err
	}
	met := make(map[deskside.AgentID]bool, len(all))
	for _, p := range all {
		met[p.Agent] = true
	}
	keys := make(map[string]deskside.AgentID, len(machines))
	named := make(map[string]string, len(machines)) // the pin's name by the address
	for _, m := range machines {
		if id, err := deskside.ParseKeyID(m.Address); err == nil && met[id] {
			keys[m.Address] = id
		} else if addr, err := splitHost(m.Address); err == nil {
			named[m.Address] = pinName(addr)
		}
	}
	pinned, err := c.pins.Several(slices.Collect(maps.Values(named)))
	if err != nil {
		return nil, err
	}
	for address, name := range named {
		if id, ok := pinned[name]; ok {
			keys[address] = id
		}
	}
	return keys, nil
}

// WhoAnswers gives the key that is proved at host, whatever was known of it
// before: for a person to compare, who is to trust it.
func (c *Client) WhoAnswers(ctx context.Context, host string, t deskside.Transport) (deskside.AgentID, error) {
	addr, err := c.resolve(host)
	if err != nil {
		return deskside.AgentID{}, err
	}
	id, _, err := c.handshake(ctx, addr, t, identity.Anyone())
	return id, err
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
	return c.handshake(ctx, addr, t, key)
}

func (c *Client) handshake(ctx context.Context, addr string, t deskside.Transport, key deskside.AgentID) (deskside.AgentID, time.Duration, error) {
	d := &transport.Dialer{Identity: c.id, Transport: t}
	defer d.Close()
	stream, err := d.Dial(ctx, deskside.RCInfo, addr, key)
	if err != nil {
		return deskside.AgentID{}, 0, err
	}
	defer stream.Close()
	return stream.Peer(), stream.RTT(), nil
}
