package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/pattern"
)

// way is where a copy goes.
type way uint8

const (
	up     way = iota + 1 // from this machine to an agent
	down                  // the other way
	across                // from one agent to another
)

// stream is the path that stands for standard input or output.
const stream = "-"

// copyPlan is what is to be copied.
type copyPlan struct {
	way  way
	host string   // that is read from; of up, the one that is written to
	dest string   // of across, the host that is written to
	from []string // paths of the sources
	to   string   // path of the target
}

// planCopy reads the arguments.
func planCopy(args []string) (p copyPlan, err error) {
	last := args[len(args)-1]
	dst, far, err := parseRemote(last)
	if err != nil {
		return p, err
	}
	p.to = last
	if far {
		p.to = dst.path
	}
	for i, arg := range args[:len(args)-1] {
		src, remote, err := parseRemote(arg)
		switch {
		case err != nil:
			return p, err
		case i > 0 && remote != (p.way != up):
			return p, fmt.Errorf("%q is on another side than %q: what is copied at once is all on this machine, or all at one agent", arg, args[0])
		case !far && !remote:
			return p, fmt.Errorf("neither %q nor %q is HOST:PATH; a name on this machine with a colon is written ./%s", arg, last, arg)
		case i > 0 && remote && p.host != src.host:
			return p, fmt.Errorf("%q and %q: one agent at a time", p.host, src.host)
		case !remote:
			p.way, p.host, p.from = up, dst.host, append(p.from, arg)
		default:
			p.way, p.host, p.from = down, src.host, append(p.from, src.path)
		}
	}
	if far && p.way == down {
		p.way, p.dest = across, dst.host
	}
	return p, p.checkStream()
}

// checkStream refuses what cannot be with standard input or output.
func (p *copyPlan) checkStream() error {
	in, out := p.way == up && p.from[0] == stream, p.way == down && p.to == stream
	switch {
	case (in || out) && len(p.from) > 1:
		return errors.New("- stands for one file; copy the others by themselves")
	case in && (p.to == "" || strings.HasSuffix(p.to, "/")):
		return errors.New("what comes from standard input has no name: write HOST:PATH with one")
	}
	return nil
}

// notMeant refuses a name that reads as HOST:PATH and is one on this machine,
// where the target is at an agent.
func notMeant(p *copyPlan, args []string) error {
	if p.way != across {
		return nil
	}
	for _, arg := range args[:len(args)-1] {
		if _, err := os.Lstat(arg); err == nil {
			return usagef("deskside cp", "%q reads as HOST:PATH; the one on this machine is written ./%s", arg, arg)
		}
	}
	return nil
}

// everythingIn reports whether path means what is in a folder, and not the
// folder: then it ends in a dot.
func everythingIn(path string) bool { return path == "." || strings.HasSuffix(path, "/.") }

// checkHere finds what this machine lacks for the copy, before anybody is asked
// for a session.
func (f *cpFlags) checkHere(p *copyPlan) error {
	if p.way == down && p.to != stream {
		_, err := nearTarget(p.to, "any", len(p.from) > 1)
		return err
	}
	if p.way != up || p.from[0] == stream {
		return nil
	}
	list, err := expandNear(p.from)
	if err != nil {
		return err
	}
	p.from = list
	for _, from := range p.from {
		info, err := os.Stat(from)
		switch {
		case len(p.from) > 1: // it is told of by itself, and the others are copied
		case errors.Is(err, fs.ErrNotExist):
			return notHere(from)
		case err != nil:
			return err
		case info.IsDir() && !f.recursive:
			return isFolder(from)
		}
	}
	return nil
}

func notHere(path string) error {
	return deskside.Errorf(deskside.CodeNotFound, "there is no %q on this machine", path)
}

// isFolder refuses to copy a folder as a file.
func isFolder(path string) error {
	return deskside.Errorf(deskside.CodeBadRequest, "%q is a folder", path).Hint("Copy it with everything in it: --recursive.")
}

// expandNear does what most shells do: a name with stars that nothing has stands
// for those that it matches.
func expandNear(paths []string) (list []string, err error) {
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil || !pattern.Any(path) {
			list = append(list, path)
			continue
		}
		found, err := filepath.Glob(path)
		if err != nil {
			return nil, deskside.Errorf(deskside.CodeBadRequest, "%q is no pattern for names: %v", path, err)
		}
		some := len(list)
		for _, name := range found {
			if !hidden(filepath.Base(path), filepath.Base(name)) {
				list = append(list, name)
			}
		}
		if len(list) == some {
			return nil, nothing(path).Hint("Look into that folder on this machine.")
		}
	}
	return list, nil
}

// hidden reports whether a name begins with a dot that the pattern does not name.
func hidden(elem, name string) bool {
	return strings.HasPrefix(name, ".") && !strings.HasPrefix(elem, ".")
}

func nothing(path string) *deskside.Error {
	return deskside.Errorf(deskside.CodeNotFound, "nothing is called %q", path)
}

// expandFar gives the far paths that one with stars stands for, unless there is
// something of that very name.
func expandFar(ctx context.Context, x *xfer.Client, path string) ([]string, error) {
	if !pattern.Any(path) {
		return []string{path}, nil
	}
	if _, err := x.Stat(ctx, path, false); err == nil {
		return []string{path}, nil
	}
	found := []string{""}
	if strings.HasPrefix(path, "/") {
		found[0] = "/"
	}
	for elem := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		var next []string
		for _, at := range found {
			list, err := expandElem(ctx, x, at, elem)
			if err != nil {
				return nil, err
			}
			next = append(next, list...)
		}
		found = next
	}
	if len(found) == 0 {
		return nil, nothing(path).Hint("List the folder to see what is there.").From(deskside.ByAgent)
	}
	return found, nil
}

// expandElem gives the entries of the folder at that an element stands for.
func expandElem(ctx context.Context, x *xfer.Client, at, elem string) (list []string, err error) {
	if !pattern.Any(elem) {
		return []string{remotePath{path: at}.join(elem).path}, nil
	}
	err = x.List(ctx, at, func(e xfer.Entry) bool {
		if name := e.Raw(); pattern.Name(elem, name) && !hidden(elem, name) {
			list = append(list, remotePath{path: at}.join(name).path)
		}
		return true
	})
	if code := deskside.CodeOf(err); code == deskside.CodeNotFound || code == deskside.CodeBadRequest {
		return nil, nil // no such folder among those that matched
	}
	return list, err
}

// farTarget gives the far path for what is called name: in the folder to, or as
// to itself where there is none. Several need a folder.
func farTarget(ctx context.Context, x *xfer.Client, to, name string, several bool) (string, error) {
	if to == "" || strings.HasSuffix(to, "/") {
		return remotePath{path: to}.join(name).path, nil
	}
	entry, err := x.Stat(ctx, to, true)
	switch {
	case err == nil && entry.Kind == disk.Folder:
		return remotePath{path: to}.join(name).path, nil
	case deskside.CodeOf(err) == deskside.CodeNoRight && !several:
		return to, nil // what is there may not be seen
	case err != nil && deskside.CodeOf(err) != deskside.CodeNotFound:
		return "", err
	case several:
		return "", deskside.Errorf(deskside.CodeNotFound, "%q is not a folder", to).Hint("Make it first, or write a slash behind it if it is one.").From(deskside.ByAgent)
	}
	return to, nil
}

// nearTarget does the same on this machine. The name is the agent's word, and
// must be one.
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
