package player

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jezek/xgb/xproto"

	"deskside/raster"
)

// Config says what to play.
type Config struct {
	Kind    string
	Display string
	At      raster.Rect
	Rate    int // steps a second; 0 is one at each key
	In      io.Reader
	Out     io.Writer
}

// Drawn says when a step was drawn, in nanoseconds of the wall clock: when the
// server had done it. At is when it was begun, for a key when that came.
type Drawn struct {
	Step     int
	At, Done int64
}

// Report is what a player says when it is stopped.
type Report struct{ Drawn []Drawn }

// Run plays until there is no more input.
func Run(c Config) error {
	make, ok := makers[c.Kind]
	if !ok {
		return fmt.Errorf("no player %q", c.Kind)
	}
	l, err := connect(c.Display)
	if err != nil {
		return err
	}
	defer l.x.Close()
	p, err := make(l, c.At)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Kind, err)
	}
	s := &show{picture: p, out: json.NewEncoder(c.Out), rate: c.Rate}
	keys, gone := l.keys()
	return s.run(words(c.In), keys, gone)
}

// show is a play in progress.
type show struct {
	picture picture
	out     *json.Encoder
	rate    int
	playing bool
	next    time.Time
	drawn   []Drawn
}

func (s *show) run(words <-chan string, keys <-chan time.Time, gone <-chan struct{}) error {
	if err := s.out.Encode(map[string]bool{"ready": true}); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var err error
		select {
		case word, ok := <-words:
			if !ok {
				return nil
			}
			err = s.obey(word, timer)
		case at := <-keys:
			if s.rate == 0 {
				err = s.step(at)
			}
		case <-timer.C:
			err = s.tick(timer)
		case <-gone:
			return errGone
		}
		if err != nil {
			return err
		}
	}
}

func (s *show) obey(word string, timer *time.Timer) error {
	switch word {
	case "go":
		s.playing, s.next = true, time.Now()
		timer.Reset(0)
		return nil
	case "stop":
		s.playing = false
		return s.out.Encode(Report{s.drawn})
	}
	return fmt.Errorf("told %q", word)
}

// tick draws the next step of those that time drives. What comes late does not
// make the next one late.
func (s *show) tick(timer *time.Timer) error {
	if !s.playing || s.rate == 0 {
		return nil
	}
	if err := s.step(time.Now()); err != nil {
		return err
	}
	s.next = s.next.Add(time.Second / time.Duration(s.rate))
	timer.Reset(time.Until(s.next))
	return nil
}

func (s *show) step(at time.Time) error {
	n := len(s.drawn) + 1
	if err := s.picture.draw(n); err != nil {
		return err
	}
	s.drawn = append(s.drawn, Drawn{n, at.UnixNano(), time.Now().UnixNano()})
	return nil
}

// words reads lines.
func words(r io.Reader) <-chan string {
	c := make(chan string)
	go func() {
		defer close(c)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			c <- lines.Text()
		}
	}()
	return c
}

// keys tells when keys are pressed.
func (l *link) keys() (keys <-chan time.Time, gone <-chan struct{}) {
	c, end := make(chan time.Time, 64), make(chan struct{})
	go func() {
		defer close(end)
		for {
			event, err := l.x.WaitForEvent()
			if event == nil && err == nil {
				return
			}
			if _, ok := event.(xproto.KeyPressEvent); ok {
				c <- time.Now()
			}
		}
	}()
	return c, end
}
