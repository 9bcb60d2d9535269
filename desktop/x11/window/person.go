package window

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jezek/xgb"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/raster"
)

// Person shows windows to the person and takes their answers. All windows
// belong to one goroutine; the methods send it what is wanted.
type Person struct {
	c       *link.Conn
	log     *slog.Logger
	turn    chan struct{} // held while a question is open
	asks    chan *asked
	telling chan struct{} // held while a notice is shown
	tells   chan *told
	news    chan struct{} // holds a value when bar was set
	events  chan xgb.Event
	actions chan desktop.BarAction
	ended   chan struct{} // closed when the goroutine has ended

	mu   sync.Mutex
	bar  []desktop.BarEntry
	free raster.Rect // of the primary screen, below the bar
	dpi  float64
}

// asked is a question on its way to the screen.
type asked struct {
	question desktop.Question
	ctx      context.Context
	answer   chan desktop.Answer // gets one when the window is gone
}

// New begins to show windows over a connection, which is closed when that
// fails.
func New(c *link.Conn, log *slog.Logger) (*Person, error) {
	p := &Person{
		c: c, log: log,
		turn:    make(chan struct{}, 1),
		asks:    make(chan *asked),
		telling: make(chan struct{}, 1),
		tells:   make(chan *told),
		news:    make(chan struct{}, 1),
		events:  make(chan xgb.Event),
		actions: make(chan desktop.BarAction),
		ended:   make(chan struct{}),
	}
	u, err := newUI(p)
	if err != nil {
		close(p.ended)
		c.Close()
		return nil, err
	}
	c.Run(p.event)
	go u.run()
	return p, nil
}

// event hands an event to the goroutine of the windows.
func (p *Person) event(e xgb.Event) {
	select {
	case p.events <- e:
	case <-p.ended:
	}
}

// Ask is of desktop.Person.
func (p *Person) Ask(ctx context.Context, q desktop.Question) (desktop.Answer, error) {
	if !q.Until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, q.Until)
		defer cancel()
	}
	a := &asked{q, ctx, make(chan desktop.Answer, 1)}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return desktop.Answer{}, nil
	case <-p.ended:
		return desktop.Answer{}, desktop.ErrLost
	}
	select {
	case p.asks <- a:
	case <-p.ended:
		return desktop.Answer{}, desktop.ErrLost
	}
	select {
	case answer := <-a.answer:
		return answer, nil
	case <-p.ended:
		return desktop.Answer{}, desktop.ErrLost
	}
}

// SetBar is of desktop.Person.
func (p *Person) SetBar(list []desktop.BarEntry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bar = append([]desktop.BarEntry(nil), list...)
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func (p *Person) wanted() []desktop.BarEntry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bar
}

// Room is of desktop.Roomer.
func (p *Person) Room() (free raster.Rect, scale float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dpi < 96 || p.dpi > 480 {
		return p.free, 1
	}
	return p.free, p.dpi / 96
}

func (p *Person) setRoom(free raster.Rect) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = free
}

// BarActions is of desktop.Person.
func (p *Person) BarActions() <-chan desktop.BarAction { return p.actions }

// Close takes the windows away with the connection.
func (p *Person) Close() {
	p.c.Close()
	<-p.ended
}

// restack is how often windows are raised again although nothing said that
// they are covered: a compositing manager keeps that to itself.
const restack = time.Second
