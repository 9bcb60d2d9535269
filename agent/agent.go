package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"

	"deskside"
	"deskside/access"
	"deskside/audit"
	"deskside/authority"
	"deskside/desktop"
	"deskside/identity"
	"deskside/loopback"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/wire"
	"deskside/xfer/serve"
)

// Screen is a desktop with input. Where it is a desktop.Person as well, the
// person before it can be asked; a desktop.Clipboarder serves the clipboard.
type Screen interface {
	desktop.Desktop
	desktop.Input
}

// Config is what an agent runs with.
type Config struct {
	Dir      string // the agent's folder, which Init made
	Settings Settings

	// Identity is the agent's key; nil loads it from Dir.
	Identity *identity.Identity

	// Policy is in force for good; nil reads policy.toml and watches it.
	Policy *access.Policy

	// Screen is the desktop to show; nil opens Settings.Display. The agent
	// closes it.
	Screen Screen

	// Attended says that somebody is before the screen, and asked it to be
	// shown: without a screen Start fails, with CodeNoDesktop.
	Attended bool

	// Desk is where the chat's windows open; nil is the display that
	// Settings.Display names, and nowhere with a Screen of one's own.
	Desk *loopback.Desk

	Log *slog.Logger // nil discards
}

// Agent runs on the machine that is helped, from Start to Close.
type Agent struct {
	cfg       Config
	id        *identity.Identity
	log       *audit.Log
	screen    Screen         // nil: there is none
	person    desktop.Person // nil: nobody can be asked
	authority *authority.Authority
	policy    []byte // the digest of the file that is in force
	services  services
	listeners []*transport.Listener
	servers   []*http.Server
	ports     deskside.Ports

	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

// Start opens the folder, the audit, the screen and the endpoints, in this
// order, and begins to serve. Close alone ends all of it, so that an operator is
// told before the streams are gone; the end of ctx does not.
func Start(ctx context.Context, c Config) (_ *Agent, err error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{cfg: c, stop: stop}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err := checkProgram(); err != nil {
		return nil, err
	}
	if a.id = c.Identity; a.id == nil {
		if a.id, err = identity.Load(filepath.Join(c.Dir, KeyFile)); err != nil {
			return nil, err
		}
	}
	if a.log, err = openAudit(c.Dir); err != nil {
		return nil, err
	}
	if a.screen, err = a.openScreen(); err != nil {
		return nil, err
	}
	if err := a.judge(); err != nil {
		return nil, err
	}
	if err := a.begin(ctx); err != nil {
		return nil, err
	}
	if err := a.serve(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// openAudit opens the audit in the agent's folder. One that is in use is how a
// second agent of the same folder is noticed.
func openAudit(dir string) (*audit.Log, error) {
	l, err := audit.Open(audit.Config{Dir: filepath.Join(dir, AuditDir)})
	if errors.Is(err, audit.ErrLocked) {
		return nil, deskside.Errorf(deskside.CodeConflict, "an agent runs from %q already", dir).
			Hint("End that one, or give this one a folder of its own with --dir.")
	}
	return l, err
}

// openScreen gives the configured screen. A display that cannot be opened is
// no reason not to serve the other tools, unless somebody is to be there: the
// agent says so and goes on.
func (a *Agent) openScreen() (Screen, error) {
	if a.cfg.Screen != nil {
		return a.cfg.Screen, nil
	}
	none := a.cfg.Settings.Display == "none"
	if none && !a.cfg.Attended {
		return nil, nil
	}
	var s Screen
	err := errNoDisplay
	if !none {
		s, err = openDesktop(a.cfg.Settings.Display, a.cfg.Log)
	}
	switch {
	case err == nil:
		return s, nil
	case a.cfg.Attended:
		return nil, deskside.Errorf(deskside.CodeNoDesktop, "there is no screen to show: %w", err)
	}
	a.cfg.Log.Warn("there is no screen to show; the other tools are served, to whoever needs no consent. "+
		"Where there never is a screen, say so with the display \"none\"", "error", err)
	return nil, nil
}

var errNoDisplay = errors.New(`the display is "none"`)

// judge makes the authority, with the policy in place.
func (a *Agent) judge() error {
	policy := a.cfg.Policy
	if policy == nil {
		path := filepath.Join(a.cfg.Dir, PolicyFile)
		a.policy = digest(path) // before it is read: a change after this is noticed
		var err error
		if policy, err = readPolicy(path); err != nil {
			return fmt.Errorf("%w; nothing is served until it is mended", err)
		}
	}
	c := authority.Config{
		Audit:   auditor{a.log, a.id},
		Policy:  policy,
		Hello:   a.hello,
		Changed: a.show,
		Log:     a.cfg.Log,
	}
	if a.screen != nil {
		hold := desktop.NewHold(a.screen)
		a.services.hold = hold
		if person, ok := a.screen.(desktop.Person); ok {
			a.person = person
			c.Person = hold.Asking(person)
		}
	}
	if c.Person == nil && a.cfg.Settings.Display != "none" {
		c.Person = unseen{}
	}
	a.services.files = serve.New(a.files())
	a.services.beginChat(a)
	a.authority = authority.New(c)
	return nil
}

// begin writes that the agent is there, before anybody can reach it, and starts
// what watches.
func (a *Agent) begin(ctx context.Context) error {
	if _, err := a.log.Append(ctx, deskside.Event{Kind: deskside.EventAgentStart, Words: "deskside " + deskside.Version}); err != nil {
		return err
	}
	a.run(func() { a.authority.Run(ctx) })
	if a.cfg.Policy == nil {
		a.run(func() { a.watchPolicy(ctx) })
	}
	if a.person != nil {
		a.run(func() { a.watchBar(ctx) })
	}
	return nil
}

// run starts a task that Close waits for.
func (a *Agent) run(task func()) {
	a.tasks.Add(1)
	go func() {
		defer a.tasks.Done()
		task()
	}()
}

// serve listens on every endpoint, and answers on none before all are open: the
// first answer tells all ports.
func (a *Agent) serve(ctx context.Context) error {
	ports, err := deskside.ParsePorts(a.cfg.Settings.Ports)
	if err != nil {
		return deskside.Errorf(deskside.CodeBadRequest, "%w", err)
	}
	a.ports = ports
	a.services.open(a)
	begin := []func(){}
	for _, s := range deskside.Services {
		tasks, err := a.listen(ctx, s)
		if err != nil {
			return err
		}
		begin = append(begin, tasks...)
	}
	for _, task := range begin {
		a.run(task)
	}
	return nil
}

// listen opens one service on all configured hosts, and gives the tasks that
// serve it.
func (a *Agent) listen(ctx context.Context, s deskside.Service) (tasks []func(), err error) {
	tcp, udp, err := a.cfg.Settings.carriers()
	if err != nil {
		return nil, err
	}
	hosts := a.cfg.Settings.Listen
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	server := wire.Server(a.services.handler(s), a.cfg.Log)
	a.servers = append(a.servers, server)
	for _, host := range hosts {
		l, err := transport.Listen(ctx, transport.Config{
			Identity: a.id, Service: s, Addr: joinHostPort(host, a.ports.Of(s)), TCP: tcp, UDP: udp,
		})
		if err != nil {
			return nil, err
		}
		a.listeners = append(a.listeners, l)
		a.ports[s] = l.Port()
		tasks = append(tasks, func() {
			if err := wire.Serve(ctx, server, l); err != nil && ctx.Err() == nil {
				a.cfg.Log.Error("the service stopped", "service", s, "error", err)
			}
		})
	}
	return tasks, nil
}

// ID gives the agent's ID.
func (a *Agent) ID() deskside.AgentID { return a.id.ID() }

// Ports gives the ports the agent listens on.
func (a *Agent) Ports() deskside.Ports { return a.ports }

// Sessions copies the sessions that have not ended.
func (a *Agent) Sessions() []deskside.Session { return a.authority.Open() }

// Notice shows the person a window, with the sessions that are open, until they
// close it, the context ends or the agent is closed; see desktop.Noticer. Its
// end ends nothing else.
func (a *Agent) Notice(ctx context.Context, n desktop.Notice) error {
	s, ok := a.screen.(desktop.Noticer)
	if !ok {
		return deskside.Errorf(deskside.CodeNoDesktop, "there is no screen that shows notices")
	}
	return s.Notice(ctx, n)
}

// Close ends every session and all that Start began, and waits for it.
func (a *Agent) Close() error {
	a.once.Do(a.close)
	return nil
}

func (a *Agent) close() {
	if a.authority != nil {
		a.authority.Close()
		a.services.farewell()
	}
	a.stop()
	for _, s := range a.servers {
		s.Close()
	}
	for _, l := range a.listeners {
		l.Close()
	}
	a.services.close()
	a.tasks.Wait()
	if a.screen != nil {
		a.screen.Close()
	}
	if a.log != nil {
		a.log.Append(context.Background(), deskside.Event{Kind: deskside.EventAgentStop})
		a.log.Close()
	}
}

// Admit is of deskside.Gate: the services ask the authority through the agent,
// which has one once all of it is there.
func (a *Agent) Admit(t deskside.Ticket, s deskside.Stream) (deskside.Pass, error) {
	return a.authority.Admit(t, s)
}

// hello is what a permitted operator is told.
func (a *Agent) hello() rcinfo.Hello {
	h := rcinfo.Hello{
		Agent: a.ID(), Protocol: deskside.ProtocolVersion, Version: deskside.Version,
		Name: a.cfg.Settings.name(), Platform: deskside.Platform, Ports: make(map[string]int),
	}
	for _, s := range deskside.Services {
		h.Ports[s.String()] = int(a.ports.Of(s))
	}
	if a.screen != nil {
		l := a.screen.Layout()
		h.Desktop = fmt.Sprintf("%dx%d", l.W, l.H)
		for _, s := range l.Screens {
			b := s.Bounds
			h.Screens = append(h.Screens, rcinfo.Screen{ID: s.ID, Name: s.Name, X: b.X0, Y: b.Y0, W: b.W(), H: b.H()})
		}
	}
	return h
}

// auditor is the audit as the authority needs it.
type auditor struct {
	log *audit.Log
	id  *identity.Identity
}

func (a auditor) Append(ctx context.Context, events ...deskside.Event) error {
	_, err := a.log.Append(ctx, events...)
	return err
}

// SignedHead signs the head, as the operator gets it at a session's end.
func (a auditor) SignedHead() (string, error) {
	return signHead(a.log, a.id)
}
