package stage

import (
	"testing"
	"time"
)

func TestUsageBetween(t *testing.T) {
	now := time.Now()
	a := Usage{At: now, Server: time.Second, Bench: time.Second, Machine: 3 * time.Second}
	b := Usage{At: now.Add(2 * time.Second), Server: 2 * time.Second, Bench: 3 * time.Second, Machine: 6 * time.Second}
	d := b.Since(a)
	if got := d.Percent(d.Server); got != 50 {
		t.Errorf("server %v %%, want 50", got)
	}
	if got := d.Others(); got != 50 {
		t.Errorf("others %v %%, want 50", got)
	}
}
