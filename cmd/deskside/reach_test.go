package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"deskside/internal/await"

	"deskside"
)

func TestCompareID(t *testing.T) {
	id := deskside.AgentID{1, 2, 3, 31: 9}
	for typed, want := range map[string]deskside.Code{
		id.String() + "\n":           "",
		"abcd abcd abcd\n":           deskside.CodeWrongKey,
		id.LastGroup() + "\n":        deskside.CodeWrongKey,
		"\n":                         deskside.CodeWrongKey,
		id.String():                  deskside.CodeInternal, // the input ended
		strings.Repeat("x", 1000000): deskside.CodeInternal,
	} {
		var out bytes.Buffer
		e := &env{stdin: strings.NewReader(typed), stderr: &out}
		if err := compareID(t.Context(), e, id); deskside.CodeOf(err) != want {
			t.Errorf("%.20q: %v, want %q", typed, err, want)
		}
		if strings.Contains(out.String(), id.String()) {
			t.Errorf("the question gives the answer away: %s", out.String())
		}
	}
}

// TestCompareIDAtATerminal fills in what is left out.
func TestCompareIDAtATerminal(t *testing.T) {
	id := deskside.AgentID{5, 6, 7, 31: 1}
	in, typed := io.Pipe()
	shown, out := io.Pipe()
	got := make(chan error, 1)
	go func() { got <- compareID(t.Context(), &env{stdin: in, stderr: out}, id) }()
	lines := bufio.NewScanner(shown)
	lines.Scan()
	lines.Scan()
	whole, answer := strings.Split(id.String(), "-"), ""
	for i, group := range strings.Split(strings.TrimSpace(lines.Text()), "-") {
		if group == "????" {
			answer += whole[i] + " "
		}
	}
	go io.Copy(io.Discard, shown)
	fmt.Fprintln(typed, answer)
	if err := await.Recv(t, "the answer is looked at", got); err != nil {
		t.Error(err)
	}
}

// At the question, Ctrl-C is heard at once and not after the next line.
func TestCompareIDIsInterrupted(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := compareID(ctx, &env{stdin: r, stderr: io.Discard}, deskside.AgentID{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPercentile(t *testing.T) {
	ten := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, c := range []struct {
		list []float64
		p    int
		want float64
	}{
		{nil, 50, 0}, {ten[:1], 50, 1}, {ten[:1], 95, 1}, {ten, 50, 5}, {ten, 95, 10}, {ten[:3], 50, 2}, {ten, 100, 10},
	} {
		if got := percentile(c.list, c.p); got != c.want {
			t.Errorf("percentile %d of %v is %v, want %v", c.p, c.list, got, c.want)
		}
	}
}
