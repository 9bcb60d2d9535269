package serve

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
	"deskside/xfer/frame"
)

// Uploads by draft-ietf-httpbis-resumable-upload (12). An upload is known by its
// address alone, which holds all that the request which began it said; what has
// arrived of it is the partial file of that operator, name, size and time. So the
// agent remembers nothing, and an upload outlives it.

// uploadFields is what the address of an upload holds.
var uploadFields = []string{"path", "size", "mtime", "mode", "replace", "digest", "match"}

const partialUpload = "application/partial-upload"

const statusResumable = 104 // Upload Resumption Supported

// uploadComplete reads whether a request brings the end of an upload; ok is
// whether it is one.
func uploadComplete(h http.Header) (complete, ok bool) {
	text := strings.TrimSpace(h.Get("Upload-Complete"))
	return text == "?1", text == "?1" || text == "?0"
}

// integer reads a header that is a count of bytes; ok is whether it is there and
// one.
func integer(h http.Header, key string) (n int64, ok bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(h.Get(key)), 10, 64)
	return n, err == nil && n >= 0
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// length takes the size of a file that is put, where the query does not say it,
// from the headers.
func (c *call) length() error {
	if c.r.Method != http.MethodPut || c.r.URL.Path != "/file" || c.req.Offset > 0 {
		return nil
	}
	complete, upload := uploadComplete(c.r.Header)
	size, ok := integer(c.r.Header, "Upload-Length")
	if !ok || !upload {
		size = -1
	}
	if whole := complete || !upload; whole && c.r.ContentLength >= 0 {
		if size >= 0 && size != c.r.ContentLength {
			return lengths("the request says two lengths, %d and %d", size, c.r.ContentLength)
		}
		size = c.r.ContentLength
	}
	switch {
	case c.req.Size == 0 && size > 0:
		c.req.Size = size
	case upload && size >= 0 && size != c.req.Size:
		return lengths("the request says two lengths, %d and %d", size, c.req.Size)
	case upload && size < 0 && c.req.Size == 0:
		return &statusError{http.StatusLengthRequired, deskside.Errorf(deskside.CodeBadRequest, "the upload does not say how long it is").
			Hint("Send Upload-Length with the request.")}
	}
	return nil
}

func lengths(format string, args ...any) error {
	return &statusError{http.StatusBadRequest, deskside.Errorf(deskside.CodeBadRequest, format, args...)}
}

// limits announces what an upload may have.
func (c *call) limits() {
	limits := []string{"max-age=" + number(int64(c.s.config.Limits.keep().Seconds()))}
	if most := c.s.config.Limits.File; most > 0 {
		limits = append(limits, "max-size="+number(most))
	}
	c.w.Header().Set("Upload-Limit", strings.Join(limits, ", "))
}

// options says what can be done with a file.
func (c *call) options() error {
	h := c.w.Header()
	h.Set("Allow", "GET, HEAD, PUT, DELETE, OPTIONS")
	h.Set("Accept-Ranges", "bytes")
	h.Set("Accept-Patch", partialUpload)
	c.limits()
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// createUpload begins an upload, anew if there is one of the same address.
func (c *call) createUpload(complete bool) error {
	sum, err := base64.StdEncoding.DecodeString(strings.Trim(strings.TrimPrefix(c.reprDigest(), "sha-256="), ":"))
	if err != nil || len(sum) != len(disk.SHA256{}) {
		return disk.BadRequest("an upload that can go on must say its SHA-256 at its beginning, as Repr-Digest: sha-256=:...:")
	}
	c.req.Digest, c.req.Match = hex.EncodeToString(sum), c.ifMatch()
	meta, err := c.req.Meta()
	if err != nil {
		return err
	}
	a, err := c.receive(meta)
	if err != nil {
		return err
	}
	defer a.done()
	if _, err := a.Skip(0); err != nil {
		a.Fail(err)
		return err
	}
	h := c.w.Header()
	address := &xfer.Request{Path: c.req.Path, Size: meta.Size, ModTime: c.req.ModTime, Mode: c.req.Mode,
		Replace: c.req.Replace, Digest: c.req.Digest, Match: c.req.Match}
	h.Set("Location", "/upload?"+address.Query())
	c.limits()
	c.control.EnableFullDuplex() // or the announcement waits for the body
	c.w.WriteHeader(statusResumable)
	if complete {
		h.Del("Location")
	}
	return c.fillUpload(a, complete, http.StatusCreated)
}

// appendUpload goes on with an upload.
func (c *call) appendUpload() error {
	complete, ok := uploadComplete(c.r.Header)
	offset, known := integer(c.r.Header, "Upload-Offset")
	if !ok || !known {
		return disk.BadRequest("going on with an upload takes Upload-Offset and Upload-Complete")
	}
	if c.r.Header.Get("Content-Type") != partialUpload {
		return &statusError{http.StatusUnsupportedMediaType, deskside.Errorf(deskside.CodeBadRequest, "the body is not of type %s", partialUpload)}
	}
	meta, err := c.uploadMeta()
	if err != nil {
		return err
	}
	if err := c.wantUpload(meta); err != nil {
		return err
	}
	a, err := c.receive(meta)
	if err != nil {
		return err
	}
	defer a.done()
	there, err := a.There()
	if err == nil && offset != there {
		c.w.Header().Set("Upload-Offset", number(there))
		err = &statusError{http.StatusConflict, deskside.Errorf(deskside.CodeConflict, "the upload of %q goes on at %d, not at %d", disk.Text(a.Name()), there, offset)}
	}
	if err == nil {
		_, err = a.Skip(there)
	}
	if err != nil {
		return errors.Join(err, a.Suspend())
	}
	return c.fillUpload(a, complete, http.StatusOK)
}

// uploadMeta gives what an upload's address says of its file.
func (c *call) uploadMeta() (disk.Meta, error) {
	if c.req.Digest == "" {
		return disk.Meta{}, disk.BadRequest("this is not the address of an upload, as Location gave it")
	}
	return c.req.Meta()
}

// wantUpload refuses an upload that is not there.
func (c *call) wantUpload(meta disk.Meta) error {
	a, err := c.target(meta)
	if err != nil {
		return err
	}
	defer a.done()
	if disk.HasPartial(a.p.Dir, a.tmp) {
		return nil
	}
	return deskside.Errorf(deskside.CodeNotFound, "there is no such upload of %q: it came to its end, was cancelled or given up", disk.Text(a.p.Name)).
		Hint("Ask with HEAD whether it came to its end; if it did not, begin again.")
}

// fillUpload takes what the request brings of an upload, and ends it if it is the
// last. What came is kept unless it is wrong.
func (c *call) fillUpload(a *arrival, complete bool, status int) error {
	body := &segment{r: patient{c, c.r.Body}, left: a.Meta.Size - a.Have}
	_, err := flow.Receive(a.Incoming, body, c.come)
	if err = c.reason(err); err == nil && complete && a.Have != a.Meta.Size {
		err = lengths("the upload of %q ends at %d, and is to have %d bytes", disk.Text(a.Name()), a.Have, a.Meta.Size)
		return errors.Join(err, a.Suspend())
	}
	c.detail["bytes"] = number(a.Have)
	switch {
	case errors.As(err, new(*disk.BrokenError)):
		return errors.Join(err, a.Suspend())
	case err != nil:
		a.Fail(err)
		return err
	case !complete:
		c.w.Header().Set("Upload-Complete", "?0")
		c.w.Header().Set("Upload-Offset", number(a.Have))
		if status == http.StatusOK {
			status = http.StatusNoContent
		}
		if err := a.Suspend(); err != nil {
			return err
		}
		c.w.WriteHeader(status)
		return nil
	}
	c.w.Header().Set("Upload-Complete", "?1")
	if err := c.reason(c.endUpload(a)); err != nil {
		a.Fail(err)
		return err
	}
	c.answerPut(a, status)
	return nil
}

// endUpload gives an upload its name if its hash is what was said at its
// beginning.
func (c *call) endUpload(a *arrival) error {
	sum, err := a.SHA256(func() error { return c.step(deskside.FilesWrite) })
	if err != nil {
		return err
	}
	if hex.EncodeToString(sum[:]) != c.req.Digest {
		return disk.Conflict("the SHA-256 of %q is not what was said of it", disk.Text(a.Name())).Hint("Copy it again.")
	}
	return c.commit(a, a.Sum.Now())
}

// headUpload says how far an upload has come. One that is still taken in from an
// earlier request, whose sender must be gone, is ended first.
func (c *call) headUpload() error {
	meta, err := c.uploadMeta()
	if err != nil {
		return err
	}
	a, err := c.target(meta)
	if err != nil {
		return err
	}
	defer a.done()
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Upload-Length", number(meta.Size))
	c.limits()
	switch {
	case disk.HasPartial(a.p.Dir, a.tmp):
		h.Set("Upload-Complete", "?0")
		h.Set("Upload-Offset", number(disk.PartialSize(a.p.Dir, a.tmp, meta.Size)))
	case c.hasEnded(a.p, meta):
		h.Set("Upload-Complete", "?1")
		h.Set("Upload-Offset", number(meta.Size))
		h.Set("ETag", quoted(disk.Tag(a.p.Info)))
	default:
		return disk.Explain(fs.ErrNotExist, "read", a.p.Name)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// hasEnded reports whether what is at p is what an upload brought.
func (c *call) hasEnded(p *disk.Place, meta disk.Meta) bool {
	if p.Info == nil || !p.Info.Mode().IsRegular() || !disk.MetaOf(p.Info).Same(meta) {
		return false
	}
	out, err := disk.Open(p)
	if err != nil {
		return false
	}
	defer out.Close()
	sum, err := out.SHA256(func() error { return c.step(deskside.FilesWrite) })
	return err == nil && hex.EncodeToString(sum[:]) == c.req.Digest
}

// cancelUpload takes away what has arrived of an upload.
func (c *call) cancelUpload() error {
	meta, err := c.uploadMeta()
	if err != nil {
		return err
	}
	a, err := c.target(meta)
	if err != nil {
		return err
	}
	defer a.done()
	if err := disk.DropPartial(a.p.Dir, a.tmp, a.p.Name); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// segment is a body that brings a part of a file, left bytes at most, as records.
type segment struct {
	r    io.Reader
	left int64
}

// Next implements flow.Records.
func (s *segment) Next(buf *frame.Buffer) (rec frame.Record, err error) {
	into := buf.Bytes()[:min(s.left+1, frame.MaxData)]
	n, err := io.ReadAtLeast(s.r, into, 1)
	switch {
	case int64(n) > s.left:
		return rec, lengths("the upload is longer than was said of it")
	case n > 0: // what came before the way broke is kept
		s.left -= int64(n)
		return frame.Record{Kind: frame.Data, Length: int64(n)}, nil
	case err == io.EOF:
		return frame.Record{Kind: frame.End}, nil
	}
	return rec, &disk.BrokenError{Err: err}
}
