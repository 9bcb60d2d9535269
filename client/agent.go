package client

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/user"
	"strconv"
	"sync"
	"time"

	"deskside"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/wire"
)

// Agent is an agent that was reached.
type Agent struct {
	Host   string           // as the operator wrote it
	Addr   string           // "host:port" of its 2701 service
	Key    deskside.AgentID // whose key it proved
	Pinned bool             // it was met before, under this key
	Hello  rcinfo.Hello

	client *Client
	dialer *transport.Dialer
	info   rcinfo.Client

	mu   sync.Mutex
	path deskside.Path // of the newest stream
}

// Close closes every stream to the agent. Sessions that are still open are
// lost to the agent, not ended.
func (a *Agent) Close() error {
	if a.info.Client != nil {
		a.info.Close()
	}
	return a.dialer.Close()
}

func (a *Agent) met(s transport.Stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.path = s.Path()
}

// Path is the way the newest stream took.
func (a *Agent) Path() deskside.Path {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.path
}

// Sessions lists the open sessions of the agent.
func (a *Agent) Sessions(ctx context.Context) ([]deskside.Session, error) {
	if !a.Pinned {
		return nil, a.errUnpinned()
	}
	return a.info.Sessions(ctx)
}

// Request is what an operator asks for.
type Request struct {
	Rights deskside.Rights
	Reason string

	Name string // what the operator says of themselves; empty takes the login name
	Host string // empty takes the host name

	// Asking, if set, is called when the person is being asked.
	Asking func(rcinfo.Asking)
}

// setup gives the message, with a request ID of its own.
func (r *Request) setup() rcinfo.Setup {
	s := rcinfo.Setup{Request: rand.Text(), Rights: r.Rights, Reason: r.Reason, Name: r.Name, Host: r.Host}
	if s.Name == "" {
		s.Name = loginName()
	}
	if s.Host == "" {
		s.Host, _ = os.Hostname()
	}
	return s
}

func loginName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	if u.Name != "" {
		return u.Name
	}
	return u.Username
}

// Setup asks for a session and waits for the answer. Ending the context
// withdraws a question to the person. The Session has the Agent's streams from
// then on: it closes the Agent when it is over.
func (a *Agent) Setup(ctx context.Context, r Request) (*Session, error) {
	if !a.Pinned {
		return nil, a.errUnpinned()
	}
	answer, err := a.info.Setup(ctx, r.setup(), r.Asking)
	if err != nil {
		return nil, err
	}
	return a.begin(ctx, answer)
}

// Meet asks for a session at a first meeting: show gets six digits, which the
// operator reads out and the person types. When the agent reports them
// accepted, its key is pinned.
func (a *Agent) Meet(ctx context.Context, r Request, show func(digits string)) (*Session, error) {
	answer, err := a.info.Meet(ctx, a.Key, r.setup(), show, r.Asking)
	if err != nil {
		return nil, err
	}
	if !a.Pinned {
		if err := a.client.pins.Add(pinName(a.Addr), a.Key); err != nil {
			a.undo(answer)
			return nil, err
		}
		a.Pinned = true
	}
	if hello, err := a.info.Hello(ctx); err == nil {
		a.Hello = hello
	}
	return a.begin(ctx, answer)
}

// begin makes the session of an answer and opens its control stream.
func (a *Agent) begin(ctx context.Context, answer rcinfo.Answer) (*Session, error) {
	s := newSession(a, answer)
	conn, err := a.info.Control(ctx, s.ticket(deskside.RCInfo))
	if err != nil {
		a.undo(answer)
		s.discard()
		return nil, err
	}
	go s.run(conn)
	return s, nil
}

// undo ends a session that was granted and cannot be used, best effort: else
// silence ends it. The caller's context may be over already.
func (a *Agent) undo(answer rcinfo.Answer) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	a.info.End(ctx, answer.Tickets[deskside.RCInfo.String()])
}

// addrOf gives where a service of the agent listens: the hello gives ports,
// never hosts.
func (a *Agent) addrOf(svc deskside.Service) (string, error) {
	host, own, err := net.SplitHostPort(a.Addr)
	if err != nil {
		return "", err
	}
	if svc == deskside.RCInfo {
		return net.JoinHostPort(host, own), nil
	}
	port := a.Hello.Ports[svc.String()]
	if port < 1 || port > 65535 {
		return "", deskside.Errorf(deskside.CodeUnsupported, "the agent does not say where %s listens", svc)
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// wireClient makes the client of one service over a dialer.
func (a *Agent) wireClient(d *transport.Dialer, svc deskside.Service) *wire.Client {
	return &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		addr, err := a.addrOf(svc)
		if err != nil {
			return nil, err
		}
		return d.Dial(ctx, svc, addr, a.Key)
	}}
}
