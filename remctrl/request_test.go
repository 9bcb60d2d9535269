package remctrl

import (
	"testing"

	"deskside/raster"
	"deskside/rfb"
)

// A viewer that asks for ever more places does not make the agent remember
// ever more of them.
func TestRequestsAreBounded(t *testing.T) {
	v := &viewer{}
	want := raster.Region{}
	for i := range 5000 {
		r := raster.XYWH(i*37%4093*16, i*53%4091*16, 1, 1)
		want.Add(r)
		v.request(rfb.FramebufferUpdateRequest{Rect: r})
	}
	force := &v.asked.force
	if n := len(force.Rects()); n > maxChanged {
		t.Errorf("%d rectangles wait, want at most %d", n, maxChanged)
	}
	if want.SubtractRegion(force); !want.Empty() {
		t.Errorf("%d pixels that were asked for are forgotten", want.Area())
	}
}

// A viewer that joins when the screen is lost already does not wait for a
// picture that never comes.
func TestJoinAfterLoss(t *testing.T) {
	s := &source{viewers: make(map[*viewer]bool), joined: make(chan struct{}, 1)}
	s.lose()
	v := &viewer{gone: make(chan struct{})}
	s.join(v)
	select {
	case <-v.gone:
	default:
		t.Error("the viewer was not ended")
	}
}

// A name is the session's own: nobody steers another's viewer.
func TestNamesAreOfASession(t *testing.T) {
	mine, other := &viewer{name: "a", session: [8]byte{1}}, &viewer{name: "a", session: [8]byte{2}}
	unnamed := &viewer{session: [8]byte{1}}
	s := &Service{viewers: map[*viewer]bool{mine: true, other: true, unnamed: true}}
	if list := s.named([8]byte{1}, "a"); len(list) != 1 || list[0] != mine {
		t.Errorf("%d viewers are steered, want the session's own alone", len(list))
	}
}
