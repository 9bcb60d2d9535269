package xfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"deskside"
	"deskside/wire"
	"deskside/xfer/disk"
)

// Doer sends one request over a stream of the service and gives its reply, or
// the refusal as a *deskside.Error. It is what Client needs of wire.Client.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client is the operator's side. It may be used from several goroutines.
//
// Its errors are those of the agent, of type *deskside.Error; CodeUnreachable
// says that the way broke and that the same call goes on where it stopped.
type Client struct {
	HTTP   Doer
	Ticket func(context.Context) (deskside.Ticket, error) // for the 2704 service; asked before every request, and may wait
	Agent  deskside.AgentID                               // part of the name of a file that arrives from it

	Disk    disk.Spaces
	Sweeper *disk.Sweeper // of the folders that files arrive in; nil looks through one for each file
}

const maxReply = 64 << 20 // bytes of a JSON reply: the largest page of the longest names fits

// Roots gives the folders that the agent's policy opens, the one that relative
// paths belong to first.
func (c *Client) Roots(ctx context.Context) (list []Root, err error) {
	err = c.ask(ctx, "GET /roots", &Request{}, &list)
	return list, err
}

// Page gives at most limit entries of a folder, those behind the name after;
// zero asks for a thousand.
func (c *Client) Page(ctx context.Context, path, after string, limit int) (p Page, err error) {
	err = c.ask(ctx, "GET /list", &Request{Path: path, After: after, Limit: limit}, &p)
	return p, err
}

// List calls yield for every entry of a folder in the order of the names'
// bytes, until it returns false.
func (c *Client) List(ctx context.Context, path string, yield func(Entry) bool) error {
	page, err := c.Page(ctx, path, "", 0)
	for err == nil {
		for _, e := range page.Entries {
			if !yield(e) {
				return nil
			}
		}
		if !page.More {
			return nil
		}
		page, err = c.next(ctx, path, page)
	}
	return err
}

// Stat describes what is at a path. If it is a link, the link is described, or
// what it leads to if follow says so.
func (c *Client) Stat(ctx context.Context, path string, follow bool) (e Entry, err error) {
	err = c.ask(ctx, "GET /stat", &Request{Path: path, Follow: follow}, &e)
	return e, err
}

// Sum describes the file at a path, with its hash.
func (c *Client) Sum(ctx context.Context, path string) (e Entry, err error) {
	err = c.ask(ctx, "GET /stat", &Request{Path: path, Follow: true, Sums: true}, &e)
	return e, err
}

// Mkdir makes one folder, with permissions narrowed by the agent's own mask;
// zero stands for 0755.
func (c *Client) Mkdir(ctx context.Context, path string, mode Mode) (e Entry, err error) {
	req := &Request{Path: path}
	if mode != 0 {
		req.Mode = &mode
	}
	err = c.ask(ctx, "POST /folder", req, &e)
	return e, err
}

// Rename gives a file or folder another path in the same root. A file of that
// path is replaced only if told so; a folder never.
func (c *Client) Rename(ctx context.Context, from, to string, replace bool) (e Entry, err error) {
	err = c.ask(ctx, "POST /rename", &Request{Path: from, To: to, Replace: replace}, &e)
	return e, err
}

// Delete removes a file, a link or an empty folder; with tree a folder with
// everything in it.
func (c *Client) Delete(ctx context.Context, path string, tree bool) error {
	return c.ask(ctx, "DELETE /file", &Request{Path: path, Tree: tree}, new(struct{}))
}

// ask sends a request without a body and reads its reply as JSON.
func (c *Client) ask(ctx context.Context, name string, req *Request, into any) error {
	resp, err := c.send(ctx, name, req, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return readReply(resp, into)
}

func readReply(resp *http.Response, into any) error {
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxReply)).Decode(into); err != nil {
		return interrupted(fmt.Errorf("read the reply: %w", err))
	}
	return nil
}

// attached is a body that puts itself into a request.
type attached interface{ attach(*http.Request) }

// send sends a request, with body if it is not nil, and gives the reply if it
// is a success.
func (c *Client) send(ctx context.Context, name string, req *Request, body attached) (*http.Response, error) {
	method, path, _ := strings.Cut(name, " ")
	query := req.Query()
	if len(query) > maxQuery {
		return nil, disk.BadRequest("a path of %d bytes is too long to be asked for", len(req.Path)+len(req.To))
	}
	ticket, err := c.Ticket(ctx)
	if err != nil {
		return nil, err
	}
	r, err := wire.NewRequest(ctx, method, path+"?"+query, ticket, nil)
	if err != nil {
		return nil, disk.BadRequest("%v", err)
	}
	if body != nil {
		body.attach(r)
	}
	resp, err := c.HTTP.Do(r)
	if err == nil {
		return resp, nil
	}
	var known *deskside.Error
	if errors.As(err, &known) {
		return nil, err
	}
	return nil, interrupted(err)
}

// interrupted says that the way broke; the context's own error stays visible.
func interrupted(err error) error {
	known := deskside.Errorf(deskside.CodeUnreachable, "the connection broke").
		Hint("Try again: a file goes on where it stopped.")
	known.Err = err
	return known
}

// next gives the page behind p. An agent that goes back is not followed.
func (c *Client) next(ctx context.Context, path string, p Page) (Page, error) {
	if len(p.Entries) == 0 {
		return Page{}, disk.Conflict("the agent says there is more, and gives nothing")
	}
	last := p.Entries[len(p.Entries)-1].Raw()
	next, err := c.Page(ctx, path, last, maxPage) // the agent reads the whole folder for each
	if err == nil && slices.ContainsFunc(next.Entries, func(e Entry) bool { return e.Raw() <= last }) {
		err = disk.Conflict("the agent lists %q twice", disk.Text(last))
	}
	return next, err
}
