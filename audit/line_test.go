package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"deskside"
)

func goodLine(t testing.TB) []byte {
	line, _, err := appendLine(nil, Head{41, Hash{3}}, time.Unix(1e9, 5), deskside.Event{Kind: "info", Words: "ü"})
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestLineComesBack(t *testing.T) {
	line := goodLine(t)
	e, err := parseLine(line)
	if err != nil || e.Sequence != 42 || e.Previous != (Hash{3}) || !e.At.Equal(time.Unix(1e9, 5)) || e.Event.Words != "ü" {
		t.Fatalf("%q gives %+v, %v", line, e, err)
	}
	again, head, err := appendLine(nil, Head{41, Hash{3}}, e.At, e.Event)
	if err != nil || !bytes.Equal(again, line) || head != e.Head() {
		t.Fatalf("%q was written again as %q, %v", line, again, err)
	}
}

func TestEveryPrefixOfALineIsRefused(t *testing.T) {
	line := goodLine(t)
	for n := range line {
		if e, err := parseLine(line[:n]); err == nil {
			t.Errorf("%q was read as %+v", line[:n], e)
		}
	}
}

func TestALineNeedsASequenceNumber(t *testing.T) {
	line, _, err := appendLine(nil, Head{^uint64(0), Hash{}}, time.Unix(0, 0), deskside.Event{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseLine(line); err == nil {
		t.Errorf("%q was read", line)
	}
}

func FuzzParseLine(f *testing.F) {
	good := goodLine(f)
	f.Add(good)
	f.Add([]byte(tailStart + strings.Repeat("0", 64) + tailEnd))
	f.Add(bytes.Replace(good, []byte(`"seq":42`), []byte(`"seq":-1`), 1))
	f.Fuzz(func(t *testing.T, text []byte) {
		kept := bytes.Clone(text)
		e, err := parseLine(text)
		if !bytes.Equal(kept, text) {
			t.Fatal("the input was changed")
		}
		if err == nil && (e.Sequence == 0 || !bytes.Contains(text, []byte(e.Hash.String()))) {
			t.Fatalf("%q was read as %+v", text, e)
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"))
	f.Add(goodLine(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		var joined []byte
		for l, err := range lines(bytes.NewReader(text)) {
			if err != nil {
				t.Fatal(err)
			}
			if l.offset != int64(len(joined)) || l.torn == bytes.HasSuffix(l.text, []byte("\n")) {
				t.Fatalf("line %+v after %d bytes of %q", l, len(joined), text)
			}
			joined = append(joined, l.text...)
		}
		if !bytes.Equal(joined, text) {
			t.Fatalf("the lines of %q are %q", text, joined)
		}
	})
}

// A file of heads that is read holds heads that are signed, and no other.
func FuzzReadHeads(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signed, err := Sign(key, Head{7, Hash{1}}, time.Unix(1e9, 0))
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(append(good, '\n'), good...))
	f.Add(good[:len(good)-9])
	f.Add(bytes.Replace(good, []byte(`7`), []byte(`8`), 1))
	f.Add([]byte("{} null []"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := readHeads(bytes.NewReader(text))
		if err != nil && len(list) > 0 {
			t.Errorf("%d heads beside the error %v", len(list), err)
		}
		for _, h := range list {
			if err := h.Check(); err != nil || h.Agent.IsZero() {
				t.Errorf("%+v was taken: %v", h, err)
			}
		}
	})
}
