// Package client is the operator's side: it finds agents, meets and trusts
// them, sets sessions up, keeps them alive, and opens their services. The
// command line and the console are built on it.
//
//	c, _ := client.Open(home)
//	a, _ := c.Reach(ctx, "front-desk", "")
//	s, _ := a.Setup(ctx, client.Request{Rights: …, Reason: "printer"})
//	conn, _ := s.Upgrade(ctx, deskside.RemCtrl, "/rfb", "rfb")
//	s.End(ctx)
//
// A session that the network lost is resumed by itself within its grace time.
// The package has no user interface and asks nobody anything: where a person
// must decide, it returns an error that says what.
package client

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"deskside"
	"deskside/identity"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/wire"
)

// Client is an operator with a key, pins and an address book, in a folder.
// Its methods may be called from any goroutine.
type Client struct {
	home string
	id   *identity.Identity
	pins *identity.Pins
	book *Book
}

// The files of the operator's folder.
const (
	keyFile  = "operator.key"
	pinFile  = "agents.json"
	bookFile = "machines.json"
	headFile = "heads.jsonl"
)

// Open opens the operator's folder, and makes it with a new key on first use.
func Open(home string) (*Client, error) {
	id, err := identity.LoadOrCreate(filepath.Join(home, keyFile))
	if err != nil {
		return nil, err
	}
	return &Client{
		home: home, id: id,
		pins: identity.OpenPins(filepath.Join(home, pinFile)),
		book: &Book{path: filepath.Join(home, bookFile)},
	}, nil
}

// ID is the operator's key.
func (c *Client) ID() deskside.OperatorID { return c.id.ID() }

// Book is the operator's address book.
func (c *Client) Book() *Book { return c.book }

// Pins are the keys of the agents met before.
func (c *Client) Pins() *identity.Pins { return c.pins }

// Trust pins an agent's key to a host. A host that is pinned to another key is
// an error.
func (c *Client) Trust(host string, agent deskside.AgentID) error {
	addr, err := c.resolve(host)
	if err != nil {
		return err
	}
	return c.pins.Add(pinName(addr), agent)
}

// TrustAnew pins an agent's key to a host in place of the one that was known,
// which it gives; zero if there was none.
func (c *Client) TrustAnew(host string, agent deskside.AgentID) (old deskside.AgentID, err error) {
	addr, err := c.resolve(host)
	if err != nil {
		return old, err
	}
	return c.pins.Replace(pinName(addr), agent)
}

// resolve turns a host as an operator writes it into "host:port" of its 2701
// service: a name of the address book, the ID of an agent met before, a host,
// or host:port.
func (c *Client) resolve(host string) (string, error) {
	if m, ok, err := c.book.Find(host); err != nil {
		return "", err
	} else if ok {
		host = m.Address
	}
	if id, err := deskside.ParseKeyID(host); err == nil {
		return c.whereIs(id)
	}
	return splitHost(host)
}

// whereIs finds the address under which an agent was met.
func (c *Client) whereIs(id deskside.AgentID) (string, error) {
	pins, err := c.pins.All()
	if err != nil {
		return "", err
	}
	for _, p := range pins {
		if p.Agent == id {
			return splitHost(p.Name)
		}
	}
	return "", deskside.Errorf(deskside.CodeNotFound, "no agent with the ID %s was met before", id).
		Hint("Name it by its address the first time.")
}

// splitHost reads "host", "host:port", an IPv6 address with or without
// brackets.
func splitHost(text string) (string, error) {
	if text == "" || strings.ContainsAny(text, "/ \t\r\n") {
		return "", deskside.Errorf(deskside.CodeBadRequest, "%q is not a host", text).Hint("Write name, name:port, or an address.")
	}
	host, port := text, strconv.Itoa(int(deskside.SP2.Of(deskside.RCInfo)))
	if !isAddr(text) {
		if h, p, err := net.SplitHostPort(text); err == nil {
			host, port = h, p
		} else if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
			host = text[1 : len(text)-1]
		} else if strings.Contains(text, ":") {
			return "", deskside.Errorf(deskside.CodeBadRequest, "%q is not a host with a port", text).Hint("Write name:port; an IPv6 address with a port goes in brackets.")
		}
	}
	if host == "" || strings.ContainsAny(host, "[]") || strings.Contains(host, ":") && !isAddr(host) {
		return "", deskside.Errorf(deskside.CodeBadRequest, "%q is not a host", text).Hint("Write name, name:port, or an address; an IPv6 address with a port goes in brackets.")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", deskside.Errorf(deskside.CodeBadRequest, "%q: %q is no port number", text, port).Hint("Write name:port, with a port from 1 to 65535.")
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

func isAddr(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// pinName is the name under which an address is pinned: without the usual
// port.
func pinName(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && port == strconv.Itoa(int(deskside.SP2.Of(deskside.RCInfo))) {
		return host
	}
	return addr
}

// Reach connects to an agent and fetches its hello. An empty transport races
// both; a forced one never falls back. An agent that was never met is reached
// as well, with Pinned false: then only Meet opens a session. The caller closes
// the Agent.
func (c *Client) Reach(ctx context.Context, host string, t deskside.Transport) (*Agent, error) {
	addr, err := c.resolve(host)
	if err != nil {
		return nil, err
	}
	a := &Agent{
		client: c, Host: host, Addr: addr, Pinned: true,
		dialer: &transport.Dialer{Identity: c.id, Transport: t},
	}
	if err := a.connect(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// connect finds the agent's key and fetches its hello.
func (a *Agent) connect(ctx context.Context) error {
	var err error
	a.Key, err = a.client.pins.Lookup(pinName(a.Addr))
	if deskside.CodeOf(err) == deskside.CodeUnpinned {
		a.Pinned = false
		a.Key, err = a.learnKey(ctx)
	}
	if err != nil {
		return err
	}
	a.info = rcinfo.Client{Self: a.client.ID(), Client: &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		stream, err := a.dialer.Dial(ctx, deskside.RCInfo, a.Addr, a.Key)
		if err == nil {
			a.met(stream)
		}
		return stream, err
	}}}
	if a.Hello, err = a.info.Hello(ctx); err != nil {
		return err
	}
	if a.Hello.Agent != a.Key {
		return deskside.Errorf(deskside.CodeWrongKey, "the agent calls itself %s and proves the key %s", a.Hello.Agent, a.Key)
	}
	return nil
}

// learnKey asks who answers, trusting nobody.
func (a *Agent) learnKey(ctx context.Context) (deskside.AgentID, error) {
	stream, err := a.dialer.Dial(ctx, deskside.RCInfo, a.Addr, identity.Anyone())
	if err != nil {
		return deskside.AgentID{}, err
	}
	defer stream.Close()
	return stream.Peer(), nil
}

// errUnpinned says how to come to trust an agent.
func (a *Agent) errUnpinned() error {
	return deskside.Errorf(deskside.CodeUnpinned, "%s has never been met; its key is %s", a.Host, a.Key).
		Hint("Compare the ID at the agent and run: deskside trust %s --fingerprint %s", a.Host, a.Key)
}
