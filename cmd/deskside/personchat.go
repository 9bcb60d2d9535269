package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/internal/plain"
	"deskside/person"
)

// personChatCommand is what the agent runs in a terminal window where no
// browser is found. It is hidden: the agent knows the socket, people do not.
func personChatCommand(e *env) *cobra.Command {
	c := leaf(&cobra.Command{
		Use:   "person-chat SOCKET [SESSION]",
		Short: "Chat as the person who is helped, in a terminal",
		Long: `Write with the operator of a session, as the person at the agent's machine: each
line of the standard input is a message. Without SESSION it is the session that
began last; where none lives, the last that ended and has something to read. The agent opens this in a terminal window where it finds no browser.
What agent run --json prints has the SOCKET.`,
		Args: cobra.RangeArgs(1, 2),
	}, e, runPersonChat)
	c.Hidden = true
	return c
}

func runPersonChat(ctx context.Context, e *env, args []string) error {
	rooms, err := person.Rooms(ctx, args[0])
	if err != nil {
		return err
	}
	room, err := pickRoom(rooms.Rooms, args[1:])
	if err != nil {
		return err
	}
	if err := e.sayRoom(room); err != nil {
		return err
	}
	lines := make(chan string)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go readLines(ctx, e, lines)
	c := person.NewClient(args[0], room.Session)
	defer c.Close()
	says := lines
	if room.State == deskside.Ended {
		says = nil // there is something to read, and it ends by itself
	}
	err = e.converse(ctx, c, deskside.ByPerson, says)
	if deskside.CodeOf(err) == deskside.CodeEnded {
		return e.sayOver(ctx, err, lines)
	}
	return err
}

// pickRoom finds the session that args name, or the last: of those that live, if
// there are any.
func pickRoom(rooms []person.Room, args []string) (person.Room, error) {
	live := slices.DeleteFunc(slices.Clone(rooms), func(r person.Room) bool { return r.State == deskside.Ended })
	if len(args) == 0 && len(live) > 0 {
		rooms = live
	}
	for i := len(rooms) - 1; i >= 0; i-- {
		if len(args) == 0 || rooms[i].Session.String() == args[0] {
			return rooms[i], nil
		}
	}
	if len(args) > 0 {
		return person.Room{}, deskside.Errorf(deskside.CodeNotFound, "there is no chat of session %q", args[0])
	}
	return person.Room{}, deskside.Errorf(deskside.CodeNotFound, "nobody is connected with whom to chat")
}

// sayRoom tells the person who is there.
func (e *env) sayRoom(r person.Room) error {
	if e.json {
		return e.line(r)
	}
	name := r.Name
	if r.Says {
		name = fmt.Sprintf("somebody who says to be \u201c%s\u201d; the name is not known here", name)
	}
	fmt.Fprintf(e.stdout, "You chat with %s.\n", name)
	if r.Host != "" {
		fmt.Fprintf(e.stdout, "They say they are at %s.\n", r.Host)
	}
	if r.Reason != "" {
		fmt.Fprintf(e.stdout, "The reason they gave: %s\n", r.Reason)
	}
	if r.State == deskside.Ended {
		_, err := fmt.Fprint(e.stdout, "The session has ended; you can read what was written.\n\n")
		return err
	}
	_, err := fmt.Fprint(e.stdout, "Enter sends a line. Ctrl-D ends the chat, not the session.\n\n")
	return err
}

// sayOver tells why the session ended, and keeps a terminal window open until
// the person has read it.
func (e *env) sayOver(ctx context.Context, why error, lines <-chan string) error {
	if e.json {
		return nil // the frame that ended it was printed
	}
	fmt.Fprintf(e.stdout, "\nThe chat is over: %s.\n", plain.Text(deskside.AsError(why).Words))
	if !e.tty {
		return nil
	}
	fmt.Fprintln(e.stdout, "Press Enter to close this window.")
	for {
		select {
		case text, ok := <-lines:
			if !ok || strings.TrimSpace(text) == "" {
				return nil
			}
			fmt.Fprintln(e.stdout, "Not said: the chat is over. Press Enter to close this window.")
		case <-ctx.Done():
			return nil
		}
	}
}
