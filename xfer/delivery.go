package xfer

import (
	"context"
	"errors"
	"io"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
	"deskside/xfer/tree"
)

// delivery is a tree on its way to an agent, from this machine or another one.
type delivery struct {
	c      *Client // of the agent that receives
	ctx    context.Context
	remote string
	mode   uint16 // permissions of the folder itself
	o      *TreeOptions
	t      *TreeResult
	name   func(path string) string // a path of the source as it is reported

	there *listing // nil: nothing is there
	w     *tree.Writer
	body  *pipe
	extra extras
}

// look asks what is there.
func (d *delivery) look() (err error) {
	d.extra.o = d.o
	d.there, err = d.c.listTree(d.ctx, d.remote, d.o, func(string, *deskside.Error) error { return nil })
	switch code := deskside.CodeOf(err); {
	case code == deskside.CodeNotFound:
		return nil
	case code == deskside.CodeNoRight && !d.o.Delete && !d.o.DryRun:
		return nil // it may be written and not read: all is sent, and the agent knows what is there
	}
	return err
}

// send sends what fill writes, and takes in what became of it.
func (d *delivery) send(fill func() error) error {
	if d.o.DryRun {
		return d.filled(fill)
	}
	type answer struct {
		r   TreeReceipt
		err error
	}
	d.body = newPipe()
	pack := flow.NewPack(d.body)
	defer pack.Close()
	d.w = tree.NewWriter(pack)
	done := make(chan answer, 1)
	go func() {
		var a answer
		mode := Mode(d.mode)
		resp, err := d.c.send(d.ctx, "PUT /tree", &Request{Path: d.remote, Mode: &mode, Replace: d.o.Replace, Owners: d.o.Owners}, d.body)
		if a.err = err; err == nil {
			defer resp.Body.Close()
			a.err = readReply(resp, &a.r)
		}
		d.body.Close() // nobody reads on
		done <- a
	}()
	err := d.filled(fill)
	if err == nil {
		err = d.w.Close()
	}
	if err == nil {
		err = pack.Flush()
	}
	d.body.end(err)
	a := <-done
	if a.err != nil && (err == nil || errors.Is(err, io.ErrClosedPipe)) {
		err = a.err
	}
	if err != nil {
		return err
	}
	d.take(a.r)
	return nil
}

// filled runs fill, and goes through what the target has behind it.
func (d *delivery) filled(fill func() error) error {
	if err := fill(); err != nil || d.there == nil {
		return err
	}
	for h := d.there.next; h != nil; h = d.there.next {
		d.extra.add(h)
		if err := d.there.advance(); err != nil {
			return err
		}
	}
	return nil
}

// take counts what arrived, as the agent says.
func (d *delivery) take(r TreeReceipt) {
	d.t.Files += max(r.Files, 0)
	d.t.Folders += max(r.Folders, 0)
	d.t.Links += max(r.Links, 0)
	d.t.Plain += max(r.Plain, 0)
	d.t.Bytes += max(r.Bytes, 0)
	d.t.More += max(r.More, 0)
	for _, n := range r.Failed {
		if n.Error != nil {
			d.t.Failed = append(d.t.Failed, Note{d.name(n.Path), n.Error.From(deskside.ByAgent)})
		}
	}
}

// meet gives what the target has of a path.
func (d *delivery) meet(path string) (*tree.Head, error) {
	if err := d.ctx.Err(); err != nil {
		return nil, interrupted(err)
	}
	if d.there == nil {
		return nil, nil
	}
	return d.there.meet(path, d.extra.add)
}

// wanted decides about an entry, and reports whether it is to be sent.
func (d *delivery) wanted(h, there *tree.Head) (bool, error) {
	switch d.o.judge(h, there) {
	case sameThere:
		d.t.same(h)
		d.o.each(h, StepSame, nil)
		return false, nil
	case keepThere:
		d.t.Kept++
		d.o.each(h, StepKeep, nil)
		return false, nil
	case refused:
		return false, d.t.failed(d.name(h.Path), disk.Exists(h.Name()))
	}
	if h.Hash = nil; d.o.DryRun {
		if err := d.o.foresee(h); err != nil {
			return false, d.t.failed(d.name(h.Path), err)
		}
		d.t.would(h, there)
	}
	if d.o.DryRun || h.Kind != tree.File {
		if there == nil || h.Kind != tree.Folder {
			d.o.each(h, StepCopy, nil)
		}
	}
	return !d.o.DryRun, nil
}

// mirror takes away what the target alone has.
func (d *delivery) mirror() error {
	at := func(path string) string { return joinRemote(d.remote, path) }
	return d.extra.remove(d.t, at, func(h *tree.Head) error {
		return d.c.Delete(d.ctx, at(h.Path), h.Kind == tree.Folder)
	})
}
