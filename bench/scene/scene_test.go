package scene

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"deskside/raster"
)

func TestMarkerRoundTrip(t *testing.T) {
	m := raster.NewImage(100, 60)
	for n := 0; n < 1<<16; n += 13 {
		DrawMarker(m, 13, 7, uint16(n))
		if got, ok := ReadMarker(m, 13, 7); !ok || got != uint16(n) {
			t.Fatalf("marker %d is read as %d, %v", n, got, ok)
		}
	}
}

func TestMarkerIsNotSeenWhereNoneIs(t *testing.T) {
	for name, m := range map[string]*raster.Image{
		"black": raster.NewImage(MarkerW, MarkerH),
		"photo": Photo(MarkerW, MarkerH, 1, Grain),
		"small": raster.NewImage(MarkerW-1, MarkerH),
	} {
		if n, ok := ReadMarker(m, 0, 0); ok {
			t.Errorf("%s: read %d", name, n)
		}
	}
}

func TestFindMarker(t *testing.T) {
	m := Photo(300, 120, 4, Grain)
	if x, y, ok := FindMarker(m, 0xbeef); ok {
		t.Errorf("found at (%d, %d) where none is", x, y)
	}
	DrawMarker(m, 201, 87, 0xbeef)
	DrawMarker(m, 20, 8, 0xbeee)
	if x, y, ok := FindMarker(m, 0xbeef); !ok || x != 201 || y != 87 {
		t.Errorf("found at (%d, %d), %v", x, y, ok)
	}
}

func TestReadLine(t *testing.T) {
	const cell = 6
	for _, n := range []uint16{0, 1, 0xffff, 0x1234} {
		m := raster.NewImage(10+Bits*cell, 20)
		for i := range Bits {
			if Bit(n, i) {
				m.Fill(raster.XYWH(10+i*cell, 3, cell, 13), 0xffffff)
			}
		}
		if got, ok := ReadLine(m, 10+cell/2, 9, cell); !ok || got != n {
			t.Errorf("%#x is read as %#x, %v", n, got, ok)
		}
		if _, ok := ReadLine(m, 10+2*cell, 9, cell); ok {
			t.Error("a line beyond the picture is read")
		}
	}
}

func TestNear(t *testing.T) {
	a, b := Photo(320, 200, 1, Grain), Photo(320, 200, 2, Grain)
	if !Near(a, a) || Near(a, b) {
		t.Error("a photograph is near another, or not near itself")
	}
	a.Copy(b, raster.XYWH(0, 100, 320, 100))
	if Near(a, b) {
		t.Error("half of another photograph is near")
	}
}

// A marker of which one block is still that of the number before is told apart.
func TestMarkerHalfDrawn(t *testing.T) {
	wrong := 0
	for n := range uint16(1000) {
		m, next := raster.NewImage(MarkerW, MarkerH), raster.NewImage(MarkerW, MarkerH)
		DrawMarker(m, 0, 0, n)
		DrawMarker(next, 0, 0, n+1)
		m.Copy(next, raster.XYWH(0, 0, MarkerW, 2*block)) // the check is the old one
		if got, ok := ReadMarker(m, 0, 0); ok && got != n {
			wrong++
		}
	}
	if wrong > 40 {
		t.Errorf("%d of 1000 half drawn markers are read as whole ones", wrong)
	}
}

func TestMarkerSurvivesJPEG(t *testing.T) {
	for _, offset := range []int{0, 3, 5} {
		m := Photo(160, 80, 2, Grain)
		DrawMarker(m, 16+offset, 16+offset, 0xbeef)
		rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
		for y := range m.H {
			for x := range m.W {
				v := m.Pixel(x, y)
				rgba.Set(x, y, color.RGBA{byte(v >> 16), byte(v >> 8), byte(v), 255})
			}
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, rgba, &jpeg.Options{Quality: 40}); err != nil {
			t.Fatal(err)
		}
		back, err := jpeg.Decode(&file)
		if err != nil {
			t.Fatal(err)
		}
		for y := range m.H {
			for x := range m.W {
				r, g, b, _ := back.At(x, y).RGBA()
				m.Set(x, y, r>>8<<16|g>>8<<8|b>>8)
			}
		}
		if n, ok := ReadMarker(m, 16+offset, 16+offset); !ok || n != 0xbeef {
			t.Errorf("offset %d: read %#x, %v", offset, n, ok)
		}
	}
}

func TestMarksWantBoth(t *testing.T) {
	m := raster.NewImage(300, 200)
	k := CornersOf(m.Bounds())
	k.Draw(m, 7)
	if n, ok := k.Read(m); !ok || n != 7 {
		t.Fatalf("read %d, %v", n, ok)
	}
	DrawMarker(m, 0, 0, 8)
	if n, ok := k.Read(m); ok {
		t.Errorf("the corners differ, but %d is read", n)
	}
}

func TestSceneIsTheSameEachTime(t *testing.T) {
	a, b := raster.NewImage(VideoW, VideoH), raster.NewImage(VideoW, VideoH)
	v := NewVideo(3)
	v.Frame(a, 5)
	v.Frame(b, 6)
	if bytes.Equal(a.Pix, b.Pix) {
		t.Error("two frames are equal")
	}
	NewVideo(3).Frame(b, 5+VideoFrames)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("one frame made twice differs")
	}
	for i := 3; i < len(a.Pix); i += 4 {
		if a.Pix[i] != 0 {
			t.Fatal("a fourth byte is not zero, as the X server's would be")
		}
	}
}

func TestDrag(t *testing.T) {
	screen := raster.NewImage(1920, 1080)
	for n := range 2 * dragRound {
		r := DragAt(n)
		if !screen.Bounds().Contains(r) {
			t.Fatalf("step %d: the window is at %v, outside the screen", n, r)
		}
		clear(screen.Pix)
		CornersOf(r).Draw(screen, DragMark)
		for last := max(n-20, 0); last < n; last += 7 {
			if got := DragSeen(screen, last); got != n {
				t.Fatalf("step %d is seen as %d after %d", n, got, last)
			}
		}
		if got := DragSeen(screen, n); got != n {
			t.Fatalf("after step %d, step %d is seen while nothing moved", n, got)
		}
	}
}
