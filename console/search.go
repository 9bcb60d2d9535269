package console

import (
	"context"
	"encoding/json"
	"net/http"
	"path"

	"deskside/console/find"
	"deskside/console/here"
)

func (c *Console) searchFar(w http.ResponseWriter, r *http.Request, t *tab) error {
	s, err := t.live()
	if err != nil {
		return err
	}
	f := s.Files()
	return search(w, r, r.URL.Query().Get("path"), func(ctx context.Context, dir string, yield func(here.Entry) bool) error {
		return f.Walk(ctx, dir, func(e Entry) bool { return yield(here.Entry(e)) })
	})
}

func (c *Console) searchHere(w http.ResponseWriter, r *http.Request) error {
	f, err := c.folder()
	if err != nil {
		return err
	}
	return search(w, r, path.Join("/", r.URL.Query().Get("path")), func(ctx context.Context, dir string, yield func(here.Entry) bool) error {
		list, _, err := f.List(ctx, dir)
		for _, e := range list {
			if !yield(e) {
				break
			}
		}
		return err
	})
}

// found is find.News as the page has it.
type found struct {
	find.News
	Hits []Entry `json:"hits,omitempty"`
}

// search answers with a line of JSON for each of the news, as they come. A page
// that goes away ends it.
func search(w http.ResponseWriter, r *http.Request, dir string, list find.Lister) error {
	noDeadlines(w)
	begun := false
	err := find.Below(r.Context(), dir, r.URL.Query().Get("name"), list, func(n find.News) error {
		if !begun {
			w.Header().Set("Content-Type", "application/x-ndjson")
			begun = true
		}
		line := found{News: n}
		for _, e := range n.Hits {
			line.Hits = append(line.Hits, Entry(e))
		}
		if err := json.NewEncoder(w).Encode(line); err != nil {
			return err
		}
		return http.NewResponseController(w).Flush()
	})
	if err != nil && begun {
		panic(http.ErrAbortHandler) // what was said must not pass for all there is
	}
	return err
}
