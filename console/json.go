package console

import (
	"encoding/json"
	"net/http"

	"deskside"
)

// readJSON reads the whole of a request's body, which has no unknown fields.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return deskside.Errorf(deskside.CodeBadRequest, "read the request: %w", err)
	}
	if d.More() {
		return deskside.Errorf(deskside.CodeBadRequest, "read the request: more than one value")
	}
	return nil
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
	return nil
}

// refuse answers with the error as JSON, and the status that fits its code.
func refuse(w http.ResponseWriter, err error) {
	e := deskside.AsError(err)
	text, err := json.Marshal(e)
	if err != nil {
		text = []byte(`{"code":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status(e.Code))
	w.Write(text)
}

func status(c deskside.Code) int {
	switch c {
	case deskside.CodeBadRequest:
		return http.StatusBadRequest
	case deskside.CodeNotFound:
		return http.StatusNotFound
	case deskside.CodeExists, deskside.CodeConflict, deskside.CodeEnded, deskside.CodeSuspended:
		return http.StatusConflict
	case deskside.CodeTooMany, deskside.CodeBusy:
		return http.StatusTooManyRequests
	case deskside.CodeInternal:
		return http.StatusInternalServerError
	case deskside.CodeUnreachable:
		return http.StatusBadGateway
	}
	return http.StatusForbidden
}

// keep replaces what the page keeps of the operator's habits.
func (c *Console) keep(w http.ResponseWriter, r *http.Request) error {
	var all map[string]string
	if err := readJSON(w, r, &all); err != nil {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := c.cfg.Backend.Keep(text); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}
