package chat

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"deskside"
)

// maxUnsent is how many messages a Client holds that the agent has not
// answered.
const maxUnsent = 100

// ClientConfig is what a Client needs.
type ClientConfig struct {
	// Open opens a chat stream: wire's Client.Upgrade for POST /chat with the
	// session's ticket, and Protocol. It is called again whenever the stream
	// is lost, and may wait for the session to resume. An error that carries
	// ended, no-ticket, no-right, denied, unknown-key, wrong-key, wrong-service
	// or bad-request is final; after any other the client tries again.
	Open func(context.Context) (net.Conn, error)

	// Side is who speaks; "" is the operator. A program of the person's uses
	// the same Client.
	Side deskside.Side

	// Retry is the pause before the second attempt to open; it doubles up to
	// 16 times that. 0 is 250 ms.
	Retry time.Duration
}

// Client is one side of one session's chat, as a rule the operator's. It keeps what was said
// until the agent has answered it, over any loss of the stream, from
// NewClient until Close.
type Client struct {
	cfg     ClientConfig
	updates chan Frame
	stop    context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex
	unsent []Frame // said and not yet answered, in order
	typing *Frame  // to be sent
	last   uint64  // the number of the last message received
	seen   uint64  // and of the last in view
	err    error   // why it is over
	out    written // what went out on this stream
	wake   chan struct{}
}

// written is how far a stream has got.
type written struct {
	unsent    int // so many of Client.unsent
	got, seen uint64
}

// NewClient starts to connect.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Side == "" {
		cfg.Side = deskside.ByOperator
	}
	if cfg.Retry == 0 {
		cfg.Retry = 250 * time.Millisecond
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{cfg: cfg, updates: make(chan Frame), stop: stop, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	go c.run(ctx)
	return c
}

// Updates gives what comes: Online with each stream's welcome before it, each
// message of either side once and in order (one's own as the sign that the
// agent has it), Ack, Refused, Typing, Marks, State, End, and Offline with
// the error when the stream is lost. It is closed when all is over; Err says
// why. It must be read, or nothing moves.
func (c *Client) Updates() <-chan Frame { return c.updates }

// Err is why Updates was closed, nil before that and after Close.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Send says something and gives the message's ID. It does not wait: the
// message, or a refusal, comes with the updates.
func (c *Client) Send(text string) (id string, err error) {
	id = rand.Text()
	return id, c.SendAs(id, text)
}

// SendAs says something under an ID of the caller's, so that saying it again
// is harmless, also with another Client. It does not wait either.
func (c *Client) SendAs(id, text string) error {
	say := Frame{Type: Say, ID: id, Text: text}
	if err := say.check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if slices.ContainsFunc(c.unsent, func(f Frame) bool { return f.ID == id }) {
		return nil
	}
	if len(c.unsent) == maxUnsent {
		return deskside.Errorf(deskside.CodeTooMany, "%d messages wait for the agent", maxUnsent).
			Hint("Wait until the connection is back.")
	}
	c.unsent = append(c.unsent, say)
	c.nudge()
	return nil
}

// Typing tells the other side that this one writes, or no longer does. It
// holds for 8 s.
func (c *Client) Typing(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.typing = &Frame{Type: Typing, On: on}
	c.nudge()
}

// Seen tells that this side has had every message up to number seq in view.
func (c *Client) Seen(seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = max(seq, c.seen)
	c.nudge()
}

// Close gives up whatever has not been answered and waits for the end.
func (c *Client) Close() error {
	c.stop()
	<-c.done
	return nil
}

func (c *Client) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run opens stream after stream until one ends for good.
func (c *Client) run(ctx context.Context) {
	defer close(c.done)
	defer close(c.updates)
	pause := time.Duration(0)
	for {
		joined, err := c.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if isFinal(err) {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			return
		}
		if c.tell(ctx, Frame{Type: Offline, Error: deskside.AsError(err)}) != nil {
			return
		}
		pause = min(max(2*pause, c.cfg.Retry), 16*c.cfg.Retry)
		if joined {
			pause = c.cfg.Retry
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// isFinal reports whether opening again cannot help.
func isFinal(err error) bool {
	var e *deskside.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case deskside.CodeEnded, deskside.CodeNoTicket, deskside.CodeNoRight, deskside.CodeDenied,
		deskside.CodeUnknownKey, deskside.CodeWrongKey, deskside.CodeWrongService, deskside.CodeBadRequest:
		return true
	}
	return false
}

// once opens one stream and serves it until it is lost or over.
func (c *Client) once(ctx context.Context) (joined bool, err error) {
	conn, err := c.cfg.Open(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	l := newLines(conn)
	c.mu.Lock()
	since := c.last
	c.mu.Unlock()
	if err := l.write(Frame{Type: Join, Since: since}); err != nil {
		return false, err
	}
	f, err := l.readFirst()
	if err == nil && f.Type == End {
		err = endError(f)
	}
	if err == nil && f.Type != Welcome {
		err = deskside.Errorf(deskside.CodeBadRequest, "the agent began with %q, not with a welcome", f.Type)
	}
	if err != nil {
		return false, err
	}
	if err := errors.Join(c.tell(ctx, Frame{Type: Online}), c.tell(ctx, f)); err != nil {
		return true, err
	}
	return true, c.both(ctx, l)
}

// both reads and writes until either fails.
func (c *Client) both(ctx context.Context, l *lines) error {
	c.mu.Lock()
	c.out = written{}
	c.mu.Unlock()
	c.nudge()
	ctx, stop := context.WithCancel(ctx)
	wrote := make(chan error, 1)
	go func() {
		err := c.write(ctx, l)
		l.conn.Close()
		wrote <- err
	}()
	err := c.read(ctx, l)
	stop()
	l.conn.Close()
	// Whichever failed first made the other fail too.
	if werr := <-wrote; errors.Is(err, net.ErrClosed) && !errors.Is(werr, context.Canceled) {
		return werr
	}
	return err
}

// write sends what is to be said until ctx ends.
func (c *Client) write(ctx context.Context, l *lines) error {
	for {
		for f, ok := c.takeOut(); ok; f, ok = c.takeOut() {
			if err := l.write(f); err != nil {
				return err
			}
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// takeOut gives the next frame to send on this stream.
func (c *Client) takeOut() (f Frame, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.out.unsent < len(c.unsent):
		c.out.unsent++
		return c.unsent[c.out.unsent-1], true
	case c.typing != nil:
		f, c.typing = *c.typing, nil
		return f, true
	case c.out.got < c.last:
		c.out.got = c.last
		return Frame{Type: Got, Seq: c.last}, true
	case c.out.seen < c.seen:
		c.out.seen = c.seen
		return Frame{Type: Seen, Seq: c.seen}, true
	}
	return f, false
}

// read passes on what comes.
func (c *Client) read(ctx context.Context, l *lines) error {
	for {
		f, err := l.read()
		if errors.Is(err, io.EOF) {
			return deskside.Errorf(deskside.CodeUnreachable, "the chat stream ended")
		}
		if err != nil {
			return err
		}
		if !c.take(f) {
			continue
		}
		if err := c.tell(ctx, f); err != nil {
			return err
		}
		if f.Type == End {
			return endError(f)
		}
	}
}

// take notes what a frame settles, and reports whether it is news.
func (c *Client) take(f Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f.Type {
	case Message:
		if f.Seq <= c.last {
			return false
		}
		c.last = f.Seq
		c.nudge()
		if f.From == c.cfg.Side {
			c.settle(f.ID)
		}
	case Ack, Refused:
		return c.settle(f.ID)
	}
	return true
}

// settle forgets a message that was answered, and reports whether it waited.
// The lock is held.
func (c *Client) settle(id string) bool {
	for i, f := range c.unsent {
		if f.ID == id {
			c.unsent = append(c.unsent[:i:i], c.unsent[i+1:]...)
			if i < c.out.unsent {
				c.out.unsent--
			}
			return true
		}
	}
	return false
}

func (c *Client) tell(ctx context.Context, f Frame) error {
	select {
	case c.updates <- f:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endError says why the agent ended the chat.
func endError(f Frame) error {
	if f.Error != nil {
		return f.Error.From(deskside.ByAgent)
	}
	return deskside.Errorf(deskside.CodeEnded, "%s", f.Cause.Words())
}
