package chunk

import (
	"encoding/binary"
	"hash"
	"io"
	"math/bits"

	"github.com/zeebo/blake3"
)

// Sum is the BLAKE3 of a piece, 256 bits.
type Sum [32]byte

// Average lengths of pieces, in bytes. Each is a power of two.
const (
	LeastAverage = 64 << 10
	MostAverage  = 4 << 20 // a piece has four times as much, and is held in memory until it is known

	aimPieces = 1 << 17 // pieces of a file, at the most on average
)

// AverageFor gives the average length of the pieces of a file of size bytes.
func AverageFor(size int64) int {
	average := LeastAverage
	for average < MostAverage && size/int64(average) > aimPieces {
		average *= 2
	}
	return average
}

// gear turns each byte into 64 bits without pattern.
var gear = makeGear()

func makeGear() (table [256]uint64) {
	for i := range table {
		sum := blake3.Sum256([]byte{byte(i)})
		table[i] = binary.LittleEndian.Uint64(sum[:])
	}
	return table
}

// Cutter finds where the pieces of a stream end. It keeps no bytes.
type Cutter struct {
	least, average, most int
	strict, lax          uint64 // bits of the fingerprint, below and from the average on

	at    int // bytes of the piece so far
	print uint64
}

// NewCutter makes a Cutter for pieces of that average length, which is a power
// of two from LeastAverage to MostAverage.
func NewCutter(average int) *Cutter {
	k := bits.TrailingZeros(uint(average))
	return &Cutter{
		least: average / 2, average: average, most: average * 4,
		strict: ^uint64(0) << (64 - k - 2), lax: ^uint64(0) << (64 - k + 2),
	}
}

// Reset begins a new piece.
func (c *Cutter) Reset() { c.at, c.print = 0, 0 }

// Next says how many bytes of b, all that there is so far behind what Next took
// before, belong to the piece, and whether it ends there. At the end of the
// stream it does in any case.
func (c *Cutter) Next(b []byte) (n int, end bool) {
	if c.at < c.least {
		n = min(len(b), c.least-c.at)
		c.at += n
	}
	if c.at >= c.least {
		n, end = c.look(b, n, c.average-1, c.strict)
	}
	if !end && c.at >= c.average-1 {
		n, end = c.look(b, n, c.most, c.lax)
	}
	if end || c.at == c.most {
		c.Reset()
		return n, true
	}
	return n, false
}

// look takes bytes of b from n on until one ends the piece by mask, or the
// piece has until bytes. The race detector would look at every byte, at a
// fortieth of the speed.
//
//go:norace
func (c *Cutter) look(b []byte, n, until int, mask uint64) (int, bool) {
	if c.at >= until {
		return n, false
	}
	window, print := b[n:min(len(b), n+until-c.at)], c.print
	for i, v := range window {
		print = print<<1 + gear[v]
		if print&mask == 0 {
			return n + i + 1, true
		}
	}
	c.at += len(window)
	c.print = print
	return n + len(window), false
}

// Piece is one piece of a file.
type Piece struct {
	Length int // bytes
	Sum    Sum
}

// Lister is an io.Writer that cuts what is written to it and calls Found for
// each piece. Close ends the last one. It does not allocate for a piece.
type Lister struct {
	Found func(Piece) error

	cut   *Cutter
	sum   hash.Hash
	piece Piece // so far
}

// NewLister makes a Lister for pieces of that average length.
func NewLister(average int, found func(Piece) error) *Lister {
	return &Lister{Found: found, cut: NewCutter(average), sum: blake3.New()}
}

var _ io.WriteCloser = (*Lister)(nil)

// Write takes the next bytes. It fails as Found does.
func (l *Lister) Write(b []byte) (int, error) {
	taken := 0
	for taken < len(b) {
		n, end := l.cut.Next(b[taken:])
		l.sum.Write(b[taken : taken+n])
		l.piece.Length += n
		taken += n
		if end {
			if err := l.end(); err != nil {
				return taken, err
			}
		}
	}
	return taken, nil
}

func (l *Lister) end() error {
	l.sum.Sum(l.piece.Sum[:0])
	l.sum.Reset()
	p := l.piece
	l.piece.Length = 0
	return l.Found(p)
}

// Close ends the last piece. What is written afterwards begins a new list.
func (l *Lister) Close() error {
	l.cut.Reset()
	if l.piece.Length == 0 {
		return nil
	}
	return l.end()
}
