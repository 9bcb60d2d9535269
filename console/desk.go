package console

import (
	"context"
	"slices"
	"sync"
	"time"

	"deskside"
)

const (
	maxTabs     = 32               // open or ended, in one console
	probeEvery  = 20 * time.Second // while a page is open
	probeLimit  = 5 * time.Second
	probeAtOnce = 8
	probeTell   = 500 * time.Millisecond // how often a round of probes is told
)

// desk is what the operator has open: the tabs, and how the machines of the
// book can be reached. It owns the goroutines of both.
type desk struct {
	back   Backend
	linger time.Duration
	use    func(*tab, Session) (stop func()) // what an open session is good for besides the tab
	hub    *hub
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	wake   chan struct{} // asks the prober for a round

	mu     sync.Mutex
	tabs   []*tab
	reach  map[string]Reach // by address
	told   time.Time        // when the pages last heard of it
	alone  *time.Timer      // ends the sessions when no page comes back
	closed bool
}

func newDesk(back Backend, linger time.Duration, use func(*tab, Session) (stop func())) *desk {
	d := &desk{back: back, linger: linger, use: use, reach: make(map[string]Reach), wake: make(chan struct{}, 1)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.hub = newHub(d.pages)
	d.work.Go(d.probe)
	return d
}

// Close ends every session and waits for it.
func (d *desk) Close() error {
	d.mu.Lock()
	d.closed = true
	if d.alone != nil {
		d.alone.Stop()
	}
	d.mu.Unlock()
	d.cancel()
	d.work.Wait()
	d.hub.close()
	return nil
}

// pages is told how many pages listen. When the last one has gone and none
// comes back in time, nobody is at the console and its sessions end.
func (d *desk) pages(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.alone != nil {
		d.alone.Stop()
		d.alone = nil
	}
	switch {
	case d.closed:
	case n == 0:
		d.alone = time.AfterFunc(d.linger, d.endAll)
	default:
		d.prompt()
	}
}

// prompt asks for a round of probes soon.
func (d *desk) prompt() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *desk) endAll() {
	for _, t := range d.list() {
		t.cancel()
	}
}

func (d *desk) list() []*tab {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.tabs)
}

// open begins a setup in a new tab.
func (d *desk) open(r Request) (*tab, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, deskside.Errorf(deskside.CodeEnded, "the console is closing")
	}
	if len(d.tabs) >= maxTabs {
		return nil, deskside.Errorf(deskside.CodeTooMany, "%d sessions are in tabs already", maxTabs).
			Hint("Close tabs whose sessions have ended.")
	}
	t := newTab(d.ctx, r, d.publishTab)
	d.tabs = append(d.tabs, t)
	d.work.Go(func() {
		t.run(d.back, d.use)
		d.publishMachines()
	})
	return t, nil
}

func (d *desk) tab(id string) (*tab, error) {
	for _, t := range d.list() {
		if t.id == id {
			return t, nil
		}
	}
	return nil, deskside.Errorf(deskside.CodeNotFound, "no tab %q", id).Hint("Reload the page.")
}

// forget closes a tab whose session is over.
func (d *desk) forget(t *tab) error {
	if !t.snapshot().Phase.over() {
		return deskside.Errorf(deskside.CodeConflict, "the session is still open").Hint("End it first.")
	}
	d.mu.Lock()
	d.tabs = slices.DeleteFunc(d.tabs, func(o *tab) bool { return o == t })
	d.mu.Unlock()
	d.hub.publish(func() (notice, bool) { return notice{Type: "gone", ID: t.id}, true })
	return nil
}

func (d *desk) publishTab(t *tab) {
	d.hub.publish(func() (notice, bool) {
		v := t.snapshot()
		return notice{Type: "tab", Tab: &v}, true
	})
}

func (d *desk) publishMachines() {
	d.hub.publish(func() (notice, bool) {
		list, err := d.machines() // an error shows when the page next asks for the book
		return notice{Type: "machines", Machines: list}, err == nil
	})
}

// machines lists the book with what is known of each machine's reach.
func (d *desk) machines() ([]machineView, error) {
	book, err := d.back.Machines()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]machineView, 0, len(book))
	for _, m := range book {
		v := machineView{Machine: m}
		if r, ok := d.reach[m.Address]; ok {
			v.Reach = &r
		}
		list = append(list, v)
	}
	return list, nil
}

func (d *desk) views() []tabView {
	tabs := d.list()
	views := make([]tabView, 0, len(tabs))
	for _, t := range tabs {
		views = append(views, t.snapshot())
	}
	return views
}

// probe tries every machine of the book, again and again while a page listens.
func (d *desk) probe() {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-d.wake:
		case <-tick.C:
		}
		if d.hub.empty() {
			continue
		}
		d.probeAll()
	}
}

// probeAll tries every machine once. The pages hear of it as it goes on, but
// not of each machine alone: the book may be long.
func (d *desk) probeAll() {
	book, err := d.back.Machines()
	if err != nil {
		return
	}
	var round sync.WaitGroup
	slots := make(chan struct{}, probeAtOnce)
	for _, m := range book {
		slots <- struct{}{}
		round.Go(func() {
			defer func() { <-slots }()
			if d.probeOne(m.Address) {
				d.publishMachines()
			}
		})
	}
	round.Wait()
	d.publishMachines()
}

// probeOne tries one machine, and reports whether it is time to tell the pages.
func (d *desk) probeOne(address string) bool {
	ctx, cancel := context.WithTimeout(d.ctx, probeLimit)
	defer cancel()
	r := d.back.Probe(ctx, address)
	if d.ctx.Err() != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reach[address] = r
	if time.Since(d.told) < probeTell {
		return false
	}
	d.told = time.Now()
	return true
}
