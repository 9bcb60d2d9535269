// Package await lets a test wait for a condition, with a deadline. It is the
// only place where a test may sleep.
package await

import "time"

// Limit is how long a condition may take. It is generous: a test that meets
// its condition returns at once.
const Limit = 45 * time.Second

// Failer is what await needs of a test.
type Failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// True waits until ok reports true and fails the test when Limit passes first.
func True(t Failer, what string, ok func() bool) {
	t.Helper()
	for end, pause := time.Now().Add(Limit), time.Millisecond; !ok(); pause = min(pause*2, 50*time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain: %s", Limit, what)
		}
		time.Sleep(pause)
	}
}

// Recv waits for a value on ch and fails the test when Limit passes first or
// the channel is closed.
func Recv[T any](t Failer, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-ch:
		if !ok {
			t.Fatalf("channel closed: %s", what)
		}
		return v
	case <-time.After(Limit):
		t.Fatalf("waited %v in vain: %s", Limit, what)
	}
	panic("unreachable")
}

// Closed waits until ch is closed and fails the test when Limit passes first.
func Closed[T any](t Failer, what string, ch <-chan T) {
	t.Helper()
	limit := time.After(Limit)
	for {
		select {
		case _, ok := <-ch:
			if !ok {
				return
			}
		case <-limit:
			t.Fatalf("waited %v in vain: %s", Limit, what)
		}
	}
}
