package desktop

import "fmt"

// Survey is what a desktop offers, and how its picture is taken. It is for
// people to read, and for their programs.
type Survey struct {
	Display string   `json:"display"`          // where it is, ":0"
	Server  string   `json:"server"`           // who shows it, and which release
	W       int      `json:"w"`                // of the whole picture, in pixels
	H       int      `json:"h"`                //
	Depth   int      `json:"depth"`            // bits of colour
	Bits    int      `json:"bits"`             // of a stored pixel
	Screens []Screen `json:"-"`                //
	Pixels  string   `json:"pixels"`           // how they are fetched
	Changes string   `json:"changes"`          // how they are found
	Parts   []Part   `json:"parts"`            // what it may have
	Others  []string `json:"others,omitempty"` // further displays of this machine
}

// Part is something that a system may have or lack.
type Part struct {
	Name    string `json:"name"` // "MIT-SHM"
	There   bool   `json:"there"`
	For     string `json:"for"`               // what it is used for
	Instead string `json:"instead,omitempty"` // what happens without it
	Do      string `json:"do,omitempty"`      // what brings it
}

// String tells the way that pictures take in a line.
func (s *Survey) String() string {
	return fmt.Sprintf("%dx%d, %d bits of colour; pixels %s; changes %s", s.W, s.H, s.Depth, s.Pixels, s.Changes)
}

// Lacking gives the parts that are not there.
func (s *Survey) Lacking() (list []Part) {
	for _, p := range s.Parts {
		if !p.There {
			list = append(list, p)
		}
	}
	return list
}
