package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"
)

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// text gives n bytes that pack well.
func text(n int) []byte {
	words := strings.Fields("the quick brown fox jumps over a lazy dog and back again")
	rnd, b := rand.New(rand.NewPCG(1, 2)), []byte{}
	for len(b) < n {
		b = append(append(b, words[rnd.IntN(len(words))]...), ' ')
	}
	return b[:n]
}

func buffer(b []byte) *Buffer {
	buf := new(Buffer)
	copy(buf.Bytes(), b)
	return buf
}

// body writes one of each record.
func body(t testing.TB, p *Packer) []byte {
	t.Helper()
	var out bytes.Buffer
	w := &Writer{W: &out}
	plain := text(1000)
	packed := new(Buffer)
	n := p.Pack(packed, plain, false)
	if n == 0 {
		t.Fatal("text cannot be packed")
	}
	for _, err := range []error{
		w.Data(buffer(noise(50)), 50), w.Packed(packed, len(plain), n), w.Copy(1<<40, MaxNamed), w.Hole(MaxNamed), w.End([32]byte{1, 2, 3}), w.Fault([]byte(`{"code":"x"}`)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestRecordsComeBack(t *testing.T) {
	p := new(Packer)
	defer p.Close()
	r := &Reader{R: iotest.OneByteReader(bytes.NewReader(body(t, p))), Unpack: p.Unpack}
	buf := new(Buffer)
	for _, want := range []struct {
		rec   Record
		bytes []byte
	}{
		{Record{Kind: Data, Length: 50}, noise(50)},
		{Record{Kind: Packed, Length: 1000}, text(1000)},
		{Record{Kind: Copy, Offset: 1 << 40, Length: MaxNamed}, nil},
		{Record{Kind: Hole, Length: MaxNamed}, nil},
		{Record{Kind: End, Sum: [32]byte{1, 2, 3}}, nil},
		{Record{Kind: Fault, Length: 12}, []byte(`{"code":"x"}`)},
	} {
		got, err := r.Next(buf)
		if err != nil || got != want.rec || !bytes.Equal(buf.Bytes()[:len(want.bytes)], want.bytes) {
			t.Errorf("read %+v, %v; want %+v", got, err, want.rec)
		}
	}
	if _, err := r.Next(buf); err != io.EOF {
		t.Errorf("behind the last record: %v", err)
	}
}

func TestEveryTruncationFails(t *testing.T) {
	p := new(Packer)
	defer p.Close()
	whole := body(t, p)
	buf, ends := new(Buffer), 0
	for n := range whole {
		r := &Reader{R: bytes.NewReader(whole[:n]), Unpack: p.Unpack}
		var err error
		for err == nil {
			_, err = r.Next(buf)
		}
		if err == io.EOF {
			ends++ // between two records
		} else if err != io.ErrUnexpectedEOF {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if ends != 6 {
		t.Errorf("%d ends between records, want 6", ends)
	}
}

func TestRefusals(t *testing.T) {
	long := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	short := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	row := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := enc.EncodeAll(make([]byte, 1<<30), nil)
	p := new(Packer)
	defer p.Close()
	for name, b := range map[string][]byte{
		"unknown":             {'x'},
		"zero":                {0},
		"empty data":          row([]byte("d"), short(0)),
		"too much data":       row([]byte("d"), short(MaxData+1), make([]byte, MaxData+1)),
		"most data":           row([]byte("d"), short(1<<32-1)),
		"too long a fault":    row([]byte("f"), short(MaxFault+1), make([]byte, MaxFault+1)),
		"empty hole":          row([]byte("h"), long(0)),
		"negative hole":       row([]byte("h"), long(1<<63)),
		"a long hole":         row([]byte("h"), long(MaxNamed+1)),
		"a long copy":         row([]byte("c"), long(5), long(MaxNamed+1)),
		"endless hole":        row([]byte("h"), long(1<<64-1)),
		"empty copy":          row([]byte("c"), long(5), long(0)),
		"copy from before":    row([]byte("c"), long(1<<64-5), long(5)),
		"packed to more":      row([]byte("z"), short(10), short(10), make([]byte, 10)),
		"packed of one":       row([]byte("z"), short(1), short(1), make([]byte, 1)),
		"packed beyond limit": row([]byte("z"), short(MaxData+1), short(1), make([]byte, 1)),
		"packed noise":        row([]byte("z"), short(1000), short(100), noise(100)),
		"a bomb":              row([]byte("z"), short(MaxData), short(uint32(len(bomb))), bomb),
		"shorter than said":   row([]byte("z"), short(MaxData), short(uint32(len(enc.EncodeAll(make([]byte, 100), nil)))), enc.EncodeAll(make([]byte, 100), nil)),
		"longer than said":    row([]byte("z"), short(99), short(uint32(len(enc.EncodeAll(make([]byte, 100), nil)))), enc.EncodeAll(make([]byte, 100), nil)),
	} {
		r := &Reader{R: bytes.NewReader(b), Unpack: p.Unpack}
		if rec, err := r.Next(new(Buffer)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: read as %+v, %v", name, rec, err)
		}
	}
	r := &Reader{R: iotest.ErrReader(iotest.ErrTimeout)}
	if _, err := r.Next(new(Buffer)); err != iotest.ErrTimeout {
		t.Errorf("a broken reader is reported as %v", err)
	}
}

func TestPackingKeepsWhatItCannotShorten(t *testing.T) {
	p, to, back := new(Packer), new(Buffer), make([]byte, MaxData)
	defer p.Close()
	for _, hard := range []bool{false, true} {
		for _, n := range []int{1, 2, 100, MaxData} {
			if got := p.Pack(to, noise(n), hard); got != 0 {
				t.Errorf("%d bytes of noise are packed into %d", n, got)
			}
		}
		for _, n := range []int{1000, MaxData - 1, MaxData} {
			packed := p.Pack(to, text(n), hard)
			got, err := p.Unpack(back[:n], to.Bytes()[:packed])
			if packed == 0 || err != nil || got != n || !bytes.Equal(back[:n], text(n)) {
				t.Errorf("%d bytes of text are packed into %d and give %d, %v", n, packed, got, err)
			}
		}
	}
}

func TestNothingIsAllocatedForARecord(t *testing.T) {
	buf := buffer(noise(MaxData))
	var out bytes.Buffer
	w := &Writer{W: &out}
	r := &Reader{R: &out, Unpack: func(to, packed []byte) (int, error) { return len(to), nil }}
	all := func() {
		out.Reset()
		if w.Data(buf, MaxData) != nil || w.Packed(buf, MaxData, 1000) != nil || w.Copy(1, 2) != nil || w.End([32]byte{}) != nil {
			t.Error("not written")
		}
		for range 4 {
			if _, err := r.Next(buf); err != nil {
				t.Error(err)
			}
		}
	}
	if n := testing.AllocsPerRun(5, all); n > 0 {
		t.Errorf("%v allocations for four records", n)
	}
}

// TestJudge plays ways and files against the judge.
func TestJudge(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		ratio      float64 // of packing
		way        float64 // MiB/s
		speed      float64 // of packing, MiB/s
		buffer     int     // bytes that the way takes at once
		least, end float64 // share of the records packed, of all 1000 and of the last 100
		most       float64
	}{
		"noise on loopback":        {1, 500, 900, 4 * mib, 0, 0.05, 0.05},
		"noise on a slow link":     {1, 2.5, 900, 4 * mib, 0, 0.05, 0.05},
		"text on loopback":         {0.3, 500, 250, 4 * mib, 0, 0.05, 0.1},
		"text on a slow link":      {0.3, 2.5, 250, 4 * mib, 0.99, 1, 1},
		"text on a link of 1 Gbit": {0.3, 110, 250, 4 * mib, 0.9, 1, 1},
	} {
		var j Judge
		packs, last, queued := 0, 0, 0.0
		for i := range 1000 {
			size, clock := float64(mib), 0.0
			pack, _ := j.Pack()
			if pack {
				packs++
				if i >= 900 {
					last++
				}
				out := int(c.ratio * mib)
				if c.ratio == 1 {
					out = 0
				} else {
					size *= c.ratio
				}
				clock = 1 / c.speed
				j.Tried(mib, out, time.Duration(clock*1e9))
			}
			queued = max(0, queued-clock*c.way*mib)
			over := max(0, queued+size-float64(c.buffer)) / (c.way * mib)
			queued = min(queued+size, float64(c.buffer))
			j.Sent(int(size), pack, time.Duration(over*1e9)+10*time.Microsecond)
		}
		if share := float64(packs) / 1000; share < c.least || share > c.most {
			t.Errorf("%s: %v of the records are packed, want %v to %v", name, share, c.least, c.most)
		}
		if share := float64(last) / 100; share < c.least || share > c.end {
			t.Errorf("%s: %v of the last records are packed, want %v to %v", name, share, c.least, c.end)
		}
	}
}

func TestTheJudgeChangesItsMind(t *testing.T) {
	var j Judge
	play := func(records int, ratio float64) (packs int) {
		for range records {
			pack, _ := j.Pack()
			if pack {
				packs++
				j.Tried(MaxData, int(ratio*MaxData), 4*time.Millisecond)
			}
			j.Sent(MaxData, pack, 400*time.Millisecond)
		}
		return packs
	}
	if n := play(200, 0); n > 20 {
		t.Errorf("noise is packed %d times of 200", n)
	}
	if n := play(200, 0.3); n < 200-longestLull-1 {
		t.Errorf("text behind noise is packed %d times of 200", n)
	}
	if n := play(200, 0); n > 20 {
		t.Errorf("noise behind text is packed %d times of 200", n)
	}
}

func FuzzReader(f *testing.F) {
	p := new(Packer)
	f.Cleanup(p.Close)
	f.Add(body(f, p))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := new(Packer)
		defer p.Close()
		in, buf := bytes.NewReader(b), new(Buffer)
		r := &Reader{R: in, Unpack: p.Unpack}
		var again bytes.Buffer
		w := &Writer{W: &again}
		for {
			at := len(b) - in.Len()
			rec, err := r.Next(buf)
			if err != nil {
				return
			}
			if rec.Length < 0 || rec.Offset < 0 || rec.Length > MaxData && rec.Kind != Copy && rec.Kind != Hole || rec.Length > MaxNamed {
				t.Fatalf("%+v", rec)
			}
			again.Reset()
			switch rec.Kind {
			case Data:
				w.Data(buf, int(rec.Length))
			case Copy:
				w.Copy(rec.Offset, rec.Length)
			case Hole:
				w.Hole(rec.Length)
			case End:
				w.End(rec.Sum)
			case Fault:
				w.Fault(buf.Bytes()[:rec.Length])
			default:
				continue
			}
			if !bytes.Equal(again.Bytes(), b[at:len(b)-in.Len()]) {
				t.Errorf("%+v is written otherwise than it was read", rec)
			}
		}
	})
}

func BenchmarkPack(b *testing.B) {
	p, to := new(Packer), new(Buffer)
	defer p.Close()
	for _, in := range []struct {
		name string
		data []byte
		hard bool
	}{{"text", text(MaxData), false}, {"text hard", text(MaxData), true}, {"noise", noise(MaxData), false}} {
		b.Run(in.name, func(b *testing.B) {
			b.SetBytes(MaxData)
			for b.Loop() {
				p.Pack(to, in.data, in.hard)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	var out bytes.Buffer
	(&Writer{W: &out}).Data(buffer(noise(MaxData)), MaxData)
	in, buf := bytes.NewReader(nil), new(Buffer)
	r := &Reader{R: in}
	b.SetBytes(MaxData)
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(out.Bytes())
		if _, err := r.Next(buf); err != nil {
			b.Fatal(err)
		}
	}
}
