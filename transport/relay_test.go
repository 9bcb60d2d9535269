package transport_test

import (
	"net"
	"sync"
	"testing"
)

// relay passes the datagrams of one client on to a place that can change, as a
// router does.
type relay struct {
	near *net.UDPConn

	mu     sync.Mutex
	client *net.UDPAddr
	far    *net.UDPConn
	copies sync.WaitGroup
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	near, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{near: near}
	r.lead(to)
	r.copies.Go(r.outward)
	t.Cleanup(func() {
		near.Close()
		r.mu.Lock()
		r.far.Close()
		r.mu.Unlock()
		r.copies.Wait()
	})
	return r
}

func (r *relay) addr() string { return r.near.LocalAddr().String() }

// lead makes the way end at another place.
func (r *relay) lead(to string) {
	place, err := net.ResolveUDPAddr("udp", to)
	if err != nil {
		panic(err)
	}
	far, err := net.DialUDP("udp", nil, place)
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.far != nil {
		r.far.Close()
	}
	r.far = far
	r.copies.Go(func() { r.inward(far) })
}

func (r *relay) outward() {
	b := make([]byte, 64<<10)
	for {
		n, from, err := r.near.ReadFromUDP(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.client = from
		r.far.Write(b[:n])
		r.mu.Unlock()
	}
}

func (r *relay) inward(far *net.UDPConn) {
	b := make([]byte, 64<<10)
	for {
		n, err := far.Read(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		client := r.client
		r.mu.Unlock()
		if client != nil {
			r.near.WriteToUDP(b[:n], client)
		}
	}
}
