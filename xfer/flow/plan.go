package flow

import (
	"bufio"
	"errors"
	"io"

	"deskside/xfer/chunk"
	"deskside/xfer/disk"
)

// File is a Source that can be read again.
type File interface {
	Source
	io.ReaderAt
	Unchanged() error // says so if it is not what it was
}

// Plan says which pieces of a file its receiver has.
type Plan struct {
	from   File
	have   *chunk.Manifest
	pieces []chunk.Piece // of the file
}

// MakePlan reads what the receiver of f has, and f to its end, both at once. It
// calls step now and then. Nil stands for a receiver that has nothing; f is then
// not read.
func MakePlan(f File, manifest io.Reader, step func() error) (*Plan, error) {
	r := bufio.NewReader(&way{manifest, new(int64)})
	m, err := chunk.Begin(r)
	if err != nil || m.Len() == 0 {
		if err == nil {
			err = m.Rest(r)
		}
		return nil, unlisted(err)
	}
	p, head := &Plan{from: f, have: m}, m.Head
	stop, cut := make(chan struct{}), make(chan error)
	go func() { cut <- p.cut(head, stop, step) }()
	if err = m.Rest(r); err != nil {
		close(stop)
	}
	if failed := <-cut; err == nil {
		err = failed
	}
	if err != nil {
		return nil, unlisted(err)
	}
	return p, nil
}

// unlisted tells a manifest that is none from other errors.
func unlisted(err error) error {
	if errors.Is(err, chunk.ErrManifest) {
		return disk.BadRequest("%v", err)
	}
	return err
}

var errStopped = errors.New("the list of pieces did not come")

// cut cuts the file as the manifest was, and where what lies in place ends.
func (p *Plan) cut(head chunk.Head, stop <-chan struct{}, step func() error) error {
	l := chunk.NewLister(head.Average, func(piece chunk.Piece) error {
		p.pieces = append(p.pieces, piece)
		return nil
	})
	left := head.InPlace
	err := ahead(p.from, func(b *buffer) error {
		select {
		case <-stop:
			return errStopped
		default:
		}
		data := b.bytes()
		if left > 0 && left <= int64(len(data)) {
			l.Write(data[:left])
			l.Close()
			data, left = data[left:], 0
		}
		l.Write(data)
		left = max(0, left-int64(len(data)))
		return step()
	})
	l.Close()
	return err
}

// List writes the manifest of what is there, for a file of size bytes. It calls
// step now and then.
func List(w io.Writer, b *disk.Basis, size int64, step func() error) error {
	average := chunk.AverageFor(size)
	line := chunk.AppendHead(nil, chunk.Head{Average: average, InPlace: b.InPlace()})
	left := chunk.MostPieces
	l := chunk.NewLister(average, func(p chunk.Piece) error {
		if left--; left < 0 {
			return io.EOF
		}
		line = chunk.AppendPiece(line, p)
		return nil
	})
	for _, part := range b.Parts() {
		err := ahead(part, func(buf *buffer) error {
			if _, err := l.Write(buf.bytes()); err != nil {
				return err
			}
			_, err := w.Write(line)
			if line = line[:0]; err != nil {
				return disk.Broken(err)
			}
			return step()
		})
		if err == nil {
			err = l.Close()
		}
		if err != nil && err != io.EOF {
			return err
		}
	}
	if _, err := w.Write(chunk.AppendEnd(line)); err != nil {
		return disk.Broken(err)
	}
	return nil
}
