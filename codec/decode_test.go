package codec

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"testing"

	"deskside/raster"
)

// squeeze compresses by a compressor that is not ours.
func squeeze(plain []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(plain)
	z.Flush()
	return b.Bytes()
}

func zrleOf(plain ...byte) []byte {
	z := squeeze(plain)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(z))), z...)
}

func tightOf(head []byte, plain ...byte) []byte {
	return withLength(head, func(b []byte) []byte { return append(b, squeeze(plain)...) })
}

func TestWrongInputFails(t *testing.T) {
	r := raster.XYWH(0, 0, 8, 4)
	for name, test := range map[string]struct {
		dec decode
		in  []byte
	}{
		"zrle length":           {(*Decoder).ZRLE, []byte{0xff, 0xff, 0xff, 0xff}},
		"zrle no stream":        {(*Decoder).ZRLE, []byte{0, 0, 0, 0}},
		"zrle not zlib":         {(*Decoder).ZRLE, []byte{0, 0, 0, 3, 1, 2, 3}},
		"zrle unknown kind 17":  {(*Decoder).ZRLE, zrleOf(17)},
		"zrle unknown kind 129": {(*Decoder).ZRLE, zrleOf(129)},
		"zrle short palette":    {(*Decoder).ZRLE, zrleOf(3, 1, 2, 3)},
		"zrle packed colour":    {(*Decoder).ZRLE, zrleOf(3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff, 0xff, 0, 0, 0, 0, 0, 0)},
		"zrle run too long":     {(*Decoder).ZRLE, zrleOf(128, 1, 2, 3, 32)},
		"zrle run of bytes":     {(*Decoder).ZRLE, zrleOf(128, 1, 2, 3, 255, 255, 255, 255, 255)},
		"zrle run colour":       {(*Decoder).ZRLE, zrleOf(130, 1, 2, 3, 4, 5, 6, 2)},
		"zrle trailing":         {(*Decoder).ZRLE, zrleOf(1, 1, 2, 3, 4)},
		"tight kind 10":         {(*Decoder).Tight, []byte{0xa0}},
		"tight filter":          {(*Decoder).Tight, []byte{0x40, 3}},
		"tight too much":        {(*Decoder).Tight, tightOf([]byte{0}, make([]byte, 97)...)},
		"tight too little":      {(*Decoder).Tight, tightOf([]byte{0}, make([]byte, 95)...)},
		"tight length":          {(*Decoder).Tight, []byte{0, 0xff, 0xff, 0xff}},
		"tight palette colour":  {(*Decoder).Tight, tightOf([]byte{0x40, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9}, bytes.Repeat([]byte{3}, 32)...)},
		"tight not jpeg":        {(*Decoder).Tight, []byte{0x90, 2, 0xff, 0xd8}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.dec(new(Decoder), bytes.NewReader(test.in), NewFormat(raster.RGB888), raster.NewImage(8, 4), r); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestTightTooWide(t *testing.T) {
	m := raster.NewImage(TightMaxW+1, 1)
	if new(Decoder).Tight(bytes.NewReader([]byte{tightFill, 1, 2, 3}), NewFormat(raster.RGB888), m, m.Bounds()) == nil {
		t.Error("accepted")
	}
}

// TestTightReset begins a stream anew in mid-connection, which our encoder
// never does and others do.
func TestTightReset(t *testing.T) {
	f, r := NewFormat(raster.RGB888), raster.XYWH(0, 0, 8, 4)
	var d Decoder
	for _, control := range []byte{0x00, 0x01, 0x0f} {
		m := raster.NewImage(8, 4)
		in := tightOf([]byte{control}, bytes.Repeat([]byte{0x12, 0x34, 0x56}, 32)...)
		if err := d.Tight(bytes.NewReader(in), f, m, r); err != nil {
			t.Fatalf("0x%02x: %v", control, err)
		}
		if v, ok := raster.Solid(m, r); !ok || v != 0x123456 {
			t.Errorf("0x%02x: %06x", control, v)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, n := range contents {
		m := paint(40, 40, n)
		for i, name := range []string{"raw", "zrle", "tight auto", "tight gradient"} {
			for k, rf := range []raster.Format{raster.RGB888, raster.RGB565, raster.RGB332} {
				enc, _ := codecs[name]()
				f.Add(byte(min(i, 2)+4*k), byte(30), byte(9), enc(nil, NewFormat(rf), m, raster.XYWH(0, 0, 30, 9)))
			}
		}
	}
	jpeg, _ := new(TightEncoder).Append(nil, NewFormat(raster.RGB888), paint(30, 9, 0), raster.XYWH(0, 0, 30, 9), TightJPEG, 50)
	f.Add(byte(2), byte(30), byte(9), jpeg)
	f.Add(byte(3), byte(5), byte(5), make([]byte, 200))
	f.Fuzz(func(t *testing.T, kind, w, h byte, data []byte) {
		format := NewFormat([]raster.Format{raster.RGB888, raster.RGB565, raster.RGB332, raster.RGB888}[kind>>2&3])
		m := raster.NewImage(256, 256)
		r := raster.XYWH(0, 0, int(w), int(h))
		src, d := bytes.NewReader(data), new(Decoder)
		var err error
		for src.Len() > 0 && err == nil {
			switch kind & 3 {
			case 0:
				err = d.Raw(src, format, m, r)
			case 1:
				err = d.ZRLE(src, format, m, r)
			case 2:
				err = d.Tight(src, format, m, r)
			case 3:
				err = d.Cursor(src, format, new(raster.Image), int(w), int(h))
			}
			if r.Empty() {
				break
			}
		}
	})
}

func TestTightLength(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 1<<22 - 1} {
		b := withLength(nil, func(b []byte) []byte { return append(b, make([]byte, n)...) })
		src := bytes.NewReader(b)
		got, err := new(Decoder).length(src)
		if err != nil || got != n || src.Len() != n {
			t.Errorf("%d: read %d, %d left, %v", n, got, src.Len(), err)
		}
	}
}
