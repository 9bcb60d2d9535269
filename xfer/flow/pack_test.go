package flow

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"deskside/xfer/frame"
)

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// packed writes b to a Pack in parts of these lengths, in turn.
func packed(t *testing.T, b []byte, lengths ...int) []byte {
	t.Helper()
	var out bytes.Buffer
	p := NewPack(&out)
	defer p.Close()
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), lengths[i%len(lengths)])
		if got, err := p.Write(b[:n]); got != n || err != nil {
			t.Fatalf("took %d of %d bytes: %v", got, n, err)
		}
		b = b[n:]
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpack reads what is packed to its end.
func unpack(b []byte) ([]byte, error) {
	u := NewUnpack(iotest.HalfReader(bytes.NewReader(b)))
	defer u.Close()
	return io.ReadAll(u)
}

func TestPackedIsWhatWasWritten(t *testing.T) {
	text := []byte(strings.Repeat("words that come again and again, ", 100_000))
	for name, b := range map[string][]byte{
		"nothing": {}, "a byte": {1}, "noise": noise(1, 3<<20+7), "text": text, "zeros": make([]byte, 2<<20),
		"both": slices.Concat(text, noise(2, 1<<20), text),
	} {
		for _, lengths := range [][]int{{1 << 23}, {1 << 20}, {1, 300, 70_000}} {
			whole := packed(t, b, lengths...)
			if got, err := unpack(whole); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%s in %v: %d bytes of %d, or others: %v", name, lengths, len(got), len(b), err)
			}
			if len(whole) > len(b)+len(b)/10_000+20 || name == "text" && len(whole) > len(b)/10 {
				t.Errorf("%s in %v: %d bytes became %d", name, lengths, len(b), len(whole))
			}
		}
	}
}

// TestPackedPrefixes leaves off the end of what is packed: never comes anything
// but the beginning of what was written.
func TestPackedPrefixes(t *testing.T) {
	b := []byte(strings.Repeat("words ", 200))
	whole := packed(t, b, len(b))
	for n := 1; n < len(whole); n++ {
		if got, err := unpack(whole[:n]); err != io.ErrUnexpectedEOF || !bytes.HasPrefix(b, got) {
			t.Errorf("the first %d bytes give %d: %v", n, len(got), err)
		}
	}
}

func TestUnpackRefusesOtherRecords(t *testing.T) {
	for name, say := range map[string]func(*frame.Writer) error{
		"copy":  func(w *frame.Writer) error { return w.Copy(0, 1) },
		"hole":  func(w *frame.Writer) error { return w.Hole(1 << 40) },
		"end":   func(w *frame.Writer) error { return w.End([32]byte{}) },
		"fault": func(w *frame.Writer) error { return w.Fault([]byte("{}")) },
	} {
		var b bytes.Buffer
		if err := say(&frame.Writer{W: &b}); err != nil {
			t.Fatal(err)
		}
		if got, err := unpack(b.Bytes()); !errors.Is(err, frame.ErrRecord) || len(got) > 0 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := unpack([]byte("z\x00\x10\x00\x00\x00\x00\x00\x08nonsense")); !errors.Is(err, frame.ErrRecord) {
		t.Errorf("a bomb: %v", err)
	}
}
