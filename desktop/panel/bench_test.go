package panel

import (
	"image"
	"testing"
)

func BenchmarkLayOut(b *testing.B) {
	q := questions()["claimed mixed"]
	for b.Loop() {
		NewConsent(q, 640, 480, 1, noon)
	}
}

func BenchmarkDraw(b *testing.B) {
	c := NewConsent(questions()["claimed mixed"], 3840, 2160, 2, noon)
	w, h, _ := c.Size()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for b.Loop() {
		c.Draw(img, noon)
	}
}
