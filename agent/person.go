package agent

import (
	"cmp"
	"context"
	"errors"

	"deskside/chat"
	"deskside/desktop"
	"deskside/loopback"
	"deskside/person"
)

// unseen is the person before a screen that could not be opened, or shows no
// questions. They may well be there, so that nobody is let in because they are
// not; and they cannot be asked. Only the display "none" says that nobody can be
// before it.
type unseen struct{}

var errUnseen = errors.New("there is no screen to show a question on")

func (unseen) Presence() desktop.Presence { return desktop.Present }

func (unseen) Ask(context.Context, desktop.Question) (desktop.Answer, error) {
	return desktop.Answer{}, errUnseen
}

func (unseen) SetBar([]desktop.BarEntry)            {}
func (unseen) BarActions() <-chan desktop.BarAction { return nil }

// desk is where the chat's windows open: on the display that the settings
// name. nil is nowhere.
func (a *Agent) desk() *loopback.Desk {
	d, err := a.cfg.Desk, error(nil)
	if d == nil && a.cfg.Screen == nil && a.screen != nil {
		if d, err = deskOf(a.cfg.Settings.Display, a.cfg.Settings.User); err != nil {
			a.cfg.Log.Warn("the chat opens no window here", "error", err)
		}
	}
	r, ok := a.person.(desktop.Roomer)
	if d == nil || d.Room != nil || !ok {
		return d
	}
	beside := *d
	beside.Room = func() loopback.Room {
		free, scale := r.Room()
		return loopback.Room{X: free.X0, Y: free.Y0, W: free.W(), H: free.H(), Scale: scale}
	}
	return &beside
}

// NoChatAtDesk is how the operator's chat names a person before whose screen no
// chat window can be opened: nobody is there to read.
const NoChatAtDesk = "nobody (no chat window opens at the screen)"

// beginChat makes the chat, which the authority tells of its sessions before it
// is there itself, and the person's side of it. Without the latter the
// operators' side is served all the same.
func (s *services) beginChat(a *Agent) {
	desk, user := a.desk(), loopback.Self()
	s.noDesk = desk == nil
	if desk != nil && desk.User != nil {
		user = desk.User
	}
	name := cmp.Or(user.Full, user.Name)
	if s.noDesk && a.screen != nil {
		name = NoChatAtDesk
	}
	s.chat = chat.New(chat.Config{
		Gate: a, Log: a.cfg.Log,
		Person:        func() string { return name },
		AuditMessages: func() bool { p, _ := a.authority.Policy(); return p.AuditChat },
	})
	s.closers = append(s.closers, s.chat.Close)
	p, err := person.New(person.Config{Chat: s.chat, Desk: desk, Log: a.cfg.Log})
	if err != nil {
		a.cfg.Log.Error("the person cannot chat", "error", err)
		return
	}
	s.window = p
	s.closers = append(s.closers, p.Close)
}

// ChatSocket is the path of the Unix socket where programs of the person's
// join the chat, "" where there is none.
func (a *Agent) ChatSocket() string {
	if a.services.window == nil {
		return ""
	}
	return a.services.window.Socket()
}
