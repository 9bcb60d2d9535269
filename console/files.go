package console

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"

	"deskside"
	"deskside/console/here"
)

func (c *Console) listFiles(w http.ResponseWriter, r *http.Request, t *tab) error {
	s, err := t.live()
	if err != nil {
		return err
	}
	list, err := s.Files().List(r.Context(), r.URL.Query().Get("path"))
	if err != nil {
		return err
	}
	if list.Entries == nil {
		list.Entries = []Entry{}
	}
	return writeJSON(w, list)
}

// changeFiles makes, renames, deletes or discards on the far machine.
func (c *Console) changeFiles(w http.ResponseWriter, r *http.Request, t *tab) error {
	s, err := t.live()
	if err != nil {
		return err
	}
	f := s.Files()
	return change(w, r, f, func(p string) (string, error) { return f.Root(r.Context(), p) })
}

// side is where files can be changed: the far machine or this one.
type side interface {
	here.Changer
	Delete(ctx context.Context, path string) error
}

// change makes, renames, deletes or discards at one side, and answers with where
// a thing is afterwards. root gives the folder that holds the trash for a path.
func change(w http.ResponseWriter, r *http.Request, at side, root func(string) (string, error)) error {
	var ask struct {
		Do   string `json:"do"` // "mkdir", "rename", "delete", "discard"
		Path string `json:"path"`
		To   string `json:"to"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	var err error
	switch ask.Do {
	case "mkdir":
		err = at.Mkdir(r.Context(), ask.Path)
	case "rename":
		err = at.Rename(r.Context(), ask.Path, ask.To)
	case "delete":
		err = at.Delete(r.Context(), ask.Path)
	case "discard":
		ask.To, err = discard(r.Context(), at, root, ask.Path)
	default:
		err = deskside.Errorf(deskside.CodeBadRequest, "unknown change %q", ask.Do)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]string{"to": ask.To})
}

// discard puts what is at a path into the trash of its root.
func discard(ctx context.Context, at side, root func(string) (string, error), p string) (string, error) {
	top, err := root(p)
	if err != nil {
		return "", err
	}
	return here.Discard(ctx, at, top, p, time.Now())
}

// upload streams the request's body to the machine.
func (c *Console) upload(w http.ResponseWriter, r *http.Request, t *tab) error {
	s, err := t.live()
	if err != nil {
		return err
	}
	u, err := uploadOf(r)
	if err != nil {
		return err
	}
	noDeadlines(w)
	ctx, x, finish := t.transfer(r.Context(), u.Path, u.Size, true)
	_, err = s.Files().Put(ctx, u, counted{r.Body, t, x})
	finish(err)
	if err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

// uploadOf reads what a request says of its file.
func uploadOf(r *http.Request) (u Upload, err error) {
	q := r.URL.Query()
	u.Path, u.Replace = q.Get("path"), q.Get("replace") == "1"
	u.Size, err = strconv.ParseInt(q.Get("size"), 10, 64)
	if err != nil || u.Size < 0 || r.ContentLength >= 0 && r.ContentLength != u.Size {
		return u, deskside.Errorf(deskside.CodeBadRequest, "size %q is not that of the body", q.Get("size"))
	}
	if text := q.Get("changed"); text != "" {
		if u.Changed, err = time.Parse(time.RFC3339, text); err != nil {
			return u, deskside.Errorf(deskside.CodeBadRequest, "changed %q is no time: want RFC 3339", text)
		}
	}
	return u, nil
}

// noDeadlines lets a body take as long as the file needs. A server whose
// connections have none loses nothing.
func noDeadlines(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetWriteDeadline(time.Time{})
}

// download is a file that the page may fetch once, by an address of its own.
type download struct {
	tab   *tab
	path  string
	until time.Time
}

const (
	downloadFor  = 30 * time.Second // from asking to fetching
	maxDownloads = 64               // asked for and not fetched
)

// downloads hands out the addresses. They are 32 random bytes, good for one
// fetch within downloadFor.
type downloads struct {
	mu   sync.Mutex
	open map[deskside.Ticket]download
	now  func() time.Time
}

func (d *downloads) issue(t *tab, path string) (deskside.Ticket, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, v := range d.open {
		if d.now().After(v.until) {
			delete(d.open, k)
		}
	}
	if len(d.open) >= maxDownloads {
		return deskside.Ticket{}, deskside.Errorf(deskside.CodeTooMany, "%d downloads wait to begin", maxDownloads).Hint("Try again in a minute.")
	}
	k := deskside.NewTicket()
	d.open[k] = download{t, path, d.now().Add(downloadFor)}
	return k, nil
}

// take gives what the ticket is for, once.
func (d *downloads) take(text string) (download, error) {
	var k deskside.Ticket
	gone := deskside.Errorf(deskside.CodeNotFound, "this address was good for one download, a moment ago").
		Hint("Press Download in the page again.")
	if k.UnmarshalText([]byte(text)) != nil {
		return download{}, gone
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.open[k]
	delete(d.open, k)
	if !ok || d.now().After(v.until) {
		return download{}, gone
	}
	return v, nil
}

// askDownload gives the page an address to fetch a file from.
func (c *Console) askDownload(w http.ResponseWriter, r *http.Request, t *tab) error {
	var ask struct {
		Path string `json:"path"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	if _, err := t.live(); err != nil {
		return err
	}
	k, err := c.downloads.issue(t, ask.Path)
	if err != nil {
		return err
	}
	text, err := k.MarshalText()
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]string{"url": "/download/" + string(text)})
}

// fetch serves a file under its single-use address. A file that breaks off
// aborts the connection, so that the browser never keeps half of one.
func (c *Console) fetch(w http.ResponseWriter, r *http.Request) error {
	d, err := c.downloads.take(r.PathValue("ticket"))
	if err != nil {
		return err
	}
	s, err := d.tab.live()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	entry, body, err := s.Files().Open(ctx, d.path)
	if err != nil {
		return err
	}
	defer body.Close()
	noDeadlines(w)
	head := w.Header()
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": entry.Name}))
	head.Set("Content-Length", strconv.FormatInt(entry.Size, 10))
	ctx, x, finish := d.tab.transfer(ctx, d.path, entry.Size, false)
	stopBody := context.AfterFunc(ctx, func() { body.Close() })
	defer stopBody()
	err = copyWhole(w, counted{body, d.tab, x}, entry.Size)
	finish(err)
	if err != nil {
		panic(http.ErrAbortHandler) // how net/http is told to break the connection off
	}
	return nil
}

// copyWhole copies a file of the size. It keeps the last byte back until the
// source said that the whole of it is right.
func copyWhole(w io.Writer, r io.Reader, size int64) error {
	if size == 0 {
		return atEnd(r)
	}
	if _, err := io.CopyN(w, r, size-1); err != nil {
		return err
	}
	last := make([]byte, 1)
	if _, err := io.ReadFull(r, last); err != nil {
		return err
	}
	if err := atEnd(r); err != nil {
		return err
	}
	_, err := w.Write(last)
	return err
}

// atEnd reads what follows the last byte: the end, or why the whole of the
// file cannot be trusted.
func atEnd(r io.Reader) error {
	n, err := r.Read(make([]byte, 1))
	switch {
	case n > 0:
		return deskside.Errorf(deskside.CodeConflict, "the file grew while it was read")
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}
