package console

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"deskside"
	"deskside/client"
	"deskside/rcinfo"
)

// Operator is the Backend that works over the network: the operator's own
// folder, opened by package client.
type Operator struct {
	Client *client.Client

	// Also are machines to show besides those of the address book, which are
	// not kept. One whose name the book has is left out.
	Also []Machine
}

var _ Backend = Operator{}

// Operator gives the operator's key.
func (o Operator) Operator() deskside.OperatorID { return o.Client.ID() }

// Machines lists the address book with the keys that are pinned.
func (o Operator) Machines() ([]Machine, error) {
	book, err := o.Client.Book().All()
	if err != nil {
		return nil, err
	}
	list := make([]Machine, 0, len(book)+len(o.Also))
	for _, m := range book {
		list = append(list, Machine{Name: m.Name, Address: m.Address, Group: m.Group, Note: m.Note, Used: m.Used})
	}
	for _, m := range o.Also {
		if !slices.ContainsFunc(list, func(in Machine) bool { return strings.EqualFold(in.Name, m.Name) }) {
			list = append(list, m)
			book = append(book, client.Machine{Name: m.Name, Address: m.Address})
		}
	}
	keys, err := o.Client.Keys(book)
	if err != nil {
		return list, nil // without keys; connecting says what is wrong with them
	}
	for i := range list {
		list[i].Agent = keys[list[i].Address]
	}
	return list, nil
}

// Save adds a machine or changes the one called old. One of Also is kept from
// then on.
func (o Operator) Save(old string, m Machine) error {
	book := o.Client.Book()
	if slices.ContainsFunc(o.Also, func(in Machine) bool { return in.Name == old }) {
		if _, kept, err := book.Find(old); err == nil && !kept {
			old = ""
		}
	}
	if old != m.Name {
		if _, taken, err := book.Find(m.Name); err != nil || taken {
			return cmpErr(err, deskside.Errorf(deskside.CodeExists, "there is a machine %q already", m.Name).
				Hint("Choose another name, or change that one."))
		}
	}
	entry := client.Machine{Name: m.Name, Address: m.Address, Group: m.Group, Note: m.Note}
	if old != "" {
		was, found, err := book.Find(old)
		if err != nil || !found {
			return cmpErr(err, deskside.Errorf(deskside.CodeNotFound, "the address book has no %q", old))
		}
		entry.Used = was.Used
	}
	if err := book.Put(entry); err != nil || old == "" || old == m.Name {
		return err
	}
	return book.Remove(old)
}

// cmpErr gives the first error that is one.
func cmpErr(err error, instead *deskside.Error) error {
	if err != nil {
		return err
	}
	return instead
}

// Remove takes a machine out of the book.
func (o Operator) Remove(name string) error { return o.Client.Book().Remove(name) }

// Look asks who answers at an address.
func (o Operator) Look(ctx context.Context, address string) (Look, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	a, err := o.Client.Reach(ctx, address, "")
	if err != nil {
		return Look{}, err
	}
	defer a.Close()
	return Look{Agent: a.Key, Name: a.Hello.Name, Version: a.Hello.Version, Pinned: a.Pinned}, nil
}

const lookLimit = 15 * time.Second

// Pin remembers a machine's key.
func (o Operator) Pin(address string, id deskside.AgentID) error { return o.Client.Trust(address, id) }

// Kept and Keep are a file in the operator's folder.
func (o Operator) Kept() (json.RawMessage, error)  { return o.Client.Kept() }
func (o Operator) Keep(text json.RawMessage) error { return o.Client.Keep(text) }

// Probe tries both transports at once.
func (o Operator) Probe(ctx context.Context, address string) (r Reach) {
	var both sync.WaitGroup
	both.Go(func() { r.TCP = o.leg(ctx, address, deskside.TCP) })
	both.Go(func() { r.UDP = o.leg(ctx, address, deskside.UDP) })
	both.Wait()
	return r
}

func (o Operator) leg(ctx context.Context, address string, t deskside.Transport) Leg {
	_, rtt, err := o.Client.Probe(ctx, address, t)
	if err != nil {
		e := deskside.AsError(err)
		return Leg{Code: e.Code, Words: e.Words}
	}
	return Leg{Up: true, RTTms: float64(rtt.Microseconds()) / 1000}
}

// Setup sets a session up, or meets a machine for the first time.
func (o Operator) Setup(ctx context.Context, r Request, tell func(Progress)) (Session, error) {
	tell(Progress{Step: Reaching})
	a, err := o.reach(ctx, r)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	now := Progress{Step: Reaching}
	change := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		f()
		tell(now)
	}
	ask := client.Request{Rights: r.Rights, Reason: r.Reason, Asking: func(q rcinfo.Asking) {
		change(func() { now.Step, now.Until = Asking, q.Until })
	}}
	var s *client.Session
	if a.Pinned {
		s, err = a.Setup(ctx, ask)
	} else {
		s, err = a.Meet(ctx, ask, func(digits string) { change(func() { now.Digits = digits }) })
	}
	if err != nil {
		a.Close()
		return nil, err
	}
	o.used(r.Machine.Name)
	return &remote{s}, nil
}

// reach connects, for as long as a network may take.
func (o Operator) reach(ctx context.Context, r Request) (*client.Agent, error) {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	return o.Client.Reach(ctx, r.Machine.Address, r.Transport)
}

const reachLimit = 30 * time.Second

// used notes in the book that a session was set up. That it could not be noted
// is no reason to refuse the session.
func (o Operator) used(name string) {
	m, found, err := o.Client.Book().Find(name)
	if err != nil || !found {
		return
	}
	m.Used = time.Now()
	_ = o.Client.Book().Put(m)
}

// remote is a Session over the network.
type remote struct{ *client.Session }

// Agent is the far machine's key.
func (r *remote) Agent() deskside.AgentID { return r.Session.Agent().Key }

func (r *remote) RFB(ctx context.Context, v View) (net.Conn, error) {
	c, err := r.Session.RFB(ctx, client.RFBOptions(v))
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (r *remote) Steer(ctx context.Context, v View) error {
	return r.Session.Steer(ctx, client.RFBOptions(v))
}

func (r *remote) End(ctx context.Context) error {
	_, err := r.Session.End(ctx)
	return err
}

// Cause is the agent's, or what this side knows.
func (r *remote) Cause() deskside.Cause {
	if c := r.Ended().Session.Cause; c != "" {
		return c
	}
	return r.Info().Cause
}
