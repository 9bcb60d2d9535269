package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"deskside"
	"deskside/console/glance"
	"deskside/console/here"
	"deskside/xfer/disk"
)

// reader is where files can be read for a preview: the far machine or this one.
type reader interface {
	Start(ctx context.Context, path string, n int64) (head []byte, size int64, err error)
	Open(ctx context.Context, path string) (Entry, io.ReadCloser, error)
}

func (c *Console) previewFar(w http.ResponseWriter, r *http.Request, t *tab) error {
	s, err := t.live()
	if err != nil {
		return err
	}
	return preview(w, r, s.Files())
}

func (c *Console) previewHere(w http.ResponseWriter, r *http.Request) error {
	f, err := c.folder()
	if err != nil {
		return err
	}
	return preview(w, r, near{f})
}

// preview answers with what is shown of a file.
func preview(w http.ResponseWriter, r *http.Request, from reader) error {
	p := r.URL.Query().Get("path")
	head, size, err := from.Start(r.Context(), p, glance.MaxText)
	if err != nil {
		return err
	}
	kind := glance.Of(head, size)
	if kind.Image() && size > int64(len(head)) && size <= glance.MaxImage {
		if head, size, err = readAll(r.Context(), from, p, glance.MaxImage); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Deskside-Size", strconv.FormatInt(size, 10))
	switch err := glance.Check(head, kind, size); {
	case err != nil:
		return writeJSON(w, deskside.AsError(err))
	case kind == glance.None:
		return writeJSON(w, deskside.Errorf(deskside.CodeUnsupported, "this is neither text nor a picture that is shown here").
			Hint("Copy it and open the copy."))
	case !kind.Image():
		head = glance.Text(head, kind, size)
	}
	h.Set("Content-Type", string(kind))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // were it ever opened by itself
	w.Write(head)
	return nil
}

// readAll reads a file of at most limit bytes to its end, which says that it is right.
func readAll(ctx context.Context, from reader, p string, limit int64) ([]byte, int64, error) {
	e, body, err := from.Open(ctx, p)
	if err != nil {
		return nil, 0, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && (e.Size != int64(len(text)) || e.Size > limit) {
		err = deskside.Errorf(deskside.CodeConflict, "the file changed while it was read").Hint("Try again.")
	}
	return text, e.Size, err
}

// near reads this machine's files.
type near struct{ *here.Folder }

func (n near) Start(_ context.Context, p string, max int64) ([]byte, int64, error) {
	out, err := n.Read(p)
	if err != nil {
		return nil, 0, err
	}
	defer out.Close()
	head := make([]byte, min(max, out.Meta.Size))
	if _, err := io.ReadFull(out, head); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, disk.Explain(err, "read", p)
	}
	return head, out.Meta.Size, nil
}

func (n near) Open(_ context.Context, p string) (Entry, io.ReadCloser, error) {
	out, err := n.Read(p)
	if err != nil {
		return Entry{}, nil, err
	}
	return Entry{Name: baseName(p), Path: p, Size: out.Meta.Size}, out, nil
}
