package console

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"deskside/identity"

	"deskside"
)

func (c *Console) listMachines(w http.ResponseWriter, r *http.Request) error {
	list, err := c.desk.machines()
	if err != nil {
		return err
	}
	return writeJSON(w, list)
}

// saveMachine adds a machine or changes the one called old.
func (c *Console) saveMachine(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Old     string `json:"old"`
		Name    string `json:"name"`
		Address string `json:"address"`
		Group   string `json:"group"`
		Note    string `json:"note"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	m := Machine{Name: tidy(ask.Name), Address: tidy(ask.Address), Group: tidy(ask.Group), Note: tidy(ask.Note)}
	if err := m.check(); err != nil {
		return err
	}
	if err := c.cfg.Backend.Save(ask.Old, m); err != nil {
		return err
	}
	c.desk.publishMachines()
	c.desk.prompt()
	return writeJSON(w, struct{}{})
}

// tidy takes out what has no place in a name: control characters, and space
// around it.
func tidy(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text))
}

func (m Machine) check() error {
	for _, f := range []struct {
		what, text string
		limit      int
		needed     bool
	}{
		{"name", m.Name, 64, true},
		{"address", m.Address, 255, true},
		{"group", m.Group, 64, false},
		{"note", m.Note, 500, false},
	} {
		switch n := utf8.RuneCountInString(f.text); {
		case n == 0 && f.needed:
			return deskside.Errorf(deskside.CodeBadRequest, "the machine has no %s", f.what)
		case n > f.limit:
			return deskside.Errorf(deskside.CodeBadRequest, "the machine's %s has %d characters, more than %d", f.what, n, f.limit)
		}
	}
	if strings.ContainsFunc(m.Address, unicode.IsSpace) {
		return deskside.Errorf(deskside.CodeBadRequest, "the address %q has a space in it", m.Address).
			Hint("Write host or host:port, such as pc-12.example or 10.0.0.12:2701.")
	}
	return nil
}

func (c *Console) removeMachine(w http.ResponseWriter, r *http.Request) error {
	if err := c.cfg.Backend.Remove(r.PathValue("name")); err != nil {
		return err
	}
	c.desk.publishMachines()
	return writeJSON(w, struct{}{})
}

// look tells who answers at an address. The key's last group is left for the
// operator to type: it is read at the machine, not copied from here.
func (c *Console) look(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Address string `json:"address"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	l, err := c.cfg.Backend.Look(r.Context(), tidy(ask.Address))
	if err != nil {
		return err
	}
	shown := struct {
		Look
		Masked string `json:"masked"` // the ID with gaps
	}{l, identity.LeaveGaps(l.Agent).String()}
	return writeJSON(w, shown)
}

// pin remembers the key at an address if the operator could fill in, as read at
// the machine, what look left out of its ID.
func (c *Console) pin(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Address string           `json:"address"`
		Agent   deskside.AgentID `json:"agent"`
		Filled  string           `json:"filled"` // the ID
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	if id, err := deskside.ParseKeyID(ask.Filled); err != nil || id != ask.Agent {
		return deskside.Errorf(deskside.CodeWrongKey, "this is not the ID that answered").
			Hint("Read it again at the machine. If it stays different, another computer answers at this address: do not connect.")
	}
	if err := c.cfg.Backend.Pin(tidy(ask.Address), ask.Agent); err != nil {
		return err
	}
	c.desk.publishMachines()
	return writeJSON(w, struct{}{})
}
