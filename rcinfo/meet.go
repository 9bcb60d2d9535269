package rcinfo

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"deskside"
	"deskside/identity"
	"deskside/transport"
	"deskside/wire"
)

// MeetTimeout is how long either side waits for a line of a meeting that needs
// no person.
const MeetTimeout = 15 * time.Second

// meet runs the agent's side of a first meeting.
func (s *Service) meet(w http.ResponseWriter, r *http.Request) {
	c := caller(r)
	if err := s.Authority.MayMeet(c); err != nil {
		wire.Refuse(w, err)
		return
	}
	conn, err := wire.Upgrade(w, r, MeetProtocol)
	if err != nil {
		s.wrong(c, err)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(MeetTimeout))
	lines := wire.NewLines(conn, MaxBody)
	setup, digits, err := s.exchange(conn, lines)
	if err != nil {
		s.wrong(c, err)
		s.Log.Debug("first meeting broke off", "peer", c.Key, "address", c.Path.Remote, "error", err)
		lines.Write(NonceOrError{Error: deskside.AsError(err).From(deskside.ByAgent)})
		return
	}
	conn.SetDeadline(time.Time{})
	s.askMet(conn, lines, setup, digits)
}

// exchange makes the six digits with the client.
func (s *Service) exchange(conn *wire.Conn, lines *wire.Lines) (Setup, string, error) {
	var none Setup
	var commit Commit
	if err := lines.Read(&commit); err != nil {
		return none, "", err
	}
	committed, err := bytes32("commitment", commit.Commit)
	if err != nil {
		return none, "", err
	}
	var ours identity.Nonce
	rand.Read(ours[:])
	if err := lines.Write(NonceOrError{Nonce: ours[:]}); err != nil {
		return none, "", err
	}
	var reveal Reveal
	if err := lines.Read(&reveal); err != nil {
		return none, "", err
	}
	theirs, err := bytes32("nonce", reveal.Nonce)
	if err != nil {
		return none, "", err
	}
	if !identity.Commitment(committed).Opens(theirs) {
		return none, "", deskside.Errorf(deskside.CodeBadRequest, "the nonce does not match the commitment")
	}
	if err := reveal.Setup.Validate(); err != nil {
		return none, "", err
	}
	digits, err := digitsOf(conn, theirs, ours, s.Agent, conn.Peer())
	return reveal.Setup, digits, err
}

// digitsOf computes the digits both sides share.
func digitsOf(stream transport.Stream, client, agent identity.Nonce, id deskside.AgentID, op deskside.OperatorID) (string, error) {
	secret, err := stream.Export(identity.ExporterLabel, nil, identity.ExporterSize)
	if err != nil {
		return "", err
	}
	return identity.Digits([identity.ExporterSize]byte(secret), client, agent, id, op)
}

// askMet asks for the session. The question is withdrawn when the client goes
// away, which only a read can notice; the client has nothing more to say.
func (s *Service) askMet(conn *wire.Conn, lines *wire.Lines, setup Setup, digits string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer cancel()
		var b [1]byte
		conn.Read(b[:])
	}()
	answer, err := s.Authority.Setup(ctx, Caller{conn.Peer(), conn.Path()}, setup, &digits, func(a Asking) {
		conn.SetWriteDeadline(time.Now().Add(MeetTimeout))
		lines.Write(Progress{Asking: &a})
	})
	last := Progress{Answer: &answer}
	if err != nil {
		last = Progress{Error: deskside.AsError(err).From(deskside.ByAgent)}
	}
	conn.SetDeadline(time.Now().Add(MeetTimeout))
	if lines.Write(last) == nil {
		conn.CloseWrite()
		<-gone
	}
	conn.Close()
	<-gone
}
