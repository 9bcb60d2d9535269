package agent

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"

	"deskside"
	"deskside/audit"
	"deskside/chat"
	"deskside/desktop"
	"deskside/identity"
	"deskside/rcinfo"
	"deskside/wire"
)

// services are the handlers of the four ports.
type services struct {
	hold     *desktop.Hold // what remote input passes through; nil: there is no screen
	chat     *chat.Chat
	handlers [len(deskside.Services)]http.Handler
	closers  []func() error
}

// begin makes what the authority tells of its sessions, before it is there.
func (s *services) begin(a *Agent) {
	s.chat = chat.New(chat.Config{
		Gate: a, Log: a.cfg.Log,
		AuditMessages: func() bool { p, _ := a.authority.Policy(); return p.AuditChat },
	})
	s.closers = append(s.closers, s.chat.Close)
}

// open makes the other services.
func (s *services) open(a *Agent) {
	s.handlers[deskside.RCInfo] = rcinfo.New(rcinfo.Config{
		Gate: a.authority, Authority: a.authority, Agent: a.ID(), Log: a.cfg.Log,
	})
	s.handlers[deskside.Chat] = s.chat
	for i, h := range s.handlers {
		if h == nil {
			h = http.NotFoundHandler()
		}
		s.handlers[i] = withPing(a.authority, h)
	}
}

func (s *services) handler(of deskside.Service) http.Handler { return s.handlers[of] }

func (s *services) close() {
	for _, c := range s.closers {
		c()
	}
}

// withPing answers GET /ping on any service: 204 to a live ticket. It measures
// the round trip of the stream, and that the endpoint serves.
func withPing(g deskside.Gate, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/ping" {
			h.ServeHTTP(w, r)
			return
		}
		if _, ok := wire.Admit(g, w, r); ok {
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

// signHead signs the audit's head as it stands.
func signHead(log *audit.Log, id *identity.Identity) (string, error) {
	signed, err := audit.Sign(id.Signer(), log.Head(), time.Now())
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(signed)
	return string(text), err
}

func joinHostPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
