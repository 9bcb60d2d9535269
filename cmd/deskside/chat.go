package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"deskside"
	"deskside/chat"
	"deskside/internal/plain"
)

type chatFlags struct {
	sessionFlags
	message string
	wait    time.Duration
}

func chatCommand(e *env) *cobra.Command {
	f := new(chatFlags)
	c := leaf(&cobra.Command{
		Use:   "chat HOST [--message TEXT [--wait TIME]] [--reason TEXT] [--transport T]",
		Short: "Write with the person at an agent",
		Long: `Set a session up with the agent at HOST and write with the person there: each
line of the standard input is a message, and what the person writes is printed.
The end of the input, or the person's Stop, ends the session. What was said is
there for the person to read after that, until they close it.

With --message it says one thing, waits until the agent has it, and with --wait
also for an answer. With --json each event is one line.`,
		Example: `  deskside chat front-desk --reason "printer again"
  deskside chat front-desk --message "May I restart the spooler?" --wait 2m`,
		Args: cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVar(&f.message, "message", "", "say this and no more")
	c.Flags().DurationVar(&f.wait, "wait", 0, "with --message: how long to wait for an answer")
	return c
}

func (f *chatFlags) run(ctx context.Context, e *env, args []string) error {
	if f.message == "" && f.wait != 0 {
		return usagef("deskside chat", "--wait goes with --message")
	}
	if f.message != "" {
		if err := chat.CheckText(f.message); err != nil {
			return usagef("deskside chat", "--message: %w", err)
		}
	}
	s, err := f.session(ctx, e, "deskside chat", args[0], deskside.RightsOf(deskside.ChatRight))
	if err != nil {
		return err
	}
	return s.During(ctx, func(ctx context.Context) error {
		c := s.Chat()
		defer c.Close()
		if f.message != "" {
			return f.sayOnce(ctx, e, c)
		}
		lines := make(chan string)
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go readLines(ctx, e, lines)
		return e.converse(ctx, c, deskside.ByOperator, lines)
	})
}

// errOver ends a conversation that was ended here.
var errOver = errors.New("the conversation is over")

// sayOnce says the message and waits until the agent has it, and for an answer
// where that is wanted.
func (f *chatFlags) sayOnce(ctx context.Context, e *env, c *chat.Client) error {
	id, err := c.Send(f.message)
	if err != nil {
		return err
	}
	var late <-chan time.Time
	said := false
	err = follow(ctx, e, c, &late, func(m chat.Frame) error {
		switch {
		case m.ID == id && m.Type == chat.Refused:
			return m.Error
		case m.ID == id && (m.Type == chat.Message || m.Type == chat.Ack):
			if said = true; f.wait <= 0 {
				return errOver
			}
			late = time.After(f.wait)
		case said && m.Type == chat.Message && m.From == deskside.ByPerson:
			return errOver
		}
		return nil
	})
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// follow prints what comes and gives it to each, until that or the
// conversation fails or late passes.
func follow(ctx context.Context, e *env, c *chat.Client, late *<-chan time.Time, each func(chat.Frame) error) error {
	cut := gap{e: e}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-*late:
			return deskside.Errorf(deskside.CodeExpired, "the message was delivered, and no answer came in time").
				Hint("Wait longer with --wait, or converse without --message.")
		case m, ok := <-c.Updates():
			if !ok {
				return c.Err()
			}
			cut.note(m)
			if err := e.sayFrame(m, deskside.ByOperator); err != nil {
				return err
			}
			if m.Type == chat.Message {
				c.Seen(m.Seq)
			}
			if err := each(m); err != nil {
				return err
			}
		}
	}
}

// converse sends the lines that hold anything, for either side, and prints what
// comes. At a terminal a line is written anew where it was typed, and so not
// printed again when the agent has it.
func (e *env) converse(ctx context.Context, c *chat.Client, side deskside.Side, lines <-chan string) error {
	// Messages that the agent has not answered yet, and whether they are on the
	// terminal. Once the input has ended, none left means that all was said.
	open, ended := map[string]bool{}, false
	lost, cut, over := outage{e: e}, gap{e: e}, ending{side: side}
	for {
		select {
		case text, ok := <-lines:
			if !ok {
				lines, ended = nil, true
				break
			}
			if text = strings.TrimSpace(text); text == "" {
				break
			}
			id, err := c.Send(text)
			if err != nil {
				e.report(err)
				break
			}
			open[id] = e.retype(text)
		case m, ok := <-c.Updates():
			if !ok {
				return c.Err()
			}
			lost.note(m)
			cut.note(m)
			if m.Type != chat.Message || m.From != side || !open[m.ID] {
				if err := e.sayFrame(m, side); err != nil {
					return err
				}
			}
			if m.Type == chat.Message {
				c.Seen(m.Seq)
			}
			if err := over.note(m); err != nil {
				return err
			}
			if m.Type == chat.Message || m.Type == chat.Ack || m.Type == chat.Refused {
				delete(open, m.ID)
			}
		case <-lost.due:
			lost.say()
		case <-ctx.Done():
			return ctx.Err()
		}
		if ended && len(open) == 0 {
			return nil
		}
	}
}

// readLines gives the lines of the standard input. It may stay in a read after
// ctx ended; then the process is about to exit.
func readLines(ctx context.Context, e *env, lines chan<- string) {
	defer close(lines)
	in := bufio.NewScanner(e.stdin)
	in.Buffer(nil, chat.MaxText+1)
	for in.Scan() {
		select {
		case lines <- in.Text():
		case <-ctx.Done():
			return
		}
	}
}

// ending waits, once a session has ended of which the person may still read what
// was said, until the agent knows that all of it was printed.
type ending struct {
	side       deskside.Side
	why        error
	last, seen uint64
}

func (o *ending) note(m chat.Frame) error {
	switch {
	case m.Type == chat.Message:
		o.last = m.Seq
	case m.Type == chat.Marks && m.From == o.side:
		o.seen = m.Seen
	case m.Type == chat.State && *m.State == deskside.Ended:
		if o.why = deskside.Errorf(deskside.CodeEnded, "%s", m.Cause.Words()); m.Error != nil {
			o.why = m.Error
		}
	}
	if o.seen < o.last {
		return nil
	}
	return o.why
}

// retype writes a line anew over the one that was typed, as what it is, where
// both are at a terminal.
func (e *env) retype(text string) bool {
	out, ok := e.stdout.(*os.File)
	if !ok || !e.tty || e.json {
		return false
	}
	wide, _, err := term.GetSize(int(out.Fd()))
	if err != nil {
		return false
	}
	io.WriteString(out, retyped(text, wide, time.Now()))
	return true
}

// retyped goes to the beginning of a line that was typed on a terminal so many
// columns wide, and writes it anew.
func retyped(text string, wide int, now time.Time) string {
	rows := 1
	if wide > 0 {
		rows += max(utf8.RuneCountInString(text)-1, 0) / wide
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J%s you: %s\n", rows, now.Format("15:04"), plain.Text(text))
}

// sayFrame prints what a person at a terminal wants to know. Those of one side
// are who reads it.
func (e *env) sayFrame(m chat.Frame, side deskside.Side) error {
	if e.json {
		return json.NewEncoder(e.stdout).Encode(m)
	}
	switch m.Type {
	case chat.Message:
		name := plain.Text(m.Name)
		if m.From == side {
			name = "you"
		}
		for i, line := range strings.Split(m.Text, "\n") {
			head := fmt.Sprintf("%s %s: ", m.Time.Local().Format("15:04"), name)
			if i > 0 {
				head = strings.Repeat(" ", len(head))
			}
			if _, err := fmt.Fprintf(e.stdout, "%s%s\n", head, plain.Text(line)); err != nil {
				return err
			}
		}
	case chat.Refused:
		fmt.Fprintf(e.stderr, "not said: %s\n", plain.Text(m.Error.Error()))
	case chat.Typing:
		if m.On && e.tty {
			fmt.Fprintln(e.stderr, "(the other side writes)")
		}
	}
	return nil
}

// gap tells that lines are missing: the agent keeps so many, and the oldest were
// gone when the stream was opened, or opened again.
type gap struct {
	e    *env
	have uint64 // the number of the last message
}

func (g *gap) note(m chat.Frame) {
	switch {
	case m.Type == chat.Message:
		g.have = m.Seq
	case m.Type == chat.Welcome && m.First > g.have+1 && !g.e.json:
		fmt.Fprintf(g.e.stderr, "(%d earlier lines are no longer kept)\n", m.First-g.have-1)
	}
}

// outage tells of a stream that broke, once it has stayed away for a moment: the
// stream of a session that ends breaks as well, and then the end is said.
type outage struct {
	e    *env
	due  <-chan time.Time // nil: there is nothing to say
	said bool
}

const outagePatience = time.Second

func (o *outage) note(m chat.Frame) {
	switch {
	case m.Type == chat.Offline && o.due == nil && !o.said:
		o.due = time.After(outagePatience)
	case m.Type == chat.Online:
		if o.said && !o.e.json {
			fmt.Fprintln(o.e.stderr, "connected again")
		}
		o.due, o.said = nil, false
	}
}

func (o *outage) say() {
	o.due, o.said = nil, true
	if !o.e.json {
		fmt.Fprintln(o.e.stderr, "the connection was lost; trying again")
	}
}
