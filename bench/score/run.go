package score

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Run is everything that one run of the bench measured.
type Run struct {
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took"`
	Commit  string        `json:"commit"`
	Machine string        `json:"machine"`
	Rounds  int           `json:"rounds"`
	Cut     bool          `json:"cut,omitempty"` // it was interrupted
	Samples []Sample      `json:"samples"`
}

// Sample is one workload on one server in one round.
type Sample struct {
	Round    int      `json:"round"`
	Workload string   `json:"workload"`
	Server   string   `json:"server"`
	Values   Values   `json:"values,omitempty"` // by the IDs of rows
	Exact    string   `json:"exact,omitempty"`  // "exact", "not exact"
	Others   float64  `json:"others"`           // the machine's other load meanwhile, percent of a core
	Load     float64  `json:"load"`             // the machine's load average
	Failed   string   `json:"failed,omitempty"` // why there is nothing, or not all
	Notes    []string `json:"notes,omitempty"`
}

// Values are by the IDs of rows. In JSON what never came is null.
type Values map[string]float64

// MarshalJSON writes the values; JSON knows no infinity.
func (v Values) MarshalJSON() ([]byte, error) {
	out := make(map[string]*float64, len(v))
	for id, x := range v {
		if out[id] = nil; !math.IsInf(x, 0) && !math.IsNaN(x) {
			rounded := math.Round(x*1000) / 1000
			out[id] = &rounded
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Values) UnmarshalJSON(text []byte) error {
	var in map[string]*float64
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*v = make(Values, len(in))
	for id, x := range in {
		if (*v)[id] = Never; x != nil {
			(*v)[id] = *x
		}
	}
	return nil
}

// JSON gives all of it for programs.
func (r *Run) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", " ")
	return append(b, '\n'), err
}

// Words gives the values in one line.
func (s *Sample) Words() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.Values)) {
		fmt.Fprintf(&b, "%s %.4g  ", id, s.Values[id])
	}
	return b.String() + s.Exact + strings.Join(s.Notes, "; ")
}

// values gives what a server had in a row, one for each round.
func (r *Run) values(server, id string) (list []float64) {
	for _, s := range r.Samples {
		if v, ok := s.Values[id]; ok && s.Server == server {
			list = append(list, v)
		}
	}
	return list
}

// value gives the median; NaN if nothing was measured.
func (r *Run) value(server, id string) float64 { return Median(r.values(server, id)) }
