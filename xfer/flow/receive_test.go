package flow

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"deskside/xfer/disk"
	"deskside/xfer/frame"
)

// listed are records that arrive at once.
type listed []frame.Record

func (l *listed) Next(buf *frame.Buffer) (frame.Record, error) {
	if len(*l) == 0 {
		return frame.Record{}, io.ErrUnexpectedEOF
	}
	rec := (*l)[0]
	*l = (*l)[1:]
	if rec.Kind == frame.Data {
		copy(buf.Bytes(), bytes.Repeat([]byte("d"), int(rec.Length)))
	}
	return rec, nil
}

// TestEndedInACopy ends a transfer at each of its records, among them long copies
// and holes: what the file has then is its beginning, with the hash of that, and
// the reason is the one that ended it.
func TestEndedInACopy(t *testing.T) {
	older := noise(3, 24<<20)
	path := t.TempDir()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.WriteFile(filepath.Join(path, "new"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	records := listed{
		{Kind: frame.Copy, Length: 20 << 20}, {Kind: frame.Data, Length: 7}, {Kind: frame.Hole, Length: 9 << 20},
		{Kind: frame.Copy, Offset: 4 << 20, Length: 20 << 20}, {Kind: frame.Data, Length: frame.MaxData},
	}
	var whole []byte
	for _, rec := range records {
		switch rec.Kind {
		case frame.Copy:
			whole = append(whole, older[rec.Offset:rec.Offset+rec.Length]...)
		case frame.Data:
			whole = append(whole, bytes.Repeat([]byte("d"), int(rec.Length))...)
		case frame.Hole:
			whole = append(whole, make([]byte, rec.Length)...)
		}
	}
	ended := errors.New("ended")
	for n := range records {
		info, err := root.Stat("new")
		if err != nil {
			t.Fatal(err)
		}
		at := &disk.Place{Top: root, Dir: root, Name: "new", Info: info}
		in, err := disk.Receive(at, "new.part", disk.Meta{Size: int64(len(whole)) + 1, ModTime: time.Unix(1e9, 0)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		basis := disk.OpenBasis(at, "none", int64(len(whole)), true)
		if err := in.On(basis); err != nil {
			t.Fatal(err)
		}
		list, left := append(listed{}, records...), n
		_, err = Receive(in, &list, func(int64) error {
			if left--; left < 0 {
				return ended
			}
			return nil
		})
		got, _ := os.ReadFile(filepath.Join(path, "new.part"))
		got = got[:min(int64(len(got)), in.Have)]
		if err != ended || in.Have > int64(len(whole)) || in.Sum.Now() != disk.SumOf(whole[:in.Have]) || !bytes.Equal(got, whole[:len(got)]) {
			t.Errorf("ended after record %d: %v, %d bytes, or other ones", n, err, in.Have)
		}
		basis.Close()
		in.Fail(err)
	}
}
