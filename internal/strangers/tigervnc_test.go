package strangers

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"deskside/desktop"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
	"deskside/transport/transporttest"
)

// TestTigerVNC compares what the window of TigerVNC's viewer shows.
func TestTigerVNC(t *testing.T) {
	transporttest.CheckLeaks(t)
	for name, args := range map[string][]string{
		"32 bits":      {"-FullColor=1"},
		"8 bits":       {"-FullColor=0", "-LowColorLevel=2"},
		"8 bits of 64": {"-FullColor=0", "-LowColorLevel=1"},
		"8 bits of 8":  {"-FullColor=0", "-LowColorLevel=0"},
	} {
		t.Run(name, func(t *testing.T) {
			display := xvfb.Start(t, "400x300x24")
			screen, err := x11.Open(x11.Config{Display: display})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { screen.Close() })
			port, accept := listen(t)
			args := append([]string{
				"-SecurityTypes=None", "-AutoSelect=0", "-PreferredEncoding=Tight", "-RemoteResize=0", "-Shared=1",
				fmt.Sprintf("-geometry=%dx%d+0+0", width, height), fmt.Sprintf("127.0.0.1::%d", port),
			}, args...)
			xvfb.Client(t, display, "xtigervncviewer", args...)
			e := newEasel(t, accept())
			window := find(t, display)
			for _, s := range shots {
				e.mu.Lock()
				format := e.format
				e.mu.Unlock()
				s, ok := s.in(format)
				if !ok {
					continue
				}
				sent, f := e.show(s)
				look(t, screen, window, s, sent, tigerRounding(f.Format))
			}
		})
	}
}

var windowLine = regexp.MustCompile(`"easel - TigerVNC".*\+(\d+)\+(\d+)\n`)

// find waits for the viewer's window and gives its place, which the viewer
// leaves room around as for a frame.
func find(t *testing.T, display string) raster.Rect {
	t.Helper()
	var place []string
	await.True(t, "the viewer's window", func() bool {
		place = windowLine.FindStringSubmatch(xvfb.Run(t, display, "xwininfo", "-root", "-tree"))
		return place != nil
	})
	x, _ := strconv.Atoi(place[1])
	y, _ := strconv.Atoi(place[2])
	return raster.XYWH(x, y, width, height)
}

// look waits until the window shows what was sent.
func look(t *testing.T, screen desktop.Desktop, window raster.Rect, s shot, sent *raster.Image, round func(uint32) uint32) {
	t.Helper()
	var seen raster.Image
	var u desktop.Update
	text := "nothing was seen"
	for end := time.Now().Add(await.Limit); text != ""; {
		ctx, cancel := context.WithDeadline(t.Context(), end)
		err := screen.Next(ctx, &seen, &u)
		cancel()
		if err != nil {
			t.Fatalf("%s: %v: %s", s.name, err, text)
		}
		part := seen.Sub(window)
		text = s.differs(sent, &part, round)
	}
}

// tigerRounding gives what the viewer shows for a pixel: it makes eight bits of
// fewer by rounding down.
func tigerRounding(f raster.Format) func(uint32) uint32 {
	one := func(v uint32, most uint16) uint32 {
		m := uint32(most)
		return (v*m + 127) / 255 * 255 / m
	}
	return func(v uint32) uint32 {
		return one(v>>16&0xff, f.RedMax)<<16 | one(v>>8&0xff, f.GreenMax)<<8 | one(v&0xff, f.BlueMax)
	}
}
