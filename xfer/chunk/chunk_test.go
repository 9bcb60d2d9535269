package chunk

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/zeebo/blake3"
)

// noise gives n bytes that no two seeds share.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// list cuts b as a stream that comes in pieces of the given lengths, in turn.
func list(t testing.TB, average int, b []byte, lengths ...int) []Piece {
	t.Helper()
	var found []Piece
	l := NewLister(average, func(p Piece) error { found = append(found, p); return nil })
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), lengths[i%len(lengths)])
		if got, err := l.Write(b[:n]); err != nil || got != n {
			t.Fatalf("took %d of %d bytes: %v", got, n, err)
		}
		b = b[n:]
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return found
}

// slow cuts as the package comment says, one whole piece after the other.
func slow(average int, b []byte) (found []Piece) {
	k := bits.TrailingZeros(uint(average))
	for len(b) > 0 {
		n, print := min(len(b), average/2), uint64(0)
		for n < len(b) && n < 4*average {
			print = print<<1 + gear[b[n]]
			n++
			zeros := k + 2
			if n >= average {
				zeros = k - 2
			}
			if bits.LeadingZeros64(print) >= zeros {
				break
			}
		}
		found = append(found, Piece{n, blake3.Sum256(b[:n])})
		b = b[n:]
	}
	return found
}

func inputs() map[string][]byte {
	period := bytes.Repeat(noise(9, 1000), 700)
	return map[string][]byte{
		"empty":   {},
		"one":     {7},
		"minimum": noise(1, LeastAverage/2),
		"noise":   noise(2, 1<<20),
		"zeros":   make([]byte, 1<<20),
		"ones":    bytes.Repeat([]byte{255}, 1<<20+1),
		"period":  period,
		"islands": slices.Concat(make([]byte, 1<<20), noise(3, 1<<20), make([]byte, 1<<20), noise(4, 100)),
	}
}

func TestPiecesAreThoseOfTheSlowTwin(t *testing.T) {
	for name, b := range inputs() {
		for _, average := range []int{LeastAverage, 2 * LeastAverage} {
			want := slow(average, b)
			for _, lengths := range [][]int{{len(b) + 1}, {1 << 20}, {1, 65535, 3, 16384, 1000}, {LeastAverage/2 - 1, 1}} {
				if got := list(t, average, b, lengths...); !slices.Equal(got, want) {
					t.Errorf("%s, average %d, written in %v: %d pieces, want %d, or others", name, average, lengths, len(got), len(want))
				}
			}
		}
	}
}

func TestPiecesConcatenateAndKeepTheirLengths(t *testing.T) {
	for name, b := range inputs() {
		at := 0
		pieces := list(t, LeastAverage, b, 1<<20)
		for i, p := range pieces {
			if p.Length > 4*LeastAverage || p.Length < LeastAverage/2 && i < len(pieces)-1 {
				t.Errorf("%s: piece %d has %d bytes", name, i, p.Length)
			}
			if p.Sum != blake3.Sum256(b[at:at+p.Length]) {
				t.Errorf("%s: the sum of piece %d is of other bytes", name, i)
			}
			at += p.Length
		}
		if at != len(b) {
			t.Errorf("%s: the pieces have %d bytes of %d", name, at, len(b))
		}
	}
}

func TestAverageLength(t *testing.T) {
	b := noise(5, 8<<20)
	n := len(list(t, LeastAverage, b, 1<<20))
	if average := len(b) / n; average < LeastAverage/2 || average > 2*LeastAverage {
		t.Errorf("%d bytes in %d pieces: %d on average", len(b), n, average)
	}
}

func TestAnInsertionChangesFewPieces(t *testing.T) {
	old := noise(6, 4<<20)
	m := manifest(t, 0, list(t, LeastAverage, old, 1<<20))
	for _, insert := range []int{1, 1000, 1 << 20} {
		changed := slices.Concat(old[:2<<20], noise(7, insert), old[2<<20:])
		at, sent := int64(0), 0
		for _, p := range list(t, LeastAverage, changed, 1<<20) {
			if _, ok := m.Find(at, p); !ok {
				sent += p.Length
			}
			at += int64(p.Length)
		}
		if sent < insert || sent > insert+8*LeastAverage {
			t.Errorf("%d bytes inserted: %d to be sent", insert, sent)
		}
	}
}

// crafted gives bytes on which every piece ends as early as it can: behind each
// minimum stand 64 bytes, all that a fingerprint knows, which were searched for.
func crafted(n int) []byte {
	rnd, b := rand.New(rand.NewPCG(1, 2)), []byte{}
	for seed := uint64(0); len(b) < n; seed++ {
		var last [64]byte
		for i, print := 0, ^uint64(0); i < len(last) || print>>(64-18) != 0; i++ {
			v := byte(rnd.Uint32())
			copy(last[:], last[1:])
			last[63], print = v, print<<1+gear[v]
		}
		b = append(append(b, noise(seed, LeastAverage/2)...), last[:]...)
	}
	return b
}

func TestCraftedInputKeepsTheMinimum(t *testing.T) {
	b := crafted(1 << 20)
	pieces := list(t, LeastAverage, b, 1<<20)
	if average := len(b) / len(pieces); average > LeastAverage*3/4 {
		t.Fatalf("crafted pieces have %d bytes on average: nothing was crafted", average)
	}
	for i, p := range pieces[:len(pieces)-1] {
		if p.Length < LeastAverage/2 {
			t.Errorf("piece %d has %d bytes", i, p.Length)
		}
	}
}

func TestAManifestStaysSmall(t *testing.T) {
	for size := int64(1); size < 1<<50; size = size*3 + 1 {
		average := AverageFor(size)
		if bits.OnesCount(uint(average)) != 1 || average < LeastAverage || average > MostAverage {
			t.Fatalf("average %d for %d bytes", average, size)
		}
		if most := size / int64(average/2); average < MostAverage && most > MostPieces {
			t.Errorf("%d bytes may have %d pieces", size, most)
		}
	}
}

// manifest writes and reads the pieces.
func manifest(t testing.TB, inPlace int64, pieces []Piece) *Manifest {
	t.Helper()
	m, err := Read(bytes.NewReader(write(LeastAverage, inPlace, pieces)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func write(average int, inPlace int64, pieces []Piece) []byte {
	b := AppendHead(nil, Head{average, inPlace})
	for _, p := range pieces {
		b = AppendPiece(b, p)
	}
	return AppendEnd(b)
}

func TestFindWhatIsInPlaceOnlyThere(t *testing.T) {
	here, there := list(t, LeastAverage, noise(1, 1<<20), 1<<20), list(t, LeastAverage, noise(2, 1<<20), 1<<20)
	m := manifest(t, 1<<20, slices.Concat(here, there))
	at := int64(0)
	for i, p := range here {
		if got, ok := m.Find(at, p); !ok || got != at {
			t.Errorf("piece %d in place is at %d, %v", i, got, ok)
		}
		if got, ok := m.Find(at+1, p); ok {
			t.Errorf("piece %d in place is found for another place at %d", i, got)
		}
		at += int64(p.Length)
	}
	for i, p := range there {
		if got, ok := m.Find(int64(i), p); !ok || got != at {
			t.Errorf("piece %d is at %d, %v; want %d", i, got, ok, at)
		}
		if _, ok := m.Find(0, Piece{p.Length - 1, p.Sum}); ok {
			t.Errorf("piece %d is found with another length", i)
		}
		at += int64(p.Length)
	}
	if m.Size() != at || m.Len() != len(here)+len(there) {
		t.Errorf("%d bytes in %d pieces", m.Size(), m.Len())
	}
}

func TestManifestRefusals(t *testing.T) {
	pieces := list(t, LeastAverage, noise(1, 1<<20), 1<<20)
	whole := write(LeastAverage, int64(pieces[0].Length), pieces)
	for n := range whole {
		if _, err := Read(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("the first %d of %d bytes are taken for a manifest", n, len(whole))
		}
	}
	for name, b := range map[string][]byte{
		"goes on":             append(slices.Clone(whole), 0),
		"other magic":         append([]byte("DCM2"), whole[4:]...),
		"average too small":   write(LeastAverage/2, 0, nil),
		"average odd":         write(LeastAverage+1, 0, nil),
		"average too large":   write(2*MostAverage, 0, nil),
		"more in place":       write(LeastAverage, 1<<20+1, pieces),
		"negative in place":   write(LeastAverage, -1, pieces),
		"half in place":       write(LeastAverage, 1, pieces),
		"long piece":          write(LeastAverage, 0, []Piece{{Length: 4*LeastAverage + 1}}),
		"very long piece":     write(LeastAverage, 0, []Piece{{Length: 1<<32 - 1}}),
		"more pieces than be": write(LeastAverage, 0, make1(MostPieces+1)),
	} {
		if _, err := Read(bytes.NewReader(b)); err == nil {
			t.Errorf("%s: taken for a manifest", name)
		}
	}
	if _, err := Read(iotest.ErrReader(iotest.ErrTimeout)); err != iotest.ErrTimeout {
		t.Errorf("a broken reader is reported as %v", err)
	}
}

func make1(n int) []Piece {
	list := make([]Piece, n)
	for i := range list {
		list[i].Length = 1
	}
	return list
}

func TestNothingIsAllocatedForAPiece(t *testing.T) {
	b, n := noise(1, 4<<20), 0
	l := NewLister(LeastAverage, func(Piece) error { n++; return nil })
	if got := testing.AllocsPerRun(3, func() { l.Write(b); l.Close() }); got > 1 {
		t.Errorf("%v allocations for %d pieces", got, n)
	}
}

func FuzzManifest(f *testing.F) {
	pieces := list(f, LeastAverage, noise(1, 1<<18), 1<<20)
	f.Add(write(LeastAverage, 0, pieces))
	f.Add(write(LeastAverage, int64(pieces[0].Length), pieces))
	f.Add(write(LeastAverage, 0, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		again := AppendHead(nil, m.Head)
		for i, sum := range m.sums {
			p := Piece{int(m.offsets[i+1] - m.offsets[i]), sum}
			if at, ok := m.Find(m.offsets[i], p); !ok || at < 0 || at+int64(p.Length) > m.Size() {
				t.Errorf("piece %d is found at %d, %v", i, at, ok)
			}
			again = AppendPiece(again, p)
		}
		if !bytes.Equal(AppendEnd(again), b) {
			t.Error("the manifest is written otherwise than it was read")
		}
	})
}

func BenchmarkCut(b *testing.B) {
	data := noise(1, 16<<20)
	c := NewCutter(LeastAverage)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			n, _ := c.Next(rest)
			rest = rest[n:]
		}
	}
}

func BenchmarkList(b *testing.B) {
	data := noise(1, 16<<20)
	l := NewLister(LeastAverage, func(Piece) error { return nil })
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		l.Write(data)
	}
}

func BenchmarkFind(b *testing.B) {
	pieces := list(b, LeastAverage, noise(1, 64<<20), 1<<20)
	m := manifest(b, 0, pieces)
	for i := 0; b.Loop(); i++ {
		if _, ok := m.Find(0, pieces[i%len(pieces)]); !ok {
			b.Fatal("not found")
		}
	}
}
