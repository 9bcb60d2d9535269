package xfer

import (
	"context"

	"deskside/xfer/disk"
)

// PutAt is Put of the file at a place that the caller has found and closes.
func (c *Client) PutAt(ctx context.Context, p *disk.Place, remote string, o Options) (_ Result, err error) {
	defer func() { err = here(err) }()
	return c.put(ctx, p, p.Name, remote, o)
}

// GetAt is Get to such a place.
func (c *Client) GetAt(ctx context.Context, remote string, p *disk.Place, o Options) (_ Result, err error) {
	defer func() { err = here(err) }()
	e, err := c.Stat(ctx, remote, true)
	if err != nil {
		return Result{}, err
	}
	return c.get(ctx, e, remote, p, o)
}

// PutTreeAt is PutTree of the folder at such a place.
func (c *Client) PutTreeAt(ctx context.Context, from *disk.Place, remote string, o TreeOptions) (TreeResult, error) {
	p := &putTree{from: from, local: from.Name}
	p.delivery = delivery{c: c, ctx: ctx, remote: remote, o: &o, t: new(TreeResult), name: p.at}
	err := p.run()
	return *p.t, here(err)
}

// GetTreeAt is GetTree to such a place.
func (c *Client) GetTreeAt(ctx context.Context, remote string, to *disk.Place, o TreeOptions) (TreeResult, error) {
	g := &getTree{c: c, ctx: ctx, remote: remote, to: to, local: to.Name, o: o}
	g.extra.o = &g.o
	err := g.run()
	return g.t, here(err)
}
