package remctrl

import (
	"net/http"

	"deskside"
	"deskside/wire"
)

// Screens is the answer to GET /screens: the size of the whole picture and the
// screens within it, the primary first.
type Screens struct {
	W       int      `json:"w"`
	H       int      `json:"h"`
	Screens []Screen `json:"screens"`
}

// Screen is one monitor, by its place within the whole picture.
type Screen struct {
	ID      uint32 `json:"id"`   // for a viewer's "screen"
	Name    string `json:"name"` // the machine's, "HDMI-1"
	X       int    `json:"x"`
	Y       int    `json:"y"`
	W       int    `json:"w"`
	H       int    `json:"h"`
	Primary bool   `json:"primary,omitempty"`
}

func (s *Service) serveScreens(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.cfg.Gate, w, r)
	if !ok {
		return
	}
	err := pass.Check(deskside.View)
	if err == nil {
		err = s.available(options{screen: allScreens})
	}
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	l := s.src.desktop.Layout()
	list := Screens{W: l.W, H: l.H, Screens: make([]Screen, 0, len(l.Screens))}
	for _, m := range l.Screens {
		b := m.Bounds
		list.Screens = append(list.Screens, Screen{ID: m.ID, Name: m.Name, X: b.X0, Y: b.Y0, W: b.W(), H: b.H(), Primary: m.Primary})
	}
	wire.WriteJSON(w, list)
}
