package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deskside"
	"deskside/internal/plain"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// showPath gives the path of a source for a message.
func showPath(path string) string {
	if path == stream {
		return "standard input"
	}
	return plain.Text(path)
}

// one copies one file or folder, going on after each break of the way for as
// long as the session lives and bytes arrive.
func (t *transfer) one(ctx context.Context, from string) error {
	if from == stream && t.from == nil {
		return t.fromInput(ctx)
	}
	return t.goOn(ctx, func() error {
		folder, err := t.isFolder(ctx, from)
		switch {
		case err != nil:
			return err
		case folder && (!t.f.recursive || t.p.way == down && t.p.to == stream):
			return isFolder(from)
		case folder:
			return t.folder(ctx, from)
		case t.p.way == down && t.p.to == stream:
			return t.toOutput(ctx, from)
		}
		to, err := t.target(ctx, from)
		if err != nil {
			return err
		}
		return t.file(ctx, from, from, to)
	})
}

// The way may break this often with nothing copied in between, while the session
// stands: then it is the way of the files alone that is broken.
const (
	maxBreaks  = 5
	breakPause = time.Second
)

func (t *transfer) goOn(ctx context.Context, do func() error) error {
	return goOn(ctx, &t.o, t.losses, do)
}

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

func (t *transfer) isFolder(ctx context.Context, from string) (bool, error) {
	if t.from == nil {
		info, err := os.Stat(from)
		if errors.Is(err, fs.ErrNotExist) {
			return false, notHere(from)
		}
		return err == nil && info.IsDir(), err
	}
	entry, err := t.from.Stat(ctx, from, true)
	return err == nil && entry.Kind == disk.Folder, err
}

// target gives the path for what is copied from a path.
func (t *transfer) target(ctx context.Context, from string) (string, error) {
	if everythingIn(from) && t.f.recursive {
		return t.p.to, nil
	}
	name, several := remotePath{path: from}.base(), len(t.p.from) > 1
	if t.from == nil {
		whole, err := filepath.Abs(from)
		if err != nil {
			return "", err
		}
		name = filepath.Base(whole)
	}
	if t.to == nil {
		return nearTarget(t.p.to, name, several)
	}
	return farTarget(ctx, t.to, t.p.to, name, several)
}

// file copies a file, reported as name, to the path to, unless it is there.
func (t *transfer) file(ctx context.Context, name, from, to string) error {
	item := copyItem{Path: disk.Text(name), Kind: disk.File}
	source, err := t.known(ctx, t.from, from)
	if err == nil && source == nil {
		return notHere(from)
	}
	if err != nil {
		return err
	}
	if t.from == nil && source.Size == 0 && speaks(from) {
		return deskside.Errorf(deskside.CodeUnsupported, "%q has no size: the system makes it up when it is read", from).
			Hint("Copy what it says now: deskside cp - HOST:PATH < %s", from)
	}
	there, err := t.known(ctx, t.to, to)
	if err != nil {
		return err
	}
	item.Bytes, item.Hash = source.Size, source.Hash
	switch {
	case there == nil:
	case there.Kind == disk.File && t.same(source, there):
		item.Outcome = wasSame
	case t.f.keep:
		item.Outcome = wasKept
	case there.Kind == disk.Folder:
		return deskside.Errorf(deskside.CodeConflict, "%q is a folder", to).Hint("Use another name, or move the folder away.")
	case there.Kind != disk.File:
		return deskside.Errorf(deskside.CodeConflict, "%q is there, and is no file", to).Hint("Use another name.")
	case !t.f.replace:
		return disk.Exists(to)
	}
	if item.Outcome == "" && t.f.dryRun {
		item.Outcome = wouldCopy
	}
	if item.Outcome != "" {
		t.done.add(item)
		t.done.stayed(item)
		return nil
	}
	result, err := t.move(ctx, from, to)
	if err != nil {
		return err
	}
	t.done.Files = append(t.done.Files, result)
	item.Outcome, item.Bytes, item.Hash = wasCopied, result.Size, &result.Hash
	t.done.add(item)
	return nil
}

// speaks reports whether a file that is said to be empty is not, as those of
// /proc.
func speaks(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	n, _ := f.Read(make([]byte, 1))
	return n > 0
}

// move copies a file.
func (t *transfer) move(ctx context.Context, from, to string) (xfer.Result, error) {
	switch {
	case t.from == nil:
		return t.to.Put(ctx, from, to, t.o)
	case t.to == nil:
		return t.from.Get(ctx, from, to, t.o)
	}
	return t.from.Relay(ctx, from, t.to, to, t.o)
}

func (t *transfer) same(a, b *xfer.Entry) bool {
	if t.f.checksum {
		return a.Hash != nil && b.Hash != nil && *a.Hash == *b.Hash
	}
	return a.Size == b.Size && a.ModTime.Equal(b.ModTime) && !(t.o.Replace && xfer.ModesDiffer(a.Mode, b.Mode))
}

// known describes what is at a path of one side, with its hash if files are
// compared by it; nil where nothing is.
func (t *transfer) known(ctx context.Context, x *xfer.Client, path string) (*xfer.Entry, error) {
	if x == nil {
		return xfer.Describe(path, t.f.checksum)
	}
	entry, err := x.Stat(ctx, path, true)
	if err == nil && entry.Kind == disk.File && t.f.checksum {
		entry, err = x.Sum(ctx, path)
	}
	switch code := deskside.CodeOf(err); {
	case code == deskside.CodeNotFound, code == deskside.CodeNoRight && x == t.to && x != t.from:
		return nil, nil // the agent refuses to write over what is there
	}
	return &entry, err
}

// folder copies a folder with everything in it.
func (t *transfer) folder(ctx context.Context, from string) error {
	to, err := t.target(ctx, from)
	if err != nil {
		return err
	}
	source, target := nearJoin(from), nearJoin(to)
	if t.from != nil {
		source = farJoin(strings.TrimSuffix(from, "/."))
	}
	if t.to != nil {
		target = farJoin(strings.TrimSuffix(to, "/."))
	}
	o := xfer.TreeOptions{
		Options: t.o, Exclude: t.f.exclude, Keep: t.f.keep, Checksum: t.f.checksum,
		Owners: t.f.owners, Delete: t.f.delete, DryRun: t.f.dryRun,
	}
	if o.Delete && !o.DryRun && !t.f.yes {
		if err := t.agree(ctx, from, to, o, target); err != nil {
			return err
		}
		o.Spare = func(path string) bool { return !t.agreed[target(path)] }
	}
	o.Each = func(s xfer.TreeStep) {
		if s.Path != "" || s.Do == xfer.StepDelete {
			t.done.add(stepItem(s, o.DryRun, source, target))
		}
	}
	began := time.Now()
	result, err := t.tree(ctx, from, to, o)
	if err != nil {
		return err
	}
	if why := nothingOf(from, &result); why != nil {
		return why
	}
	t.done.folder(copiedFolder{from, to, result, time.Since(began)})
	return nil
}

// nothingOf gives what stood against all of a folder, if something did.
func nothingOf(from string, r *xfer.TreeResult) error {
	if len(r.Failed) != 1 || r.Files+r.Same+r.Kept+r.Folders+r.Links > 0 || r.Failed[0].Path != strings.TrimSuffix(from, "/.") {
		return nil
	}
	return r.Failed[0].Error
}

func (t *transfer) tree(ctx context.Context, from, to string, o xfer.TreeOptions) (xfer.TreeResult, error) {
	from, to = strings.TrimSuffix(from, "/."), strings.TrimSuffix(to, "/.")
	switch {
	case t.from == nil:
		return t.to.PutTree(ctx, cmp.Or(from, "/"), to, o)
	case t.to == nil:
		return t.from.GetTree(ctx, from, to, o)
	}
	return t.from.RelayTree(ctx, from, t.to, to, o)
}

// shownDeletions is how many names a question has.
const shownDeletions = 10

// agree finds what would be deleted, and asks.
func (t *transfer) agree(ctx context.Context, from, to string, o xfer.TreeOptions, target func(string) string) error {
	if t.asked[from] {
		return nil // after a break: what was agreed to holds
	}
	var list []string
	o.DryRun, o.Each = true, func(s xfer.TreeStep) {
		if s.Do == xfer.StepDelete {
			list = append(list, target(s.Path))
		}
	}
	if _, err := t.tree(ctx, from, to, o); err != nil {
		return err
	}
	if len(list) > 0 && !t.e.tty {
		return usagef("deskside cp", "%d of %q would be deleted, and nobody can be asked: give --yes, or see what it is by --dry-run", len(list), to)
	}
	if len(list) > 0 && !t.e.ask(list, to) {
		return deskside.Errorf(deskside.CodeRefused, "nothing was copied, for nothing may be deleted").Hint("Without --delete only files that are missing or differ are copied.")
	}
	t.asked[from] = true
	for _, path := range list {
		t.agreed[path] = true
	}
	return nil
}

// ask asks at the terminal whether paths may be deleted.
func (e *env) ask(list []string, to string) bool {
	fmt.Fprintf(e.stderr, "What %s has and the source has not, %d in all, would be deleted:\n", plain.Text(to), len(list))
	for _, path := range list[:min(len(list), shownDeletions)] {
		fmt.Fprintf(e.stderr, "  %s\n", plain.Text(path))
	}
	if more := len(list) - shownDeletions; more > 0 {
		fmt.Fprintf(e.stderr, "  and %d more\n", more)
	}
	fmt.Fprint(e.stderr, "Delete them? [y/N] ")
	answer, _ := bufio.NewReader(io.LimitReader(e.stdin, 256)).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// spool makes a temporary folder, and runs do with a path in it.
func spool(do func(path string) error) error {
	dir, err := os.MkdirTemp("", "deskside-cp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return do(filepath.Join(dir, "stream"))
}

// fromInput copies standard input.
func (t *transfer) fromInput(ctx context.Context) error {
	return spool(func(path string) error {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		err = copyWhile(ctx, f, t.e.stdin)
		if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
			return err
		}
		return t.goOn(ctx, func() error { return t.file(ctx, stream, path, t.p.to) })
	})
}

// copyWhile copies until ctx ends. Reading a terminal or a pipe cannot be ended,
// so the one that reads may stay behind, until the program ends.
func copyWhile(ctx context.Context, to io.Writer, from io.Reader) error {
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(to, from)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// toOutput copies a file to standard output.
func (t *transfer) toOutput(ctx context.Context, from string) error {
	return spool(func(path string) error {
		if _, err := t.from.Get(ctx, from, path, t.o); err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		// A reader that goes away ends this program at once: nothing may be left.
		if err := os.Remove(path); err == nil {
			os.Remove(filepath.Dir(path))
		}
		t.show.end() // it may be the same terminal
		_, err = io.Copy(t.e.stdout, f)
		return err
	})
}
