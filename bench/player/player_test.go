package player

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deskside/bench/scene"
)

// easel notes what is drawn upon it.
type easel struct {
	steps []int
	at    []time.Time
	fail  error
}

func (e *easel) draw(n int) error {
	e.steps, e.at = append(e.steps, n), append(e.at, time.Now())
	return e.fail
}

// playing runs a show, within a bubble of its own time.
func playing(rate int, e *easel, act func(words chan<- string, keys chan<- time.Time, gone chan struct{})) ([]byte, error) {
	var out bytes.Buffer
	words, keys, gone := make(chan string), make(chan time.Time), make(chan struct{})
	s := &show{picture: e, out: json.NewEncoder(&out), rate: rate}
	done := make(chan error)
	go func() { done <- s.run(words, keys, gone) }()
	go act(words, keys, gone)
	err := <-done
	return out.Bytes(), err
}

// report reads what is said after "ready".
func report(t *testing.T, said []byte) (r Report) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(said))
	var ready struct{ Ready bool }
	if err := d.Decode(&ready); err != nil || !ready.Ready {
		t.Fatalf("not ready: %s", said)
	}
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestShowByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := new(easel)
		said, err := playing(50, e, func(words chan<- string, _ chan<- time.Time, _ chan struct{}) {
			time.Sleep(time.Second) // nothing is drawn before
			words <- "go"
			time.Sleep(990 * time.Millisecond)
			words <- "stop"
			time.Sleep(time.Second) // nor after
			close(words)
		})
		if err != nil {
			t.Fatal(err)
		}
		r := report(t, said)
		if len(e.steps) != 50 || len(r.Drawn) != 50 {
			t.Fatalf("drew %d steps and told of %d, want 50", len(e.steps), len(r.Drawn))
		}
		for i, d := range r.Drawn {
			if d.Step != i+1 || d.At != e.at[i].UnixNano() || i > 0 && e.at[i].Sub(e.at[i-1]) != 20*time.Millisecond {
				t.Errorf("step %d: %+v at %v", i, d, e.at[i])
			}
		}
	})
}

func TestShowByKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := new(easel)
		var first time.Time
		said, err := playing(0, e, func(words chan<- string, keys chan<- time.Time, _ chan struct{}) {
			words <- "go"
			time.Sleep(time.Second)
			first = time.Now()
			keys <- first
			keys <- time.Now()
			words <- "stop"
			close(words)
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := report(t, said); len(r.Drawn) != 2 || r.Drawn[0].At != first.UnixNano() {
			t.Errorf("drew %+v at two keys", r.Drawn)
		}
	})
}

func TestShowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		for name, c := range map[string]struct {
			act  func(words chan<- string, keys chan<- time.Time, gone chan struct{})
			want string
		}{
			"server gone": {func(_ chan<- string, _ chan<- time.Time, gone chan struct{}) { close(gone) }, errGone.Error()},
			"bad word":    {func(words chan<- string, _ chan<- time.Time, _ chan struct{}) { words <- "dance" }, `"dance"`},
			"cannot draw": {func(_ chan<- string, keys chan<- time.Time, _ chan struct{}) { keys <- time.Now() }, broken.Error()},
		} {
			if _, err := playing(0, &easel{fail: broken}, c.act); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	})
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "log")
	if err := Lines(LinesConfig{Rate: 1000, Count: 12, Log: file, Out: &out, In: strings.NewReader("")}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\r\n")[1:]
	if len(lines) != 12 {
		t.Fatalf("%d lines, want 12", len(lines))
	}
	for i, l := range lines {
		if !strings.HasPrefix(l, cells(uint16(i+1))) || strings.Count(l, "\x1b[48;5;") != scene.Bits {
			t.Errorf("line %d is %q", i+1, l)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil || len(r.Drawn) != 12 || r.Drawn[11].Step != 12 {
		t.Errorf("told %s, %v", text, err)
	}
}

func TestWordsFitTheLine(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		if n := len(someWords(rng)); n < 20 || n+scene.Bits+1 > 80 {
			t.Fatalf("a line of %d characters", n)
		}
	}
}

func TestPage(t *testing.T) {
	dir := t.TempDir()
	file, err := Page(PageConfig{Dir: dir, Rate: 30, By: 12, Last: 20, Wait: 100})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	photos, _ := filepath.Glob(filepath.Join(dir, "photo*.jpg"))
	if len(photos) == 0 {
		t.Error("there are no photographs")
	}
	for _, p := range photos {
		if !bytes.Contains(text, []byte(filepath.Base(p))) {
			t.Errorf("%s is not on the page", p)
		}
	}
}

func TestWordsAreLines(t *testing.T) {
	r, w := io.Pipe()
	c := words(r)
	go func() {
		io.WriteString(w, "go\nst")
		io.WriteString(w, "op\n")
		w.Close()
	}()
	if a, b := <-c, <-c; a != "go" || b != "stop" {
		t.Errorf("heard %q and %q", a, b)
	}
	if _, ok := <-c; ok {
		t.Error("more than was said")
	}
}
