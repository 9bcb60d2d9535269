package panel

import (
	"image/color"
	"math"
	"testing"
)

// contrast is that of WCAG 2.
func contrast(a, b color.RGBA) float64 {
	light := func(c color.RGBA) float64 {
		sum := 0.0
		for _, p := range []struct {
			v     byte
			share float64
		}{{c.R, 0.2126}, {c.G, 0.7152}, {c.B, 0.0722}} {
			v := float64(p.v) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += p.share * v
		}
		return sum
	}
	la, lb := light(a), light(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestContrast(t *testing.T) {
	for _, c := range []struct {
		name    string
		ink, on color.RGBA
		atLeast float64
	}{
		{"text", ink, white, 7},
		{"soft text", inkSoft, white, 4.5},
		{"soft text below", inkSoft, footer, 4.5},
		{"reason", ink, quote, 7},
		{"warning", warnInk, warnFill, 4.5},
		{"allow", white, accent, 4.5},
		{"allow held", white, pressed, 4.5},
		{"not yet", inkOff, offFill, 4},
		{"focus", accent, footer, 3},
		{"digit being typed", accent, white, 3},
		{"bar", barInk, barFill, 7},
		{"bar state", barSoft, barFill, 7},
		{"chat", barInk, barButton, 4.5},
		{"chat under the pointer", barInk, barLow, 4.5},
		{"unread", barInk, accent, 4.5},
		{"stop", barInk, stopRed, 4.5},
		{"stop under the pointer", barInk, stopLow, 4.5},
		{"connected", liveDot, barFill, 3},
		{"lost", lostDot, barFill, 3},
		{"connected in a notice", inkSoft, noticeFill, 4.5},
		{"connected's dot", noticeDot, noticeFill, 3},
		{"lost in a notice", inkSoft, warnFill, 4.5},
		{"nobody's dot", inkSoft, quote, 3},
	} {
		if got := contrast(c.ink, c.on); got < c.atLeast {
			t.Errorf("%s: contrast %.2f, want %v", c.name, got, c.atLeast)
		}
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		w, h int
		dpi  float64
		want float64
	}{
		{800, 600, 96, 1}, {1920, 1080, 96, 1}, {3840, 2160, 96, 2}, {1920, 1080, 192, 2},
		{1920, 1080, 0, 1}, {1920, 1080, 9999, 1}, {1080, 1920, 96, 1}, {16000, 9000, 0, 4},
	} {
		if got := Scale(c.w, c.h, c.dpi); got != c.want {
			t.Errorf("Scale(%d, %d, %v) = %v, want %v", c.w, c.h, c.dpi, got, c.want)
		}
	}
}
