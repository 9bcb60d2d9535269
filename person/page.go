package person

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"time"

	"deskside"
	"deskside/chat"
	"deskside/internal/plain"
	"deskside/loopback"
)

//go:embed web/dist
var built embed.FS

// assets is the built page, as script/web made it from web/src.
func assets() fs.FS {
	files, err := fs.Sub(built, "web/dist")
	if err != nil {
		panic(err) // the pattern above names it
	}
	return files
}

// roomsProtocol is the WebSocket protocol of /rooms.
const roomsProtocol = "deskside-rooms"

// maxReason is how many characters of an operator's words the page is given.
const maxReason = 300

// Overview is what /rooms sends.
type Overview struct {
	You   string `json:"you"` // the person's name, as operators see it
	Rooms []Room `json:"rooms"`
	Show  string `json:"show,omitempty"` // the session to turn to
}

// Room is a session with chat, fit to be shown to the person.
type Room struct {
	Session deskside.SessionID `json:"session"`
	Name    string             `json:"name"`           // of the operator
	Says    bool               `json:"says,omitempty"` // Name is what the operator claims
	Host    string             `json:"host,omitempty"`
	Reason  string             `json:"reason,omitempty"`
	State   deskside.State     `json:"state"`
	Until   time.Time          `json:"until,omitzero"`
	Ended   time.Time          `json:"ended,omitzero"`
	Unread  int                `json:"unread"`
}

// viewOf makes a room fit to be shown.
func viewOf(r chat.Room) Room {
	o := r.Session.Operator
	v := Room{
		Session: r.Session.ID, State: r.Session.State, Until: r.Session.Until, Ended: r.Session.Ended, Unread: r.Unread,
		Host: plain.Short(o.SaysHost, maxReason), Reason: plain.Short(r.Session.Reason, maxReason),
	}
	switch {
	case o.Name != "":
		v.Name = plain.Short(o.Name, maxReason)
	case o.SaysName != "":
		v.Name, v.Says = plain.Short(o.SaysName, maxReason), true
	default:
		v.Name = o.Title()
	}
	return v
}

// handler is all that can be asked. Only browsers count as pages: a terminal is
// known by its window.
func (s *Person) handler(browsers bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rooms", func(w http.ResponseWriter, r *http.Request) {
		v := &visitor{shows: make(chan deskside.SessionID, 1)}
		if browsers {
			defer s.enter(v)()
		}
		s.serveRooms(w, r, v)
	})
	mux.HandleFunc("GET /chat/{session}", s.serveChat)
	return mux
}

// visitor is who watches the rooms.
type visitor struct {
	shows chan deskside.SessionID // holds the last asked for
}

// show asks the page to turn to a session. Only run calls it.
func (v *visitor) show(id deskside.SessionID) {
	select {
	case <-v.shows:
	default:
	}
	v.shows <- id
}

// enter notes that a page came, and gives what notes that it went.
func (s *Person) enter(v *visitor) (leave func()) {
	s.mu.Lock()
	s.pages[v] = struct{}{}
	s.mu.Unlock()
	s.noteVisits()
	return func() {
		s.mu.Lock()
		delete(s.pages, v)
		s.mu.Unlock()
		s.noteVisits()
	}
}

func (s *Person) noteVisits() {
	select {
	case s.visits <- struct{}{}:
	default:
	}
}

// serveRooms tells a visitor of the rooms until it goes.
func (s *Person) serveRooms(w http.ResponseWriter, r *http.Request, v *visitor) {
	ws, err := loopback.Upgrade(w, r, roomsProtocol, 1<<10)
	if err != nil {
		return
	}
	defer ws.Close("")
	changed, stop := s.cfg.Chat.Watch()
	defer stop()
	ctx, cancel := context.WithCancel(r.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer cancel()
		for s.heed(ctx, ws) == nil {
		}
	}()
	show := ""
	for s.tellRooms(ctx, ws, show) == nil {
		show = ""
		select {
		case <-changed:
		case id := <-v.shows:
			show = id.String()
		case <-ctx.Done():
		}
	}
	cancel()
	<-gone
}

// heed does what a page wants, which is to close what it has read of a session
// that ended, and fails when the page goes.
func (s *Person) heed(ctx context.Context, ws *loopback.Socket) error {
	text, err := ws.Read(ctx)
	if err != nil {
		return err
	}
	var want struct {
		Close deskside.SessionID `json:"close"`
	}
	if err := json.Unmarshal(text, &want); err != nil {
		return err
	}
	s.cfg.Chat.Forget(want.Close)
	return nil
}

func (s *Person) tellRooms(ctx context.Context, ws *loopback.Socket, show string) error {
	o := Overview{You: s.cfg.Chat.Person(), Rooms: []Room{}, Show: show}
	for _, r := range s.cfg.Chat.Rooms() {
		o.Rooms = append(o.Rooms, viewOf(r))
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return ws.Write(ctx, text)
}

// serveChat is the person's stream in a room.
func (s *Person) serveChat(w http.ResponseWriter, r *http.Request) {
	var id deskside.SessionID
	if err := id.UnmarshalText([]byte(r.PathValue("session"))); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ws, err := loopback.Upgrade(w, r, chat.Protocol, chat.MaxLine)
	if err != nil {
		return
	}
	defer ws.Close("")
	if err := s.cfg.Chat.ServePerson(r.Context(), ws.NetConn(r.Context(), true), id); err != nil {
		s.log.Debug("a chat page's stream ended", "session", id, "error", err)
	}
}
