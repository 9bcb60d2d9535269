package console

import (
	"net/http"
	"unicode/utf8"

	"deskside"
)

const maxReason = 500 // characters

// openTab begins a setup.
func (c *Console) openTab(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Machine   string             `json:"machine"`
		Rights    deskside.Rights    `json:"rights"`
		Reason    string             `json:"reason"`
		Transport deskside.Transport `json:"transport"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	switch {
	case ask.Rights == 0:
		return deskside.Errorf(deskside.CodeBadRequest, "no rights are wanted").Hint("Choose at least one.")
	case utf8.RuneCountInString(ask.Reason) > maxReason:
		return deskside.Errorf(deskside.CodeBadRequest, "the reason is longer than %d characters", maxReason)
	case ask.Transport != "" && ask.Transport != deskside.TCP && ask.Transport != deskside.UDP:
		return deskside.Errorf(deskside.CodeBadRequest, "unknown transport %q", ask.Transport)
	}
	m, err := c.machine(ask.Machine)
	if err != nil {
		return err
	}
	t, err := c.desk.open(Request{Machine: m, Rights: ask.Rights, Reason: tidy(ask.Reason), Transport: ask.Transport})
	if err != nil {
		return err
	}
	return writeJSON(w, t.snapshot())
}

func (c *Console) machine(name string) (Machine, error) {
	book, err := c.cfg.Backend.Machines()
	if err != nil {
		return Machine{}, err
	}
	for _, m := range book {
		if m.Name == name {
			return m, nil
		}
	}
	return Machine{}, deskside.Errorf(deskside.CodeNotFound, "no machine %q in the address book", name)
}

// endTab cancels a setup or ends its session; the event stream tells when it
// is over.
func (c *Console) endTab(w http.ResponseWriter, r *http.Request, t *tab) error {
	t.cancel()
	return writeJSON(w, struct{}{})
}

// forgetTab closes a tab that is over.
func (c *Console) forgetTab(w http.ResponseWriter, r *http.Request, t *tab) error {
	if err := c.desk.forget(t); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (c *Console) cancelTransfer(w http.ResponseWriter, r *http.Request, t *tab) error {
	if err := t.cancelTransfer(r.PathValue("transfer")); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}
