package client

import (
	"context"
	"net"
	"net/url"

	"deskside"
	"deskside/chat"
	"deskside/remctrl"
	"deskside/wire"
	"deskside/xfer"
)

// RFB opens the picture. A zero screen shows all of them.
func (s *Session) RFB(ctx context.Context, o RFBOptions) (*wire.Conn, error) {
	return s.Upgrade(ctx, deskside.RemCtrl, "/rfb?"+o.query(), "rfb")
}

// Screens asks which screens the machine has.
func (s *Session) Screens(ctx context.Context) (remctrl.Screens, error) {
	var list remctrl.Screens
	t, err := s.Ticket(deskside.RemCtrl)
	if err != nil {
		return list, err
	}
	err = s.services[deskside.RemCtrl].JSON(ctx, "GET", "/screens", t, nil, &list)
	return list, err
}

// RFBOptions choose what a picture shows.
type RFBOptions struct {
	Screen   string // a screen's ID, or "all", which is the default
	ViewOnly bool   // the agent drops all input of this viewer
}

func (o RFBOptions) query() string {
	q := url.Values{}
	if o.Screen != "" {
		q.Set("screen", o.Screen)
	}
	if o.ViewOnly {
		q.Set("view-only", "1")
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
// each request.
func (s *Session) Files() *xfer.Client {
	ticket := func() (deskside.Ticket, error) { return s.Ticket(deskside.Xfer) }
	return &xfer.Client{HTTP: s.Service(deskside.Xfer), Ticket: ticket, Agent: s.Agent().Key}
}
