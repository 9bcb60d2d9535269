package loopback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deskside"
)

// Config is how a Server serves.
type Config struct {
	// Addr is a loopback address as Listen takes; "" is 127.0.0.1:0, and
	// UnixOnly none at all.
	Addr string

	// Unix also opens a Unix socket, at the path UnixPath tells, for programs
	// of the user that are not browsers.
	Unix bool

	User *User // who may connect; nil is the user of this process

	// Assets is the page: "index.html", which must hold bearerMeta, and the
	// files it loads. They are read once, and served without a bearer. nil is
	// no page.
	Assets fs.FS

	// Handler gets every other request, and only with a bearer or over the
	// Unix socket.
	Handler http.Handler

	// Ticketed gets requests below /download/ without a bearer, which the
	// browser's own downloads cannot carry. It must let in nobody without a
	// single-use ticket in the address. nil is none.
	Ticketed http.Handler

	Title string       // what the launch file calls the program; "" is "Deskside"
	Log   *slog.Logger // nil discards
}

// UnixOnly as Config.Addr serves on the Unix socket alone.
const UnixOnly = "-"

// Limits of a Server.
const (
	tokenLife  = time.Minute // a launch file works for
	maxTokens  = 32          // launch files not yet used; the oldest goes
	maxBearers = 64          // logins; the oldest goes
	maxLogin   = 1 << 10     // bytes of a login's body
	maxHeader  = 16 << 10    // bytes of a request's header
	maxAsset   = 8 << 20     // bytes of a file of the page
	headerTime = 10 * time.Second
)

// ticketedPath is where Config.Ticketed serves.
const ticketedPath = "/download/"

// bearerMeta is the element of index.html that a login fills.
const bearerMeta = `<meta name="bearer" content="">`

// Server serves a page and its requests on loopback to one user. It serves
// from New until Close.
type Server struct {
	cfg    Config
	log    *slog.Logger
	hosts  []string // Host headers it answers to
	assets map[string]asset
	keys   *keyring
	dir    string // holds launch files and the socket; removed by Close
	srv    *http.Server
	stop   context.CancelFunc

	mu      sync.Mutex
	closed  bool
	sockets map[*Socket]struct{}
	work    sync.WaitGroup // serving goroutines and handlers
}

// New opens the address and serves.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, log: cfg.Log, sockets: make(map[*Socket]struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.User == nil {
		s.cfg.User = Self()
	}
	s.cfg.Addr = orElse(cfg.Addr, "127.0.0.1:0")
	s.cfg.Title = orElse(cfg.Title, "Deskside")
	var err error
	if s.assets, err = loadAssets(cfg.Assets); err != nil {
		return nil, err
	}
	if s.dir, err = privateDir(s.cfg.User); err != nil {
		return nil, err
	}
	s.keys = newKeyring(s.dir, s.cfg.User)
	if err := s.open(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func orElse(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// open starts to serve on the address and, if asked, the Unix socket.
func (s *Server) open() error {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.srv = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(l net.Listener) context.Context {
			return context.WithValue(ctx, overUnixKey{}, l.Addr().Network() == "unix")
		},
	}
	if s.cfg.Addr != UnixOnly {
		if err := s.openTCP(); err != nil {
			return err
		}
	}
	if !s.cfg.Unix {
		return nil
	}
	l, err := listen(unixPrefix+s.UnixPath(), s.cfg.User)
	if err != nil {
		return err
	}
	s.serve(l)
	return nil
}

func (s *Server) openTCP() error {
	if strings.HasPrefix(s.cfg.Addr, unixPrefix) {
		return deskside.Errorf(deskside.CodeBadRequest, "serve a page on %q: a browser needs an address with a port", s.cfg.Addr)
	}
	l, err := listen(s.cfg.Addr, s.cfg.User)
	if err != nil {
		return err
	}
	if !ownersKnown {
		l.owner = func(net.Conn) (int, error) { return l.uid, nil }
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s.hosts = []string{l.Addr().String(), "localhost:" + port}
	s.serve(l)
	return nil
}

type overUnixKey struct{}

func overUnix(r *http.Request) bool {
	is, _ := r.Context().Value(overUnixKey{}).(bool)
	return is
}

func (s *Server) serve(l *Listener) {
	l.Refused = func(from net.Addr, why error) {
		s.log.Warn("loopback connection refused", "from", from.String(), "error", why)
	}
	s.work.Go(func() {
		if err := s.srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("loopback server stopped", "error", err)
		}
	})
}

// URL is the page's address, "" with UnixOnly. Without a bearer it shows
// nothing; LaunchFile is the way in.
func (s *Server) URL() string {
	if len(s.hosts) == 0 {
		return ""
	}
	return "http://" + s.hosts[0] + "/"
}

// UnixPath is where the Unix socket is, if the config asks for one.
func (s *Server) UnixPath() string { return filepath.Join(s.dir, "socket") }

// LaunchFile writes a file that logs a browser in once, within a minute. It is
// readable to the user alone, and deleted when used, expired or closed. Each
// login has a bearer of its own, so several pages may be open.
func (s *Server) LaunchFile() (path string, err error) {
	return s.keys.launch(s.URL()+"login", s.cfg.Title)
}

// Close ends all connections and handlers and deletes what was written. It
// waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	sockets := make([]*Socket, 0, len(s.sockets))
	for c := range s.sockets {
		sockets = append(sockets, c)
	}
	s.mu.Unlock()
	if s.stop != nil {
		s.stop()
		s.srv.Close()
	}
	for _, c := range sockets {
		c.abort()
	}
	s.work.Wait()
	s.keys.close()
	return os.RemoveAll(s.dir)
}

// enter counts a handler in, unless the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Add(1)
	return true
}

// ServeHTTP checks where a request comes from, then whether it may.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		return
	}
	defer s.work.Done()
	s.setHeaders(w, r)
	if err := s.checkSource(r); err != nil {
		s.log.Warn("loopback request refused", "method", r.Method, "path", r.URL.Path, "error", err)
		refuse(w, http.StatusForbidden, err)
		return
	}
	if r.URL.Path == loginPath {
		s.login(w, r)
		return
	}
	if a, ok := s.assets[r.URL.Path]; ok {
		a.serve(w, r)
		return
	}
	s.handle(w, r)
}

// handle passes a request with a bearer on, or one that has a ticket of its own.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Ticketed != nil && strings.HasPrefix(r.URL.Path, ticketedPath) {
		s.cfg.Ticketed.ServeHTTP(w, r)
		return
	}
	if !overUnix(r) && !s.keys.admits(bearerOf(r)) {
		refuse(w, http.StatusUnauthorized, deskside.Errorf(deskside.CodeDenied, "no live bearer").
			Hint("Open the page again from Deskside."))
		return
	}
	if s.cfg.Handler == nil {
		refuse(w, http.StatusNotFound, deskside.Errorf(deskside.CodeNotFound, "no such page"))
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), serverKey{}, s))
	s.cfg.Handler.ServeHTTP(w, r)
}

// refuse answers with the error as JSON.
func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(deskside.AsError(err))
}

// setHeaders sets what every answer carries.
func (s *Server) setHeaders(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	// Browsers differ in whether 'self' covers WebSockets, so they are named.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
		fmt.Sprintf("connect-src 'self'%s; ", s.webSockets(r.Host))+
		"img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
}

// webSockets names the WebSockets of our page as a source.
func (s *Server) webSockets(host string) string {
	if s.answersTo(host) {
		return " ws://" + host
	}
	return ""
}

func (s *Server) answersTo(host string) bool { return slices.Contains(s.hosts, host) }

// checkSource refuses requests that another site's page made.
func (s *Server) checkSource(r *http.Request) error {
	origin := r.Header.Values("Origin")
	if overUnix(r) {
		if len(origin) > 0 {
			return deskside.Errorf(deskside.CodeDenied, "a browser's request over the Unix socket")
		}
		return nil
	}
	if !s.answersTo(r.Host) {
		return deskside.Errorf(deskside.CodeDenied, "host %q is not this server's", r.Host).
			Hint("Open the page by the address Deskside printed.")
	}
	site, toLogin := r.Header.Get("Sec-Fetch-Site"), r.URL.Path == loginPath
	if toLogin {
		return checkLoginSource(r, origin)
	}
	if site != "" && site != "same-origin" && site != "none" {
		return deskside.Errorf(deskside.CodeDenied, "another site's page asked (%q)", site)
	}
	if len(origin) > 1 || len(origin) == 1 && origin[0] != "http://"+r.Host {
		return deskside.Errorf(deskside.CodeDenied, "origin %q is not this page's", origin)
	}
	return nil
}

// checkLoginSource lets in what the launch file posts: the origin of a file
// is "null", and the browser goes there with a whole tab.
func checkLoginSource(r *http.Request, origin []string) error {
	if len(origin) > 1 || len(origin) == 1 && origin[0] != "null" && origin[0] != "http://"+r.Host {
		return deskside.Errorf(deskside.CodeDenied, "origin %q may not log in", origin)
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		return deskside.Errorf(deskside.CodeDenied, "login from a %q", dest)
	}
	return nil
}
