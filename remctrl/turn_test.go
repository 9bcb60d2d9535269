package remctrl

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"deskside/codec"
	"deskside/desktop"
	"deskside/raster"
	"deskside/remctrl/motion"
	"deskside/rfb"
)

// mirror is the other end of a drawing: a client that takes in what was written
// when it is told to.
type mirror struct {
	*rfb.Client
	in      bytes.Buffer
	updates []rfb.FramebufferUpdate
	fences  []string
}

// half is one direction of the conversation and the other's end.
type half struct {
	io.Reader
	io.Writer
}

// watch lets a client that has shaken hands take in all that d writes.
func watch(t *testing.T, d *drawing) *mirror {
	t.Helper()
	m := new(mirror)
	hello, answers := new(bytes.Buffer), new(bytes.Buffer)
	// The client's words do not depend on the server's, so each is written
	// before the other reads.
	hello.WriteString("RFB 003.008\n\x01\x01\x00\x00\x00\x00")
	hello.Write(rfb.ServerInit{W: d.v.view.W(), H: d.v.view.H(), Format: raster.RGB888}.Append(nil))
	var err error
	m.Client, err = rfb.NewClient(half{io.MultiReader(hello, &m.in), answers}, rfb.ClientConfig{OnDemand: true})
	if err != nil {
		t.Fatal(err)
	}
	d.out.copy = &m.in
	return m
}

// read takes in what was written so far.
func (m *mirror) read(t *testing.T) {
	t.Helper()
	m.in.Write(rfb.Bell{}.Append(nil)) // marks the end, which the client may have read already
	for {
		msg, err := m.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch msg := msg.(type) {
		case rfb.FramebufferUpdate:
			m.updates = append(m.updates, msg)
		case rfb.Fence:
			m.fences = append(m.fences, msg.Payload)
		case rfb.Bell:
			return
		}
	}
}

var pushed = []codec.Encoding{
	codec.Tight, codec.CopyRect, rfb.EncodingFence, rfb.EncodingContinuous, rfb.EncodingLastRect, rfb.EncodingCursor,
}

// scrawl fills r with noise.
func scrawl(m *raster.Image, r raster.Rect, rnd *rand.Rand) {
	for y := r.Y0; y < r.Y1; y++ {
		for x := r.X0; x < r.X1; x++ {
			m.Set(x, y, rnd.Uint32()&0xffffff)
		}
	}
}

// TestSmallPassesLarge types a letter while a large picture is half sent, and
// just after it was sent.
func TestSmallPassesLarge(t *testing.T) {
	d := newDrawing(1280, 720, pushed...)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	d.frame(d.v.view)
	m.read(t)

	letter, photo := raster.XYWH(1200, 650, 8, 13), raster.XYWH(0, 0, 1100, 720)
	write := func() {
		scrawl(&d.src.frame, letter, rnd)
		d.v.damage([]raster.Rect{letter}, false, false)
	}
	turn := func() {
		t.Helper()
		if _, err := d.v.flush(d.now); err != nil {
			t.Fatal(err)
		}
		d.v.mu.Lock()
		d.v.pace.Forget()
		d.v.mu.Unlock()
		m.read(t)
	}
	seen := func(what string, want bool) {
		t.Helper()
		if got := raster.Equal(m.Image, &d.src.frame, letter); got != want {
			t.Errorf("%s: the letter was seen: %v", what, got)
		}
	}
	d.now = d.now.Add(time.Second)
	scrawl(&d.src.frame, photo, rnd)
	d.v.damage([]raster.Rect{photo}, false, false)
	turn()
	if d.v.display.dirty.Empty() {
		t.Fatal("the photo was sent at once")
	}
	write()
	seen("before", false)
	turn()
	seen("while the photo is sent", true)
	if d.v.display.dirty.Empty() {
		t.Error("the photo came before the letter")
	}
	write()
	turn() // too soon for another that passes
	seen("at once again", false)
	for !d.v.display.dirty.Empty() {
		turn()
	}
	d.now = d.now.Add(quickInterval)
	turn()
	seen("soon after the photo", true)
	if !raster.Equal(m.Image, &d.src.frame, d.v.view) {
		t.Error("the whole picture is not equal")
	}

	// Both at once, the letter first.
	d.now = d.now.Add(time.Second)
	scrawl(&d.src.frame, photo, rnd)
	d.v.damage([]raster.Rect{photo}, false, false)
	write()
	turn()
	seen("with the photo", true)
	if raster.Equal(m.Image, &d.src.frame, raster.XYWH(0, 0, 10, 10)) {
		t.Error("the photo came with the letter")
	}
}

// TestSmallComesFirst orders the rectangles of an update that was asked for.
func TestSmallComesFirst(t *testing.T) {
	d := newDrawing(640, 480, codec.Tight, rfb.EncodingLastRect)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	d.frame(d.v.view)
	d.v.asked.continuous = false
	m.read(t)
	scrawl(&d.src.frame, raster.XYWH(0, 0, 640, 300), rnd)
	scrawl(&d.src.frame, raster.XYWH(500, 400, 8, 13), rnd)
	before := len(m.updates)
	for range 20 { // each brings as much as there is room for
		d.v.request(rfb.FramebufferUpdateRequest{Incremental: true, Rect: d.v.view})
		d.frame(d.v.view)
		m.read(t)
	}
	first := m.updates[before].Rects
	if len(first) < 2 || first[0].Rect.Y0 < 400 || !raster.Equal(m.Image, &d.src.frame, d.v.view) {
		t.Errorf("the rectangles came as %v", first)
	}
}

// TestNewestWhenThereIsRoom sends the newest picture to a viewer that was behind,
// and no part of it never.
func TestNewestWhenThereIsRoom(t *testing.T) {
	d := newDrawing(1280, 720, pushed...)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	d.frame(d.v.view)
	m.read(t)
	parts := make(map[int]bool)
	for range 60 {
		d.now = d.now.Add(maxAge)
		scrawl(&d.src.frame, d.v.view, rnd)
		d.v.damage([]raster.Rect{d.v.view}, false, false)
		d.v.mu.Lock()
		d.v.pace.Begin(d.now)
		d.v.pace.Sent(16<<20, d.now)
		d.v.mu.Unlock()
		d.v.flush(d.now) // the path is full
		d.v.mu.Lock()
		d.v.pace.Forget()
		d.v.mu.Unlock()
		d.v.flush(d.now) // one part of the newest
		m.read(t)
		for y := 0; y < 720; y += 60 {
			if raster.Equal(m.Image, &d.src.frame, raster.XYWH(0, y, 16, 1)) {
				parts[y] = true
			}
		}
	}
	if len(parts) != 12 {
		t.Errorf("the newest was seen at rows %v only", parts)
	}
}

// TestInStep looks at what changes 60 times a second as often, and no more often
// at what changes all the time.
func TestInStep(t *testing.T) {
	for _, test := range []struct {
		side          int // of what changes
		every, jitter time.Duration
		least, most   int
	}{
		{300, time.Second / 60, 4 * time.Millisecond, 118, 120},
		{300, 2 * time.Millisecond, 0, 110, 127},
		{150, time.Second / 90, 2 * time.Millisecond, 178, 180},
		{150, 2 * time.Millisecond, 0, 170, 191},
	} {
		d := newDrawing(640, 480, pushed...)
		m := watch(t, d)
		rnd := rand.New(rand.NewPCG(1, 2))
		m.read(t)
		box := raster.XYWH(0, 0, test.side, test.side)
		wake := d.now
		for i := range int(2 * time.Second / test.every) {
			at := epoch.Add(time.Duration(i) * test.every)
			if test.jitter > 0 {
				at = at.Add(time.Duration(rnd.Int64N(int64(test.jitter))))
			}
			for ; wake.Before(at); d.now = wake {
				wait, err := d.v.flush(d.now)
				if err != nil {
					t.Fatal(err)
				}
				d.v.mu.Lock()
				d.v.pace.Forget()
				d.v.mu.Unlock()
				wake = d.now.Add(max(wait, time.Microsecond))
			}
			d.now, wake = at, at
			d.src.frame.Fill(box, uint32(i)*77)
			d.v.damage([]raster.Rect{box}, false, false)
			for wait := time.Duration(0); wait <= 0; wake = d.now.Add(wait) {
				wait, _ = d.v.flush(d.now)
			}
		}
		m.read(t)
		if n := len(m.updates); n < test.least || n > test.most {
			t.Errorf("changes every %v: %d updates in two seconds, want %d to %d", test.every, n, test.least, test.most)
		}
	}
}

// TestAllOfOneMoment finishes a picture that is half sent before it takes another,
// as long as it is not old.
func TestAllOfOneMoment(t *testing.T) {
	d := newDrawing(1280, 720, pushed...)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	d.frame(d.v.view)
	scrawl(&d.src.frame, d.v.view, rnd)
	d.v.damage([]raster.Rect{d.v.view}, false, false)
	d.now = d.now.Add(time.Second)
	d.v.flush(d.now)
	first := raster.NewImage(1280, 720)
	first.Copy(&d.src.frame, d.v.view)
	scrawl(&d.src.frame, d.v.view, rnd)
	d.v.damage([]raster.Rect{d.v.view}, false, false)
	for !d.v.display.dirty.Empty() {
		d.now = d.now.Add(time.Millisecond)
		d.v.flush(d.now)
		d.v.mu.Lock()
		d.v.pace.Forget()
		d.v.mu.Unlock()
	}
	m.read(t)
	if !raster.Equal(m.Image, first, d.v.view) {
		t.Error("the picture is of two moments")
	}
}

// TestTurnsInDisorder lets everything come at any time: whatever is sent in
// between, the other end has the picture in the end.
func TestTurnsInDisorder(t *testing.T) {
	copies := 0
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		encodings := pushed
		switch seed % 4 {
		case 1:
			encodings = []codec.Encoding{codec.ZRLE, codec.CopyRect, rfb.EncodingContinuous, rfb.EncodingFence}
		case 2:
			encodings = append([]codec.Encoding{rfb.EncodingQuality0 + 2}, pushed...)
		case 3:
			encodings = pushed[:len(pushed)-1] // the pointer is drawn into the picture
		}
		d := newDrawing(700, 400, encodings...)
		m := watch(t, d)
		canvas := raster.XYWH(0, 0, 700, 400)
		pointer := desktop.Cursor{Image: *raster.NewImage(9, 9)}
		for range 80 {
			disturb(d, rnd, canvas, pointer)
			d.now = d.now.Add(time.Duration(rnd.IntN(30)) * time.Millisecond)
			if _, err := d.v.flush(d.now); err != nil {
				t.Fatal(err)
			}
		}
		d.src.cursor = desktop.Cursor{Hidden: true}
		d.v.setContinuous(rfb.EnableContinuousUpdates{On: true, Rect: canvas})
		for range 20 {
			d.now = d.now.Add(motion.Period)
			d.frame(raster.Rect{})
		}
		m.read(t)
		if !raster.Equal(m.Image, &d.src.frame, canvas) {
			var differs, shadow raster.Region
			raster.Diff(&differs, m.Image, &d.src.frame, canvas)
			raster.Diff(&shadow, &d.v.display.shadow, &d.src.frame, canvas)
			t.Fatalf("seed %d: the picture differs in %v, the shadow in %v", seed, differs.Rects(), shadow.Rects())
		}
		for _, u := range m.updates {
			for _, r := range u.Rects {
				if r.Encoding == codec.CopyRect {
					copies++
				}
			}
		}
	}
	if copies < 10 {
		t.Errorf("only %d copies were sent", copies)
	}
}

// TestMovedOnceInParts lets a page scroll of which much is new, so that the copy
// and what is new go in several updates.
func TestMovedOnceInParts(t *testing.T) {
	d := newDrawing(1280, 720, pushed...)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	scrawl(&d.src.frame, d.v.view, rnd)
	d.frame(d.v.view)
	m.read(t)
	before := len(m.updates)
	d.src.frame.Move(raster.XYWH(50, 200, 1100, 500), 50, 0)
	scrawl(&d.src.frame, raster.XYWH(50, 500, 1100, 220), rnd)
	d.frame(d.v.view)
	m.read(t)
	if !raster.Equal(m.Image, &d.src.frame, d.v.view) {
		t.Error("the picture is not equal")
	}
	if u := m.updates[before:]; len(u) < 2 || u[0].Rects[0].Encoding != codec.CopyRect {
		t.Errorf("%d updates, the first %v", len(u), u[0].Rects)
	}
}

// disturb lets something happen to a viewer.
func disturb(d *drawing, rnd *rand.Rand, canvas raster.Rect, pointer desktop.Cursor) {
	r := raster.XYWH(rnd.IntN(600), rnd.IntN(300), 1+rnd.IntN(500), 1+rnd.IntN(300)).Intersect(canvas)
	changed := []raster.Rect{r}
	switch rnd.IntN(12) {
	case 0:
		d.src.frame.Fill(r, rnd.Uint32()&0xffffff)
	case 1:
		scrawl(&d.src.frame, r, rnd)
	case 2:
		page := raster.XYWH(100, 0, 500, 400)
		d.src.frame.Move(raster.XYWH(100, 23, 500, 377), 100, 0)
		changed[0] = page
	case 3, 4, 5:
		r.X1, r.Y1 = min(r.X0+8, r.X1), min(r.Y0+13, r.Y1)
		scrawl(&d.src.frame, r, rnd)
		changed[0] = r
	case 6:
		x, y := rnd.IntN(canvas.W()-r.W()+1), rnd.IntN(canvas.H()-r.H()+1)
		d.src.frame.Move(r, x, y)
		changed[0] = raster.XYWH(x, y, r.W(), r.H())
	case 7:
		d.v.mu.Lock()
		d.v.pace.Forget()
		d.v.mu.Unlock()
		return
	case 8:
		d.v.request(rfb.FramebufferUpdateRequest{Incremental: rnd.IntN(2) == 0, Rect: r})
		return
	case 9:
		on := rfb.EnableContinuousUpdates{On: rnd.IntN(2) == 0, Rect: canvas}
		if rnd.IntN(3) == 0 {
			on.Rect = r
		}
		d.v.setContinuous(on)
		return
	case 10:
		d.src.cursor = pointer
		d.src.point(rnd.IntN(canvas.W()), rnd.IntN(canvas.H()))
		return
	}
	d.v.damage(changed, false, false)
}
