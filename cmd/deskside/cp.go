package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/xfer"
	"deskside/xfer/rate"
)

type cpFlags struct {
	sessionFlags
	recursive bool
	replace   bool
	keep      bool
	checksum  bool
	exclude   []string
	dryRun    bool
	delete    bool
	yes       bool
	owners    bool
	unmarked  bool
	rate      string
}

func cpCommand(e *env) *cobra.Command {
	f := new(cpFlags)
	c := leaf(&cobra.Command{
		Use:   "cp SRC... DST [--recursive] [--replace|--keep] [--exclude PATTERN] [--delete] [--dry-run]",
		Short: "Copy files to or from an agent, or between two",
		Long: `Copy files. A path at an agent is HOST:PATH; the others are on this machine. Where
both ends are agents, what is copied passes through this machine. Where there is
a folder at DST the files go into it; a folder written with /. at its end stands
for what is in it. Stars in a HOST:PATH stand for names at that agent: quote them.
- is standard input or output; what goes through it is first kept in a temporary
file until it is whole and right.

A file gets its name only when all of it has arrived and its hash is right. If
the way breaks, the copy goes on where it stopped; after an interruption, so
does the same command. What is there already with the same size and time is not
copied again, or with --checksum what has the same hash. Another file of that
name is an error, unless --replace or --keep says what to do.

With --recursive links are copied as links, and those that lead out of the folder
are left out; holes, permissions, times and the extended attributes of files are
kept; a file with several names becomes several. What cannot be copied is named,
and the rest is copied; the command then fails. The hash that is told of a file is
its BLAKE3, 256 bits, as b3sum tells it.

--exclude leaves out what matches, with everything in it. *.o is such a name in
any folder, /build one at the top, cache/ a folder, docs/*.pdf such names in any
folder docs, /a/**/tmp a tmp anywhere below a, and [a-z] or [!a-z] one of a set.

--delete makes DST a mirror: files that differ are replaced, unless --keep is given,
and what the source does not have is deleted there, but nothing that is excluded,
and nothing at all if not all of the source could be read. It says what it would
delete, and asks, unless --yes is given.`,
		Example: `  deskside cp report.pdf front-desk:Desktop/
  deskside cp 'front-desk:/var/log/*.log' front-desk:notes.txt ./from-front-desk/
  deskside cp -r --exclude .git --exclude '*.o' project front-desk:
  deskside cp -r --delete --dry-run site/. front-desk:/srv/www
  deskside cp front-desk:setup.toml lab-3:
  pg_dump shop | deskside cp - front-desk:shop.sql`,
		Args: cobra.MinimumNArgs(2),
	}, e, f.run)
	f.add(c)
	set := c.Flags()
	set.BoolVarP(&f.recursive, "recursive", "r", false, "copy folders with everything in them")
	set.BoolVarP(&f.replace, "replace", "f", false, "replace files that have the name already")
	set.BoolVarP(&f.keep, "keep", "n", false, "leave files that have the name already as they are, and go on")
	set.BoolVar(&f.checksum, "checksum", false, "compare files by hash, not by size and time")
	set.StringArrayVar(&f.exclude, "exclude", nil, "leave out what matches; may be given again")
	set.BoolVar(&f.dryRun, "dry-run", false, "say what would be done, and do nothing")
	set.BoolVar(&f.delete, "delete", false, "delete at DST what the source does not have")
	set.BoolVar(&f.yes, "yes", false, "delete without asking")
	set.BoolVar(&f.owners, "owners", false, "with --recursive, keep owners, by number, where the receiving side runs as root")
	set.BoolVar(&f.unmarked, "unmarked", false, "do not mark files that arrive on this machine as from elsewhere")
	set.StringVar(&f.rate, "limit-rate", "", "bytes a second at most, such as 500K or 2.5M")
	return c
}

// check refuses what makes no sense together, and reads the rate: 0 is none.
func (f *cpFlags) check(e *env, p *copyPlan) (most int64, err error) {
	bad := func(format string, args ...any) (int64, error) { return 0, usagef("deskside cp", format, args...) }
	switch {
	case f.replace && f.keep:
		return bad("--replace and --keep say the opposite of each other")
	case f.delete && !f.recursive:
		return bad("--delete mirrors a folder: give --recursive too")
	case f.owners && !f.recursive:
		return bad("--owners is about what is in a folder: give --recursive too")
	case f.yes && !f.delete:
		return bad("--yes is about --delete")
	case p.way == down && p.to == stream && (f.recursive || e.json || f.dryRun):
		return bad("standard output takes one file, and nothing else: leave out --recursive, --json and --dry-run")
	case f.rate == "":
		return 0, nil
	}
	return parseRate(f.rate)
}

// parseRate reads "800000", "500K", "2.5M" or "1G", in units of 1024.
func parseRate(text string) (int64, error) {
	number, unit := strings.TrimRight(text, "kKmMgG"), 1.0
	if rest := strings.ToUpper(text[len(number):]); rest != "" {
		unit = map[string]float64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[rest]
	}
	v, err := strconv.ParseFloat(number, 64)
	v *= unit
	if err != nil || math.IsNaN(v) || v < rate.Least || v > 1<<50 {
		return 0, usagef("deskside cp", "--limit-rate %q: want bytes a second, such as 500K or 2.5M, %dK at least", text, rate.Least>>10)
	}
	return int64(v), nil
}

func (f *cpFlags) run(ctx context.Context, e *env, args []string) error {
	p, err := planCopy(args)
	if err != nil {
		return usagef("deskside cp", "%w", err)
	}
	if err := notMeant(&p, args); err != nil {
		return err
	}
	f.replace = f.replace || f.delete && !f.keep // a mirror has what the source has
	most, err := f.check(e, &p)
	if err != nil {
		return err
	}
	if err := f.checkHere(&p); err != nil {
		return err
	}
	t := &transfer{f: f, e: e, p: &p, most: most, asked: map[string]bool{}, agreed: map[string]bool{}}
	t.done = copied{Files: []xfer.Result{}, DryRun: f.dryRun, keep: e.json}
	if f.dryRun && !e.json {
		t.done.lines = t.done.line(e.stdout)
	}
	if err := t.meet(ctx, t.all); err != nil {
		if t.show == nil { // nothing had begun
			return err
		}
		return f.hint(err)
	}
	if p.to != stream || p.way != down {
		if err := e.show(&t.done, t.done.write); err != nil {
			return err
		}
	}
	return t.done.tell(e)
}

// transfer is one run of the command.
type transfer struct {
	f    *cpFlags
	e    *env
	p    *copyPlan
	most int64 // bytes a second; 0: any

	from, to *xfer.Client // nil is this machine
	sessions []*client.Session
	o        xfer.Options
	show     *progress
	asked    map[string]bool // sources whose mirror was asked about
	agreed   map[string]bool // targets whose deletion was agreed to
	done     copied
}

// meet sets up the sessions that the plan needs, and runs do in them.
func (t *transfer) meet(ctx context.Context, do func(context.Context) error) error {
	source := deskside.RightsOf(deskside.FilesRead)
	target := source.With(deskside.FilesWrite)
	switch t.p.way {
	case up:
		return t.in(ctx, t.p.host, target, &t.to, do)
	case down:
		return t.in(ctx, t.p.host, source, &t.from, do)
	}
	if t.p.host == t.p.dest {
		return t.in(ctx, t.p.host, target, &t.to, func(ctx context.Context) error {
			t.from = t.to
			return do(ctx)
		})
	}
	return t.in(ctx, t.p.host, source, &t.from, func(ctx context.Context) error {
		return t.in(ctx, t.p.dest, target, &t.to, do)
	})
}

// in sets up a session with host, and runs do in it with its files as x.
func (t *transfer) in(ctx context.Context, host string, rights deskside.Rights, x **xfer.Client, do func(context.Context) error) error {
	s, err := t.f.session(ctx, t.e, "deskside cp", host, rights)
	if err != nil {
		return err
	}
	t.sessions = append(t.sessions, s)
	*x = s.Files()
	if t.most > 0 {
		(*x).HTTP = rate.Limit((*x).HTTP, t.most)
	}
	return s.During(ctx, do)
}

// losses counts how often the sessions were lost.
func (t *transfer) losses() (n int) {
	for _, s := range t.sessions {
		n += s.Losses()
	}
	return n
}

// all copies every source. Of several, one that cannot be copied is told at the
// end, and the others are copied.
func (t *transfer) all(ctx context.Context) error {
	if t.from != nil {
		var list []string
		for _, from := range t.p.from {
			found, err := expandFar(ctx, t.from, from)
			if err != nil {
				return fmt.Errorf("%s: %w", showPath(from), err)
			}
			list = append(list, found...)
		}
		t.p.from = list
	}
	if err := t.distinct(); err != nil {
		return err
	}
	t.show = t.e.progress()
	defer t.show.end()
	t.o = xfer.Options{Replace: t.f.replace, Unmarked: t.f.unmarked, Progress: t.show.at}
	for _, from := range t.p.from {
		err := t.one(ctx, from)
		switch {
		case err == nil:
		case len(t.p.from) > 1 && ofOne(err):
			t.done.failed(from, t.f.hint(err))
		default:
			return fmt.Errorf("%s: %w", showPath(from), err)
		}
	}
	return nil
}

// distinct refuses a mirror of several folders in one place, where each would
// delete what the others brought.
func (t *transfer) distinct() error {
	if !t.f.delete || len(t.p.from) < 2 {
		return nil
	}
	names := make(map[string]string)
	for _, from := range t.p.from {
		name := remotePath{path: from}.base()
		if t.from == nil {
			name = filepath.Base(from)
		}
		if was, twice := names[name]; twice || everythingIn(from) {
			return usagef("deskside cp", "--delete with %q beside %q: each would delete what the other brings; mirror one at a time", from, cmp.Or(was, t.p.from[0]))
		}
		names[name] = from
	}
	return nil
}

// ofOne reports whether an error stands against one source, and not against all
// that could come after it.
func ofOne(err error) bool {
	switch deskside.CodeOf(err) {
	case deskside.CodeBadRequest, deskside.CodeDenied, deskside.CodeNotFound, deskside.CodeExists,
		deskside.CodeConflict, deskside.CodeNoAccess, deskside.CodeNoSpace, deskside.CodeUnsupported:
		return true
	}
	return false
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
