package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/internal/plain"
	"deskside/xfer"
)

type cpFlags struct {
	sessionFlags
	replace bool
}

func cpCommand(e *env) *cobra.Command {
	f := new(cpFlags)
	c := leaf(&cobra.Command{
		Use:   "cp SRC... DST [--replace] [--reason TEXT] [--transport T]",
		Short: "Copy files to or from an agent",
		Long: `Copy files. Either DST or every SRC is HOST:PATH, of the same HOST; the other
side is on this machine. Where there is a folder at DST the files go into it.

A file gets its name only when all of it has arrived and its hash is right. If
the way breaks, the copy goes on where it stopped; after an interruption, so
does the same command.`,
		Example: `  deskside cp report.pdf front-desk:Desktop/
  deskside cp front-desk:/var/log/syslog front-desk:notes.txt ./from-front-desk/`,
		Args: cobra.MinimumNArgs(2),
	}, e, f.run)
	f.add(c)
	c.Flags().BoolVar(&f.replace, "replace", false, "replace files that have the name already")
	return c
}

// copyPlan is what is to be copied. Exactly one of far and near is the target.
type copyPlan struct {
	up   bool // towards the agent
	host string
	from []string // local paths if up, else far ones
	to   string   // a far path if up, else a local one
}

// planCopy reads the arguments.
func planCopy(args []string) (p copyPlan, err error) {
	dst, up, err := parseRemote(args[len(args)-1])
	if err != nil {
		return p, err
	}
	p.up, p.host, p.to = up, dst.host, dst.path
	if !up {
		p.to = args[len(args)-1]
	}
	for _, arg := range args[:len(args)-1] {
		src, remote, err := parseRemote(arg)
		switch {
		case err != nil:
			return p, err
		case up && remote:
			return p, fmt.Errorf("%q and %q are both far away: copy to this machine first", arg, dst)
		case !up && !remote:
			return p, fmt.Errorf("neither %q nor %q is HOST:PATH", arg, p.to)
		case !up && p.host != "" && p.host != src.host:
			return p, fmt.Errorf("%q and %q: one host at a time", p.host, src.host)
		case up:
			p.from = append(p.from, arg)
		default:
			p.host, p.from = src.host, append(p.from, src.path)
		}
	}
	return p, nil
}

func (f *cpFlags) run(ctx context.Context, e *env, args []string) error {
	p, err := planCopy(args)
	if err != nil {
		return usagef("deskside cp", "%w", err)
	}
	rights := deskside.RightsOf(deskside.FilesRead)
	if p.up {
		rights = rights.With(deskside.FilesWrite)
	}
	s, err := f.session(ctx, e, "deskside cp", p.host, rights)
	if err != nil {
		return err
	}
	results := []xfer.Result{}
	err = during(ctx, s, func(ctx context.Context) error {
		for _, from := range p.from {
			r, err := f.copyOne(ctx, e, s, &p, from)
			if err != nil {
				return fmt.Errorf("%s: %w", from, err)
			}
			results = append(results, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.show(map[string]any{"copied": results}, func(w io.Writer) error { return writeCopied(w, results) })
}

// copyOne copies one file, going on after each break of the way for as long as
// the session lives.
func (f *cpFlags) copyOne(ctx context.Context, e *env, s *client.Session, p *copyPlan, from string) (r xfer.Result, err error) {
	show := e.progress()
	defer show.end()
	o := xfer.Options{Replace: f.replace, Progress: show.at}
	for {
		x, err := files(s)
		if err != nil {
			return r, err
		}
		r, err = transfer(ctx, x, p, from, o)
		if code := deskside.CodeOf(err); code != deskside.CodeUnreachable && code != deskside.CodeSuspended || ctx.Err() != nil {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, err
		case <-time.After(time.Second):
		}
	}
}

func transfer(ctx context.Context, x *xfer.Client, p *copyPlan, from string, o xfer.Options) (xfer.Result, error) {
	if p.up {
		to, err := farTarget(ctx, x, p.to, filepath.Base(from))
		if err != nil {
			return xfer.Result{}, err
		}
		return x.Put(ctx, from, to, o)
	}
	to, err := nearTarget(p.to, remotePath{path: from}.base(), len(p.from) > 1)
	if err != nil {
		return xfer.Result{}, err
	}
	return x.Get(ctx, from, to, o)
}

// farTarget gives the far path for a file called name: in the folder to, or as
// to itself where there is none.
func farTarget(ctx context.Context, x *xfer.Client, to, name string) (string, error) {
	if to == "" || strings.HasSuffix(to, "/") {
		return remotePath{path: to}.join(name).path, nil
	}
	entry, err := x.Stat(ctx, to, true)
	switch {
	case err == nil && entry.Kind == xfer.Folder:
		return remotePath{path: to}.join(name).path, nil
	case err == nil || deskside.CodeOf(err) == deskside.CodeNotFound:
		return to, nil
	}
	return "", err
}

// nearTarget does the same on this machine. Several files need a folder. The
// name is the agent's word, and must be one.
func nearTarget(to, name string, several bool) (string, error) {
	info, err := os.Stat(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	folder := err == nil && info.IsDir()
	if !folder && (several || strings.HasSuffix(to, string(filepath.Separator))) {
		return "", deskside.Errorf(deskside.CodeNotFound, "%q is not a folder", to).Hint("Make it first.")
	}
	if !folder {
		return to, nil
	}
	if !filepath.IsLocal(name) || name == "." || strings.ContainsAny(name, `/\`) {
		return "", deskside.Errorf(deskside.CodeBadRequest, "%q is no name for a file here", name)
	}
	return filepath.Join(to, name), nil
}

func writeCopied(w io.Writer, results []xfer.Result) error {
	for _, r := range results {
		if _, err := fmt.Fprintf(w, "%s  %d bytes  %s\n", r.Hash, r.Size, plain.Text(r.Path)); err != nil {
			return err
		}
	}
	return nil
}

// progressLine shows how far a file has come, on a terminal.
type progressLine struct {
	out   io.Writer // nil: nobody watches
	last  time.Time
	shown bool
}

func (e *env) progress() *progressLine {
	if !e.errTTY || e.json {
		return &progressLine{}
	}
	return &progressLine{out: e.stderr}
}

func (l *progressLine) at(p xfer.Progress) {
	if l.out == nil || time.Since(l.last) < 100*time.Millisecond && p.Done < p.Total {
		return
	}
	l.last, l.shown = time.Now(), true
	percent := int64(100)
	if p.Total > 0 {
		percent = p.Done * 100 / p.Total
	}
	fmt.Fprintf(l.out, "\r\x1b[K%3d %%  %.1f of %.1f MiB  %s", percent, mib(p.Done), mib(p.Total), plain.Short(p.Path, 60))
}

func (l *progressLine) end() {
	if l.shown {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
