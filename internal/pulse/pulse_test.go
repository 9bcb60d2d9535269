package pulse

import (
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	for _, c := range []struct {
		at, every, want time.Duration
	}{
		{0, time.Second, time.Second},
		{1, time.Second, time.Second - 1},
		{time.Second - 1, time.Second, 1},
		{10*time.Second + 300*time.Millisecond, 500 * time.Millisecond, 200 * time.Millisecond},
		{10*time.Second + 300*time.Millisecond, time.Second, 700 * time.Millisecond},
		{-300 * time.Millisecond, time.Second, 300 * time.Millisecond},
		{-time.Second, time.Second, time.Second},
		{7, 1, 1},
	} {
		if got := Wait(time.Unix(0, int64(c.at)), c.every); got != c.want {
			t.Errorf("at %v, every %v: %v, want %v", c.at, c.every, got, c.want)
		}
	}
}
