package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"deskside"
)

type manFlags struct {
	dir  string
	root *cobra.Command
}

func manCommand(e *env) *cobra.Command {
	f := new(manFlags)
	c := leaf(&cobra.Command{
		Use:     "man --dir DIR",
		Short:   "Write the manual pages",
		Long:    "Write a manual page for every command into DIR, made from the same text as --help.",
		Example: "  deskside man --dir ~/.local/share/man/man1",
	}, e, f.run)
	c.Flags().StringVar(&f.dir, "dir", "", "the folder to write the pages to; it is made if it is not there")
	c.PreRun = func(c *cobra.Command, _ []string) { f.root = c.Root() }
	return c
}

func (f *manFlags) run(_ context.Context, e *env, _ []string) error {
	if f.dir == "" {
		return usagef("deskside man", "--dir is missing: which folder?")
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	pages := []string{}
	for _, c := range visible(f.root) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(manPage(c)), 0o644); err != nil {
			return err
		}
		pages = append(pages, name)
	}
	return e.show(map[string]any{"dir": f.dir, "pages": pages}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d pages in %s\n", len(pages), f.dir)
		return err
	})
}

// visible lists c and all commands below it, without the hidden ones.
func visible(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			list = append(list, visible(sub)...)
		}
	}
	return list
}

// manPage writes the page of one command in the man macros of roff.
func manPage(c *cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %q 1 \"\" \"deskside %s\" \"Deskside\"\n", strings.ToUpper(name), deskside.Version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	if c.Long != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff(c.Long))
	}
	manBlock(&b, "OPTIONS", c.LocalFlags().FlagUsages())
	if c.HasParent() {
		manBlock(&b, "COMMON OPTIONS", c.InheritedFlags().FlagUsages())
	}
	manBlock(&b, "EXAMPLES", c.Example)
	also := []string{}
	if c.HasParent() {
		also = append(also, strings.ReplaceAll(c.Parent().CommandPath(), " ", "-"))
	}
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			also = append(also, strings.ReplaceAll(sub.CommandPath(), " ", "-"))
		}
	}
	if len(also) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s(1)\n", roff(strings.Join(also, "(1), ")))
	}
	return b.String()
}

// manBlock writes a section whose lines are kept as they are.
func manBlock(b *strings.Builder, title, text string) {
	if strings.TrimSpace(text) != "" {
		fmt.Fprintf(b, ".SH %s\n.nf\n%s\n.fi\n", title, roff(strings.TrimRight(text, "\n")))
	}
}

// roff escapes what roff would take for its own.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
