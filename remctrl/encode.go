package remctrl

import (
	"log/slog"
	"time"

	"deskside/codec"
	"deskside/raster"
	"deskside/rfb"
)

// encoder turns areas of the shadow into rectangles of an update.
type encoder struct {
	log     *slog.Logger
	wire    raster.Format // what format was made of
	format  *codec.Format
	which   codec.Encoding
	quality int // of JPEG, 0 for exact pixels
	tight   codec.TightEncoder
	zrle    codec.ZRLEEncoder
	broken  bool // an encoder failed: its streams cannot be trusted, so Raw it is
	precise bool // the encoder of photographs failed: no more of them
	fine    bool // pieces are small
}

// The size of a rectangle of Tight: large enough for the compression to learn,
// small enough to tell text from pictures. Others are bounded to limit memory.
const (
	pieceW    = 256
	pieceH    = 64
	pieceArea = 1 << 20

	// Where an update may have only few bytes, smaller ones come nearer to
	// that: with many colours a piece of 256x64 has 20 kB and more.
	fineH     = 16
	fineLimit = 32 << 10
)

// adopt takes over the formats the other end asked for.
func (d *display) adopt() {
	j := &d.job
	if d.format == nil || d.wire != j.format {
		d.wire, d.format = j.format, codec.NewFormat(j.format)
	}
	d.which = j.encodings.Favourite(codec.Tight, codec.ZRLE, codec.Raw)
	d.quality = j.encodings.Quality()
	if d.precise {
		d.quality = 0
	}
	d.tight.Level = j.encodings.Compression(1)
	d.zrle.Level = d.tight.Level
}

// pieces calls f for each rectangle that a region is to be sent in.
func (e *encoder) pieces(g *raster.Region, f func(raster.Rect) error) error {
	for _, r := range g.Rects() {
		w, h := r.W(), max(pieceArea/r.W(), 1)
		switch {
		case e.fine:
			w, h = pieceW, fineH
		case e.which == codec.Tight:
			w, h = pieceW, pieceH
		}
		for y := r.Y0; y < r.Y1; y += h {
			for x := r.X0; x < r.X1; x += w {
				if err := f(raster.XYWH(x, y, w, h).Intersect(r)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// appendRect appends one rectangle of the shadow, exactly if sharp, and notes
// how it was sent.
func (d *display) appendRect(r raster.Rect, sharp bool, now time.Time) {
	quality := d.quality
	if sharp {
		quality = 0
	}
	exact := true
	d.out, exact = d.encoder.append(d.out, &d.shadow, r, quality)
	if exact {
		d.refine.Exact(r)
	} else {
		d.refine.Approximate(r, now)
		d.parcel.photos++
	}
}

// append appends one rectangle. A fault of an encoder costs that encoder and
// not the viewer.
func (e *encoder) append(dst []byte, m *raster.Image, r raster.Rect, quality int) (out []byte, exact bool) {
	if e.broken || e.which == codec.Raw {
		return e.appendRaw(dst, m, r), true
	}
	defer func() {
		if fault := recover(); fault != nil {
			e.log.Error("an encoder failed, Raw from now on", "encoding", e.which.String(), "rectangle", r.String(), "fault", fault)
			e.broken = true
			out, exact = e.appendRaw(dst, m, r), true
		}
	}()
	head := rfb.RectHeader{Rect: r, Encoding: e.which}.Append(dst)
	if e.which == codec.ZRLE {
		return e.zrle.Append(head, e.format, m, r), true
	}
	return e.tight.Append(head, e.format, m, r, codec.TightAuto, quality)
}

func (e *encoder) appendRaw(dst []byte, m *raster.Image, r raster.Rect) []byte {
	dst = rfb.RectHeader{Rect: r, Encoding: codec.Raw}.Append(dst)
	return codec.AppendRaw(dst, e.format, m, r)
}

// appendNews appends the rectangles that are not of pixels, and counts them.
func (d *display) appendNews() (count int) {
	add := func(yes bool, f func([]byte) []byte) {
		if yes {
			d.out = f(d.out)
			count++
		}
	}
	j, w, h := &d.job, d.shadow.W, d.shadow.H
	extended := j.encodings.Has(rfb.EncodingExtendedSize)
	size := rfb.ExtendedDesktopSize{W: w, H: h, Screens: d.screens}
	add(j.size && extended, size.Append)
	add(j.size && !extended, func(b []byte) []byte { return rfb.AppendDesktopSize(b, w, h) })
	size.Reason, size.Status = rfb.SizeByYou, rfb.SizeProhibited
	add(j.sizeAnswer, size.Append)
	add(j.cursor && j.encodings.Has(rfb.EncodingCursor), func(b []byte) []byte {
		return rfb.AppendCursor(b, d.format, &d.cursor.Image, d.cursor.HotX, d.cursor.HotY)
	})
	add(j.name, func(b []byte) []byte { return rfb.AppendDesktopName(b, d.name) })
	add(j.keys, rfb.RectHeader{Encoding: rfb.EncodingExtendedKeys}.Append)
	add(j.buttons, rfb.RectHeader{Encoding: rfb.EncodingExtendedButtons}.Append)
	return count
}
