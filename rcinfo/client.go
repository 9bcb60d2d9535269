package rcinfo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"time"

	"deskside"
	"deskside/identity"
	"deskside/wire"
)

// Client is the operator's half of the service.
type Client struct {
	*wire.Client
	Self deskside.OperatorID // whose key the streams prove
}

// Hello fetches the agent's hello.
func (c Client) Hello(ctx context.Context) (h Hello, err error) {
	err = c.JSON(ctx, "GET", "/hello", deskside.Ticket{}, nil, &h)
	if err == nil && h.Protocol != deskside.ProtocolVersion {
		err = deskside.Errorf(deskside.CodeUnsupported, "the agent speaks protocol %d, this program %d", h.Protocol, deskside.ProtocolVersion).
			Hint("Bring both to the same version of Deskside.")
	}
	return h, err
}

// Setup asks for a session and waits for the answer. asking, which may be nil,
// is called when the person is being asked; ending the context withdraws.
func (c Client) Setup(ctx context.Context, s Setup, asking func(Asking)) (Answer, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return Answer{}, err
	}
	r, err := wire.NewRequest(ctx, "POST", "/session", deskside.Ticket{}, bytes.NewReader(text))
	if err != nil {
		return Answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	body, err := c.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer body.Body.Close()
	a, err := progress(wire.NewLines(readOnly{body.Body}, MaxBody), asking)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return a, err
}

// progress reads Progress lines until the answer.
func progress(in *wire.Lines, asking func(Asking)) (Answer, error) {
	for {
		var p Progress
		if err := in.Read(&p); err != nil {
			return Answer{}, deskside.Errorf(deskside.CodeUnreachable, "the agent broke off before its answer: %s", err)
		}
		switch {
		case p.Error != nil:
			return Answer{}, p.Error
		case p.Answer != nil:
			return *p.Answer, nil
		case p.Asking != nil && asking != nil:
			asking(*p.Asking)
		}
	}
}

// Meet asks for a session at a first meeting. show gets the six digits to read
// out; the answer means that the person typed them.
func (c Client) Meet(ctx context.Context, agent deskside.AgentID, s Setup, show func(digits string), asking func(Asking)) (Answer, error) {
	conn, err := c.Upgrade(ctx, "POST", "/meet", MeetProtocol, deskside.Ticket{})
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Abort)()
	if conn.Peer() != agent {
		return Answer{}, deskside.Errorf(deskside.CodeWrongKey, "the agent answered with another key than a moment ago")
	}
	conn.SetDeadline(time.Now().Add(MeetTimeout))
	lines := wire.NewLines(conn, MaxBody)
	digits, err := c.exchange(conn, lines, s)
	if err != nil {
		return Answer{}, err
	}
	conn.SetDeadline(time.Time{})
	show(digits)
	answer, err := progress(lines, asking)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return answer, err
}

// exchange makes the six digits with the agent.
func (c Client) exchange(conn *wire.Conn, lines *wire.Lines, s Setup) (string, error) {
	var ours identity.Nonce
	rand.Read(ours[:])
	commit := identity.Commit(ours)
	if err := lines.Write(Commit{commit[:]}); err != nil {
		return "", err
	}
	var answer NonceOrError
	if err := lines.Read(&answer); err != nil {
		return "", err
	}
	if answer.Error != nil {
		return "", answer.Error
	}
	theirs, err := bytes32("nonce", answer.Nonce)
	if err != nil {
		return "", err
	}
	if err := lines.Write(Reveal{ours[:], s}); err != nil {
		return "", err
	}
	return digitsOf(conn, ours, theirs, conn.Peer(), c.Self)
}

// Resume asks for a suspended session.
func (c Client) Resume(ctx context.Context, id deskside.SessionID) (a Answer, err error) {
	err = c.JSON(ctx, "POST", "/session/resume", deskside.Ticket{}, Resume{id}, &a)
	return a, err
}

// Status fetches the live session and its streams.
func (c Client) Status(ctx context.Context, t deskside.Ticket) (s Status, err error) {
	err = c.JSON(ctx, "GET", "/session", t, nil, &s)
	return s, err
}

// Sessions lists the open sessions.
func (c Client) Sessions(ctx context.Context) (list []deskside.Session, err error) {
	err = c.JSON(ctx, "GET", "/sessions", deskside.Ticket{}, nil, &list)
	return list, err
}

// End ends the session.
func (c Client) End(ctx context.Context, t deskside.Ticket) (e Ended, err error) {
	err = c.JSON(ctx, "DELETE", "/session", t, nil, &e)
	return e, err
}

// Ended fetches why a session ended.
func (c Client) Ended(ctx context.Context, id deskside.SessionID) (e Ended, err error) {
	err = c.JSON(ctx, "GET", "/ended?session="+id.String(), deskside.Ticket{}, nil, &e)
	return e, err
}

// Control opens the control stream.
func (c Client) Control(ctx context.Context, t deskside.Ticket) (*wire.Conn, error) {
	return c.Upgrade(ctx, "POST", "/session/control", ControlProtocol, t)
}

// readOnly is a body as wire.Lines wants it.
type readOnly struct{ io.Reader }

func (readOnly) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
