package remctrl

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/remctrl/darkroom"
	"deskside/wire"
)

// Config is what the service needs. Gate is required.
type Config struct {
	Gate deskside.Gate

	// Desktop is what is shown; nil if there is none. If it is a
	// desktop.Clipboarder its clipboard is shared.
	Desktop desktop.Desktop

	// Input takes keys and pointer; nil if nobody can control. All that
	// share a desktop should share one desktop.Hold.
	Input desktop.Input

	// Clipboard says in which directions clipboard text may go at this
	// moment, for those who hold the right; nil is both.
	Clipboard func() (toPerson, toOperator bool)

	Name         string        // of the desktop, for viewers' titles; "" means "Deskside"
	Log          *slog.Logger  // nil means none
	Photo        codec.Photo   // encodes JPEG, for several goroutines at once; nil means codec's own
	MaxViewers   int           // 0 means 16
	WriteTimeout time.Duration // how long a viewer may not read; 0 means 15 s
}

// Service shows one desktop. It is an http.Handler.
type Service struct {
	cfg  Config
	log  *slog.Logger
	src  *source
	dark *darkroom.Room
	hold *desktop.Hold // nil if nobody can control
	mux  *http.ServeMux

	floor floor
	clip  *clipboard // nil if there is none

	mu      sync.Mutex
	closed  bool
	viewers map[*viewer]bool
	running sync.WaitGroup
}

// New makes a service. Close ends it.
func New(cfg Config) *Service {
	cfg.Name = cmp.Or(cfg.Name, "Deskside")
	cfg.MaxViewers = cmp.Or(cfg.MaxViewers, 16)
	cfg.WriteTimeout = cmp.Or(cfg.WriteTimeout, 15*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, log: cfg.Log, viewers: make(map[*viewer]bool), mux: http.NewServeMux()}
	s.dark = darkroom.New(cfg.Photo)
	if cfg.Desktop != nil {
		s.src = newSource(cfg.Desktop)
		if c, ok := cfg.Desktop.(desktop.Clipboarder); ok {
			s.clip = newClipboard(c, s)
		}
	}
	switch in := cfg.Input.(type) {
	case nil:
	case *desktop.Hold:
		s.hold = in
	default:
		s.hold = desktop.NewHold(in)
	}
	s.mux.HandleFunc("POST /rfb", s.serveRFB)
	s.mux.HandleFunc("POST /rfb/{name}", s.steer)
	s.mux.HandleFunc("GET /rfb/{name}", s.watch)
	s.mux.HandleFunc("GET /screens", s.serveScreens)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		wire.Refuse(w, deskside.Errorf(deskside.CodeNotFound, "no %s %s here", r.Method, r.URL.Path).
			Hint("Remote control is POST /rfb with Upgrade: rfb, POST and GET /rfb/NAME, and GET /screens."))
	})
	return s
}

// ServeHTTP serves one request of an authenticated stream.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends all viewers and waits until nothing of the service runs. The
// desktop is its owner's to close.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	for v := range s.viewers {
		v.end(errClosing)
	}
	s.mu.Unlock()
	s.running.Wait()
	s.dark.Close()
	if s.clip != nil {
		s.clip.close()
	}
	if s.src != nil {
		s.src.close()
	}
	return nil
}

// Viewers counts who is watching.
func (s *Service) Viewers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.viewers)
}

func (s *Service) serveRFB(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.cfg.Gate, w, r)
	if !ok {
		return
	}
	opts, err := parseOptions(r.URL.Query())
	if err == nil {
		err = s.available(opts)
	}
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	v := newViewer(s, pass, opts)
	if err := s.add(v); err != nil {
		wire.Refuse(w, err)
		return
	}
	defer s.remove(v)
	v.serve(w, r)
}

// available says why a viewer cannot be shown anything.
func (s *Service) available(o options) error {
	if s.src == nil || s.src.lost() {
		return deskside.Errorf(deskside.CodeNoDesktop, "there is no screen to show on this machine").
			Hint("Chat, files and diagnostics work without one. If somebody is logged on there, start the agent within their desktop.")
	}
	l := s.src.desktop.Layout()
	if _, ok := viewOf(l, o.screen); !ok {
		return deskside.Errorf(deskside.CodeNotFound, "no screen %d", o.screen).Hint("Screens here: %s.", screenList(l))
	}
	return nil
}

func screenList(l desktop.Layout) string {
	text := "all"
	for _, s := range l.Screens {
		text += fmt.Sprintf(", %d (%s)", s.ID, s.Name)
	}
	return text
}

var errClosing = deskside.Errorf(deskside.CodeEnded, "the agent stops").From(deskside.ByAgent)

func (s *Service) add(v *viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosing
	}
	if len(s.viewers) >= s.cfg.MaxViewers {
		return deskside.Errorf(deskside.CodeBusy, "%d viewers are watching already", len(s.viewers)).
			Hint("Close one of them and try again.")
	}
	s.viewers[v] = true
	s.running.Add(1)
	return nil
}

func (s *Service) remove(v *viewer) {
	s.mu.Lock()
	delete(s.viewers, v)
	s.mu.Unlock()
	s.running.Done()
}
