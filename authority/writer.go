package authority

import "sync"

// writer writes what has taken effect already: how sessions ended, which were
// lost, which policy is in force. It does so in the order in which that
// happened, in a goroutine of its own that is there while there is something to
// write: neither the person who presses Stop, nor a limit, nor the next policy
// waits for a disk. What gives access does wait for it.
//
// What it holds needs no limit of its own. Sessions begin only after their
// beginning was written, so that behind a disk that hangs there is at most one
// end for each session that was open.
type writer struct {
	mu    sync.Mutex
	queue []func()
	idle  chan struct{} // closed when the queue has run dry; nil: it is dry
}

// add has f run after all that was added before it.
func (w *writer) add(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, f)
	if w.idle == nil {
		w.idle = make(chan struct{})
		go w.run()
	}
}

func (w *writer) run() {
	for f := w.next(); f != nil; f = w.next() {
		f()
	}
}

// next takes what comes first, nil when there is no more.
func (w *writer) next() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		close(w.idle)
		w.queue, w.idle = nil, nil
		return nil
	}
	f := w.queue[0]
	w.queue = w.queue[1:]
	return f
}

// after runs f once all that was added before it is written, and waits for it.
func (w *writer) after(f func()) {
	done := make(chan struct{})
	w.add(func() { defer close(done); f() })
	<-done
}

// wait returns when everything is written.
func (w *writer) wait() {
	w.mu.Lock()
	idle := w.idle
	w.mu.Unlock()
	if idle != nil {
		<-idle
	}
}
