package flow

import (
	"io"

	"deskside/xfer/frame"
)

// Shelf keeps bytes in memory to be read again, packed where that makes them
// fewer, as it does the names of a tree.
type Shelf struct {
	Bytes int64 // that were put there
	Held  int64 // that they take

	pieces []shelved
	packer frame.Packer
}

// shelved is what one Take brought.
type shelved struct {
	data  []byte
	whole int // bytes when it is unpacked; 0: it is not packed
}

// Take puts there what r gives, a buffer full at most. The error is r's:
// io.ErrUnexpectedEOF or io.EOF at its end.
func (s *Shelf) Take(r io.Reader) error {
	buf := buffers.Get().(*frame.Buffer)
	defer buffers.Put(buf)
	n, err := io.ReadFull(r, buf.Bytes()[:frame.MaxData])
	if n == 0 {
		return err
	}
	p := shelved{data: buf.Bytes()[:n]}
	if n == frame.MaxData { // a short list is not worth it
		packed := buffers.Get().(*frame.Buffer)
		defer buffers.Put(packed)
		if m := s.packer.Pack(packed, p.data, false); m > 0 {
			p = shelved{packed.Bytes()[:m], n}
		}
	}
	p.data = append(make([]byte, 0, len(p.data)), p.data...)
	s.pieces = append(s.pieces, p)
	s.Bytes += int64(n)
	s.Held += int64(len(p.data))
	return err
}

// Reader reads everything from the beginning. One reads at a time.
func (s *Shelf) Reader() io.Reader { return &shelfReader{s: s} }

type shelfReader struct {
	s    *Shelf
	at   int // the next piece
	now  []byte
	room []byte // for what is unpacked
}

func (r *shelfReader) Read(b []byte) (int, error) {
	for len(r.now) == 0 {
		if r.at == len(r.s.pieces) {
			return 0, io.EOF
		}
		p := r.s.pieces[r.at]
		r.at++
		if r.now = p.data; p.whole > 0 {
			if r.room == nil {
				r.room = make([]byte, frame.MaxData)
			}
			n, err := r.s.packer.Unpack(r.room[:p.whole], p.data)
			if err != nil {
				return 0, err
			}
			r.now = r.room[:n]
		}
	}
	n := copy(b, r.now)
	r.now = r.now[n:]
	return n, nil
}
