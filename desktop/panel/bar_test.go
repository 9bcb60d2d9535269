package panel

import (
	"image"
	"reflect"
	"testing"

	"deskside"
	"deskside/desktop"
)

func click(b *Bar, r image.Rectangle) []desktop.BarAction {
	x, y := (r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2
	b.Handle(Input{Kind: PointerMove, X: x, Y: y})
	b.Handle(Input{Kind: PointerDown, X: x, Y: y})
	actions, _ := b.Handle(Input{Kind: PointerUp, X: x, Y: y})
	return actions
}

func TestBarButtons(t *testing.T) {
	list := entries(3)
	b := NewBar(list, 1280, 720, 1)
	for _, e := range list {
		for _, verb := range []desktop.BarVerb{desktop.BarStop, desktop.BarChat} {
			want := desktop.BarAction{Session: e.Session, Do: verb}
			if got := click(b, b.Button(want)); !reflect.DeepEqual(got, []desktop.BarAction{want}) {
				t.Errorf("clicked %+v, got %+v", want, got)
			}
		}
	}
	stop := b.Button(desktop.BarAction{Session: list[0].Session}).Min
	chat := b.Button(desktop.BarAction{Session: list[0].Session, Do: desktop.BarChat}).Min
	b.Handle(Input{Kind: PointerDown, X: stop.X + 2, Y: stop.Y + 2})
	if got, _ := b.Handle(Input{Kind: PointerUp, X: chat.X + 2, Y: chat.Y + 2}); got != nil {
		t.Errorf("released on another button, got %+v", got)
	}
	if got, _ := b.Handle(Input{Kind: PointerUp, X: stop.X + 2, Y: stop.Y + 2}); got != nil {
		t.Errorf("released without a press, got %+v", got)
	}
}

func TestBarMoves(t *testing.T) {
	b := NewBar(entries(1), 1280, 720, 1)
	if _, move := b.Handle(Input{Kind: PointerMove, X: 60, Y: 5}); move != 0 {
		t.Errorf("moved by %d without being held", move)
	}
	b.Handle(Input{Kind: PointerDown, X: 50, Y: 5})
	if _, move := b.Handle(Input{Kind: PointerMove, X: 80, Y: 9}); move != 30 {
		t.Errorf("moved by %d, want 30", move)
	}
	b.Handle(Input{Kind: PointerUp, X: 50, Y: 5})
	if _, move := b.Handle(Input{Kind: PointerMove, X: 10, Y: 5}); move != 0 {
		t.Errorf("moved by %d after being let go", move)
	}
}

func TestBarWithoutChat(t *testing.T) {
	list := entries(3)
	list[0].Rights = deskside.RightsOf(deskside.View)
	list[1].State = deskside.Suspended
	list[2].NoChat = true
	b := NewBar(list, 1280, 720, 1)
	for _, e := range list {
		if r := b.Button(desktop.BarAction{Session: e.Session, Do: desktop.BarChat}); !r.Empty() {
			t.Errorf("session %v has a Chat button at %v", e.Session, r)
		}
		if r := b.Button(desktop.BarAction{Session: e.Session}); r.Empty() {
			t.Errorf("session %v has no Stop button", e.Session)
		}
	}
}

func TestBarOfManySessionsStopsAll(t *testing.T) {
	list := entries(40)
	b := NewBar(list, 800, 600, 1)
	if w, h, _ := b.Size(); w > 800 || h > 300 {
		t.Errorf("the bar has %dx%d pixels", w, h)
	}
	stopped := map[deskside.SessionID]bool{}
	for _, k := range b.keys {
		for _, a := range click(b, k.rect) {
			if a.Do == desktop.BarStop {
				stopped[a.Session] = true
			}
		}
	}
	if len(stopped) != len(list) {
		t.Errorf("%d of %d sessions can be stopped", len(stopped), len(list))
	}
}

func TestBarKeepsNamesInTheirPlace(t *testing.T) {
	for name, q := range questions() {
		for _, w := range []int{320, 800, 3840} {
			e := entries(1)[0]
			e.Operator, e.State = q.Operator, deskside.Suspended
			b := NewBar([]desktop.BarEntry{e}, w, 600, Scale(w, 600, 0))
			r := b.rows[0]
			wide := b.style.width(roleBarName, r.name) + b.style.px(10) + b.style.width(roleBar, r.state)
			if wide > r.rect.Dx() || r.rect.Max.X > b.keys[0].rect.Min.X || b.size.X > w {
				t.Errorf("%s on %d: %q and %q are %d pixels wide in %v, the button is at %v", name, w, r.name, r.state, wide, r.rect, b.keys[0].rect)
			}
			if r.state == "" || r.name == "" {
				t.Errorf("%s on %d: name %q, state %q", name, w, r.name, r.state)
			}
		}
	}
}

func TestBarKeepsAPressThroughAChange(t *testing.T) {
	list := entries(2)
	b := NewBar(list, 1280, 720, 1)
	want := desktop.BarAction{Session: list[1].Session}
	at := b.Button(want).Min
	b.Handle(Input{Kind: PointerDown, X: at.X + 2, Y: at.Y + 2})
	list[0].Unread = 1
	after := NewBar(list, 1280, 720, 1)
	after.Keep(b)
	if got, _ := after.Handle(Input{Kind: PointerUp, X: at.X + 2, Y: at.Y + 2}); !reflect.DeepEqual(got, []desktop.BarAction{want}) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	b.Handle(Input{Kind: PointerDown, X: at.X + 2, Y: at.Y + 2})
	gone := NewBar(list[:1], 1280, 720, 1)
	gone.Keep(b)
	if got, _ := gone.Handle(Input{Kind: PointerUp, X: at.X + 2, Y: 5}); got != nil {
		t.Errorf("a press on a session that is gone gave %+v", got)
	}
}

// TestBarCopies has copies below their sessions: as many as have room, and a way
// to stop each that still goes on.
func TestBarCopies(t *testing.T) {
	list := entries(2)
	list[0].Copies = []desktop.Copy{
		{ID: 1, In: true, Name: "report.pdf", Done: 34, Size: 100},
		{ID: 2, Name: "photos", Files: 312},
		{ID: 3, In: true, Name: "x", Ended: true},
		{ID: 4, In: true, Name: "y", Size: 5},
	}
	list[1].Copies = []desktop.Copy{{ID: 5, Name: "z\u202e", Ended: true, Failed: true}}
	b := NewBar(list, 1280, 720, 1)
	var got []string
	for _, r := range b.rows {
		if r.copies {
			got = append(got, r.name+" "+r.state)
		}
	}
	want := []string{
		"report.pdf is copied to this computer — 34 %",
		"photos is copied from this computer — 312 files",
		"2 more files and folders are being copied",
		"z[U+202E] was not copied from this computer",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, id := range []uint64{1, 2, 4} {
		want := desktop.BarAction{Session: list[0].Session, Do: desktop.BarStopCopy, Copy: id}
		if got := click(b, b.Button(want)); !reflect.DeepEqual(got, []desktop.BarAction{want}) {
			t.Errorf("pressed the one of %d, got %+v", id, got)
		}
	}
	if len(b.keys) != 2*2+3 {
		t.Errorf("%d buttons", len(b.keys))
	}
	many := entries(40)
	many[0].Copies = list[0].Copies
	if w, h, _ := NewBar(many, 800, 600, 1).Size(); w > 800 || h > 300 {
		t.Errorf("with too many sessions it has %dx%d pixels", w, h)
	}
}
