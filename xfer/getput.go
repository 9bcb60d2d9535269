package xfer

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"deskside"
	"deskside/wire"
)

// Headers and trailers of file bodies.
const (
	headerSize  = "Deskside-Size"  // bytes of the whole file
	headerTime  = "Deskside-Mtime" // when it last changed, RFC 3339 in UTC, to the nanosecond
	headerMode  = "Deskside-Mode"  // permissions, octal
	headerHash  = "Deskside-Hash"  // trailer: BLAKE3 of the whole file
	headerFault = "Deskside-Fault" // trailer in place of the hash: an Error as JSON
)

// Receipt says what arrived.
type Receipt struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	Hash Hash   `json:"hash"`
}

// get sends a file, or what follows its first offset bytes.
func (c *call) get() error {
	p, err := c.s.at(c.req.Path, intent{follow: true})
	if err != nil {
		return err
	}
	defer p.Close()
	defer c.watch(p, intent{follow: true}).close()
	out, err := send(p)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := c.continues(out); err != nil {
		return err
	}
	c.detail["size"] = strconv.FormatInt(out.meta.Size, 10)
	h := c.w.Header()
	h.Set("Trailer", headerHash+", "+headerFault)
	h.Set("Content-Type", "application/octet-stream")
	out.meta.head(h)
	c.body = true
	c.w.WriteHeader(http.StatusOK)
	defer c.calm()
	if err := c.reason(c.stream(out)); err != nil {
		return err
	}
	c.detail["hash"] = out.sum.now().String()
	h.Set(headerHash, c.detail["hash"])
	return nil
}

// continues checks that a get which goes on means this file, and skips what the
// receiver has.
func (c *call) continues(out *outgoing) error {
	if want := (fileMeta{Size: c.req.Size, ModTime: c.req.ModTime}); !c.req.ModTime.IsZero() && !out.meta.same(want) {
		return conflict("%q has changed since", textOf(out.name)).Hint("Begin again.")
	}
	if c.req.Offset == 0 {
		return nil
	}
	if c.req.Offset > out.meta.Size {
		return conflict("%q has only %d bytes", textOf(out.name), out.meta.Size).Hint("Begin again.")
	}
	prefix, err := out.skip(c.req.Offset)
	if err != nil {
		return err
	}
	if prefix != *c.req.Prefix {
		return conflict("what has arrived of %q does not agree with the source", textOf(out.name)).Hint("Begin again.")
	}
	return nil
}

// stream sends out's bytes.
func (c *call) stream(out *outgoing) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := out.Read(buf[:])
		if n > 0 {
			if err := c.step(deskside.FilesRead); err != nil {
				return err
			}
			c.patience()
			if _, err := c.w.Write(buf[:n]); err != nil {
				return &brokenError{err}
			}
			c.detail["bytes"] = strconv.FormatInt(out.sent, 10)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// partial answers how much of a file is there to go on from.
func (c *call) partial() error {
	meta, err := c.req.meta()
	if err != nil {
		return err
	}
	p, err := c.s.at(c.req.Path, intent{change: true})
	if err != nil {
		return err
	}
	defer p.Close()
	var reply struct {
		Offset int64 `json:"offset"`
	}
	reply.Offset = partialSize(p.dir, c.partialName(p, meta), meta.Size)
	wire.WriteJSON(c.w, reply)
	return nil
}

func (c *call) partialName(p *place, meta fileMeta) string {
	return partialName(c.pass.Session().Operator.Key, p.name, meta.Size, meta.ModTime)
}

// put receives a file.
func (c *call) put() error {
	meta, err := c.req.meta()
	if err != nil {
		return err
	}
	if limit := c.s.config.Limits.File; limit > 0 && meta.Size > limit {
		return deskside.Errorf(deskside.CodeDenied, "a file of %d bytes is larger than the %d that policy allows", meta.Size, limit)
	}
	want := intent{change: true}
	p, err := c.s.at(c.req.Path, want)
	if err != nil {
		return err
	}
	defer p.Close()
	defer c.watch(p, want).close()
	if err := replaceable(p, c.req.Replace); err != nil {
		return err
	}
	if now := time.Now(); c.s.sweeper.due(p.dir.Name(), now) {
		sweep(p.dir, now.Add(-c.s.config.Limits.keep()))
	}
	tmp := c.partialName(p, meta)
	leave, err := c.turn(p.dir.Name() + "/" + tmp)
	if err != nil {
		return err
	}
	defer leave()
	in, err := receive(p, tmp, meta, c.s.disk)
	if err != nil {
		return err
	}
	defer c.calm()
	if err := c.reason(c.take(in)); err != nil {
		c.detail["bytes"] = strconv.FormatInt(in.have, 10)
		in.fail(err)
		return err
	}
	c.detail["hash"] = in.sum.now().String()
	wire.WriteJSON(c.w, Receipt{Path: c.detail["path"], Size: meta.Size, Hash: in.sum.now()})
	return nil
}

// take fills in from the request's body and gives it its name.
func (c *call) take(in *incoming) error {
	var prefix Hash
	if c.req.Prefix != nil {
		prefix = *c.req.Prefix
	}
	if err := in.resume(c.req.Offset, prefix); err != nil {
		return err
	}
	err := in.fill(patient{c, c.r.Body}, func(int64) error { return c.step(deskside.FilesWrite) })
	if fault := faultIn(c.r.Trailer); fault != nil {
		return fault
	}
	if err != nil {
		return err
	}
	sum, err := hashIn(c.r.Trailer)
	if err != nil {
		return err
	}
	if err := c.step(deskside.FilesWrite); err != nil {
		return err
	}
	if err := c.watched.look(); err != nil {
		return err
	}
	return in.commit(sum, c.req.Replace)
}

// reason is err, or why policy stopped what failed with it.
func (c *call) reason(err error) error {
	if closed := c.closed(); err != nil && closed != nil {
		return closed
	}
	return err
}

// faultIn reads why the sender gave up from the trailer of a body, if it did.
func faultIn(trailer http.Header) error {
	text := trailer.Get(headerFault)
	if text == "" {
		return nil
	}
	fault := new(deskside.Error)
	if err := json.Unmarshal([]byte(text), fault); err != nil || fault.Words == "" {
		return conflict("the sender gave up without a reason").Hint("Copy it again.")
	}
	return fault
}

// hashIn reads the hash from the trailer of a body.
func hashIn(trailer http.Header) (Hash, error) {
	sum, err := ParseHash(trailer.Get(headerHash))
	if err != nil {
		return Hash{}, conflict("the sender gave no hash: %v", err).Hint("Copy it again.")
	}
	return sum, nil
}

// faultText writes an error for a trailer. JSON of a string holds no line end.
func faultText(err error) string {
	known := *deskside.AsError(err)
	known.Code, known.Words = outcome(err)
	text, err := json.Marshal(&known)
	if err != nil {
		return `{"code":"internal","words":"the fault cannot be written"}`
	}
	return strings.ReplaceAll(string(text), "\x7f", `\u007f`) // which a header may not hold
}

// head writes what is kept of a file as headers.
func (m fileMeta) head(h http.Header) {
	mode, _ := Mode(m.Mode).MarshalText()
	h.Set(headerSize, strconv.FormatInt(m.Size, 10))
	h.Set(headerTime, m.ModTime.Format(time.RFC3339Nano))
	h.Set(headerMode, string(mode))
}

// readHead reads what head wrote.
func readHead(h http.Header) (m fileMeta, err error) {
	if err := readSize(&m.Size, h.Get(headerSize)); err != nil {
		return m, badRequest("%s: %v", headerSize, err)
	}
	var r request
	if err := readTime(&r, h.Get(headerTime)); err != nil {
		return m, badRequest("%s: %v", headerTime, err)
	}
	if err := r.Mode.UnmarshalText([]byte(h.Get(headerMode))); err != nil {
		return m, badRequest("%s: %v", headerMode, err)
	}
	m.ModTime, m.Mode = r.ModTime, keptMode(fs.FileMode(r.Mode))
	return m, nil
}
