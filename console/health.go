package console

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"deskside"
	"deskside/internal/plain"
	"deskside/remctrl"
	"deskside/remctrl/gauge"
)

// health is how an open picture fares, and who else is at the machine.
type health struct {
	Figures *remctrl.Figures `json:"figures,omitempty"` // of the page's picture, if it is open
	Verdict *gauge.Verdict   `json:"verdict,omitempty"` // what they amount to
	Others  []otherView      `json:"others"`            // nil: not asked for, or not known
	More    int              `json:"more,omitempty"`    // others that are not listed
}

// otherView is somebody else's session with the machine, or another one of this
// operator.
type otherView struct {
	Name     string          `json:"name"`
	Key      string          `json:"key"` // the last group of the operator's ID
	You      bool            `json:"you,omitempty"`
	State    deskside.State  `json:"state"`
	Rights   deskside.Rights `json:"rights"`
	Began    time.Time       `json:"began,omitzero"`
	Looks    bool            `json:"looks"`    // at the picture, now
	Controls bool            `json:"controls"` // acted last
}

const (
	healthLimit = 5 * time.Second
	mostOthers  = 20 // are listed
	mostName    = 80 // characters of a name
	mostPixels  = 1 << 16

	mostMeasured = 1e6 // milliseconds: a machine that slept is no slow one
)

// health judges the picture of a name, with what the page measured of itself,
// and lists the other sessions if it is asked to. There is no content while the
// session is not open, which the events tell.
func (c *Console) health(w http.ResponseWriter, r *http.Request, t *tab) error {
	q := r.URL.Query()
	name := q.Get("name")
	eyes, err := eyesOf(q.Get("decode_ms"), q.Get("busy"))
	if err == nil {
		err = (&View{Name: name}).check()
	}
	if err != nil {
		return err
	}
	session, err := t.live()
	if err != nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), healthLimit)
	defer cancel()
	var h health
	var looking []remctrl.Other
	if name != "" {
		// What goes wrong here the picture itself shows better.
		if watch, err := session.Watch(ctx, name); err == nil && len(watch.Viewers) > 0 {
			figures := shown(watch.Viewers[len(watch.Viewers)-1])
			verdict := gauge.Judge(figures.Figures, eyes)
			h.Figures, h.Verdict, looking = &figures, &verdict, watch.Others
		}
	}
	if q.Get("others") == "1" {
		if list, err := session.Others(ctx); err == nil {
			h.Others = othersOf(list, looking, c.cfg.Backend.Operator())
			h.More = max(len(h.Others)-mostOthers, 0)
			h.Others = h.Others[:len(h.Others)-h.More]
		}
	}
	return writeJSON(w, h)
}

// eyesOf reads what the page measured; empty is nothing.
func eyesOf(decodeMS, busy string) (e gauge.Eyes, err error) {
	if e.DecodeMS, err = measured(decodeMS); err == nil {
		e.Busy, err = measured(busy)
	}
	return e, err
}

func measured(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, deskside.Errorf(deskside.CodeBadRequest, "%.20q is not how long something took", text)
	}
	return min(n, mostMeasured), nil
}

// shown gives the figures of a machine, which may say anything, as the page can
// show them.
func shown(f remctrl.Figures) remctrl.Figures {
	f.Figures = f.Bounded()
	f.W, f.H = min(max(f.W, 0), mostPixels), min(max(f.H, 0), mostPixels)
	return f
}

// othersOf puts together who has a session and who looks, the oldest first.
func othersOf(list []deskside.Session, looking []remctrl.Other, own deskside.OperatorID) []otherView {
	acts := make(map[deskside.OperatorID]bool, len(looking)) // of those who look
	for _, l := range looking {
		acts[l.Operator] = acts[l.Operator] || l.Controls
	}
	all := make([]otherView, 0, len(list))
	for _, s := range list {
		controls, looks := acts[s.Operator.Key]
		all = append(all, otherView{
			Name: plain.Short(s.Operator.Title(), mostName), Key: s.Operator.Key.LastGroup(), You: s.Operator.Key == own,
			State: s.State, Rights: s.Rights, Began: s.Began, Looks: looks, Controls: controls,
		})
	}
	slices.SortStableFunc(all, func(a, b otherView) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Name, b.Name))
	})
	return all
}
