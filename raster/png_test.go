package raster

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func TestPNG(t *testing.T) {
	m := NewImage(3, 2)
	copy(m.Row(1, 2, 3), []byte{0x33, 0x22, 0x11, 0}) // blue, green, red, nothing
	text, err := m.PNG()
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(text))
	if err != nil || got.Bounds() != image.Rect(0, 0, 3, 2) {
		t.Fatalf("%v, %v", got.Bounds(), err)
	}
	for p, want := range map[image.Point]color.NRGBA{
		{X: 2, Y: 1}: {0x11, 0x22, 0x33, 0xff},
		{X: 0, Y: 0}: {A: 0xff},
	} {
		if c := color.NRGBAModel.Convert(got.At(p.X, p.Y)); c != want {
			t.Errorf("at %v: %v, want %v", p, c, want)
		}
	}
}
