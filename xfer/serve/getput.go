package serve

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"

	"deskside"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
)

// outgoing opens the file that is asked for, and has send answer with it.
func (c *call) outgoing(send func(*disk.Outgoing) error) error {
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
	c.row.Of(out.Meta.Size)
	defer c.calm()
	return send(out)
}

// get sends a file's bytes, or those that follow its first offset bytes. A
// client that does not take trailers is answered as HTTP has it.
func (c *call) get() error {
	if c.req.Offset == 0 && !takesTrailers(c.r.Header) {
		return c.outgoing(c.standard)
	}
	return c.outgoing(c.plain)
}

func (c *call) plain(out *disk.Outgoing) error {
	c.w.Header().Set("Trailer", xfer.HeaderHash+", "+xfer.HeaderFault)
	if err := c.emit(&flow.Sender{From: out, Plain: true}, out, xfer.TypeBytes); err != nil {
		return err
	}
	c.w.Header().Set(xfer.HeaderHash, c.detail["hash"])
	return nil
}

// fetch sends a file as records, to who says what there is of it.
func (c *call) fetch() error { return c.outgoing(c.records) }

func (c *call) records(out *disk.Outgoing) error {
	plan, err := flow.MakePlan(out, patient{c, c.r.Body}, func() error {
		c.patience() // which what was read of the body used up
		return c.step(deskside.FilesRead)
	})
	if err != nil {
		return c.reason(err)
	}
	s := &flow.Sender{From: out, Plan: plan}
	if err = c.emit(s, out, xfer.TypeRecords); err == nil {
		return nil
	}
	if code, _ := xfer.Outcome(err); code != deskside.CodeUnreachable {
		s.Fault(xfer.FaultText(err))
	}
	return err
}

// emit sends a file as the reply's body.
func (c *call) emit(s *flow.Sender, out *disk.Outgoing, kind string) error {
	c.w.Header().Set("Content-Type", kind)
	xfer.WriteHead(c.w.Header(), out.Meta)
	c.body = true
	c.w.WriteHeader(http.StatusOK)
	s.Step = func(done, _ int64) error {
		c.detail["bytes"] = strconv.FormatInt(done, 10)
		c.row.At(done)
		return c.step(deskside.FilesRead)
	}
	err := c.reason(s.Send(sending{c}))
	c.detail["sent"] = strconv.FormatInt(s.Sent, 10)
	if err == nil {
		c.detail["hash"] = out.Hash().String()
	}
	return err
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

// chunks answers what is there of a file that is to arrive: of what an
// interrupted transfer of the same operator left, and of the file itself, if
// the operator may read it.
func (c *call) chunks() error {
	meta, err := c.req.Meta()
	if err != nil {
		return err
	}
	want := intent{change: true}
	p, err := c.s.at(c.req.Path, want)
	if err != nil {
		return err
	}
	defer p.Close()
	defer c.watch(p, want).close()
	if err := disk.Replaceable(p, c.req.Replace); err != nil { // before an older file is read in vain
		return err
	}
	leave, err := c.turn(p.Dir.Name() + "/" + c.partialName(p, meta)) // who lists it wants to go on with it
	if err != nil {
		return err
	}
	defer leave()
	basis := c.basis(p, meta)
	defer basis.Close()
	if token := basis.Token(); token != "" {
		c.w.Header().Set(xfer.HeaderHave, token)
	}
	c.w.Header().Set("Content-Type", xfer.TypeManifest)
	defer c.calm()
	c.body = true
	err = flow.List(sending{c}, basis, meta.Size, func() error { return c.step(deskside.FilesWrite) })
	if err = c.reason(err); err != nil {
		return &disk.BrokenError{Err: errors.New("the list was not ended: " + err.Error())} // which is all that can be said in it
	}
	return nil
}

// basis opens what is there of a file that is to arrive at p.
func (c *call) basis(p *disk.Place, meta disk.Meta) *disk.Basis {
	older := c.pass.Check(deskside.FilesRead) == nil && c.s.book(c.s.config.Roots()).rules(p, intent{}) == nil
	return disk.OpenBasis(p, c.partialName(p, meta), meta.Size, older)
}

func (c *call) partialName(p *disk.Place, meta disk.Meta) string {
	return disk.PartialName(c.pass.Session().Operator.Key, p.Name, meta.Size, meta.ModTime)
}

// arrival is a file that arrives by a request.
type arrival struct {
	*disk.Incoming
	p       *disk.Place
	tmp     string      // its name until then
	asked   fs.FileMode // permissions, of which policy may leave out some
	replace bool        // what is at the target may go, if the conditions still hold
	undo    []func()
}

// done lets go of all that the arrival holds.
func (a *arrival) done() {
	for _, f := range slices.Backward(a.undo) {
		f()
	}
}

// target finds the target of an arrival and takes its turn. Nothing is made.
func (c *call) target(meta disk.Meta) (_ *arrival, err error) {
	a := new(arrival)
	defer func() {
		if err != nil {
			a.done()
		}
	}()
	want := intent{change: true}
	if a.p, err = c.s.at(c.req.Path, want); err != nil {
		return nil, err
	}
	a.undo = append(a.undo, func() { a.p.Close() }, c.watch(a.p, want).close)
	a.tmp = c.partialName(a.p, meta)
	leave, err := c.turn(a.p.Dir.Name() + "/" + a.tmp)
	if err != nil {
		return nil, err
	}
	a.undo = append(a.undo, leave)
	return a, nil
}

// receive opens what the file is to arrive in.
func (c *call) receive(meta disk.Meta) (_ *arrival, err error) {
	if limit := c.s.config.Limits.File; limit > 0 && meta.Size > limit {
		return nil, deskside.Errorf(deskside.CodeDenied, "a file of %d bytes is larger than the %d that policy allows", meta.Size, limit)
	}
	a, err := c.target(meta)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.done()
		}
	}()
	if a.replace, err = c.mayReplace(a.p.Info); err != nil {
		return nil, err
	}
	if err = disk.Replaceable(a.p, a.replace); err != nil {
		return nil, err
	}
	c.s.sweeper.Look(a.p.Dir, c.s.config.Limits.keep())
	if a.Incoming, err = disk.Receive(a.p, a.tmp, meta, c.s.disk); err != nil {
		return nil, err
	}
	a.undo = append(a.undo, c.calm)
	a.asked, a.Origin = meta.Mode, disk.FromOperator
	return a, nil
}

// put receives a file.
func (c *call) put() error {
	if complete, ok := uploadComplete(c.r.Header); ok {
		return c.createUpload(complete)
	}
	meta, err := c.req.Meta()
	if err != nil {
		return err
	}
	a, err := c.receive(meta)
	if err != nil {
		return err
	}
	defer a.done()
	basis := c.basis(a.p, meta)
	defer basis.Close()
	if err := c.reason(c.take(a, basis)); err != nil {
		c.detail["bytes"] = strconv.FormatInt(a.Have, 10)
		a.Fail(err)
		return err
	}
	c.answerPut(a, http.StatusOK)
	return nil
}

// answerPut says what arrived.
func (c *call) answerPut(a *arrival, status int) {
	c.detail["hash"] = a.Sum.Now().String()
	if info, err := a.p.Dir.Lstat(a.p.Name); err == nil {
		c.w.Header().Set("ETag", quoted(disk.Tag(info)))
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	json.NewEncoder(c.w).Encode(xfer.Receipt{Path: c.detail["path"], Size: a.Meta.Size, Hash: a.Sum.Now(), Plain: a.Meta.Mode != a.asked})
}

// take fills in from the request's body and gives it its name.
func (c *call) take(a *arrival, basis *disk.Basis) error {
	if err := c.ready(a.Incoming, basis); err != nil {
		return err
	}
	records, length, done := c.arriving(a.Incoming)
	sum, err := flow.Receive(a.Incoming, records, c.come)
	done()
	c.detail["sent"] = strconv.FormatInt(*length, 10)
	if err == nil && sum == (disk.Hash{}) { // it gave one of another kind
		sum, err = c.ownSum(a)
	}
	if err != nil {
		return err
	}
	return c.commit(a, sum)
}

// come is called as a file arrives, with the bytes that are there.
func (c *call) come(have int64) error {
	c.row.At(have)
	return c.step(deskside.FilesWrite)
}

// commit gives what arrived its name, if it still may have it.
func (c *call) commit(a *arrival, sum disk.Hash) error {
	if err := c.step(deskside.FilesWrite); err != nil {
		return err
	}
	if err := c.watched.look(); err != nil {
		return err
	}
	a.Meta.Mode = c.s.book(c.s.config.Roots()).mode(a.p.Abs, a.asked)
	done, err := c.still(a.p)
	if err != nil {
		return err
	}
	defer done()
	return a.Commit(sum, a.replace)
}

// ready makes in stand where the request's body goes on.
func (c *call) ready(in *disk.Incoming, basis *disk.Basis) error {
	if c.req.Have == "" {
		var prefix disk.Hash
		if c.req.Prefix != nil {
			prefix = *c.req.Prefix
		}
		return in.Resume(c.req.Offset, prefix)
	}
	if c.req.Have != basis.Token() || c.req.Offset > 0 {
		return disk.Conflict("what is there of %q is no longer what the request is about", disk.Text(in.Name())).Hint("Begin again.")
	}
	return in.On(basis)
}

// arriving reads the request's body, and gives where its length is counted.
func (c *call) arriving(in *disk.Incoming) (flow.Records, *int64, func()) {
	body := patient{c, c.r.Body}
	if c.r.Header.Get("Content-Type") == xfer.TypeRecords {
		f := flow.NewFramed(body, xfer.FaultOf)
		return f, &f.Length, f.Close
	}
	p := flow.NewPlain(body, in.Meta.Size-in.Have, func() (disk.Hash, error) {
		if fault := xfer.FaultIn(c.r.Trailer); fault != nil {
			return disk.Hash{}, fault
		}
		if c.r.Trailer.Get(xfer.HeaderHash) == "" && c.reprDigest() != "" {
			return disk.Hash{}, nil
		}
		return xfer.HashIn(c.r.Trailer)
	})
	return p, &p.Length, func() {}
}

// reason is err, or why policy stopped what failed with it.
func (c *call) reason(err error) error {
	if closed := c.closed(); err != nil && closed != nil {
		return closed
	}
	return err
}
