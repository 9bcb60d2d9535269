package serve

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deskside"
	"deskside/transport"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/traffic"
)

// Config says what the service serves. Gate and Roots must be set.
type Config struct {
	Gate deskside.Gate
	Log  *slog.Logger // nil logs nothing

	// Roots gives the folders that policy opens at this moment, the one that
	// relative paths belong to first. It is asked at every operation.
	Roots func() []xfer.Root

	// Private are absolute paths of the agent's own (its key, its policy, its
	// audit, its program), which are neither read nor changed, in whichever
	// root they lie.
	Private []string

	// Programs are absolute paths of folders from which programs run by their
	// name, whether they are there or not. What is in them counts as start-up
	// files.
	Programs []string

	// Home is the home of the user that runs here; "" is not known.
	Home string

	Limits Limits
}

// Limits bound what one operator may use.
type Limits struct {
	File int64         // bytes of one file that arrives; 0: none but the disk's
	Idle time.Duration // without a byte in either direction; 0: one minute
	Keep time.Duration // an interrupted transfer may go on within; 0: a day
	Tree int           // entries of one tree; 0: a million
}

const defaultIdle = time.Minute

func (l Limits) idle() time.Duration {
	if l.Idle == 0 {
		return defaultIdle
	}
	return l.Idle
}

func (l Limits) keep() time.Duration {
	if l.Keep == 0 {
		return disk.KeepPartial
	}
	return l.Keep
}

func (l Limits) tree() int {
	if l.Tree == 0 {
		return 1_000_000
	}
	return l.Tree
}

// Service serves file transfer. It is an http.Handler for the streams of the
// 2704 service, keeps no goroutine that outlives a request, and needs no Close.
type Service struct {
	config Config
	log    *slog.Logger

	guarded []pattern            // start-up files, with those of Config.Programs
	starred []pattern            // of them: those whose last name has a star
	byLast  map[string][]pattern // the others, by their last name, folded

	// Traffic has the transfers that run, for the person to see and stop.
	Traffic traffic.Table

	sweeper disk.Sweeper
	turns   turns
	disk    disk.Spaces

	conditional sync.Mutex // held while a condition is checked and a file gets its name by it
}

// New makes the service.
func New(c Config) *Service {
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: c, log: log, byLast: make(map[string][]pattern)}
	for _, p := range startupFiles {
		s.guard(p.at(s.home()))
	}
	for _, path := range c.Programs {
		s.guard([]pattern{{anchored: true, elems: disk.SplitNative(path)}, {anchored: true, elems: disk.SplitNative(realPath(path))}})
	}
	return s
}

// route is one kind of request: who may ask it, what its query may hold, and
// how it appears in the audit.
type route struct {
	any   []deskside.Right // one of them is enough
	may   []string
	audit auditKind
	serve func(*call) error
}

type auditKind uint8

const (
	notAudited auditKind = iota // says nothing about a file that its like does not
	asFile                      // one event, before; another if it fails
	asTransfer                  // begin and end
)

var (
	readers = []deskside.Right{deskside.FilesRead}
	writers = []deskside.Right{deskside.FilesWrite}
	either  = []deskside.Right{deskside.FilesRead, deskside.FilesWrite}
)

// routes is the protocol: every request there is.
var routes = map[string]route{
	"GET /roots":   {either, nil, notAudited, (*call).roots},
	"GET /list":    {readers, []string{"path", "after", "limit"}, asFile, (*call).list},
	"GET /stat":    {either, []string{"path", "follow", "sums"}, asFile, (*call).stat},
	"GET /file":    {readers, []string{"path", "offset", "prefix", "size", "mtime"}, asTransfer, (*call).get},
	"POST /file":   {readers, []string{"path", "size", "mtime"}, asTransfer, (*call).fetch},
	"GET /chunks":  {writers, []string{"path", "size", "mtime", "replace"}, asFile, (*call).chunks},
	"GET /partial": {writers, []string{"path", "size", "mtime"}, notAudited, (*call).partial},
	"GET /tree":    {readers, []string{"path", "sums", "owners"}, asFile, (*call).listTree},
	"POST /fetch":  {readers, []string{"path", "owners"}, asTransfer, (*call).fetchTree},
	"PUT /tree":    {writers, []string{"path", "replace", "owners", "mode"}, asTransfer, (*call).putTree},
	"PUT /file":    {writers, []string{"path", "offset", "prefix", "size", "mtime", "mode", "replace", "have"}, asTransfer, (*call).put},
	"POST /folder": {writers, []string{"path", "mode"}, asFile, (*call).mkdir},
	"POST /rename": {writers, []string{"path", "to", "replace"}, asFile, (*call).rename},
	"DELETE /file": {writers, []string{"path", "tree"}, asFile, (*call).remove},

	"HEAD /file":     {readers, []string{"path"}, asFile, (*call).get},
	"OPTIONS /file":  {either, []string{"path"}, notAudited, (*call).options},
	"HEAD /upload":   {writers, uploadFields, notAudited, (*call).headUpload},
	"PATCH /upload":  {writers, uploadFields, asTransfer, (*call).appendUpload},
	"DELETE /upload": {writers, uploadFields, asFile, (*call).cancelUpload},
}

// ServeHTTP answers one request on a stream of the service.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.config.Gate, w, r)
	if !ok {
		return
	}
	c := &call{s: s, w: w, r: r, pass: pass, control: http.NewResponseController(w), detail: map[string]string{}}
	name := r.Method + " " + r.URL.Path
	kind, ok := routes[name]
	if !ok {
		wire.Refuse(w, deskside.Errorf(deskside.CodeBadRequest, "file transfer has no request %.80q", name))
		return
	}
	if err := c.run(kind); err != nil {
		s.log.Debug("file transfer refused", "request", name, "err", err)
		c.refuse(err)
	}
}

// call is one request while it is served.
type call struct {
	s       *Service
	w       http.ResponseWriter
	r       *http.Request
	pass    deskside.Pass
	control *http.ResponseController
	req     *xfer.Request

	watched *watch                         // what policy must go on to open; nil: it was asked before, and that is all
	stopped atomic.Pointer[deskside.Error] // by the person, and why
	row     *traffic.Row                   // in the table of transfers; nil: it is none

	detail map[string]string // for the audit
	body   bool              // the reply has begun: a refusal can only follow it
}

// run checks, audits and serves.
func (c *call) run(kind route) (err error) {
	if c.req, err = xfer.ParseRequest(c.r.URL.RawQuery, kind.may); err != nil {
		return c.denied(err)
	}
	if err := c.length(); err != nil {
		return c.denied(err)
	}
	if err := c.allowed(kind.any); err != nil {
		return c.denied(err)
	}
	c.pass.Touch()
	c.describe()
	began := time.Now()
	if err := c.before(kind.audit); err != nil {
		return err
	}
	err = c.move(kind)
	return errors.Join(err, c.after(kind.audit, began, err))
}

// move serves, and has the person see it where it is a transfer.
func (c *call) move(kind route) (err error) {
	if kind.audit != asTransfer {
		return kind.serve(c)
	}
	in := c.r.Method == http.MethodPut || c.r.Method == http.MethodPatch
	where := c.detail["path"]
	name := where[strings.LastIndexByte(where, '/')+1:]
	c.row, err = c.s.Traffic.Begin(c.pass.Session().ID, in, where, cmp.Or(name, where), func(why error) {
		c.stopped.Store(deskside.AsError(why))
	})
	if err != nil {
		return err
	}
	c.row.Of(c.req.Size)
	defer func() { c.row.End(err) }()
	return kind.serve(c)
}

// allowed checks that the session holds one of the rights at this moment.
func (c *call) allowed(any []deskside.Right) (err error) {
	for _, right := range any {
		if err = c.pass.Check(right); err == nil {
			return nil
		}
	}
	return err
}

// denied writes to the audit that a request came to nothing.
func (c *call) denied(err error) error {
	e := deskside.Event{Kind: deskside.EventDenied, Detail: map[string]string{"op": c.r.Method + " " + c.r.URL.Path}}
	e.Code, e.Words = xfer.Outcome(err)
	return errors.Join(err, c.pass.Record(e))
}

// describe notes for the audit what is asked.
func (c *call) describe() {
	c.detail["op"] = c.r.Method + " " + c.r.URL.Path[1:]
	c.detail["path"] = c.fullPath(c.req.Path)
	if c.req.To != "" {
		c.detail["to"] = c.fullPath(c.req.To)
	}
	if c.req.Tree {
		c.detail["tree"] = "yes"
	}
	if c.req.Offset > 0 {
		c.detail["offset"] = strconv.FormatInt(c.req.Offset, 10)
	}
	if c.r.Method == http.MethodPut || c.r.Method == http.MethodPatch {
		c.detail["size"] = strconv.FormatInt(c.req.Size, 10)
	}
}

// fullPath gives a path as the audit has it: from the top of the file system
// where it lies in a root, else as it was asked.
func (c *call) fullPath(text string) string {
	t, err := locate(c.s.config.Roots(), text)
	if err != nil {
		return disk.Text(text)
	}
	p := disk.Path{Elems: append(disk.SplitNative(t.root.Path), t.rest...)}
	p.Abs = !disk.HasDrive(p)
	return disk.Text(p.String())
}

// before writes to the audit what is about to be done; without that it is not.
func (c *call) before(kind auditKind) error {
	switch kind {
	case asFile:
		return c.pass.Record(deskside.Event{Kind: deskside.EventFile, Detail: maps.Clone(c.detail)})
	case asTransfer:
		return c.pass.Record(deskside.Event{Kind: deskside.EventTransfer, Detail: maps.Clone(c.detail)})
	}
	return nil
}

// after writes how it ended.
func (c *call) after(kind auditKind, began time.Time, err error) error {
	if kind == notAudited || kind == asFile && err == nil {
		return nil
	}
	e := deskside.Event{Kind: deskside.EventFile, Began: began, Detail: maps.Clone(c.detail)}
	if kind == asTransfer {
		e.Kind = deskside.EventTransferEnd
	}
	if err != nil {
		e.Code, e.Words = xfer.Outcome(err)
	}
	return c.pass.Record(e)
}

// refuse answers with err: by a status while nothing has been sent, after that
// in the trailer.
func (c *call) refuse(err error) {
	code, words := xfer.Outcome(err)
	if c.body && code == deskside.CodeUnreachable { // nobody reads it
		transport.FromContext(c.r.Context()).Abort()
		return
	}
	if c.body {
		c.w.Header().Set(xfer.HeaderFault, xfer.FaultText(err))
		return
	}
	refusal := *deskside.AsError(err)
	refusal.Code, refusal.Words, refusal.By = code, words, cmp.Or(refusal.By, deskside.ByAgent)
	if c.r.ContentLength != 0 {
		c.control.EnableFullDuplex()            // or the reply waits for the body
		c.w.Header().Set("Connection", "close") // what is left of the body is no request
		defer c.drain()
	}
	if as, ok := errors.AsType[*statusError](err); ok {
		wire.RefuseAs(c.w, as.status, &refusal)
		return
	}
	wire.Refuse(c.w, &refusal)
}

const drainFor = 5 * time.Second // an honest sender stops as soon as it has read it

// drain takes what a sender still sends after a refusal, until it has read it:
// a stream closed on unread bytes takes the refusal with it.
func (c *call) drain() {
	c.control.Flush()
	c.control.SetReadDeadline(time.Now().Add(drainFor))
	io.Copy(io.Discard, c.r.Body)
}

// step is called between pieces of a file: the operator is active, the rights
// must still be there, and the peer gets new time.
func (c *call) step(right deskside.Right) error {
	if err := c.pass.Check(right); err != nil {
		return &disk.BrokenError{Err: err}
	}
	if err := c.closed(); err != nil {
		return err
	}
	c.pass.Touch()
	return nil
}

// closed says why policy no longer opens what the call is about, as far as the
// watch has seen, or that the person stopped it.
func (c *call) closed() error {
	if why := c.stopped.Load(); why != nil {
		return why
	}
	if c.watched == nil || c.watched.lost.Load() == nil {
		return nil
	}
	return c.watched.lost.Load()
}

// patience makes reads and writes of the stream fail when nothing moves for as
// long as the limits allow.
func (c *call) patience() {
	until := time.Now().Add(c.s.config.Limits.idle())
	c.control.SetReadDeadline(until)
	c.control.SetWriteDeadline(until)
}

// calm takes patience back, for the next request on the stream. What is left of
// a body, be it its end alone, net/http still reads.
func (c *call) calm() {
	c.control.SetReadDeadline(time.Now().Add(wire.BodyTimeout))
	c.control.SetWriteDeadline(time.Time{})
}

// patient is a body that may take long, but not stand still.
type patient struct {
	c *call
	io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	p.c.patience()
	return p.Reader.Read(b)
}
