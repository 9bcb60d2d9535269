package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/internal/plain"
	"deskside/xfer"
	"deskside/xfer/disk"
)

type lsFlags struct{ sessionFlags }

func lsCommand(e *env) *cobra.Command {
	f := new(lsFlags)
	c := leaf(&cobra.Command{
		Use:   "ls HOST:[PATH] [--reason TEXT] [--transport T]",
		Short: "List files at an agent",
		Long: `List a folder at the agent, or one file. Without a path it is the folder where
the person's files are; all that policy opens is listed for HOST:/ where it
opens no such folder itself. What cannot be read is listed with the reason.`,
		Example: "  deskside ls front-desk:\n  deskside ls front-desk:Documents --json",
		Args:    cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	return c
}

func (f *lsFlags) run(ctx context.Context, e *env, args []string) error {
	at, remote, err := parseRemote(args[0])
	if err != nil || !remote {
		return usagef("deskside ls", "%q is no HOST:PATH; write %s: for its files", args[0], args[0])
	}
	s, err := f.session(ctx, e, "deskside ls", at.host, deskside.RightsOf(deskside.FilesRead))
	if err != nil {
		return err
	}
	list := []xfer.Entry{}
	err = s.During(ctx, func(ctx context.Context) (err error) {
		list, err = listFar(ctx, s, at.path)
		return err
	})
	if err != nil {
		return err
	}
	return e.show(map[string]any{"entries": list}, func(w io.Writer) error { return writeEntries(w, list) })
}

// listFar lists a far folder, or describes a far file.
func listFar(ctx context.Context, s *client.Session, path string) ([]xfer.Entry, error) {
	x := s.Files()
	if path == "/" {
		if list, err := listRoots(ctx, x); err != nil || list != nil {
			return list, err
		}
	}
	if path != "" {
		entry, err := x.Stat(ctx, path, true)
		if err != nil {
			return nil, err
		}
		if entry.Kind != disk.Folder {
			return []xfer.Entry{entry}, nil
		}
	}
	list := []xfer.Entry{}
	err := x.List(ctx, path, func(entry xfer.Entry) bool {
		list = append(list, entry)
		return true
	})
	return list, err
}

// listRoots lists the folders that policy opens, each by its whole path, or
// nothing where it opens "/" itself.
func listRoots(ctx context.Context, x *xfer.Client) ([]xfer.Entry, error) {
	roots, err := x.Roots(ctx)
	if err != nil {
		return nil, err
	}
	list := []xfer.Entry{}
	for _, r := range roots {
		if r.Path == "/" {
			return nil, nil
		}
		entry, err := x.Stat(ctx, r.Path, true)
		if entry.Why = ""; err != nil { // what a top has against its name is nothing here
			entry = xfer.Entry{Kind: disk.Folder, Why: deskside.AsError(err).Words}
		}
		entry.Name = r.Path
		list = append(list, entry)
	}
	return list, nil
}

func writeEntries(out io.Writer, list []xfer.Entry) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, entry := range list {
		fmt.Fprintf(w, "%s\t%d\t%s\t  %s\n", modeText(&entry), entry.Size, entry.ModTime.Local().Format(time.DateTime), entryName(&entry))
	}
	return w.Flush()
}

// modeText gives kind and permissions as people know them, "drwxr-xr-x".
func modeText(entry *xfer.Entry) string {
	kind, ok := map[disk.Kind]string{
		disk.File: "-", disk.Folder: "d", disk.Link: "l", disk.Pipe: "p", disk.Socket: "s", disk.Device: "b", disk.Partial: "~",
	}[entry.Kind]
	if !ok {
		kind = "?"
	}
	return kind + fs.FileMode(entry.Mode).Perm().String()[1:]
}

func entryName(entry *xfer.Entry) string {
	name := plain.Text(entry.Name)
	if entry.Kind == disk.Folder {
		name += "/"
	}
	if entry.Target != "" {
		name += " -> " + plain.Text(entry.Target)
	}
	if entry.Why != "" {
		name += " (" + plain.Text(entry.Why) + ")"
	}
	return name
}
