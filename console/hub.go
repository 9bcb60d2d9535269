package console

import (
	"encoding/json"
	"sync"
)

// A page that reads so slowly that this many notices wait for it is cut off;
// it comes back and begins with a new hello.
const noticesWaiting = 256

// hub passes notices to every page that listens.
type hub struct {
	mu     sync.Mutex
	pages  map[*page]bool
	closed bool
	watch  func(pages int) // called under mu when the number changes
}

// page is one listener. Its channel is closed when it is cut off.
type page struct{ notices chan []byte }

func newHub(watch func(int)) *hub {
	return &hub{pages: make(map[*page]bool), watch: watch}
}

// join adds a listener, whose first notice is what hello gives. No notice is
// published between hello and joining. It reports false once the hub closed.
func (h *hub) join(hello func() notice) (*page, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false
	}
	p := &page{notices: make(chan []byte, noticesWaiting)}
	p.notices <- encode(hello())
	h.pages[p] = true
	h.watch(len(h.pages))
	return p, true
}

// leave takes the listener away; it may already be gone.
func (h *hub) leave(p *page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(p)
}

func (h *hub) drop(p *page) {
	if !h.pages[p] {
		return
	}
	delete(h.pages, p)
	close(p.notices)
	h.watch(len(h.pages))
}

// publish passes what make gives to every page. It runs under the hub's lock,
// so that notices about one thing come in the order of its changes; false
// means that there is nothing to say.
func (h *hub) publish(make func() (notice, bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pages) == 0 {
		return
	}
	n, ok := make()
	if !ok {
		return
	}
	text := encode(n)
	for p := range h.pages {
		select {
		case p.notices <- text:
		default:
			h.drop(p)
		}
	}
}

// empty reports whether no page listens.
func (h *hub) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.pages) == 0
}

// close cuts every page off.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for p := range h.pages {
		h.drop(p)
	}
}

// encode renders a notice, whose types always can be.
func encode(n notice) []byte {
	text, err := json.Marshal(n)
	if err != nil {
		return []byte(`{"type":"fault"}`)
	}
	return text
}
