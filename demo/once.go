package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskside"
	"deskside/agent"
	"deskside/audit"
	"deskside/chat"
	"deskside/client"
	"deskside/internal/sockets"
	"deskside/person"
	"deskside/xfer"
)

// Step is something that a scripted session did, and how long it took.
type Step struct {
	Transport deskside.Transport `json:"transport,omitempty"`
	What      string             `json:"what"`
	Took      float64            `json:"ms"`
}

// script is the running of scripted sessions.
type script struct {
	*stage
	dir   string // the agent's
	over  deskside.Transport
	steps []Step
}

// once does one session over each transport, and fails unless all of it held.
func (s *stage) once(ctx context.Context) ([]Step, error) {
	dir, err := s.agentDir(false)
	if err != nil {
		return nil, err
	}
	run := &script{stage: s, dir: dir}
	for _, t := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		run.over = t
		if err := run.pass(ctx); err != nil {
			return nil, fmt.Errorf("over %s: %w", t, err)
		}
	}
	run.over = ""
	began := time.Now()
	if err := run.did(run.checkAudit(), "the audit is whole and has all four services over both transports", began); err != nil {
		return nil, err
	}
	return run.steps, nil
}

// did notes what was done since began, unless err says that it was not.
func (s *script) did(err error, what string, began time.Time) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	took := float64(time.Since(began).Microseconds()) / 1000
	s.steps = append(s.steps, Step{s.over, what, took})
	if s.cfg.Did != nil {
		s.cfg.Did(s.steps[len(s.steps)-1])
	}
	return nil
}

// pass does one session over one transport.
func (s *script) pass(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	began := time.Now()
	g, m, err := s.startAgent(ctx, s.dir, string(s.over))
	if err := s.did(err, "an agent serves four endpoints of this transport", began); err != nil {
		return err
	}
	defer s.stop(m)
	began = time.Now()
	if err := s.did(s.checkSockets(m, &g), "it has no socket of the other transport", began); err != nil {
		return err
	}
	if err := s.client.Trust(g.host(), g.ID); err != nil {
		return err
	}
	began = time.Now()
	if err := s.did(s.checkNoFallback(ctx, &g), "the other transport, forced, is not reachable and does not fall back", began); err != nil {
		return err
	}
	session, err := s.setUp(ctx, &g)
	if err != nil {
		return err
	}
	err = session.During(ctx, func(ctx context.Context) error { return s.work(ctx, session, &g) })
	if err != nil {
		return err
	}
	return s.did(nil, "the session ended: "+session.Ended().Words, time.Now())
}

// work is what the session is for.
func (s *script) work(ctx context.Context, session *client.Session, g *greeting) error {
	if err := s.seeAKey(ctx, session); err != nil {
		return err
	}
	if err := s.talk(ctx, session, g.Chat); err != nil {
		return err
	}
	return s.copyThereAndBack(ctx, session)
}

// checkSockets holds the agent to the one transport it was told.
func (s *script) checkSockets(m *member, g *greeting) error {
	held, err := sockets.Held(m.cmd.Process.Pid)
	if err != nil {
		return err
	}
	open := 0
	for _, h := range held {
		if h.Transport != s.over {
			return fmt.Errorf("the agent holds %s %s", h.Transport, h.Local)
		}
		for _, p := range g.Ports {
			if h.Local.Port() == p {
				open++
			}
		}
	}
	if open != len(deskside.Services) {
		return fmt.Errorf("the agent holds %d of its endpoints, want %d", open, len(deskside.Services))
	}
	return nil
}

// checkNoFallback forces the transport that nobody serves.
func (s *script) checkNoFallback(ctx context.Context, g *greeting) error {
	other := deskside.TCP
	if s.over == deskside.TCP {
		other = deskside.UDP
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	a, err := s.client.Reach(ctx, g.host(), other)
	if err == nil {
		a.Close()
		return fmt.Errorf("forced to %s, the agent was reached over %s", other, a.Path().Transport)
	}
	if code := deskside.CodeOf(err); code != deskside.CodeUnreachable {
		return fmt.Errorf("got %q, want %q: %w", code, deskside.CodeUnreachable, err)
	}
	return nil
}

func (s *script) setUp(ctx context.Context, g *greeting) (*client.Session, error) {
	began := time.Now()
	a, err := s.client.Reach(ctx, g.host(), s.over)
	if err == nil && a.Path().Transport != s.over {
		a.Close()
		err = fmt.Errorf("reached over %s", a.Path().Transport)
	}
	if err := s.did(err, "the agent was reached and its key checked", began); err != nil {
		return nil, err
	}
	began = time.Now()
	session, err := a.Setup(ctx, client.Request{Rights: deskside.AllRights, Reason: "demo over " + string(s.over)})
	if err != nil {
		a.Close()
	}
	return session, s.did(err, "a session was set up", began)
}

// talk says something each way. The person's side speaks through the same
// socket as their chat window.
func (s *script) talk(ctx context.Context, session *client.Session, socket string) error {
	if socket == "" {
		return errors.New("the agent serves no chat to the person")
	}
	operator := session.Chat()
	defer operator.Close()
	theirs := person.NewClient(socket, session.Info().ID)
	defer theirs.Close()
	began := time.Now()
	if err := s.did(say(ctx, operator, theirs, "Hello, it is the helpdesk. ☎"), "a chat line reached the person", began); err != nil {
		return err
	}
	began = time.Now()
	return s.did(say(ctx, theirs, operator, "The printer says „Papierstau“."), "the person's answer reached the operator", began)
}

// say sends a line from one side and waits for it on both.
func say(ctx context.Context, from, to *chat.Client, text string) error {
	if _, err := from.Send(text); err != nil {
		return err
	}
	for _, side := range []*chat.Client{from, to} {
		if err := hear(ctx, side, text); err != nil {
			return err
		}
	}
	return nil
}

// hear waits until a side has the line.
func hear(ctx context.Context, side *chat.Client, text string) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m, ok := <-side.Updates():
			switch {
			case !ok:
				return side.Err()
			case m.Type == chat.Refused:
				return m.Error
			case m.Type == chat.Message && m.Text == text:
				return nil
			}
		}
	}
}

const demoFileSize = 8 << 20

// copyThereAndBack sends a file of random bytes and fetches it again.
func (s *script) copyThereAndBack(ctx context.Context, session *client.Session) error {
	data := make([]byte, demoFileSize)
	rand.Read(data)
	name := "from-operator-" + string(s.over) + ".bin"
	there, back := filepath.Join(s.stage.dir, name), filepath.Join(s.stage.dir, "back-"+name)
	if err := os.WriteFile(there, data, 0o600); err != nil {
		return err
	}
	x := session.Files()
	began := time.Now()
	sent, err := x.Put(ctx, there, name, xfer.Options{})
	if err := s.did(err, "a file of 8 MiB was copied to the agent", began); err != nil {
		return err
	}
	began = time.Now()
	fetched, err := x.Get(ctx, name, back, xfer.Options{})
	if err == nil {
		got, readErr := os.ReadFile(back)
		if err = readErr; err == nil && (!slices.Equal(got, data) || sent.Hash != fetched.Hash) {
			err = fmt.Errorf("it is not the same: %s went, %s came", sent.Hash, fetched.Hash)
		}
	}
	return s.did(err, "and back, with the same hash "+sent.Hash.String()[:16]+"…", began)
}

// checkAudit wants the chain whole, up to the heads that the agent signed, and
// each service recorded over each transport.
func (s *script) checkAudit() error {
	dir := filepath.Join(s.dir, agent.AuditDir)
	heads, err := audit.ReadHeads(filepath.Join(s.stage.dir, "operator", "heads.jsonl"))
	if err != nil {
		return err
	}
	report, err := audit.Verify(dir, heads...)
	if err != nil {
		return err
	}
	if !report.Whole() || len(heads) < 2 {
		return fmt.Errorf("%d heads, breaks: %v", len(heads), report.Breaks)
	}
	seen := make(map[string]bool)
	for entry, err := range audit.Read(dir, audit.Filter{}) {
		if err != nil {
			return err
		}
		seen[string(entry.Event.Kind)+" "+string(entry.Event.Transport)] = true
	}
	missing := []string{}
	for _, kind := range []deskside.EventKind{deskside.EventBegin, deskside.EventControl, deskside.EventChat, deskside.EventTransfer} {
		for _, t := range []deskside.Transport{deskside.TCP, deskside.UDP} {
			if name := string(kind) + " " + string(t); !seen[name] {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("it lacks %s", strings.Join(missing, ", "))
	}
	return nil
}
