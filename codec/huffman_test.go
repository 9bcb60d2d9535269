package codec

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"
)

// skewed gives n bytes of which few are frequent, the more so the greater skew.
func skewed(n, skew int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(n), uint64(skew)))
	b := make([]byte, n)
	for i := range b {
		v := 255
		for range skew {
			v = rnd.IntN(v + 1)
		}
		b[i] = byte(v)
	}
	return b
}

// fibonacci gives bytes whose codes would be as long as can be.
func fibonacci() []byte {
	var b []byte
	for i, x, y := 0, 1, 1; i < 24; i, x, y = i+1, y, x+y {
		b = append(b, bytes.Repeat([]byte{byte(i)}, x)...)
	}
	return b
}

// TestStreamOfManyKinds writes pieces of every kind into one stream, which the
// standard library must read to the end of each piece.
func TestStreamOfManyKinds(t *testing.T) {
	var d deflater
	var h huffman
	var all bytes.Buffer
	z := io.Reader(nil)
	pieces := [][]byte{
		{7}, {7, 7, 7}, []byte("some words"), skewed(100, 1), skewed(50000, 0), skewed(50000, 1), skewed(70001, 5),
		make([]byte, 9999), skewed(200000, 2), fibonacci(), skewed(4097, 3), nil,
	}
	for i, want := range append(pieces, pieces...) {
		var piece []byte
		if i%3 == 2 {
			piece = d.appendStored(nil, want)
		} else {
			piece = d.appendLiterals(nil, want, &h)
		}
		all.Write(piece)
		if z == nil {
			z, _ = zlib.NewReader(&all)
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(z, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("piece %d of %d bytes: %v", i, len(want), err)
		}
		if all.Len() > maxTail {
			t.Fatalf("piece %d: %d bytes were not needed", i, all.Len())
		}
	}
}

// TestLiteralsAreShort compares with the entropy, which codes of whole bits reach
// the less the shorter they are.
func TestLiteralsAreShort(t *testing.T) {
	for skew, percent := range map[int]int{1: 102, 2: 102, 4: 103, 8: 112} {
		plain := skewed(49152, skew)
		var h huffman
		var d deflater
		got, want := len(d.appendLiterals(nil, plain, &h)), int(entropy(plain)*float64(len(plain))/8)
		if got < want || got > want*percent/100+200 {
			t.Errorf("skew %d: %d bytes, entropy %d", skew, got, want)
		}
	}
}

func FuzzLiterals(f *testing.F) {
	f.Add([]byte("a"), 1)
	f.Add(skewed(300, 2), 300)
	f.Add(skewed(40, 2), 5000)
	f.Fuzz(func(t *testing.T, seed []byte, n int) {
		if len(seed) == 0 || n < 0 || n > 1<<17 {
			return
		}
		plain := make([]byte, n)
		for i := range plain {
			plain[i] = seed[i*i/7%len(seed)]
		}
		var h huffman
		var d deflater
		z, err := zlib.NewReader(bytes.NewReader(h.append(d.begin(nil), counted(&h, plain))))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		if _, err := io.ReadFull(z, got); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	})
}

func counted(h *huffman, plain []byte) []byte {
	h.count(plain)
	return plain
}

func BenchmarkLiterals(b *testing.B) {
	plain := skewed(49152, 2)
	var h huffman
	var d deflater
	var buf []byte
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		buf = d.appendLiterals(buf[:0], plain, &h)
	}
}
