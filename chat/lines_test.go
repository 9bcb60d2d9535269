package chat

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
)

// TestSlowPeers gives up on peers that do not begin, that stop within a line,
// or that do not read.
func TestSlowPeers(t *testing.T) {
	for name, c := range map[string]struct {
		sends string
		do    func(*lines) error
	}{
		"never begins":         {"", func(l *lines) error { _, err := l.readFirst(); return err }},
		"stops within a line":  {`{"type":"jo`, func(l *lines) error { _, err := l.read(); return err }},
		"stops in the first":   {`{"type":"jo`, func(l *lines) error { _, err := l.readFirst(); return err }},
		"does not take a line": {"", func(l *lines) error { return l.write(Frame{Type: Typing}) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer ours.Close()
				defer theirs.Close()
				go io.WriteString(theirs, c.sends)
				if err := c.do(newLines(ours)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("error %v, want a deadline", err)
				}
			})
		})
	}
}

// TestQuietIsFine waits between lines as long as it takes.
func TestQuietIsFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		got := make(chan error, 1)
		go func() {
			l := newLines(ours)
			_, err := l.read()
			if err == nil {
				_, err = l.read()
			}
			got <- err
		}()
		io.WriteString(theirs, `{"type":"typing"}`+"\n")
		synctest.Wait()
		if len(got) != 0 {
			t.Error("it did not wait")
		}
		ours.Close()
		<-got
	})
}
