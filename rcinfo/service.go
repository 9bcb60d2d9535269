package rcinfo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"deskside"
	"deskside/transport"
	"deskside/wire"
)

// Caller is an operator's stream, as plain data: the key is proved.
type Caller struct {
	Key  deskside.OperatorID
	Path deskside.Path
}

// Authority answers what this service is asked, in plain data: it could live
// in another process than the one that reads from the network. The agent
// implements it. Refusals are *deskside.Error and have been audited.
type Authority interface {
	// Hello says what this caller may know.
	Hello(Caller) Hello

	// Setup decides about a session. It calls asking when the person is asked,
	// and withdraws the question when the context ends. digits is nil, or the
	// number the person must type at a first meeting.
	Setup(ctx context.Context, c Caller, s Setup, digits *string, asking func(Asking)) (Answer, error)

	// MayMeet returns nil when a first meeting may be tried by this caller now.
	MayMeet(Caller) error

	// Resume gives a suspended session back to its key.
	Resume(Caller, Resume) (Answer, error)

	// Sessions lists what this caller may know of the open sessions.
	Sessions(Caller) ([]deskside.Session, error)

	// Ended says why a session of this caller ended.
	Ended(Caller, deskside.SessionID) (Ended, error)

	// Refused audits a refusal that was not the Authority's own: the request
	// could not be read.
	Refused(Caller, error)

	Live
}

// Live is the part of Authority about one live session.
type Live interface {
	// Attach makes the session active: its control stream is there.
	Attach(deskside.SessionID) (Attachment, error)

	// Beat notes that the control stream was heard.
	Beat(Attachment)

	// Lost notes that the control stream broke.
	Lost(Attachment)

	// End ends the session for a cause; a session that has ended stays as it is.
	End(deskside.SessionID, deskside.Cause)

	// Status lists the open streams of a session.
	Status(deskside.SessionID) (Status, error)
}

// Attachment is one control stream of a session. A newer one takes the place
// of an older one, whose loss then means nothing.
type Attachment struct {
	Session deskside.SessionID
	Number  uint64
	Changed <-chan struct{} // holds a value when the session changed
}

// Config is what a Service needs. Every field must be set.
type Config struct {
	Gate      deskside.Gate
	Authority Authority
	Agent     deskside.AgentID
	Log       *slog.Logger
}

// Service is the handler of 2701, until Close.
type Service struct {
	Config
	mux http.ServeMux

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // requests, also those that were upgraded
}

// New makes the service.
func New(c Config) *Service {
	s := &Service{Config: c}
	s.mux.HandleFunc("GET /hello", s.hello)
	s.mux.HandleFunc("POST /session", s.setup)
	s.mux.HandleFunc("POST /meet", s.meet)
	s.mux.HandleFunc("GET /session", s.status)
	s.mux.HandleFunc("DELETE /session", s.end)
	s.mux.HandleFunc("POST /session/control", s.attend)
	s.mux.HandleFunc("POST /session/resume", s.resume)
	s.mux.HandleFunc("GET /sessions", s.sessions)
	s.mux.HandleFunc("GET /ended", s.ended)
	return s
}

// Close waits until every request has ended, which they do when their streams
// are aborted. Later ones are refused.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// enter counts a request in, unless the service is closed.
func (s *Service) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.running.Add(1)
	}
	return !s.closed
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		wire.Refuse(w, deskside.Errorf(deskside.CodeEnded, "the agent is stopping"))
		return
	}
	defer s.running.Done()
	if transport.FromContext(r.Context()) == nil {
		wire.Refuse(w, deskside.Errorf(deskside.CodeInternal, "the request came on no authenticated stream"))
		return
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.refuse(w, r, deskside.Errorf(deskside.CodeNotFound, "%s has no %s %.100q", deskside.RCInfo, r.Method, r.URL.Path))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// refuse refuses what cannot be read, and audits that.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.Authority.Refused(caller(r), err)
	wire.Refuse(w, err)
}

// read reads a body; when it reports false, the refusal has been written.
func (s *Service) read(w http.ResponseWriter, r *http.Request, v any) bool {
	err := wire.ReadJSON(w, r, MaxBody, v)
	s.wrong(caller(r), err)
	return err == nil
}

// wrong audits err if it is about what the peer said.
func (s *Service) wrong(c Caller, err error) {
	if deskside.CodeOf(err) == deskside.CodeBadRequest {
		s.Authority.Refused(c, err)
	}
}

func caller(r *http.Request) Caller {
	stream := transport.FromContext(r.Context())
	return Caller{stream.Peer(), stream.Path()}
}

func (s *Service) hello(w http.ResponseWriter, r *http.Request) {
	wire.WriteJSON(w, s.Authority.Hello(caller(r)))
}

func (s *Service) setup(w http.ResponseWriter, r *http.Request) {
	var in Setup
	if !s.read(w, r, &in) {
		return
	}
	if err := in.Validate(); err != nil {
		s.refuse(w, r, err)
		return
	}
	out := &lineWriter{w: w}
	answer, err := s.Authority.Setup(r.Context(), caller(r), in, nil, func(a Asking) { out.write(Progress{Asking: &a}) })
	switch {
	case err == nil:
		out.write(Progress{Answer: &answer})
	case out.started:
		out.write(Progress{Error: deskside.AsError(err).From(deskside.ByAgent)})
	default:
		wire.Refuse(w, err)
	}
}

// lineWriter sends Progress lines as they come.
type lineWriter struct {
	w       http.ResponseWriter
	started bool
}

func (l *lineWriter) write(p Progress) {
	if !l.started {
		l.w.Header().Set("Content-Type", "application/x-ndjson")
		l.started = true
	}
	if json.NewEncoder(l.w).Encode(p) == nil {
		http.NewResponseController(l.w).Flush()
	}
}

func (s *Service) resume(w http.ResponseWriter, r *http.Request) {
	var in Resume
	if !s.read(w, r, &in) {
		return
	}
	answer, err := s.Authority.Resume(caller(r), in)
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	wire.WriteJSON(w, answer)
}

func (s *Service) sessions(w http.ResponseWriter, r *http.Request) {
	list, err := s.Authority.Sessions(caller(r))
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	wire.WriteJSON(w, list)
}

func (s *Service) ended(w http.ResponseWriter, r *http.Request) {
	var id deskside.SessionID
	if err := id.UnmarshalText([]byte(r.URL.Query().Get("session"))); err != nil {
		s.refuse(w, r, deskside.Errorf(deskside.CodeBadRequest, "%s", err))
		return
	}
	ended, err := s.Authority.Ended(caller(r), id)
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	wire.WriteJSON(w, ended)
}

func (s *Service) status(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.Gate, w, r)
	if !ok {
		return
	}
	status, err := s.Authority.Status(pass.Session().ID)
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	wire.WriteJSON(w, status)
}

func (s *Service) end(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.Gate, w, r)
	if !ok {
		return
	}
	id := pass.Session().ID
	s.Authority.End(id, deskside.CauseOperator)
	ended, err := s.Authority.Ended(caller(r), id)
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	wire.WriteJSON(w, ended)
}

// attend runs the control stream until the session or the stream ends. A
// request that is none leaves the control stream there is in its place.
func (s *Service) attend(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.Gate, w, r)
	if !ok {
		return
	}
	conn, err := wire.Upgrade(w, r, ControlProtocol)
	if err != nil {
		s.wrong(caller(r), err)
		return
	}
	defer conn.Close()
	c := &control{Service: s, conn: conn, lines: wire.NewLines(conn, MaxLine), pass: pass}
	if c.at, err = s.Authority.Attach(pass.Session().ID); err != nil {
		c.farewell(func() { io.Copy(io.Discard, conn) }) // it ended a moment ago
		return
	}
	heard := make(chan error, 1)
	go func() { heard <- c.listen() }()
	c.speak(heard)
}

// control is one control stream.
type control struct {
	*Service
	conn  *wire.Conn
	lines *wire.Lines
	pass  deskside.Pass
	at    Attachment
}

// listen reads the operator's lines until the stream breaks or ends the
// session.
func (c *control) listen() error {
	for {
		var line Control
		if err := c.lines.Read(&line); err != nil {
			return err
		}
		switch line.Do {
		case VerbBeat:
			c.Authority.Beat(c.at)
		case VerbEnd:
			c.Authority.End(c.at.Session, deskside.CauseOperator)
			return nil
		default:
			return deskside.Errorf(deskside.CodeBadRequest, "control: unknown verb %q", line.Do)
		}
	}
}

// LastWords is how long the agent tries to tell the cause of an end.
const LastWords = 150 * time.Millisecond

// speak writes the agent's lines, and returns once listen has.
func (c *control) speak(heard <-chan error) {
	beat := time.NewTicker(Beat)
	defer beat.Stop()
	next := c.session()
	for {
		c.conn.SetWriteDeadline(time.Now().Add(Beat))
		if err := c.lines.Write(next); err != nil {
			c.conn.Abort()
			c.lost(<-heard)
			return
		}
		select {
		case <-beat.C:
			next = Control{Do: VerbBeat}
		case <-c.at.Changed:
			next = c.session()
		case <-c.pass.Done():
			c.farewell(func() { <-heard; io.Copy(io.Discard, c.conn) })
			return
		case err := <-heard:
			if err != nil {
				c.lost(err)
				return
			}
			<-c.pass.Done()
			c.farewell(func() { io.Copy(io.Discard, c.conn) })
			return
		}
	}
}

func (c *control) session() Control {
	s := c.pass.Session()
	return Control{Do: VerbSession, Session: &s}
}

// lost notes a broken control stream. A line that cannot be read breaks it as
// well: the peer may return and do better.
func (c *control) lost(err error) {
	c.wrong(Caller{c.conn.Peer(), c.conn.Path()}, err)
	if err != nil && !errors.Is(err, io.EOF) {
		c.Log.Info("control stream broke", "session", c.at.Session, "error", err)
	}
	select {
	case <-c.pass.Done(): // it was closed, not lost
	default:
		c.Authority.Lost(c.at)
	}
}

// farewell tells the cause, best effort, and aborts what does not drain. drain
// reads what the peer still sends until it closes or the deadline is over, so
// that the last line is not lost with the stream; nothing reads after it.
func (c *control) farewell(drain func()) {
	c.conn.SetDeadline(time.Now().Add(LastWords))
	if s := c.pass.Session(); s.State == deskside.Ended {
		ended, err := c.Authority.Ended(Caller{c.conn.Peer(), c.conn.Path()}, s.ID)
		if err == nil && c.lines.Write(Control{Do: VerbEnd, Ended: &ended}) == nil {
			c.conn.CloseWrite()
		}
	} else {
		c.conn.Abort()
	}
	drain()
	c.conn.Abort()
}

// Beat is how often either side of a control stream says it is there.
const Beat = 5 * time.Second
