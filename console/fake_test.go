package console_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deskside"
	"deskside/console"
	"deskside/console/queue"
	"deskside/remctrl"
	"deskside/xfer/disk"
)

// back is a Backend in memory: an address book, and sessions whose far side
// the test plays.
type back struct {
	mu       sync.Mutex
	machines []console.Machine
	reach    map[string]console.Reach
	pinned   map[string]deskside.AgentID
	setups   chan *setup
	kept     json.RawMessage
	listed   int // how often Machines was called
}

func newBack(machines ...console.Machine) *back {
	return &back{machines: machines, reach: make(map[string]console.Reach), pinned: make(map[string]deskside.AgentID), setups: make(chan *setup, 8)}
}

// keyOf makes a key of a name.
func keyOf(name string) deskside.KeyID { return sha256.Sum256([]byte(name)) }

func (b *back) Operator() deskside.OperatorID { return keyOf("operator") }

func (b *back) Kept() (json.RawMessage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept, nil
}

func (b *back) Keep(text json.RawMessage) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = text
	return nil
}

func (b *back) Machines() ([]console.Machine, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listed++
	return slices.Clone(b.machines), nil
}

func (b *back) Save(old string, m console.Machine) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.machines, func(o console.Machine) bool { return o.Name == old })
	taken := slices.ContainsFunc(b.machines, func(o console.Machine) bool { return o.Name == m.Name && m.Name != old })
	switch {
	case taken:
		return deskside.Errorf(deskside.CodeExists, "there is a machine %q already", m.Name).Hint("Choose another name.")
	case old == "":
		b.machines = append(b.machines, m)
	case at < 0:
		return deskside.Errorf(deskside.CodeNotFound, "no machine %q", old)
	default:
		m.Agent, m.Used = b.machines[at].Agent, b.machines[at].Used
		b.machines[at] = m
	}
	return nil
}

func (b *back) Remove(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.machines = slices.DeleteFunc(b.machines, func(m console.Machine) bool { return m.Name == name })
	return nil
}

func (b *back) Look(_ context.Context, address string) (console.Look, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.reach[address]; !r.TCP.Up && !r.UDP.Up {
		return console.Look{}, deskside.Errorf(deskside.CodeUnreachable, "no answer from %q on TCP or UDP", address).
			Hint("See whether the machine is on and whether a firewall lets 2701 through.")
	}
	id, ok := b.pinned[address]
	return console.Look{Agent: keyOf(address), Pinned: ok && id == keyOf(address)}, nil
}

func (b *back) Pin(address string, id deskside.AgentID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pinned[address] = id
	for i := range b.machines {
		if b.machines[i].Address == address {
			b.machines[i].Agent = id
		}
	}
	return nil
}

func (b *back) Probe(_ context.Context, address string) console.Reach {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reach[address]
}

// setup is one that the test answers.
type setup struct {
	request console.Request
	tell    func(console.Progress)
	ctx     context.Context
	answer  chan answer
}

type answer struct {
	session *session
	err     error
}

func (b *back) Setup(ctx context.Context, r console.Request, tell func(console.Progress)) (console.Session, error) {
	s := &setup{request: r, tell: tell, ctx: ctx, answer: make(chan answer, 1)}
	b.setups <- s
	select {
	case a := <-s.answer:
		if a.err != nil {
			return nil, a.err
		}
		return a.session, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// session is a Session whose far side the test plays.
type session struct {
	agent  deskside.AgentID
	screen *screen
	talk   *talk
	files  *files
	done   chan struct{}

	mu    sync.Mutex
	info  deskside.Session
	cause deskside.Cause
	rtt   time.Duration
	quiet atomic.Int64 // nanoseconds

	figures remctrl.Figures
	looking []remctrl.Other
	others  []deskside.Session
	watched int
}

func newSession(r console.Request, rights deskside.Rights) *session {
	return &session{
		agent: keyOf(r.Machine.Address), screen: newScreen(), talk: newTalk(), files: newFiles(), done: make(chan struct{}), rtt: 1200 * time.Microsecond,
		figures: video(),
		info: deskside.Session{
			ID: deskside.NewSessionID(), State: deskside.Active, Rights: rights, Reason: r.Reason, Began: time.Now(),
			Until:  time.Now().Add(time.Hour),
			Limits: deskside.Limits{Idle: 900, Absolute: 3600, Grace: 120},
		},
	}
}

func (s *session) Info() deskside.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

func (s *session) suspend(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.State = deskside.Active
	if on {
		s.info.State, s.info.Until = deskside.Suspended, time.Now().Add(2*time.Minute)
	}
}

func (s *session) end(c deskside.Cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == "" {
		s.cause, s.info.State = c, deskside.Ended
		close(s.done)
	}
}

func (s *session) Path() deskside.Path {
	return deskside.Path{Transport: deskside.UDP, Local: "10.0.0.5:50112", Remote: "10.0.0.12:2701"}
}

func (s *session) RTT() time.Duration { return s.rtt }

func (s *session) Quiet() time.Duration { return time.Duration(s.quiet.Load()) }

func (s *session) RFB(_ context.Context, v console.View) (net.Conn, error) {
	part, ok := s.screen.part(v.Screen)
	if !ok {
		return nil, deskside.Errorf(deskside.CodeNotFound, "no screen %s", v.Screen).From(deskside.ByAgent)
	}
	near, far := net.Pipe()
	go s.screen.serve(&lens{Conn: far, b: part, view: v})
	return near, nil
}

func (s *session) Steer(_ context.Context, v console.View) error { return s.screen.steer(v) }

// Watch gives the figures that the test sets, of a picture that is open.
func (s *session) Watch(_ context.Context, name string) (w remctrl.Watch, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.screen.views(false), func(v console.View) bool { return v.Name == name }) {
		return w, deskside.Errorf(deskside.CodeNotFound, "no viewer %s", name).From(deskside.ByAgent)
	}
	s.watched++
	return remctrl.Watch{Viewers: []remctrl.Figures{s.figures}, Others: s.looking}, nil
}

func (s *session) Others(context.Context) ([]deskside.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.others), nil
}

// fares sets how the picture fares.
func (s *session) fares(change func(*remctrl.Figures)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.figures)
}

// joined sets who else is there, and who of them looks.
func (s *session) joined(looking []remctrl.Other, list []deskside.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looking, s.others = looking, list
}

// asked counts how often somebody asked how the picture fares.
func (s *session) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watched
}

func (s *session) Screens(context.Context) (remctrl.Screens, error) { return s.screen.list(), nil }

func (s *session) Chat(context.Context) (console.Chat, error) { return s.talk.join(), nil }
func (s *session) Agent() deskside.AgentID                    { return s.agent }
func (s *session) Files() console.Files                       { return s.files }
func (s *session) Done() <-chan struct{}                      { return s.done }

func (s *session) End(context.Context) error {
	s.end(deskside.CauseOperator)
	return nil
}

func (s *session) Cause() deskside.Cause {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// talk is a conversation; the test plays the person.
type talk struct {
	mu     sync.Mutex
	log    []console.ChatEvent
	ends   map[*talkEnd]bool
	typing int // how often the operator began to write
	seen   uint64
}

type talkEnd struct {
	talk   *talk
	events chan console.ChatEvent
}

func newTalk() *talk { return &talk{ends: make(map[*talkEnd]bool)} }

func (t *talk) join() *talkEnd {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &talkEnd{t, make(chan console.ChatEvent, 256)}
	t.ends[e] = true
	e.events <- console.ChatEvent{Kind: console.ChatJoined, Name: "Ada"}
	for _, l := range t.log {
		e.events <- l
	}
	return e
}

// pass hands an event to every end. The lock is held.
func (t *talk) pass(e console.ChatEvent) {
	for end := range t.ends {
		end.events <- e
	}
}

func (t *talk) line(from deskside.Side, id, name, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.ContainsFunc(t.log, func(l console.ChatEvent) bool { return l.ID == id }) {
		return
	}
	e := console.ChatEvent{Kind: console.ChatLine, ID: id, Seq: uint64(len(t.log) + 1), From: from, Name: name, Text: text, At: time.Now()}
	t.log = append(t.log, e)
	t.pass(e)
}

// says is the person saying something.
func (t *talk) says(text string) {
	t.line(deskside.ByPerson, deskside.NewSessionID().String(), "Ada", text)
}

func (t *talk) notice(e console.ChatEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass(e)
}

// lines gives what was said so far.
func (t *talk) lines() (list []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.log {
		list = append(list, string(l.From)+": "+l.Text)
	}
	return list
}

func (t *talk) state() (typing int, seen uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.typing, t.seen
}

func (e *talkEnd) Next(ctx context.Context) (console.ChatEvent, error) {
	select {
	case v := <-e.events:
		return v, nil
	case <-ctx.Done():
		return console.ChatEvent{}, ctx.Err()
	}
}

func (e *talkEnd) Send(id, text string) error {
	if strings.Contains(text, "\a") {
		return deskside.Errorf(deskside.CodeBadRequest, "the message has control characters")
	}
	e.talk.line(deskside.ByOperator, id, "Grace", text)
	return nil
}

func (e *talkEnd) Typing(on bool) {
	e.talk.mu.Lock()
	defer e.talk.mu.Unlock()
	if on {
		e.talk.typing++
	}
}

func (e *talkEnd) Seen(seq uint64) {
	e.talk.mu.Lock()
	defer e.talk.mu.Unlock()
	e.talk.seen = max(e.talk.seen, seq)
}

func (e *talkEnd) Close() error {
	e.talk.mu.Lock()
	defer e.talk.mu.Unlock()
	delete(e.talk.ends, e)
	return nil
}

// files is a far file system: folders end in a slash.
type files struct {
	parts   map[string]int64 // of Send, by path: bytes that arrived
	resumed int64            // with how many of them the last Send began
	mu      sync.Mutex
	all     map[string][]byte
	changed time.Time     // of what was put last
	hold    chan struct{} // Put and Open wait for it, where it is set
	fails   error         // of every Put
	torn    bool          // what Open reads breaks off at its end
}

var filesTime = time.Date(2026, 11, 3, 9, 12, 0, 0, time.UTC)

func newFiles() *files {
	return &files{parts: map[string]int64{}, all: map[string][]byte{
		"/home/ada/": nil, "/home/ada/Documents/": nil, "/home/ada/Documents/Invoices/": nil, "/home/ada/Pictures/": nil,
		"/home/ada/notes.txt":               []byte("buy milk\n"),
		"/home/ada/print-log.txt":           bytes.Repeat([]byte("lpd: queue stopped\n"), 1200),
		"/home/ada/Documents/contract.pdf":  bytes.Repeat([]byte("%PDF"), 70_000),
		"/home/ada/<img src=x onerror=1>.h": []byte("hostile"),
	}}
}

func (f *files) List(_ context.Context, dir string) (console.Listing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if dir == "" {
		dir = "/home/ada"
	}
	dir = strings.TrimSuffix(dir, "/")
	if _, ok := f.all[dir+"/"]; !ok {
		return console.Listing{}, deskside.Errorf(deskside.CodeNotFound, "no folder %q", dir).From(deskside.ByAgent)
	}
	l := console.Listing{Path: dir, Roots: []console.Entry{{Name: "ada", Path: "/home/ada", Dir: true}}}
	for _, p := range slices.Sorted(maps.Keys(f.all)) {
		rest, ok := strings.CutPrefix(p, dir+"/")
		if !ok || rest == "" || strings.Contains(strings.TrimSuffix(rest, "/"), "/") {
			continue
		}
		name := strings.TrimSuffix(rest, "/")
		l.Entries = append(l.Entries, console.Entry{Name: name, Path: dir + "/" + name, Dir: name != rest, Size: int64(len(f.all[p])), Changed: filesTime})
	}
	return l, nil
}

func (f *files) Walk(ctx context.Context, dir string, yield func(console.Entry) bool) error {
	f.mu.Lock()
	hold := f.hold
	f.mu.Unlock()
	if hold != nil && strings.HasSuffix(dir, "/slow") {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l, err := f.List(ctx, dir)
	for _, e := range l.Entries {
		if !yield(e) {
			break
		}
	}
	return err
}

// broken ends with an error where the file should end.
type broken struct{}

func (broken) Read([]byte) (int, error) {
	return 0, deskside.Errorf(deskside.CodeConflict, "the hash is not that of the file")
}

func (f *files) Open(ctx context.Context, p string) (console.Entry, io.ReadCloser, error) {
	f.mu.Lock()
	body, ok := f.all[p]
	hold, torn := f.hold, f.torn
	f.mu.Unlock()
	if !ok {
		return console.Entry{}, nil, deskside.Errorf(deskside.CodeNotFound, "no file %q", p).From(deskside.ByAgent)
	}
	var r io.Reader = &slow{ctx, bytes.NewReader(body), hold}
	if torn {
		r = io.MultiReader(r, broken{})
	}
	return console.Entry{Name: path.Base(p), Path: p, Size: int64(len(body)), Changed: filesTime}, io.NopCloser(r), nil
}

func (f *files) Start(_ context.Context, p string, n int64) ([]byte, int64, error) {
	body, ok := f.get(p)
	if !ok {
		return nil, 0, deskside.Errorf(deskside.CodeNotFound, "no file %q", p).From(deskside.ByAgent)
	}
	return []byte(body[:min(n, int64(len(body)))]), int64(len(body)), nil
}

// slow reads the second half only after hold.
type slow struct {
	ctx  context.Context
	r    *bytes.Reader
	hold chan struct{}
}

func (s *slow) Read(b []byte) (int, error) {
	if s.hold != nil && int64(s.r.Len()) <= s.r.Size()/2 {
		select {
		case <-s.hold:
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		}
	}
	return s.r.Read(b[:min(len(b), cmp.Or(int(s.r.Size()/2), 1))])
}

func (f *files) Put(ctx context.Context, u console.Upload, r io.Reader) (string, error) {
	f.mu.Lock()
	_, there := f.all[u.Path]
	hold, fails := f.hold, f.fails
	f.mu.Unlock()
	if fails != nil {
		return "", fails
	}
	if there && !u.Replace {
		return "", deskside.Errorf(deskside.CodeExists, "%q is there already", u.Path).From(deskside.ByAgent)
	}
	half, err := io.ReadAll(io.LimitReader(r, u.Size/2))
	if err != nil {
		return "", err
	}
	if u.Tell != nil {
		u.Tell(u.Size / 2)
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	rest, err := io.ReadAll(r)
	if err != nil || ctx.Err() != nil {
		return "", cmp.Or(err, ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[u.Path], f.changed = append(half, rest...), u.Changed
	return fmt.Sprintf("%x", sha256.Sum256(f.all[u.Path])), nil
}

func (f *files) get(p string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.all[p]
	return string(b), ok
}

func (f *files) Mkdir(_ context.Context, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[p+"/"] = nil
	return nil
}

func (f *files) Rename(_ context.Context, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[to] = f.all[from]
	delete(f.all, from)
	return nil
}

func (f *files) Delete(_ context.Context, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, p)
	delete(f.all, p+"/")
	return nil
}

func (f *files) Root(context.Context, string) (string, error) { return "/home/ada", nil }

// Send goes on where it was stopped: what arrived stays in parts.
func (f *files) Send(ctx context.Context, from *disk.Place, to string, c console.Copy) (queue.Outcome, error) {
	if c.Tree {
		return f.sendTree(from, to)
	}
	in, err := from.Dir.Open(from.Name)
	if err != nil {
		return queue.Outcome{}, err
	}
	defer in.Close()
	body, err := io.ReadAll(in)
	if err != nil {
		return queue.Outcome{}, err
	}
	f.mu.Lock()
	_, there := f.all[to]
	begun, hold := f.parts[to], f.hold
	f.resumed = begun
	f.mu.Unlock()
	if there && !c.Replace {
		return queue.Outcome{}, deskside.Errorf(deskside.CodeExists, "%q is there already", to).From(deskside.ByAgent)
	}
	half := int64(len(body) / 2)
	if begun < half {
		f.mu.Lock()
		f.parts[to] = half
		f.mu.Unlock()
	}
	c.Tell(max(begun, half), int64(len(body)))
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return queue.Outcome{}, ctx.Err()
		}
	}
	c.Tell(int64(len(body)), int64(len(body)))
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.parts, to)
	f.all[to] = body
	return queue.Outcome{Size: int64(len(body)), Hash: fmt.Sprintf("%x", sha256.Sum256(body))}, nil
}

func (f *files) sendTree(from *disk.Place, to string) (out queue.Outcome, err error) {
	dir, err := from.Dir.OpenRoot(from.Name)
	if err != nil {
		return out, err
	}
	defer dir.Close()
	err = fs.WalkDir(dir.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if d.IsDir() {
			f.all[path.Join(to, p)+"/"] = nil
			return nil
		}
		body, err := dir.ReadFile(p)
		f.all[path.Join(to, p)] = body
		out.Files++
		out.Size += int64(len(body))
		return err
	})
	return out, err
}

func (f *files) Fetch(ctx context.Context, from string, to *disk.Place, c console.Copy) (queue.Outcome, error) {
	if to.Info != nil && !c.Replace {
		return queue.Outcome{}, disk.Exists(to.Name)
	}
	body, ok := f.get(from)
	if !ok {
		return queue.Outcome{}, deskside.Errorf(deskside.CodeNotFound, "no file %q", from).From(deskside.ByAgent)
	}
	c.Tell(int64(len(body)), int64(len(body)))
	return queue.Outcome{Size: int64(len(body)), Hash: fmt.Sprintf("%x", sha256.Sum256([]byte(body)))}, to.Dir.WriteFile(to.Name, []byte(body), 0o600)
}
