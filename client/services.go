package client

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"slices"

	"deskside"
	"deskside/chat"
	"deskside/remctrl"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// RFB opens the picture. Without a screen it shows all of them. It takes a stream
// that an earlier request left, if there is one: those that a loss of the network
// broke are gone before the session goes on.
func (s *Session) RFB(ctx context.Context, o RFBOptions) (*wire.Conn, error) {
	t, err := s.Ticket(ctx, deskside.RemCtrl)
	if err != nil {
		return nil, err
	}
	return s.services[deskside.RemCtrl].UpgradeKept(ctx, "POST", "/rfb?"+o.query(), "rfb", t)
}

// Screens asks which screens the machine has.
func (s *Session) Screens(ctx context.Context) (remctrl.Screens, error) {
	var list remctrl.Screens
	t, err := s.Ticket(ctx, deskside.RemCtrl)
	if err != nil {
		return list, err
	}
	err = s.services[deskside.RemCtrl].JSON(ctx, "GET", "/screens", t, nil, &list)
	return list, err
}

// Steer makes the open picture of that name be as o says, in its own stream.
func (s *Session) Steer(ctx context.Context, o RFBOptions) error {
	t, err := s.Ticket(ctx, deskside.RemCtrl)
	if err != nil {
		return err
	}
	name := o.Name
	o.Name = ""
	return s.services[deskside.RemCtrl].JSON(ctx, "POST", "/rfb/"+url.PathEscape(name)+"?"+o.query(), t, nil, nil)
}

// Watch asks how the open picture of that name fares, and who else looks at the
// machine.
func (s *Session) Watch(ctx context.Context, name string) (remctrl.Watch, error) {
	var w remctrl.Watch
	t, err := s.Ticket(ctx, deskside.RemCtrl)
	if err != nil {
		return w, err
	}
	err = s.services[deskside.RemCtrl].JSON(ctx, "GET", "/rfb/"+url.PathEscape(name), t, nil, &w)
	return w, err
}

// Others lists the open sessions of the machine but this one: of other operators
// who they are, what they may do and since when.
func (s *Session) Others(ctx context.Context) ([]deskside.Session, error) {
	list, err := s.agent.info.Sessions(ctx)
	id := s.Info().ID
	return slices.DeleteFunc(list, func(o deskside.Session) bool { return o.ID == id }), err
}

// RFBOptions choose what a picture shows.
type RFBOptions struct {
	Screen   string // a screen's ID, or "all", which is the default
	ViewOnly bool   // the agent drops all input of this viewer
	Name     string // for Steer: 1 to 32 letters, digits, - and _; empty: it cannot be steered
}

func (o RFBOptions) query() string {
	q := url.Values{"screen": {cmp.Or(o.Screen, "all")}, "view-only": {"0"}}
	if o.ViewOnly {
		q.Set("view-only", "1")
	}
	if o.Name != "" {
		q.Set("name", o.Name)
	}
	return q.Encode()
}

// Chat joins the session's conversation, and joins it again after each loss of
// the network. The caller closes it.
func (s *Session) Chat() *chat.Client {
	return chat.NewClient(chat.ClientConfig{Open: func(ctx context.Context) (net.Conn, error) {
		conn, err := s.Upgrade(ctx, deskside.Chat, chat.Path, chat.Protocol)
		if err != nil {
			return nil, err // not conn, whose nil is no nil of the interface
		}
		return conn, nil
	}})
}

// Files gives the file transfer of the session, with the ticket that it has at
// each request. One that begins while the session is lost waits for its return.
func (s *Session) Files() *xfer.Client {
	ticket := func(ctx context.Context) (deskside.Ticket, error) { return s.Ticket(ctx, deskside.Xfer) }
	return &xfer.Client{HTTP: s.Service(deskside.Xfer), Ticket: ticket, Agent: s.Agent().Key, Sweeper: new(disk.Sweeper)}
}
