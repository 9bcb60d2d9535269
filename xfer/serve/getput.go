package serve

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"deskside"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// get sends a file, or what follows its first offset bytes.
func (c *call) get() error {
	p, err := c.s.at(c.req.Path, intent{follow: true})
	if err != nil {
		return err
	}
	defer p.Close()
	defer c.watch(p, intent{follow: true}).close()
	out, err := disk.Open(p)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := c.continues(out); err != nil {
		return err
	}
	c.detail["size"] = strconv.FormatInt(out.Meta.Size, 10)
	h := c.w.Header()
	h.Set("Trailer", xfer.HeaderHash+", "+xfer.HeaderFault)
	h.Set("Content-Type", "application/octet-stream")
	xfer.WriteHead(h, out.Meta)
	c.body = true
	c.w.WriteHeader(http.StatusOK)
	defer c.calm()
	if err := c.reason(c.stream(out)); err != nil {
		return err
	}
	c.detail["hash"] = out.Sum.Now().String()
	h.Set(xfer.HeaderHash, c.detail["hash"])
	return nil
}

// continues checks that a get which goes on means this file, and skips what the
// receiver has.
func (c *call) continues(out *disk.Outgoing) error {
	if want := (disk.Meta{Size: c.req.Size, ModTime: c.req.ModTime}); !c.req.ModTime.IsZero() && !out.Meta.Same(want) {
		return disk.Conflict("%q has changed since", disk.Text(out.Name)).Hint("Begin again.")
	}
	if c.req.Offset == 0 {
		return nil
	}
	if c.req.Offset > out.Meta.Size {
		return disk.Conflict("%q has only %d bytes", disk.Text(out.Name), out.Meta.Size).Hint("Begin again.")
	}
	prefix, err := out.Skip(c.req.Offset)
	if err != nil {
		return err
	}
	if prefix != *c.req.Prefix {
		return disk.Conflict("what has arrived of %q does not agree with the source", disk.Text(out.Name)).Hint("Begin again.")
	}
	return nil
}

// stream sends out's bytes.
func (c *call) stream(out *disk.Outgoing) error {
	buf := disk.Buffers.Get().(*[disk.BufferSize]byte)
	defer disk.Buffers.Put(buf)
	for {
		n, err := out.Read(buf[:])
		if n > 0 {
			if err := c.step(deskside.FilesRead); err != nil {
				return err
			}
			c.patience()
			if _, err := c.w.Write(buf[:n]); err != nil {
				return &disk.BrokenError{Err: err}
			}
			c.detail["bytes"] = strconv.FormatInt(out.Sent, 10)
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
	meta, err := c.req.Meta()
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
	reply.Offset = disk.PartialSize(p.Dir, c.partialName(p, meta), meta.Size)
	wire.WriteJSON(c.w, reply)
	return nil
}

func (c *call) partialName(p *disk.Place, meta disk.Meta) string {
	return disk.PartialName(c.pass.Session().Operator.Key, p.Name, meta.Size, meta.ModTime)
}

// put receives a file.
func (c *call) put() error {
	meta, err := c.req.Meta()
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
	if err := disk.Replaceable(p, c.req.Replace); err != nil {
		return err
	}
	if now := time.Now(); c.s.sweeper.Due(p.Dir.Name(), now) {
		disk.Sweep(p.Dir, now.Add(-c.s.config.Limits.keep()))
	}
	tmp := c.partialName(p, meta)
	leave, err := c.turn(p.Dir.Name() + "/" + tmp)
	if err != nil {
		return err
	}
	defer leave()
	in, err := disk.Receive(p, tmp, meta, c.s.disk)
	if err != nil {
		return err
	}
	defer c.calm()
	if err := c.reason(c.take(in)); err != nil {
		c.detail["bytes"] = strconv.FormatInt(in.Have, 10)
		in.Fail(err)
		return err
	}
	c.detail["hash"] = in.Sum.Now().String()
	wire.WriteJSON(c.w, xfer.Receipt{Path: c.detail["path"], Size: meta.Size, Hash: in.Sum.Now()})
	return nil
}

// take fills in from the request's body and gives it its name.
func (c *call) take(in *disk.Incoming) error {
	var prefix disk.Hash
	if c.req.Prefix != nil {
		prefix = *c.req.Prefix
	}
	if err := in.Resume(c.req.Offset, prefix); err != nil {
		return err
	}
	err := in.Fill(patient{c, c.r.Body}, func(int64) error { return c.step(deskside.FilesWrite) })
	if fault := xfer.FaultIn(c.r.Trailer); fault != nil {
		return fault
	}
	if err != nil {
		return err
	}
	sum, err := xfer.HashIn(c.r.Trailer)
	if err != nil {
		return err
	}
	if err := c.step(deskside.FilesWrite); err != nil {
		return err
	}
	if err := c.watched.look(); err != nil {
		return err
	}
	return in.Commit(sum, c.req.Replace)
}

// reason is err, or why policy stopped what failed with it.
func (c *call) reason(err error) error {
	if closed := c.closed(); err != nil && closed != nil {
		return closed
	}
	return err
}
