package xvfb_test

import (
	"strings"
	"testing"

	"deskside/internal/xvfb"
)

func TestStart(t *testing.T) {
	a := xvfb.Start(t, "640x480x24")
	b := xvfb.Start(t, "320x200x16")
	if a == b {
		t.Fatalf("two servers share display %s", a)
	}
	if got := xvfb.Run(t, b, "xdpyinfo"); !strings.Contains(got, "320x200 pixels") {
		t.Errorf("xdpyinfo on %s has no size 320x200:\n%s", b, got)
	}
}
