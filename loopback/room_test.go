package loopback

import (
	"slices"
	"testing"
)

func TestWindowsKeepToTheRoom(t *testing.T) {
	for name, c := range map[string]struct {
		room     Room
		page     []string
		terminal string
	}{
		"below a bar": {
			Room{X: 0, Y: 42, W: 1280, H: 758},
			[]string{"--window-size=460,680", "--window-position=804,82"}, "+16+82",
		},
		"a low screen": {
			Room{X: 0, Y: 42, W: 800, H: 558},
			[]string{"--window-size=460,502", "--window-position=324,82"}, "+16+82",
		},
		"a narrow one": {
			Room{X: 0, Y: 42, W: 320, H: 758},
			[]string{"--window-size=288,680", "--window-position=16,82"}, "+16+82",
		},
		"the right one of two": {
			Room{X: 1920, Y: 42, W: 1280, H: 982},
			[]string{"--window-size=460,680", "--window-position=2724,82"}, "+1936+82",
		},
		"twice as large": {
			Room{X: 0, Y: 84, W: 3840, H: 2076, Scale: 2},
			[]string{"--window-size=460,680", "--window-position=1444,82", "--force-device-scale-factor=2"}, "+32+164",
		},
	} {
		d := Desk{Room: func() Room { return c.room }}
		if got := d.place(); !slices.Equal(got, c.page) {
			t.Errorf("%s: a page at %q, want %q", name, got, c.page)
		}
		if got := c.room.terminal(); got != c.terminal {
			t.Errorf("%s: a terminal at %q, want %q", name, got, c.terminal)
		}
	}
	for _, room := range []func() Room{nil, func() Room { return Room{} }} {
		if got := (Desk{W: 1280, H: 800, Room: room}).place(); !slices.Equal(got, []string{"--window-size=1280,800"}) {
			t.Errorf("without a room: %q", got)
		}
	}
}
