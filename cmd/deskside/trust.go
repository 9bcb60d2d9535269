package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/identity"
	"deskside/internal/plain"
)

type trustFlags struct {
	reachFlags
	fingerprint string
	replace     bool
}

func trustCommand(e *env) *cobra.Command {
	f := new(trustFlags)
	c := leaf(&cobra.Command{
		Use:   "trust HOST [--fingerprint ID] [--replace]",
		Short: "Pin an agent's key to a host",
		Long: `Pin the key of the agent at HOST, so that from now on no other key is taken for
it. The ID is what deskside agent init and the agent's window show; have it
read to you, or copied, by somebody at the machine.

Without --fingerprint, at a terminal, the agent is reached and its ID is shown
with three groups left out, which you type in as they are read to you.

The host is put into the address book as well, where the console's page shows it.

A pin is never changed silently. If an agent's key has changed, find out why:
the machine was set up anew, or somebody else answers in its place. After that
--replace pins the new key instead of the old one, compared in the same way.`,
		Example: `  deskside trust front-desk
  deskside trust 192.0.2.7 --fingerprint 4ay2-...-q3ma
  deskside trust front-desk --replace`,
		Args: cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVar(&f.fingerprint, "fingerprint", "", "the agent's whole ID")
	c.Flags().BoolVar(&f.replace, "replace", false, "pin it in place of the key that was known")
	return c
}

func (f *trustFlags) run(ctx context.Context, e *env, args []string) error {
	host := args[0]
	id, err := f.agentID(ctx, e, host)
	if err != nil {
		return err
	}
	c, err := e.client()
	if err != nil {
		return err
	}
	said := map[string]any{"host": host, "agent": id}
	if !f.replace {
		err = c.Trust(host, id)
	} else if old, failed := c.TrustAnew(host, id); failed != nil {
		err = failed
	} else if !old.IsZero() && old != id {
		said["replaced"] = old
	}
	if err != nil {
		return err
	}
	if err := enter(c, host, id); err != nil {
		fmt.Fprintf(e.stderr, "%s is not in the address book: %s\n", host, plain.Text(err.Error()))
	}
	return e.show(said, func(w io.Writer) error {
		fmt.Fprintf(w, "%s is trusted as %s\n", host, id)
		if old := said["replaced"]; old != nil {
			fmt.Fprintf(w, "and no longer as %s\n", old)
		}
		return nil
	})
}

// enter puts a host into the address book, which the console's page shows, unless
// the agent is there already or was named by its ID.
func enter(c *client.Client, host string, id deskside.AgentID) error {
	if _, err := deskside.ParseKeyID(host); err == nil {
		return nil
	}
	list, err := c.Book().All()
	if err != nil {
		return err
	}
	known, err := c.Keys(list)
	if err != nil || slices.Contains(slices.Collect(maps.Values(known)), id) {
		return err
	}
	return c.Book().Put(client.Machine{Name: host, Address: host})
}

// agentID gives the ID to pin: as given, or as compared by a person.
func (f *trustFlags) agentID(ctx context.Context, e *env, host string) (deskside.AgentID, error) {
	if f.fingerprint != "" {
		id, err := deskside.ParseKeyID(f.fingerprint)
		if err != nil {
			return id, usagef("deskside trust", "--fingerprint: %w", err)
		}
		return id, nil
	}
	if !e.tty {
		return deskside.AgentID{}, usagef("deskside trust", "--fingerprint is missing, and there is no terminal to ask at")
	}
	id, err := f.answering(ctx, e, host)
	if err != nil {
		return deskside.AgentID{}, err
	}
	return id, compareID(ctx, e, id)
}

// answering gives the key of who answers, which must be the known one unless
// that is to be replaced.
func (f *trustFlags) answering(ctx context.Context, e *env, host string) (deskside.AgentID, error) {
	if f.replace {
		t, err := f.forced("deskside trust")
		if err != nil {
			return deskside.AgentID{}, err
		}
		c, err := e.client()
		if err != nil {
			return deskside.AgentID{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return c.WhoAnswers(ctx, host, t)
	}
	a, err := f.reach(ctx, e, "deskside trust", host)
	if err != nil {
		return deskside.AgentID{}, err
	}
	defer a.Close()
	return a.Key, nil
}

// compareID has a person fill in what is left out of the ID.
func compareID(ctx context.Context, e *env, id deskside.AgentID) error {
	gaps := identity.LeaveGaps(id)
	fmt.Fprintf(e.stderr, `The agent's ID is
  %s
Have it read to you at the agent: every group must be the same. Type the three
that are left out here: `, gaps)
	line, err := readAnswer(ctx, e)
	if err != nil {
		fmt.Fprintln(e.stderr)
		return fmt.Errorf("reading the answer: %w", err)
	}
	if !gaps.Filled(line) {
		return deskside.Errorf(deskside.CodeWrongKey, "%q is not what the ID has there: somebody else may have answered in the agent's place", strings.TrimSpace(line)).
			Hint("Have the whole ID read again; do not trust this one.")
	}
	return nil
}

// readAnswer reads one line of the standard input, or gives up with ctx. It may
// then stay in a read; the process is about to exit.
func readAnswer(ctx context.Context, e *env) (string, error) {
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(e.stdin, 256)).ReadString('\n')
		read <- answer{line, err}
	}()
	select {
	case a := <-read:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
