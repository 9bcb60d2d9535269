package chunk

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sort"
)

const (
	magic      = "DCM1"
	headLength = len(magic) + 4 + 8
	pieceSize  = 4 + len(Sum{})

	// MostPieces bounds a manifest. A file that is cut at every minimum stays
	// below it. Who has more lists the first of them.
	MostPieces = 4*aimPieces + 2
)

// Head is what a manifest begins with.
type Head struct {
	Average int   // length of the pieces
	InPlace int64 // bytes that lie in place
}

// AppendHead appends the beginning of a manifest to b.
func AppendHead(b []byte, h Head) []byte {
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(h.Average))
	return binary.BigEndian.AppendUint64(b, uint64(h.InPlace))
}

// AppendPiece appends one piece to b.
func AppendPiece(b []byte, p Piece) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Length))
	return append(b, p.Sum[:]...)
}

// AppendEnd appends the end of a manifest to b.
func AppendEnd(b []byte) []byte { return binary.BigEndian.AppendUint32(b, 0) }

// Manifest is what somebody has of a file, ready to be looked through. Its
// offsets count through what lies in place and then through the other file.
type Manifest struct {
	Head
	sums    []Sum
	offsets []int64 // where each piece begins, and at last where all end
	inPlace int     // pieces
	more    bool    // to be read by Rest
	order   []int32 // the pieces that are not in place, ordered by their sums: a tenth of what a map needs
}

// Size gives how many bytes the pieces have.
func (m *Manifest) Size() int64 { return m.offsets[len(m.offsets)-1] }

// Len gives how many pieces there are.
func (m *Manifest) Len() int { return len(m.sums) }

// Find gives the offset of a piece that may be copied to the offset at of the
// file to be made.
func (m *Manifest) Find(at int64, p Piece) (offset int64, ok bool) {
	if at < m.InPlace {
		i := sort.Search(m.inPlace, func(i int) bool { return m.offsets[i] >= at })
		if i < m.inPlace && m.offsets[i] == at && m.is(i, p) {
			return at, true
		}
	}
	k := sort.Search(len(m.order), func(k int) bool { return bytes.Compare(m.sums[m.order[k]][:], p.Sum[:]) >= 0 })
	if k == len(m.order) || !m.is(int(m.order[k]), p) {
		return 0, false
	}
	return m.offsets[m.order[k]], true
}

// index makes order.
func (m *Manifest) index() {
	m.order = make([]int32, 0, len(m.sums)-m.inPlace)
	for i := m.inPlace; i < len(m.sums); i++ {
		m.order = append(m.order, int32(i))
	}
	slices.SortFunc(m.order, func(a, b int32) int {
		return cmp.Or(bytes.Compare(m.sums[a][:], m.sums[b][:]), cmp.Compare(a, b))
	})
}

func (m *Manifest) is(i int, p Piece) bool {
	return m.sums[i] == p.Sum && m.offsets[i+1]-m.offsets[i] == int64(p.Length)
}

// ErrManifest says that what was read is no manifest.
var ErrManifest = errors.New("the list of pieces cannot be read")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrManifest, fmt.Sprintf(format, args...))
}

// Read reads a manifest to the end of r. Errors of r are passed on; all others
// are ErrManifest.
func Read(r io.Reader) (*Manifest, error) {
	m, err := Begin(r)
	if err == nil {
		err = m.Rest(r)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Begin reads a manifest up to its first piece, if it has one. What its head says
// is known then. Rest must follow before anything is looked up in it.
func Begin(r io.Reader) (*Manifest, error) {
	m, err := readHead(r)
	if err != nil {
		return nil, err
	}
	m.more, err = m.next(r)
	return m, err
}

// Rest reads what follows Begin. Head may be read meanwhile.
func (m *Manifest) Rest(r io.Reader) (err error) {
	for more := m.more; more && err == nil; {
		more, err = m.next(r)
	}
	if err != nil {
		return err
	}
	if m.Size() < m.InPlace {
		return bad("%d bytes in place of %d in all", m.InPlace, m.Size())
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return bad("it goes on behind its end")
	case err != io.EOF:
		return err
	}
	m.index()
	return nil
}

// next reads a piece, and reports whether there was one.
func (m *Manifest) next(r io.Reader) (bool, error) {
	p, err := readPiece(r)
	if err != nil || p.Length == 0 {
		return false, err
	}
	return true, m.add(p)
}

func readHead(r io.Reader) (*Manifest, error) {
	var b [headLength]byte
	if err := full(r, b[:]); err != nil {
		return nil, err
	}
	average, inPlace := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint64(b[8:])
	switch {
	case string(b[:4]) != magic:
		return nil, bad("it does not begin as one")
	case average < LeastAverage || average > MostAverage || bits.OnesCount32(average) != 1:
		return nil, bad("an average length of %d", average)
	case inPlace > 1<<62:
		return nil, bad("%d bytes in place", inPlace)
	}
	return &Manifest{Head: Head{int(average), int64(inPlace)}, offsets: []int64{0}}, nil
}

// readPiece reads a piece, or the end as a piece without length.
func readPiece(r io.Reader) (p Piece, err error) {
	var b [pieceSize]byte
	if err := full(r, b[:4]); err != nil {
		return p, err
	}
	length := binary.BigEndian.Uint32(b[:])
	if length == 0 {
		return p, nil
	}
	if length > 4*MostAverage {
		return p, bad("a piece of %d bytes", length)
	}
	if err := full(r, b[4:]); err != nil {
		return p, err
	}
	p.Length = int(length)
	copy(p.Sum[:], b[4:])
	return p, nil
}

// add puts a piece behind the others.
func (m *Manifest) add(p Piece) error {
	end := m.Size() + int64(p.Length)
	switch {
	case len(m.sums) == MostPieces:
		return bad("more than %d pieces", MostPieces)
	case p.Length > 4*m.Average:
		return bad("a piece of %d bytes", p.Length)
	case m.Size() < m.InPlace && end > m.InPlace:
		return bad("a piece is half in place")
	}
	if end <= m.InPlace {
		m.inPlace++
	}
	m.sums = append(m.sums, p.Sum)
	m.offsets = append(m.offsets, end)
	return nil
}

// full fills b, or says that what was to be there is not.
func full(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return bad("it ends early")
	}
	return err
}
