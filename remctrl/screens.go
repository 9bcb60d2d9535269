package remctrl

import (
	"fmt"
	"net/http"
	"strconv"

	"deskside"
	"deskside/internal/plain"
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

// Find gives the ID of the screen that a user named, by its ID or its name; the
// empty text is all of them. Its error says which there are.
func (l Screens) Find(named string) (id string, err error) {
	if named == "" {
		return "", nil
	}
	there := "all"
	for _, s := range l.Screens {
		id := strconv.FormatUint(uint64(s.ID), 10)
		if id == named || s.Name == named {
			return id, nil
		}
		there += fmt.Sprintf(", %s (%s)", id, s.Name)
	}
	return "", deskside.Errorf(deskside.CodeNotFound, "no screen %q", named).Hint("Screens there: %s.", plain.Text(there))
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
