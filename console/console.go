package console

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"deskside"
	"deskside/console/feed"
	"deskside/console/here"
	"deskside/console/queue"
	"deskside/loopback"
)

// Config is what a Console serves, and where.
type Config struct {
	Backend Backend // the operator's side of the work; must be set

	Addr    string        // a loopback address; "" is 127.0.0.1:0
	Version string        // shown in the page; "" is deskside.Version
	Open    *Opening      // what the page begins with; nil is the machines
	Folder  string        // of this machine's files, to be shown beside the far ones; "" shows none
	Queue   string        // the file that keeps the queue of copies; "" keeps none
	Linger  time.Duration // how long sessions outlive the last page; 0 is 30 s
	Log     *slog.Logger  // nil discards
}

// Opening is a setup that the page begins with.
type Opening struct {
	Machine   string             `json:"machine"` // its name
	Reason    string             `json:"reason,omitempty"`
	Transport deskside.Transport `json:"transport,omitempty"`
	Ask       bool               `json:"ask,omitempty"` // at once, without a word from the operator
}

// Limits of a Console.
const (
	maxJSON      = 64 << 10 // bytes of a request's JSON
	maxText      = 16 << 10 // bytes of a message on a WebSocket of text
	maxPicture   = 1 << 20  // bytes of a message to the picture's stream
	lingerNormal = 30 * time.Second
)

// Console is the operator's local web server, from New until Close.
type Console struct {
	cfg       Config
	log       *slog.Logger
	desk      *desk
	downloads downloads
	here      *here.Folder // nil: no folder was chosen
	queue     *queue.Queue
	feeds     feed.Table // what pages give to copies of the queue
	server    *loopback.Server
}

// New opens the address and serves the page to the user of this process.
func New(cfg Config) (*Console, error) {
	if cfg.Backend == nil {
		return nil, errors.New("a console needs a backend")
	}
	c := &Console{cfg: cfg, log: cfg.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.cfg.Version == "" {
		c.cfg.Version = deskside.Version
	}
	if c.cfg.Linger == 0 {
		c.cfg.Linger = lingerNormal
	}
	c.downloads = downloads{open: make(map[deskside.Ticket]download), now: time.Now}
	if err := c.openQueue(); err != nil {
		return nil, err
	}
	var err error
	c.server, err = loopback.New(loopback.Config{
		Addr: cfg.Addr, Assets: assets(), Handler: c.routes(), Ticketed: c.ticketed(),
		Title: "Deskside", Log: c.log,
	})
	if err != nil {
		c.shut()
		return nil, fmt.Errorf("open the console: %w", err)
	}
	return c, nil
}

// URL is the page's address; LaunchFile is a file that lets a browser in, once
// and within a minute.
func (c *Console) URL() string                 { return c.server.URL() }
func (c *Console) LaunchFile() (string, error) { return c.server.LaunchFile() }

// Close ends every session and the page's connections, and waits for both.
func (c *Console) Close() error {
	return errors.Join(c.shut(), c.server.Close())
}

// routes is the API. Everything here needs the page's bearer.
func (c *Console) routes() http.Handler {
	m := http.NewServeMux()
	on := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { c.answer(w, r, f) })
	}
	tab := func(pattern string, f func(http.ResponseWriter, *http.Request, *tab) error) {
		on(pattern, func(w http.ResponseWriter, r *http.Request) error {
			t, err := c.desk.tab(r.PathValue("tab"))
			if err != nil {
				return err
			}
			return f(w, r, t)
		})
	}
	on("GET /api/events", c.events)
	on("GET /api/machines", c.listMachines)
	on("POST /api/machines", c.saveMachine)
	on("DELETE /api/machines/{name}", c.removeMachine)
	on("POST /api/kept", c.keep)
	on("POST /api/look", c.look)
	on("POST /api/pin", c.pin)
	on("POST /api/tabs", c.openTab)
	tab("POST /api/tabs/{tab}/end", c.endTab)
	tab("DELETE /api/tabs/{tab}", c.forgetTab)
	tab("GET /api/tabs/{tab}/picture", c.picture)
	tab("POST /api/tabs/{tab}/picture", c.steer)
	tab("GET /api/tabs/{tab}/screens", c.screens)
	tab("GET /api/tabs/{tab}/health", c.health)
	tab("GET /api/tabs/{tab}/chat", c.chat)
	tab("GET /api/tabs/{tab}/files", c.listFiles)
	tab("GET /api/tabs/{tab}/preview", c.previewFar)
	tab("GET /api/tabs/{tab}/search", c.searchFar)
	tab("POST /api/tabs/{tab}/files", c.changeFiles)
	tab("PUT /api/tabs/{tab}/files", c.upload)
	on("GET /api/here/files", c.listHere)
	on("GET /api/here/preview", c.previewHere)
	on("GET /api/here/search", c.searchHere)
	on("POST /api/here/files", c.changeHere)
	on("POST /api/queue", c.addCopies)
	on("POST /api/queue/{job}", c.orderCopy)
	on("PUT /api/queue/{job}/file", c.feed)
	tab("POST /api/tabs/{tab}/downloads", c.askDownload)
	tab("POST /api/tabs/{tab}/transfers/{transfer}/cancel", c.cancelTransfer)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, deskside.Errorf(deskside.CodeNotFound, "no such address %q", r.URL.Path))
	})
	return m
}

// ticketed serves what proves itself by a ticket in its address.
func (c *Console) ticketed() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /download/{ticket}", func(w http.ResponseWriter, r *http.Request) {
		c.answer(w, r, c.fetch)
	})
	return m
}

// answer runs f, and writes what it refuses.
func (c *Console) answer(w http.ResponseWriter, r *http.Request, f func(http.ResponseWriter, *http.Request) error) {
	err := f(w, r)
	if err == nil || errors.Is(err, errAnswered) {
		return
	}
	c.log.Debug("console request refused", "method", r.Method, "pattern", r.Pattern, "error", err)
	refuse(w, err)
}

// errAnswered says that the answer has been written already.
var errAnswered = errors.New("answered")
