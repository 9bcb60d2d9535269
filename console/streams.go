package console

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"deskside"
	"deskside/loopback"
)

// The subprotocols of the page's WebSockets.
const (
	protocolEvents  = "deskside.events"
	protocolPicture = "deskside.picture"
	protocolChat    = "deskside.chat"
)

// events is the stream of notices: a hello with everything, then each change.
func (c *Console) events(w http.ResponseWriter, r *http.Request) error {
	s, err := loopback.Upgrade(w, r, protocolEvents, maxText)
	if err != nil {
		return errAnswered
	}
	defer s.Close("")
	p, ok := c.desk.hub.join(c.hello)
	if !ok {
		return errAnswered
	}
	defer c.desk.hub.leave(p)
	ctx, cancel := context.WithCancel(r.Context())
	var reader sync.WaitGroup
	reader.Go(func() {
		defer cancel()
		for { // the page sends nothing; reading notices that it has gone
			if _, err := s.Read(ctx); err != nil {
				return
			}
		}
	})
	defer reader.Wait()
	defer cancel()
	for {
		select {
		case text, ok := <-p.notices:
			if !ok || s.Write(ctx, text) != nil {
				return errAnswered
			}
		case <-ctx.Done():
			return errAnswered
		}
	}
}

func (c *Console) hello() notice {
	list, err := c.desk.machines()
	if err != nil {
		c.log.Warn("the address book cannot be read", "error", err)
	}
	kept, err := c.cfg.Backend.Kept()
	if err != nil {
		c.log.Warn("what the page keeps cannot be read", "error", err)
	}
	return notice{
		Kept: kept, Type: "hello", Version: c.cfg.Version, Operator: c.cfg.Backend.Operator().String(),
		Open: c.cfg.Open, Machines: list, Tabs: c.desk.views(), Here: c.herePath(), Queue: c.queue.List(),
	}
}

// picture joins a binary WebSocket to the session's RFB stream.
func (c *Console) picture(w http.ResponseWriter, r *http.Request, t *tab) error {
	session, err := t.live()
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := View{Screen: q.Get("screen"), ViewOnly: q.Get("view_only") == "1", Name: q.Get("name")}
	if err := v.check(); err != nil {
		return err
	}
	s, err := loopback.Upgrade(w, r, protocolPicture, maxPicture)
	if err != nil {
		return errAnswered
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	far, err := session.RFB(ctx, v)
	if err != nil {
		s.Close(deskside.AsError(err).Words)
		return errAnswered
	}
	defer far.Close()
	near := s.NetConn(ctx, false)
	defer s.Close("")
	stop := context.AfterFunc(t.ctx, func() { far.Close() })
	defer stop()
	var back sync.WaitGroup
	back.Go(func() {
		defer far.Close()
		io.Copy(far, near)
	})
	io.Copy(near, far)
	near.Close()
	back.Wait()
	return errAnswered
}

// steer makes a picture that is open show something else, or take the page's
// input or not.
func (c *Console) steer(w http.ResponseWriter, r *http.Request, t *tab) error {
	session, err := t.live()
	if err != nil {
		return err
	}
	var v View
	if err := readJSON(w, r, &v); err != nil {
		return err
	}
	if err := v.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), steerLimit)
	defer cancel()
	if err := session.Steer(ctx, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// check refuses what cannot be a view; whether there is such a screen the far
// side knows.
func (v *View) check() error {
	if len(v.Screen) > maxScreenID || strings.Trim(v.Screen, "0123456789") != "" {
		return deskside.Errorf(deskside.CodeBadRequest, "%.20q is not the number of a screen", v.Screen)
	}
	if len(v.Name) > maxViewName {
		return deskside.Errorf(deskside.CodeBadRequest, "%.20q is too long a name", v.Name)
	}
	return nil
}

// screens lists the machine's screens; there is no content when the session
// ends meanwhile, which the events tell.
func (c *Console) screens(w http.ResponseWriter, r *http.Request, t *tab) error {
	session, err := t.live()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), screensLimit)
	defer cancel()
	list, err := session.Screens(ctx)
	if err != nil {
		if state := session.Info().State; state == deskside.Suspended || state == deskside.Ended {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return err
	}
	return writeJSON(w, list)
}

const (
	maxScreenID  = 10 // digits
	maxViewName  = 32
	screensLimit = 10 * time.Second
	steerLimit   = 5 * time.Second
)

// chatAsk is what the page sends on the chat's WebSocket.
type chatAsk struct {
	Do   string `json:"do"` // "send", "typing", "seen"
	ID   string `json:"id"`
	Text string `json:"text"`
	On   bool   `json:"on"`
	Seq  uint64 `json:"seq"`
}

// chat joins a WebSocket of text to the session's conversation.
func (c *Console) chat(w http.ResponseWriter, r *http.Request, t *tab) error {
	session, err := t.live()
	if err != nil {
		return err
	}
	s, err := loopback.Upgrade(w, r, protocolChat, maxText)
	if err != nil {
		return errAnswered
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	talk, err := session.Chat(ctx)
	if err != nil {
		s.Close(deskside.AsError(err).Words)
		return errAnswered
	}
	defer talk.Close()
	defer s.Close("")
	stop := context.AfterFunc(t.ctx, cancel)
	defer stop()
	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		tellChat(ctx, talk, s)
	})
	defer writer.Wait()
	defer cancel()
	for {
		text, err := s.Read(ctx)
		if err != nil {
			return errAnswered
		}
		if refused := askChat(talk, text); refused != nil {
			tell(ctx, s, *refused)
		}
	}
}

// tellChat passes what happens in the conversation to the page.
func tellChat(ctx context.Context, talk Chat, s *loopback.Socket) {
	for {
		e, err := talk.Next(ctx)
		if err != nil {
			return
		}
		if tell(ctx, s, e) != nil {
			return
		}
	}
}

func tell(ctx context.Context, s *loopback.Socket, e ChatEvent) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return s.Write(ctx, text)
}

// askChat does what the page asks, or gives the refusal.
func askChat(talk Chat, text []byte) *ChatEvent {
	var ask chatAsk
	err := json.Unmarshal(text, &ask)
	if err != nil {
		err = deskside.Errorf(deskside.CodeBadRequest, "read the chat request: %w", err)
	}
	switch {
	case err != nil:
	case ask.Do == "send":
		err = talk.Send(ask.ID, ask.Text)
	case ask.Do == "typing":
		talk.Typing(ask.On)
	case ask.Do == "seen":
		talk.Seen(ask.Seq)
	default:
		err = deskside.Errorf(deskside.CodeBadRequest, "unknown chat request %q", ask.Do)
	}
	if err == nil {
		return nil
	}
	return &ChatEvent{Kind: ChatRefused, ID: ask.ID, Error: deskside.AsError(err)}
}
