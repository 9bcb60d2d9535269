package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/agent"
	"deskside/audit"
	"deskside/identity"
	"deskside/internal/plain"
)

type auditFlags struct {
	dir     string
	verify  bool
	heads   []string
	agent   string
	session string
	kinds   []string
	since   string
}

func auditCommand(e *env) *cobra.Command {
	f := new(auditFlags)
	c := leaf(&cobra.Command{
		Use:   "audit --dir DIR [--verify] [--head FILE] [--agent ID] [--session ID] [--kind KIND] [--since TIME]",
		Short: "Show an agent's audit, and verify that nobody changed it",
		Long: `Show what an agent recorded, oldest first. DIR is the agent's folder, or the
audit folder in it.

With --verify it follows the chain of hashes instead and says where it is
broken; the exit status is then 1. The chain alone cannot show that its end was
cut off: for that, give the head that the agent signed and handed to the
operator when a session ended.`,
		Example: `  deskside audit --dir /var/lib/deskside
  deskside audit --dir /var/lib/deskside --session 5f0c2e61a9b37d48 --json
  deskside audit --dir /var/lib/deskside --verify --head head.json`,
	}, e, f.run)
	c.Flags().StringVar(&f.dir, "dir", "", "the agent's folder")
	c.Flags().BoolVar(&f.verify, "verify", false, "follow the chain and say where it is broken")
	c.Flags().StringArrayVar(&f.heads, "head", nil, "a file of signed heads to verify against, as heads.jsonl in the operator's place")
	c.Flags().StringVar(&f.agent, "agent", "", "with --head: whose audit this is, where its key is not beside it")
	c.Flags().StringVar(&f.session, "session", "", "only what belongs to this session")
	c.Flags().StringSliceVar(&f.kinds, "kind", nil, "only events of these kinds, such as session-begin,session-end")
	c.Flags().StringVar(&f.since, "since", "", "only from this time on: 2026-01-02, 2026-01-02T15:04:05Z, or a length such as 24h ago")
	return c
}

func (f *auditFlags) run(_ context.Context, e *env, _ []string) error {
	if f.dir == "" {
		return usagef("deskside audit", "--dir is missing: which agent's folder?")
	}
	dir := f.dir
	if info, err := os.Stat(filepath.Join(dir, "audit")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, "audit")
	}
	if _, err := os.Stat(dir); err != nil {
		return deskside.Errorf(deskside.CodeNotFound, "no audit: %w", err).Hint("Give the agent's folder with --dir.")
	}
	if f.verify || len(f.heads) > 0 {
		return f.check(e, dir)
	}
	filter, err := f.filter(time.Now())
	if err != nil {
		return err
	}
	return listAudit(e, dir, filter)
}

func (f *auditFlags) filter(now time.Time) (filter audit.Filter, err error) {
	if err := filter.Session.UnmarshalText([]byte(f.session)); err != nil {
		return filter, usagef("deskside audit", "--session: %w", err)
	}
	for _, k := range f.kinds {
		if !slices.Contains(deskside.EventKinds[:], deskside.EventKind(k)) {
			return filter, usagef("deskside audit", "--kind %q: want some of %s", k, strings.Trim(fmt.Sprint(deskside.EventKinds), "[]"))
		}
		filter.Kinds = append(filter.Kinds, deskside.EventKind(k))
	}
	if filter.Since, err = parseSince(f.since, now); err != nil {
		return filter, usagef("deskside audit", "--since: %w", err)
	}
	return filter, nil
}

// parseSince reads a day, a time, or a length of time before now.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(strings.TrimSuffix(text, " ago")); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: want 2026-01-02, 2026-01-02T15:04:05Z or 24h", text)
}

// listAudit prints entries as they are read, so that an audit of any size can
// be shown. Lines that cannot be read are told at the end.
func listAudit(e *env, dir string, filter audit.Filter) error {
	tab := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	enc := json.NewEncoder(e.stdout)
	if !e.json {
		fmt.Fprintln(tab, "ENTRY\tTIME\tEVENT\tSESSION\tOPERATOR\tFROM\tWHAT")
	}
	var bad []error
	for entry, err := range audit.Read(dir, filter) {
		switch {
		case err != nil:
			bad = append(bad, err)
		case e.json:
			enc.Encode(entry)
		default:
			writeEntry(tab, &entry)
		}
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	if len(bad) > 0 {
		return deskside.Errorf(deskside.CodeConflict, "%d lines cannot be read: %w", len(bad), errors.Join(bad...)).
			Hint("Run deskside audit --verify to see where the chain is broken.")
	}
	return nil
}

func writeEntry(w io.Writer, entry *audit.Entry) {
	ev := &entry.Event
	session, from := "-", "-"
	if ev.Session != nil {
		session = ev.Session.String()
	}
	if ev.Address != "" {
		from = strings.TrimSpace(ev.Address + " " + string(ev.Transport))
	}
	fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", entry.Sequence, entry.At.Local().Format(time.DateTime),
		plain.Text(string(ev.Kind)), session, plain.Text(operatorOf(ev)), plain.Text(from), plain.Text(eventWords(ev)))
}

func operatorOf(ev *deskside.Event) string {
	switch {
	case ev.Name != "":
		return ev.Name
	case ev.Operator != nil:
		return "…" + ev.Operator.LastGroup()
	}
	return "-"
}

// eventWords says in one line what is particular to an event.
func eventWords(ev *deskside.Event) string {
	words := []string{}
	for _, w := range []string{ev.Service, ev.Rights, ev.Words, string(ev.Code), string(ev.Cause)} {
		if w != "" {
			words = append(words, w)
		}
	}
	if ev.Reason != "" {
		words = append(words, fmt.Sprintf("reason %q", ev.Reason))
	}
	for _, k := range slices.Sorted(maps.Keys(ev.Detail)) {
		words = append(words, k+"="+ev.Detail[k])
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, "; ")
}

func (f *auditFlags) check(e *env, dir string) error {
	heads, err := f.signedHeads(dir)
	if err != nil {
		return err
	}
	report, err := audit.Verify(dir, heads...)
	if err != nil {
		return err
	}
	if e.json {
		if err := e.show(report, nil); err != nil || report.Whole() {
			return err
		}
		return statusError{exitFailed}
	}
	if len(heads) > 0 {
		fmt.Fprintf(e.stdout, "%d heads signed by agent %s\n", len(heads), heads[0].Agent)
	}
	return sayReport(e, &report)
}

func sayReport(e *env, r *audit.Report) error {
	fmt.Fprintf(e.stdout, "%d entries in %d files, the last is %d with hash %s\n", r.Entries, r.Files, r.Head.Sequence, r.Head.Hash)
	if r.Whole() {
		fmt.Fprintln(e.stdout, "the chain is whole")
		return nil
	}
	for _, b := range r.Breaks {
		fmt.Fprintf(e.stdout, "broken: %s\n", plain.Text(b.String()))
	}
	return deskside.Errorf(deskside.CodeConflict, "the chain is broken in %d places", len(r.Breaks)).
		Hint("Keep the folder as it is: what stands before the first break is sound.")
}

// signedHeads gives the heads of the files that are of this audit's agent. An
// operator's heads.jsonl has those of all agents.
func (f *auditFlags) signedHeads(dir string) ([]audit.SignedHead, error) {
	all := []audit.SignedHead{}
	for _, path := range f.heads {
		list, err := audit.ReadHeads(path)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	want, err := f.agentID(dir)
	if err != nil {
		return nil, err
	}
	if want.IsZero() && len(all) > 0 {
		want = all[0].Agent
		if slices.ContainsFunc(all, func(h audit.SignedHead) bool { return h.Agent != want }) {
			return nil, usagef("deskside audit", "the heads are of several agents: say with --agent whose audit this is")
		}
	}
	heads := slices.DeleteFunc(all, func(h audit.SignedHead) bool { return h.Agent != want })
	if len(heads) == 0 && len(f.heads) > 0 {
		return nil, deskside.Errorf(deskside.CodeNotFound, "no head in %q is signed by agent %s", f.heads, want)
	}
	return heads, nil
}

// agentID gives whose audit it is: as said, or as the key beside it tells; zero
// if neither.
func (f *auditFlags) agentID(dir string) (deskside.AgentID, error) {
	if f.agent != "" {
		id, err := deskside.ParseKeyID(f.agent)
		if err != nil {
			return id, usagef("deskside audit", "--agent: %w", err)
		}
		return id, nil
	}
	own, err := identity.Load(filepath.Join(filepath.Dir(dir), agent.KeyFile))
	if err != nil {
		return deskside.AgentID{}, nil // a copy of the audit alone
	}
	return own.ID(), nil
}
