package remctrl

import (
	"context"
	"strconv"
	"time"

	"deskside"
	"deskside/desktop"
	"deskside/rfb"
)

// clipboard shares the desktop's clipboard with the controller.
type clipboard struct {
	desktop desktop.Clipboarder
	svc     *Service
	stop    context.CancelFunc
	done    chan struct{}
	wanted  chan *viewer // who asks for the content
}

// clipTimeout bounds how long the person's program may take to hand out what it
// copied.
const clipTimeout = 5 * time.Second

// clipCaps says what is understood: text, which is announced and then fetched.
var clipCaps = rfb.Clip{
	Action:  rfb.ClipCaps | rfb.ClipRequest | rfb.ClipPeek | rfb.ClipNotify | rfb.ClipProvide,
	Formats: rfb.ClipText, MaxText: rfb.MaxCut, Server: true,
}

func newClipboard(d desktop.Clipboarder, s *Service) *clipboard {
	ctx, stop := context.WithCancel(context.Background())
	c := &clipboard{desktop: d, svc: s, stop: stop, done: make(chan struct{}), wanted: make(chan *viewer, 1)}
	go c.run(ctx)
	return c
}

func (c *clipboard) close() {
	c.stop()
	<-c.done
}

func (c *clipboard) run(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.desktop.ClipboardChanged():
			c.announce(ctx)
		case v := <-c.wanted:
			c.send(ctx, v)
		}
	}
}

// announce tells the controller that the person copied something.
func (c *clipboard) announce(ctx context.Context) {
	v := c.svc.floor.controller()
	if v == nil || !v.mayRead() {
		return
	}
	v.mu.Lock()
	extended := v.asked.encodings.Has(rfb.EncodingClip)
	v.mu.Unlock()
	if !extended {
		c.send(ctx, v)
		return
	}
	v.say(rfb.Clip{Action: rfb.ClipNotify, Formats: rfb.ClipText, Server: true})
}

// ask makes the content go to v; one request at a time is enough, as later ones
// would bring the same.
func (c *clipboard) ask(v *viewer) {
	select {
	case c.wanted <- v:
	default:
	}
}

// send gives v the content, if v still controls and may have it.
func (c *clipboard) send(ctx context.Context, v *viewer) {
	if !v.mayRead() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, clipTimeout)
	defer cancel()
	text, err := c.desktop.Clipboard(ctx, rfb.MaxCut)
	if err != nil {
		v.log.Debug("the clipboard cannot be read", "err", err)
		return
	}
	if v.recordClip("to-operator", len(text)) != nil {
		return
	}
	v.mu.Lock()
	extended := v.asked.encodings.Has(rfb.EncodingClip)
	v.mu.Unlock()
	if extended {
		v.say(rfb.Clip{Action: rfb.ClipProvide, Formats: rfb.ClipText, Text: text, Server: true})
	} else {
		v.say(rfb.CutText{Text: text, Server: true})
	}
}

// say queues a message.
func (v *viewer) say(m rfb.Message) {
	if err := v.change(func() { v.queue = m.Append(v.queue) }); err != nil {
		v.end(err)
	}
}

// recordClip writes to the audit that text is passed on; without that it is not.
func (v *viewer) recordClip(direction string, size int) error {
	return v.pass.Record(deskside.Event{
		Kind:   deskside.EventClipboard,
		Detail: map[string]string{"direction": direction, "size": strconv.Itoa(size)},
	})
}

// mayCopy asks whether the viewer may set the clipboard: it needs that right,
// that direction, and to control.
func (v *viewer) mayCopy() bool {
	toPerson, _ := v.svc.directions()
	return toPerson && v.pass.Check(deskside.Clipboard) == nil && v.hand.mayAct()
}

// mayRead asks whether the viewer may have the clipboard.
func (v *viewer) mayRead() bool {
	_, toOperator := v.svc.directions()
	return toOperator && v.svc.floor.controller() == v && v.pass.Check(deskside.Clipboard) == nil
}

// directions says where clipboard text may go at this moment.
func (s *Service) directions() (toPerson, toOperator bool) {
	if s.clip == nil {
		return false, false
	}
	if s.cfg.Clipboard == nil {
		return true, true
	}
	return s.cfg.Clipboard()
}

// cut takes text for the desktop's clipboard.
func (v *viewer) cut(text string, tooLong bool) error {
	if !v.mayCopy() {
		return nil
	}
	if tooLong {
		v.log.Info("clipboard text was dropped: it is too long", "limit", rfb.MaxCut)
		return nil
	}
	if err := v.recordClip("to-person", len(text)); err != nil {
		return err
	}
	v.pass.Touch()
	return v.hand.failed(v.svc.clip.desktop.SetClipboard(text))
}

// clipMessage does what a message of the Extended Clipboard says.
func (v *viewer) clipMessage(m rfb.Clip) error {
	text := m.Formats&rfb.ClipText != 0
	switch {
	case v.svc.clip == nil:
	case m.Action == rfb.ClipNotify && text && v.mayCopy():
		v.say(rfb.Clip{Action: rfb.ClipRequest, Formats: rfb.ClipText, Server: true})
	case m.Action == rfb.ClipRequest && text:
		v.svc.clip.ask(v)
	case m.Action == rfb.ClipPeek && v.mayRead():
		v.say(rfb.Clip{Action: rfb.ClipNotify, Formats: rfb.ClipText, Server: true})
	case m.Action == rfb.ClipProvide && text:
		return v.cut(m.Text, m.TooLong)
	}
	return nil
}
