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
	"deskside/person"
	"deskside/rcinfo"
	"deskside/remctrl"
	"deskside/wire"
	"deskside/xfer/serve"
)

// services are the handlers of the four ports.
type services struct {
	hold     *desktop.Hold // what remote input passes through; nil: there is no screen
	info     *rcinfo.Service
	chat     *chat.Chat
	window   *person.Person // the person's side of the chat; nil: it could not be opened
	files    *serve.Service
	noDesk   bool // no chat window can be opened where the screen is
	handlers [len(deskside.Services)]http.Handler
	closers  []func() error
}

// open makes the other services.
func (s *services) open(a *Agent) {
	s.info = rcinfo.New(rcinfo.Config{Gate: a.authority, Authority: a.authority, Agent: a.ID(), Log: a.cfg.Log})
	s.closers = append(s.closers, s.info.Close)
	s.handlers[deskside.RCInfo] = s.info
	control := remctrl.New(s.control(a))
	s.closers = append(s.closers, control.Close)
	s.handlers[deskside.RemCtrl] = control
	s.handlers[deskside.Chat] = s.chat
	s.handlers[deskside.Xfer] = s.files
	for i, h := range s.handlers {
		s.handlers[i] = withPing(a.authority, h)
	}
}

// control configures remote control of the screen, if there is one.
func (s *services) control(a *Agent) remctrl.Config {
	c := remctrl.Config{Gate: a, Name: a.cfg.Settings.name(), Log: a.cfg.Log}
	if a.screen == nil {
		return c
	}
	c.Desktop, c.Input = a.screen, s.hold
	c.Clipboard = func() (toPerson, toOperator bool) {
		p, _ := a.authority.Policy()
		return p.Clipboard.ToAgent, p.Clipboard.ToOperator
	}
	return c
}

func (s *services) handler(of deskside.Service) http.Handler { return s.handlers[of] }

// farewellPatience bounds how long an agent that stops waits for its last words.
// They take no longer than rcinfo.LastWords, unless the machine is busy.
const farewellPatience = time.Second

// farewell waits until the control streams have told that the agent stops. What
// hangs in 2701 for another reason ends with its stream, soon after.
func (s *services) farewell() {
	if s.info == nil {
		return
	}
	said := make(chan struct{})
	go func() {
		defer close(said)
		s.info.Close()
	}()
	select {
	case <-said:
	case <-time.After(farewellPatience):
	}
}

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
