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
	"deskside/internal/plain"
	"deskside/xfer"
	"deskside/xfer/disk"
)

type cpFlags struct {
	sessionFlags
	replace   bool
	recursive bool
}

func cpCommand(e *env) *cobra.Command {
	f := new(cpFlags)
	c := leaf(&cobra.Command{
		Use:   "cp SRC... DST [--recursive] [--replace] [--reason TEXT] [--transport T]",
		Short: "Copy files to or from an agent",
		Long: `Copy files. Either DST or every SRC is HOST:PATH, of the same HOST; the other
side is on this machine. Where there is a folder at DST the files go into it.

A file gets its name only when all of it has arrived and its hash is right. If
the way breaks, the copy goes on where it stopped; after an interruption, so
does the same command. Of folders, files that are there already with the same
size and time are not copied again.`,
		Example: `  deskside cp report.pdf front-desk:Desktop/
  deskside cp front-desk:/var/log/syslog front-desk:notes.txt ./from-front-desk/`,
		Args: cobra.MinimumNArgs(2),
	}, e, f.run)
	f.add(c)
	c.Flags().BoolVarP(&f.replace, "replace", "f", false, "replace files that have the name already")
	c.Flags().BoolVarP(&f.recursive, "recursive", "r", false, "copy folders with everything in them but links")
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
			return p, fmt.Errorf("%q and %q are both far away: copy to this machine first; a local name with a colon is written ./%s", arg, dst, arg)
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
	if err := f.checkHere(p); err != nil {
		return err
	}
	rights := deskside.RightsOf(deskside.FilesRead)
	if p.up {
		rights = rights.With(deskside.FilesWrite)
	}
	s, err := f.session(ctx, e, "deskside cp", p.host, rights)
	if err != nil {
		return err
	}
	done := copied{Files: []xfer.Result{}}
	err = s.During(ctx, func(ctx context.Context) error {
		show := e.progress()
		defer show.end()
		o := xfer.Options{Replace: f.replace, Progress: show.at}
		for _, from := range p.from {
			if err := f.copyOne(ctx, &copier{s.Files(), &p, o, s.Losses}, from, &done); err != nil {
				return fmt.Errorf("%s: %w", plain.Text(from), err)
			}
		}
		return nil
	})
	if err != nil {
		return f.hint(err)
	}
	if err := e.show(done, done.write); err != nil {
		return err
	}
	return done.tell(e)
}

// hint gives an error of the copy with what this command can do about it.
func (f *cpFlags) hint(err error) error {
	known := *deskside.AsError(err)
	switch {
	case known.Code == deskside.CodeExists && !f.replace:
		known.Do = "Use another name, or replace what is there if it is a file: --replace."
	case known.Code == deskside.CodeUnreachable || known.Code == deskside.CodeSuspended || known.Code == deskside.CodeEnded:
		known.Do = "The same command goes on where it stopped."
	default:
		return err
	}
	return &hinted{err, &known}
}

// hinted is an error that reads as before, with another hint.
type hinted struct {
	error
	known *deskside.Error
}

func (h *hinted) Unwrap() []error { return []error{h.known, h.error} }

// checkHere finds what this machine lacks for the copy, before anybody is asked
// for a session.
func (f *cpFlags) checkHere(p copyPlan) error {
	if !p.up {
		_, err := nearTarget(p.to, "any", len(p.from) > 1)
		return err
	}
	for _, from := range p.from {
		info, err := os.Stat(from)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return deskside.Errorf(deskside.CodeNotFound, "there is no %q on this machine", from)
		case err != nil:
			return err
		case info.IsDir() && !f.recursive:
			return isFolder(from)
		}
	}
	return nil
}

// isFolder refuses to copy a folder as a file.
func isFolder(path string) error {
	return deskside.Errorf(deskside.CodeBadRequest, "%q is a folder", path).Hint("Copy it with everything in it: --recursive.")
}

// copyOne copies one file or folder, going on after each break of the way for
// as long as the session lives and bytes arrive.
func (f *cpFlags) copyOne(ctx context.Context, c *copier, from string, done *copied) error {
	return goOn(ctx, &c.o, c.losses, func() error {
		folder, err := c.isFolder(ctx, from)
		switch {
		case err != nil:
			return err
		case folder && !f.recursive:
			return isFolder(from)
		case folder:
			tree, err := c.tree(ctx, from)
			if err == nil {
				done.Folders = append(done.Folders, copiedFolder{from, tree})
			}
			return err
		}
		file, err := c.file(ctx, from)
		if err == nil {
			done.Files = append(done.Files, file)
		}
		return err
	})
}

// The way may break this often with nothing copied in between, while the session
// stands: then it is the way of the files alone that is broken.
const (
	maxBreaks  = 5
	breakPause = time.Second
)

// goOn repeats do when the way broke. It gives up when it broke several times
// without a byte in between and without a loss of the session, or ctx ended. A
// session that is lost is waited for by do, and ends ctx with its grace time.
func goOn(ctx context.Context, o *xfer.Options, losses func() int, do func() error) error {
	breaks, lost, show := 0, losses(), o.Progress
	o.Progress = func(p xfer.Progress) {
		breaks = 0
		show(p)
	}
	defer func() { o.Progress = show }()
	for {
		err := do()
		if code := deskside.CodeOf(err); code != deskside.CodeUnreachable && code != deskside.CodeSuspended {
			return err
		}
		if now := losses(); now != lost {
			breaks, lost = 0, now
		}
		if breaks++; breaks > maxBreaks {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(breakPause):
		}
	}
}

// copier copies what a plan says.
type copier struct {
	x      *xfer.Client
	p      *copyPlan
	o      xfer.Options
	losses func() int // of the session
}

func (c *copier) isFolder(ctx context.Context, from string) (bool, error) {
	if c.p.up {
		info, err := os.Stat(from)
		return err == nil && info.IsDir(), err
	}
	entry, err := c.x.Stat(ctx, from, true)
	return err == nil && entry.Kind == disk.Folder, err
}

func (c *copier) file(ctx context.Context, from string) (xfer.Result, error) {
	to, err := c.target(ctx, from)
	if err != nil {
		return xfer.Result{}, err
	}
	if c.p.up {
		return c.x.Put(ctx, from, to, c.o)
	}
	return c.x.Get(ctx, from, to, c.o)
}

func (c *copier) tree(ctx context.Context, from string) (xfer.TreeResult, error) {
	to, err := c.target(ctx, from)
	if err != nil {
		return xfer.TreeResult{}, err
	}
	if c.p.up {
		return c.x.PutTree(ctx, from, to, xfer.TreeOptions{Options: c.o})
	}
	return c.x.GetTree(ctx, from, to, xfer.TreeOptions{Options: c.o})
}

// target gives the path for what is copied from a path.
func (c *copier) target(ctx context.Context, from string) (string, error) {
	if c.p.up {
		name, err := filepath.Abs(from) // "." has a name too
		if err != nil {
			return "", err
		}
		return farTarget(ctx, c.x, c.p.to, filepath.Base(name))
	}
	return nearTarget(c.p.to, remotePath{path: from}.base(), len(c.p.from) > 1)
}

// farTarget gives the far path for a file called name: in the folder to, or as
// to itself where there is none.
func farTarget(ctx context.Context, x *xfer.Client, to, name string) (string, error) {
	if to == "" || strings.HasSuffix(to, "/") {
		return remotePath{path: to}.join(name).path, nil
	}
	entry, err := x.Stat(ctx, to, true)
	switch {
	case err == nil && entry.Kind == disk.Folder:
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

// copied is what was copied.
type copied struct {
	Files   []xfer.Result  `json:"copied"`
	Folders []copiedFolder `json:"folders,omitempty"`
}

type copiedFolder struct {
	Path string `json:"path"` // the source
	xfer.TreeResult
}

func (c *copied) write(w io.Writer) error {
	for _, r := range c.Files {
		if _, err := fmt.Fprintf(w, "%s  %d bytes  %s\n", r.Hash, r.Size, plain.Text(r.Path)); err != nil {
			return err
		}
	}
	for _, t := range c.Folders {
		if _, err := fmt.Fprintf(w, "%s: %s\n", plain.Text(t.Path), t.TreeResult); err != nil {
			return err
		}
	}
	return nil
}

// tell says what of the folders was not copied. Then the command has failed,
// unless all of it was links and the like.
func (c *copied) tell(e *env) error {
	failed := 0
	for _, t := range c.Folders {
		for _, n := range t.Skipped {
			fmt.Fprintf(e.stderr, "left out: %s: %s\n", plain.Text(n.Path), plain.Text(n.Error.Words))
		}
		for _, n := range t.Failed {
			fmt.Fprintf(e.stderr, "not copied: %s: %s\n", plain.Text(n.Path), plain.Text(n.Error.Error()))
		}
		failed += len(t.Failed)
	}
	if failed > 0 {
		return statusError{exitFailed}
	}
	return nil
}
