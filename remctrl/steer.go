package remctrl

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"deskside"
	"deskside/wire"
)

// options are what a viewer asks for: when it opens its stream, and but for the
// name as often as it likes afterwards.
type options struct {
	screen   uint32 // allScreens for the whole layout
	viewOnly bool
	name     string // what the session calls the viewer, "" nothing
}

const (
	allScreens = ^uint32(0)
	maxName    = 32 // bytes of a viewer's name
	nameChars  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
)

func parseOptions(q url.Values) (options, error) {
	o := options{screen: allScreens}
	return o, o.parse(q)
}

// parse takes over what a query says and leaves the rest as it is.
func (o *options) parse(q url.Values) error {
	for key, values := range q {
		value := values[0]
		switch key {
		case "screen":
			n, err := parseScreen(value)
			if err != nil {
				return err
			}
			o.screen = n
		case "view-only":
			if value != "0" && value != "1" {
				return badQuery(key, value, "0 or 1")
			}
			o.viewOnly = value == "1"
		case "name":
			if value == "" || len(value) > maxName || strings.Trim(value, nameChars) != "" {
				return badQuery(key, value, "1 to %d letters, digits, - and _", maxName)
			}
			o.name = value
		default:
			return deskside.Errorf(deskside.CodeBadRequest, "unknown parameter %.40q", key)
		}
	}
	return nil
}

func parseScreen(text string) (uint32, error) {
	if text == "all" {
		return allScreens, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, badQuery("screen", text, "all or the number of a screen")
	}
	return uint32(n), nil
}

func badQuery(key, value, want string, args ...any) error {
	return deskside.Errorf(deskside.CodeBadRequest, "%s=%.40q", key, value).Hint("Give "+want+".", args...)
}

// detail is how the audit has it.
func (o options) detail() map[string]string {
	screen := "all"
	if o.screen != allScreens {
		screen = strconv.FormatUint(uint64(o.screen), 10)
	}
	return map[string]string{"screen": screen, "view-only": strconv.FormatBool(o.viewOnly)}
}

// steer lets a session choose anew what its viewers of a name show and may do.
func (s *Service) steer(w http.ResponseWriter, r *http.Request) {
	pass, ok := wire.Admit(s.cfg.Gate, w, r)
	if !ok {
		return
	}
	name := r.PathValue("name")
	list := s.named(pass.Session().ID, name)
	for _, v := range list {
		if err := v.steer(pass, r.URL.Query()); err != nil {
			wire.Refuse(w, err)
			return
		}
	}
	if len(list) == 0 {
		wire.Refuse(w, errNoViewer(name))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// named gives the viewers of a session by their name.
func (s *Service) named(session deskside.SessionID, name string) []*viewer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*viewer
	for v := range s.viewers {
		if v.name == name && v.session == session {
			list = append(list, v)
		}
	}
	return list
}

// steer makes the viewer show, and lets it do, what a query says. The audit has
// it before it is so. Once it returns with view-only set, nothing of the
// viewer's reaches the desktop, and nothing it held is down.
func (v *viewer) steer(pass deskside.Pass, q url.Values) error {
	v.steering.Lock()
	defer v.steering.Unlock()
	was := v.chosen()
	o := was
	err := o.parse(q)
	switch {
	case err != nil:
		return err
	case o.name != was.name:
		return deskside.Errorf(deskside.CodeBadRequest, "a viewer keeps the name it was opened with")
	case o == was:
		return nil
	}
	if err := v.svc.available(o); err != nil {
		return err
	}
	if err := pass.Record(deskside.Event{Kind: deskside.EventControlTo, Detail: o.detail()}); err != nil {
		return err
	}
	err = v.change(func() {
		v.opts = o
		if o.screen != was.screen {
			v.asked.whole, v.asked.size = true, true
		}
	})
	v.hand.onlyLook(o.viewOnly)
	return err
}

func (v *viewer) chosen() options {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opts
}
