package serve

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// statusError is a refusal with the status that a standard asks for.
type statusError struct {
	status int
	err    *deskside.Error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// takesTrailers reports whether a client reads trailers (RFC 9110, section 6.5.1).
func takesTrailers(h http.Header) bool { return holds(h, "TE", "trailers") }

// holds reports whether a list in a header has the member, parameters aside.
func holds(h http.Header, key, member string) bool {
	for text := range strings.SplitSeq(strings.Join(h.Values(key), ","), ",") {
		text, _, _ = strings.Cut(text, ";")
		text, _, _ = strings.Cut(text, "=")
		if strings.EqualFold(strings.TrimSpace(text), member) {
			return true
		}
	}
	return false
}

func quoted(tag string) string { return `"` + tag + `"` }

// standard answers a GET or HEAD of a file by RFC 9110: ranges, conditions by
// ETag, and a length, short of which the stream breaks off where the file cannot
// be sent to its end.
func (c *call) standard(out *disk.Outgoing) error {
	tag, err := out.Tag()
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", xfer.TypeBytes)
	h.Set("ETag", quoted(tag))
	xfer.WriteHead(h, out.Meta)
	if holds(c.r.Header, "Want-Repr-Digest", "sha-256") {
		sum, err := out.SHA256(func() error { return c.step(deskside.FilesRead) })
		if err != nil {
			return c.reason(err)
		}
		h.Set("Repr-Digest", digestField(sum))
	}
	if r := c.r.Header.Get("Range"); r != "" {
		c.detail["range"] = disk.Text(r[:min(len(r), 200)])
	}
	w := &standardReply{ResponseWriter: c.w, c: c, out: out}
	// Without a time there is no Last-Modified: a second is too long to tell
	// two states of a file by.
	http.ServeContent(w, c.r, "", time.Time{}, io.NewSectionReader(w, 0, out.Meta.Size))
	c.detail["bytes"] = number(w.sent)
	return c.reason(w.err)
}

// standardReply is both ends of what http.ServeContent moves: it reads the file
// and writes the reply.
type standardReply struct {
	http.ResponseWriter
	c    *call
	out  *disk.Outgoing
	sent int64
	err  error
}

// ReadAt reads of the file.
func (s *standardReply) ReadAt(b []byte, at int64) (n int, err error) {
	if err = s.c.step(deskside.FilesRead); err == nil {
		n, err = s.out.ReadSame(b, at)
	}
	if err != nil && err != io.EOF && s.err == nil {
		s.err = err
	}
	return n, err
}

// WriteHeader begins the reply, unless it is a refusal, which is ours to write.
func (s *standardReply) WriteHeader(status int) {
	switch status {
	case http.StatusPreconditionFailed:
		s.err = stale(s.out.Name)
	case http.StatusRequestedRangeNotSatisfiable:
		s.err = &statusError{status, deskside.Errorf(deskside.CodeBadRequest, "%q has only %d bytes", disk.Text(s.out.Name), s.out.Meta.Size)}
	default:
		s.c.body = true
		s.ResponseWriter.WriteHeader(status)
		return
	}
	for _, key := range []string{"Content-Encoding", "Content-Length", "X-Content-Type-Options"} {
		s.Header().Del(key)
	}
}

func (s *standardReply) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.c.patience()
	n, err := s.ResponseWriter.Write(b)
	s.sent += int64(n)
	s.c.row.At(s.sent)
	if err != nil {
		s.err = &disk.BrokenError{Err: err}
	}
	return n, err
}

// ReadFrom moves more at a time than io.Copy would.
func (s *standardReply) ReadFrom(r io.Reader) (int64, error) {
	buf := disk.Buffers.Get().(*[disk.BufferSize]byte)
	defer disk.Buffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{s}, struct{ io.Reader }{r}, buf[:])
}

// stale is the refusal of a request whose condition does not hold.
func stale(name string) error {
	return &statusError{http.StatusPreconditionFailed,
		deskside.Errorf(deskside.CodeConflict, "%q is not, or no longer, what the request is about", disk.Text(name)).
			Hint("Look at what is there, then decide again.")}
}

// conditional reports whether a change depends on what is there.
func (c *call) conditional() bool {
	return c.ifMatch() != "" || c.r.Header.Get("If-None-Match") != ""
}

// ifMatch gives the condition of the request, or of the one that began its upload.
func (c *call) ifMatch() string {
	if c.req.Match != "" {
		return c.req.Match
	}
	return strings.Join(c.r.Header.Values("If-Match"), ", ")
}

// mayReplace checks the conditions of a change against what is there, nil being
// nothing, and says whether it may go: who says which state is meant means to
// replace it.
func (c *call) mayReplace(info fs.FileInfo) (bool, error) {
	tag, name := "", c.req.Path
	if info != nil {
		tag, name = quoted(disk.Tag(info)), info.Name()
	}
	if none := strings.Join(c.r.Header.Values("If-None-Match"), ", "); none != "" && tagIn(none, tag) {
		return false, stale(name)
	}
	match := c.ifMatch()
	if match != "" && !tagIn(match, tag) {
		return false, stale(name)
	}
	return match != "" || c.req.Replace, nil
}

// still checks the conditions of a change against what is at p now. Until done is
// called no other change by conditions is made: of two who mean the same state only
// one can be right.
func (c *call) still(p *disk.Place) (done func(), err error) {
	if !c.conditional() {
		return func() {}, nil
	}
	c.s.conditional.Lock()
	info, err := p.Dir.Lstat(p.Name)
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
		_, err = c.mayReplace(info)
	default:
		err = disk.Explain(err, "read", p.Name)
	}
	if err != nil {
		c.s.conditional.Unlock()
		return nil, err
	}
	return c.s.conditional.Unlock, nil
}

// tagIn reports whether a list of tags, or "*", means tag, which is empty for
// nothing. Tags are compared strongly (RFC 9110, section 8.8.3.2); ours hold no
// comma.
func tagIn(list, tag string) bool {
	if tag == "" {
		return false
	}
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "*" || text == tag {
			return true
		}
	}
	return false
}

// digestField writes a SHA-256 as RFC 9530 has it.
func digestField(sum disk.SHA256) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// reprDigest gives the SHA-256 that the request says of the whole file, in its
// header or trailer, as digestField writes it; "" is none.
func (c *call) reprDigest() string {
	for _, h := range []http.Header{c.r.Header, c.r.Trailer} {
		for text := range strings.SplitSeq(strings.Join(h.Values("Repr-Digest"), ","), ",") {
			if text = strings.TrimSpace(text); strings.HasPrefix(text, "sha-256=") {
				return text
			}
		}
	}
	return ""
}

// ownSum gives the BLAKE3 of what arrived, if its SHA-256 is what the request said.
func (c *call) ownSum(a *arrival) (disk.Hash, error) {
	sum, err := a.SHA256(func() error { return c.step(deskside.FilesWrite) })
	if err != nil {
		return disk.Hash{}, err
	}
	if digestField(sum) != c.reprDigest() {
		return disk.Hash{}, disk.Conflict("the SHA-256 of %q is not the sender's", disk.Text(a.Name())).Hint("Copy it again.")
	}
	return a.Sum.Now(), nil
}
