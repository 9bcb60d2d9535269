package transport

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"deskside"
)

// attempt is one way to try.
type attempt struct {
	transport deskside.Transport
	addr      netip.AddrPort
}

// failure is an attempt that came to nothing.
type failure struct {
	attempt
	err error
}

// failures is the error of a race that nobody won.
type failures []failure

func (f failures) Error() string {
	var words []string
	for _, one := range f {
		words = append(words, fmt.Sprintf("%s %s: %v", one.transport, one.addr, one.err))
	}
	return strings.Join(words, "; ")
}

func (f failures) Unwrap() []error {
	var all []error
	for _, one := range f {
		all = append(all, one.err)
	}
	return all
}

// race starts the attempts in turn, each when the one before failed or had its
// head start, and gives the stream of the first that succeeds. The others are
// cancelled; it returns when all of them are gone.
func race(ctx context.Context, attempts []attempt, stagger time.Duration, try func(context.Context, attempt) (Stream, error)) (Stream, error) {
	type result struct {
		attempt
		stream Stream
		err    error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result)
	started, running := 0, 0
	var next <-chan time.Time
	start := func() {
		if started == len(attempts) || ctx.Err() != nil {
			return
		}
		a := attempts[started]
		started++
		running++
		next = time.After(stagger)
		go func() {
			s, err := try(ctx, a)
			results <- result{a, s, err}
		}()
	}
	var won Stream
	var lost failures
	for start(); running > 0; {
		select {
		case r := <-results:
			running--
			switch {
			case r.err != nil:
				lost = append(lost, failure{r.attempt, r.err})
				start()
			case won != nil:
				r.stream.Abort()
			default:
				won = r.stream
				cancel()
			}
		case <-next:
			start()
		}
	}
	if won != nil {
		return won, nil
	}
	if len(lost) == 0 {
		return nil, context.Cause(ctx)
	}
	return nil, lost
}
