package remctrl

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"deskside"
	"deskside/remctrl/gauge"
	"deskside/wire"
)

// stopwatch is the writer's: what has gone into the next update so far.
type stopwatch struct {
	at    time.Time
	spent gauge.Spent
}

// start begins a lap.
func (w *stopwatch) start() { w.at = time.Now() }

// lap ends one, which was for a stage, and begins another.
func (w *stopwatch) lap(s gauge.Stage) {
	now := time.Now()
	w.spent[s] += now.Sub(w.at)
	w.at = now
}

// measured notes an update that was written, of so many bytes.
func (v *viewer) measured(bytes int) {
	d := &v.display
	u := gauge.Update{
		Spent: d.timer.spent, Bytes: bytes, Frame: d.newer, Quality: d.quality,
		Rects: d.parcel.count, Photos: d.parcel.photos, Copies: d.parcel.copies,
	}
	d.newer, d.timer.spent = false, gauge.Spent{}
	v.mu.Lock()
	v.gauge.Sent(u, d.timer.at)
	v.mu.Unlock()
}

// nothing notes that a look brought nothing to send.
func (v *viewer) nothing() {
	v.display.timer.spent = gauge.Spent{}
	v.mu.Lock()
	v.gauge.Drop()
	v.mu.Unlock()
}

// captured notes how long the picture took that the viewer is told of next.
func (v *viewer) captured(took time.Duration) {
	v.mu.Lock()
	v.gauge.Spend(gauge.Capture, took)
	v.mu.Unlock()
}

// Watch is the answer to GET /rfb/NAME: how the viewers of that name fare, and
// who else looks at this machine.
type Watch struct {
	Viewers []Figures `json:"viewers"` // the one opened first before the others
	Others  []Other   `json:"others"`
}

// Figures is how one viewer fares.
type Figures struct {
	gauge.Figures
	W        int       `json:"w"` // of what it shows, in pixels
	H        int       `json:"h"`
	Began    time.Time `json:"began"`
	ViewOnly bool      `json:"view_only"`
	Controls bool      `json:"controls"` // it acted last
}

// Other is a viewer of somebody else's session, or of another one of the same
// operator.
type Other struct {
	Operator deskside.OperatorID `json:"operator"`
	Name     string              `json:"name"` // as the person sees it
	Began    time.Time           `json:"began"`
	ViewOnly bool                `json:"view_only"` // it cannot act, or chose not to
	Controls bool                `json:"controls"`
}

// watch tells a session how its viewers of a name fare.
func (s *Service) watch(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.cfg.Gate, w, r)
	if !ok {
		return
	}
	if err := pass.Check(deskside.View); err != nil {
		wire.Refuse(w, err)
		return
	}
	name, session := r.PathValue("name"), pass.Session().ID
	list := s.named(session, name)
	if len(list) == 0 {
		wire.Refuse(w, errNoViewer(name))
		return
	}
	slices.SortFunc(list, func(a, b *viewer) int { return a.began.Compare(b.began) })
	answer := Watch{Viewers: make([]Figures, 0, len(list)), Others: s.others(session)}
	for _, v := range list {
		answer.Viewers = append(answer.Viewers, v.figures(time.Now()))
	}
	wire.WriteJSON(w, answer)
}

func errNoViewer(name string) error {
	return deskside.Errorf(deskside.CodeNotFound, "your session has no viewer %.40q", name).
		Hint("A viewer is named when it is opened, by POST /rfb?name=NAME.")
}

// figures tells how the viewer fares.
func (v *viewer) figures(now time.Time) Figures {
	controls := v.svc.floor.controller() == v
	v.mu.Lock()
	defer v.mu.Unlock()
	f := Figures{
		Figures: v.gauge.Report(now), W: v.view.W(), H: v.view.H(),
		Began: v.began, ViewOnly: v.opts.viewOnly, Controls: controls,
	}
	p := &v.pace
	f.Path = gauge.Path{RoundTripMS: millis(p.Trip()), LastTripMS: millis(p.Last()), BytesPS: p.Speed(), UnderWay: p.UnderWay()}
	f.MayQuality = v.asked.encodings.Quality()
	return f
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// others lists the viewers of all sessions but one, the oldest first.
func (s *Service) others(session deskside.SessionID) []Other {
	s.mu.Lock()
	viewers := make([]*viewer, 0, len(s.viewers))
	for v := range s.viewers {
		if v.session != session {
			viewers = append(viewers, v)
		}
	}
	s.mu.Unlock()
	list := make([]Other, 0, len(viewers))
	for _, v := range viewers {
		op := v.pass.Session().Operator
		list = append(list, Other{
			Operator: op.Key, Name: op.Title(), Began: v.began,
			ViewOnly: v.chosen().viewOnly || v.pass.Check(deskside.Control) != nil,
			Controls: s.floor.controller() == v,
		})
	}
	slices.SortFunc(list, func(a, b Other) int {
		if c := a.Began.Compare(b.Began); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}
