package link

import "testing"

func TestColours(t *testing.T) {
	for _, c := range []struct {
		mask        uint32
		pixel       uint32
		value, back byte
	}{
		{0xff0000, 0x7f0000, 0x7f, 0x7f},
		{0xf800, 0xf800, 0xff, 0xff},
		{0xf800, 0x0800, 0x08, 0x08},
		{0x07e0, 0x0400, 0x82, 0x82},
		{0x3ff00000, 0x3ff00000, 0xff, 0xff},
		{0x3ff00000, 0x20000000, 0x80, 0x80},
		{0x7, 0x7, 0xff, 0xff},
	} {
		ch := channelOf(c.mask)
		if got := ch.value(c.pixel); got != c.value {
			t.Errorf("mask %#x: pixel %#x is %#x, want %#x", c.mask, c.pixel, got, c.value)
		}
		if got := ch.value(ch.put8(c.value)); got != c.back {
			t.Errorf("mask %#x: %#x comes back as %#x", c.mask, c.value, got)
		}
	}
}
