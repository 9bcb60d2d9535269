package find

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"deskside"
	"deskside/console/here"
)

// Limits of a search.
const (
	MaxHits   = 1000
	MaxLooked = 200_000 // entries looked at
	atOnce    = 4       // folders listed at the same time
	tellEvery = 200 * time.Millisecond
)

// Lister calls yield for each entry of a folder until it returns false.
type Lister func(ctx context.Context, dir string, yield func(here.Entry) bool) error

// News is one message about a search that runs. The last one has Over.
type News struct {
	Hits    []here.Entry `json:"hits,omitempty"` // since the last message
	Looked  int          `json:"looked"`         // entries so far
	Over    bool         `json:"over,omitempty"`
	Cut     string       `json:"cut,omitempty"`     // which limit ended it: "hits" or "entries"
	Skipped int          `json:"skipped,omitempty"` // folders that could not be listed
	Why     string       `json:"why,omitempty"`     // the first of them, and why not
}

// search is one under way. Its lock guards the rest; tell is called under it.
type search struct {
	want string
	list Lister
	tell func(News) error
	stop context.CancelCauseFunc

	mu      sync.Mutex
	turn    sync.Cond
	folders []string // that wait
	busy    int      // that are being listed
	over    bool     // nothing more is to be listed
	found   int
	now     News // what has not been told
	told    int  // entries that it had when it was last told
}

// Below looks for entries whose names hold the text want, in any case, in the
// folder top and all below it, and tells of them as it goes. It fails where top
// itself cannot be listed, where tell does and where ctx ends.
func Below(ctx context.Context, top, want string, list Lister, tell func(News) error) error {
	if want = fold(want); want == "" {
		return deskside.Errorf(deskside.CodeBadRequest, "a search needs a part of a name")
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &search{want: want, list: list, tell: tell, stop: stop}
	s.turn.L = &s.mu
	defer s.speakWhile()()
	if err := s.folder(ctx, top); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	defer context.AfterFunc(ctx, s.end)()
	var work sync.WaitGroup
	for range atOnce {
		work.Go(func() { s.work(ctx) })
	}
	work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.now.Over = true
	return s.tell(s.now)
}

func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// end lets nobody begin another folder.
func (s *search) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.turn.Broadcast()
}

// work lists folders until none is left, or may be.
func (s *search) work(ctx context.Context) {
	for {
		dir, ok := s.next()
		if !ok {
			return
		}
		err := s.folder(ctx, dir)
		s.mu.Lock()
		s.busy--
		if err != nil && ctx.Err() == nil {
			if s.now.Skipped++; s.now.Why == "" {
				s.now.Why = dir + ": " + deskside.AsError(err).Words
			}
		}
		s.turn.Broadcast()
		s.mu.Unlock()
	}
}

// next waits for a folder, as long as one may come.
func (s *search) next() (dir string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.folders) == 0 && s.busy > 0 && !s.over {
		s.turn.Wait()
	}
	if s.over || len(s.folders) == 0 {
		return "", false
	}
	dir, s.folders = s.folders[0], s.folders[1:]
	s.busy++
	return dir, true
}

func (s *search) folder(ctx context.Context, dir string) error {
	return s.list(ctx, dir, func(e here.Entry) bool { return ctx.Err() == nil && s.take(e) })
}

// take looks at one entry, and reports whether to go on.
func (s *search) take(e here.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.now.Looked++
	if e.Dir {
		s.folders = append(s.folders, e.Path)
		s.turn.Signal()
	}
	if strings.Contains(fold(e.Name), s.want) {
		s.now.Hits = append(s.now.Hits, e)
		s.found++
	}
	switch {
	case s.found == MaxHits:
		s.now.Cut = "hits"
	case s.now.Looked == MaxLooked:
		s.now.Cut = "entries"
	}
	if s.now.Cut != "" {
		s.over = true
		s.turn.Broadcast()
		return false
	}
	return true
}

// speakWhile tells of what was found now and then, until the function it gives is
// called.
func (s *search) speakWhile() (stop func()) {
	tick, done := time.NewTicker(tellEvery), make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for {
			select {
			case <-tick.C:
				s.speak()
			case <-done:
				return
			}
		}
	})
	return func() {
		tick.Stop()
		close(done)
		work.Wait()
	}
}

// speak tells what was found since the last time.
func (s *search) speak() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.Looked == s.told || s.now.Over {
		return
	}
	if err := s.tell(s.now); err != nil {
		s.over = true
		s.stop(err)
	}
	s.now.Hits, s.told = nil, s.now.Looked
}
