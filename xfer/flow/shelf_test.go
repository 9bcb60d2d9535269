package flow

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"deskside/xfer/frame"
)

// TestShelf keeps what packs and what does not, and gives it back, twice.
func TestShelf(t *testing.T) {
	random := make([]byte, frame.MaxData)
	rand.NewChaCha8([32]byte{1}).Read(random)
	for _, text := range [][]byte{
		nil, []byte("short"), random,
		[]byte(strings.Repeat("the same path/again ", frame.MaxData/10)),
		append(bytes.Repeat([]byte("x"), 3*frame.MaxData), random...),
	} {
		var s Shelf
		r := bytes.NewReader(text)
		for {
			if err := s.Take(r); err != nil {
				if err != io.EOF && err != io.ErrUnexpectedEOF {
					t.Fatal(err)
				}
				break
			}
		}
		if s.Bytes != int64(len(text)) || s.Held > s.Bytes || len(text) > frame.MaxData && s.Held > s.Bytes*2/3 {
			t.Errorf("%d bytes are held in %d, as %d", len(text), s.Held, s.Bytes)
		}
		for range 2 {
			if got, err := io.ReadAll(s.Reader()); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%d of %d bytes came back, or other ones: %v", len(got), len(text), err)
			}
		}
	}
}
