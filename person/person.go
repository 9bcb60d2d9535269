package person

import (
	"log/slog"
	"sync"
	"time"

	"deskside"
	"deskside/chat"
	"deskside/loopback"
)

// Config is what the person's side needs.
type Config struct {
	Chat *chat.Chat

	// Desk is where windows open, and whose user the chat is for. nil is
	// nowhere: only the socket is there, for the user of this process.
	Desk *loopback.Desk

	// Terminal is the program for a terminal window, to which the socket's
	// path and the session's ID are added. nil is this program with
	// "person-chat": the one that runs, whatever its file's name leads to by
	// then.
	Terminal []string

	// Patience is how long a browser may take until the page is there, before
	// a terminal takes its place; 0 is 20 s.
	Patience time.Duration

	Log *slog.Logger // nil discards
}

// view is what the browser shows the person.
//
//	none ──► starting ──► page ◄──► away ──► none
//	             │
//	             └──► given up: a terminal for each session instead
//
// A browser that ends, or whose page does not come within the patience, is
// given up for good. A page that goes may be loading again, so it is away for
// a moment before its window counts as closed.
type view uint8

const (
	none view = iota
	starting
	page
	away
	givenUp
)

// awayTime is how long a page may take to load again.
const awayTime = 3 * time.Second

// Person opens the windows and serves the page. One goroutine owns the view.
type Person struct {
	cfg     Config
	log     *slog.Logger
	self    self
	socket  *loopback.Server // for programs of the user's
	changed <-chan struct{}
	forget  func()
	want    chan deskside.SessionID
	visits  chan struct{}           // pages came or went
	left    chan deskside.SessionID // a terminal ended
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once

	mu    sync.Mutex
	pages map[*visitor]struct{}

	// Owned by run.
	view      view
	session   deskside.SessionID // for which the browser was started
	browser   *loopback.Window
	terminals map[deskside.SessionID]*loopback.Window
	server    *loopback.Server              // for browsers, from the first window on
	timer     *time.Timer                   // of starting and away
	opened    map[deskside.SessionID]uint64 // for which message a window was opened last
	ending    sync.WaitGroup                // goroutines that wait for windows
}

// New opens the socket and waits for messages, until Close.
func New(cfg Config) (*Person, error) {
	s := &Person{
		cfg:    cfg,
		log:    cfg.Log,
		want:   make(chan deskside.SessionID),
		visits: make(chan struct{}, 1),
		left:   make(chan deskside.SessionID),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		pages:  make(map[*visitor]struct{}),
		opened: make(map[deskside.SessionID]uint64),

		terminals: make(map[deskside.SessionID]*loopback.Window),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.Patience == 0 {
		s.cfg.Patience = 20 * time.Second
	}
	var err error
	if s.self, err = findSelf(); err != nil {
		s.log.Warn("the agent's own program cannot be found", "error", err)
	}
	if s.socket, err = loopback.New(loopback.Config{
		Addr: loopback.UnixOnly, Unix: true, User: s.user(), Handler: s.handler(false), Log: s.log,
	}); err != nil {
		return nil, err
	}
	s.timer = time.NewTimer(time.Hour)
	s.timer.Stop()
	s.changed, s.forget = cfg.Chat.Watch()
	go s.run()
	return s, nil
}

// Socket is the path of the Unix socket, for Dial and Rooms.
func (s *Person) Socket() string { return s.socket.UnixPath() }

// Open shows the chat of a session: the person pressed Chat. It returns at
// once.
func (s *Person) Open(id deskside.SessionID) {
	select {
	case s.want <- id:
	case <-s.stop:
	}
}

// Close ends the windows and the page and waits for them.
func (s *Person) Close() error {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	return nil
}

// run owns the view.
func (s *Person) run() {
	defer close(s.done)
	defer s.shut()
	for {
		select {
		case <-s.stop:
			return
		case id := <-s.want:
			s.show(id)
		case <-s.changed:
			s.announce()
		case <-s.visits:
			s.count()
		case <-s.browserEnded():
			s.loseBrowser()
		case id := <-s.left:
			delete(s.terminals, id)
			s.closed()
		case <-s.timer.C:
			s.timeOut()
		}
	}
}

// shut ends all that was opened.
func (s *Person) shut() {
	s.forget()
	s.timer.Stop()
	s.closeBrowser()
	for _, w := range s.terminals {
		w.Close()
	}
	s.ending.Wait()
	if s.server != nil {
		s.server.Close()
	}
	s.socket.Close()
}

// announce opens a window for the first message that nobody is there to read,
// and again for each that comes after the person closed it.
func (s *Person) announce() {
	rooms := s.cfg.Chat.Rooms()
	live := make(map[deskside.SessionID]uint64, len(rooms))
	for _, r := range rooms {
		id := r.Session.ID
		live[id] = s.opened[id]
		if r.Unread > 0 && r.Pages == 0 && r.Last > live[id] && s.canOpen(id) {
			live[id] = r.Last
			s.open(id)
		}
	}
	s.opened = live
}

// canOpen reports whether no window for a session is there or on its way.
func (s *Person) canOpen(id deskside.SessionID) bool {
	return s.view == none || s.view == givenUp && s.terminals[id] == nil
}

// show turns the person to a session's chat.
func (s *Person) show(id deskside.SessionID) {
	s.mu.Lock()
	for v := range s.pages {
		v.show(id)
	}
	s.mu.Unlock()
	if s.canOpen(id) {
		s.open(id)
	}
}

// count follows the pages that come and go.
func (s *Person) count() {
	s.mu.Lock()
	n := len(s.pages)
	s.mu.Unlock()
	switch {
	case n > 0 && (s.view == starting || s.view == away):
		s.timer.Stop()
		s.view = page
	case n == 0 && s.view == page:
		s.timer.Reset(awayTime)
		s.view = away
	}
}

// timeOut is when a page has not come, or not come back.
func (s *Person) timeOut() {
	switch s.view {
	case starting:
		s.log.Warn("the browser did not come to the chat page", "patience", s.cfg.Patience)
		s.giveUp()
	case away:
		s.closeBrowser()
		s.view = none
		s.closed()
	}
}

// closed is when the person closed a window, and so what they have read there of
// sessions that ended.
func (s *Person) closed() {
	if len(s.terminals) == 0 {
		s.cfg.Chat.ForgetRead()
	}
	s.announce()
}

// browserEnded is closed when the browser's program has ended.
func (s *Person) browserEnded() <-chan struct{} {
	if s.browser == nil {
		return nil
	}
	return s.browser.Ended()
}

// loseBrowser is when the browser's program has ended by itself. One that is
// not ours alone may have passed the page on.
func (s *Person) loseBrowser() {
	own := s.browser.Own()
	s.browser = nil
	switch {
	case own && s.view == starting:
		s.log.Warn("the browser ended before the chat page was there")
		s.giveUp()
	case own:
		s.timer.Stop()
		s.view = none
		s.closed()
	}
}

// giveUp has terminals instead of the browser from now on.
func (s *Person) giveUp() {
	s.closeBrowser()
	s.view = givenUp
	s.open(s.session)
}

// closeBrowser lets go of the browser. Its program may take a moment to end.
func (s *Person) closeBrowser() {
	s.timer.Stop()
	if w := s.browser; w != nil {
		s.browser = nil
		s.ending.Go(func() { w.Close() })
	}
}

// open opens a window for a session: a browser or, without one, a terminal.
func (s *Person) open(id deskside.SessionID) {
	if s.cfg.Desk == nil {
		return
	}
	s.session = id
	if s.view == none {
		err := s.openBrowser()
		if err == nil {
			return
		}
		s.log.Warn("no browser for the chat page", "error", err)
		s.view = givenUp
	}
	if err := s.openTerminal(id); err != nil {
		s.log.Error("no window for the chat", "error", err)
	}
}

func (s *Person) openBrowser() error {
	if !s.cfg.Desk.HasBrowser() {
		return deskside.Errorf(deskside.CodeNotFound, "no browser found")
	}
	if err := s.servePage(); err != nil {
		return err
	}
	file, err := s.server.LaunchFile()
	if err != nil {
		return err
	}
	if s.browser, err = s.cfg.Desk.OpenBrowser(file); err != nil {
		return err
	}
	s.view = starting
	s.timer.Reset(s.cfg.Patience)
	return nil
}

// servePage begins to serve the page, once.
func (s *Person) servePage() (err error) {
	if s.server == nil {
		s.server, err = loopback.New(loopback.Config{
			User: s.user(), Assets: assets(), Handler: s.handler(true), Title: "Deskside chat", Log: s.log,
		})
	}
	return err
}

// user is whom the chat is for; nil is the user of this process.
func (s *Person) user() *loopback.User {
	if s.cfg.Desk == nil {
		return nil
	}
	return s.cfg.Desk.User
}

func (s *Person) openTerminal(id deskside.SessionID) error {
	program := s.cfg.Terminal
	if program == nil {
		path, err := s.self.program(s.user())
		if err != nil {
			return err
		}
		program = []string{path, "person-chat"}
	}
	argv := append(append([]string{}, program...), s.Socket(), id.String())
	w, err := s.cfg.Desk.OpenTerminal("Deskside chat", argv...)
	if err != nil {
		return err
	}
	s.terminals[id] = w
	s.ending.Go(func() {
		<-w.Ended()
		select {
		case s.left <- id:
		case <-s.stop:
		}
	})
	return nil
}
