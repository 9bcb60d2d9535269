package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// rootCommand makes the whole tree of commands. The list is explicit: a
// command that is not here does not exist.
func rootCommand(e *env) *cobra.Command {
	root := group(&cobra.Command{
		Use:   "deskside",
		Short: "Help a person at another computer: screen, chat, files, facts",
		Long: `Deskside lets a helpdesk engineer help a person at another computer: see and
control the screen, chat, move files, look at what is wrong, and prove
afterwards what was done.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused by policy or the
person, 4 not reachable, 130 interrupted.`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
	})
	root.PersistentFlags().BoolVar(&e.json, "json", false, "print the result as JSON")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{err: err, command: c.CommandPath()}
	})
	root.AddCommand(
		agentCommand(e),
		auditCommand(e),
		chatCommand(e),
		consoleCommand(e),
		cpCommand(e),
		demoCommand(e),
		helpMeCommand(e),
		identityCommand(e),
		infoCommand(e),
		lsCommand(e),
		manCommand(e),
		operatorCommand(e),
		personChatCommand(e),
		pingCommand(e),
		portsCommand(e),
		screenshotCommand(e),
		sessionsCommand(e),
		trustCommand(e),
		versionCommand(e),
		viewCommand(e),
		vncCommand(e),
	)
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	knowTopics(root)
	return root
}

// knowTopics makes help on a command that does not exist wrong usage.
func knowTopics(root *cobra.Command) {
	help, _, err := root.Find([]string{"help"})
	if err != nil || help.Run == nil {
		return
	}
	help.Example = "  deskside help cp"
	show := help.Run
	help.Run = nil
	help.RunE = func(c *cobra.Command, args []string) error {
		if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
			return usagef(root.CommandPath(), "there is no command %q to help with", strings.Join(args, " "))
		}
		show(c, args)
		return nil
	}
}

// group makes c a command that only holds others: by itself it shows its help,
// and a word that is none of its commands is wrong usage.
func group(c *cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		if like := c.SuggestionsFor(args[0]); len(like) > 0 {
			return usagef(c.CommandPath(), "unknown command %q for %q: did you mean %s?", args[0], c.CommandPath(), strings.Join(like, " or "))
		}
		return usagef(c.CommandPath(), "unknown command %q for %q", args[0], c.CommandPath())
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

// leaf makes c a command that runs. Its own check of the arguments stays, with
// the mistake reported as wrong usage.
func leaf(c *cobra.Command, e *env, run func(ctx context.Context, e *env, args []string) error) *cobra.Command {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usagef(c.CommandPath(), "%w; usage: %s", err, c.UseLine())
		}
		return nil
	}
	c.DisableFlagsInUseLine = true
	c.RunE = func(c *cobra.Command, args []string) error {
		// An empty variable of the shell is no wish for the default folder.
		if f := c.Flags().Lookup("dir"); f != nil && f.Changed && f.Value.String() == "" {
			return usagef(c.CommandPath(), "--dir is empty: name a folder, or leave it out")
		}
		return run(c.Context(), e, args)
	}
	return c
}

// oneOf says that a flag's value is none of those it may have.
func oneOf(command, flag, value string, want ...string) error {
	return usagef(command, "--%s %q: want one of %s", flag, value, strings.Join(want, ", "))
}
