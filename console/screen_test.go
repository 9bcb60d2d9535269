package console_test

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"

	"deskside"
	"deskside/console"
	"deskside/remctrl"
)

// screen is an RFB 3.8 server of a still picture that notes what it is told.
// It knows Raw alone, and no extension; the real one is tried in the end to
// end test.
type screen struct {
	picture *image.RGBA

	mu      sync.Mutex
	screens []remctrl.Screen
	keys    []string // "down 61", "up 61"
	pointer [3]int
	cut     string  // the clipboard text that was sent
	asked   []int32 // the encodings asked for last
	lenses  []*lens
	rigid   bool // streams cannot be steered
}

// lens is one viewer's stream. What it shows is guarded by the screen's mu.
type lens struct {
	net.Conn
	b    image.Rectangle // of the picture
	view console.View
}

func newScreen() *screen {
	p := image.NewRGBA(image.Rect(0, 0, 1024, 640))
	draw.Draw(p, p.Bounds(), image.NewUniform(color.RGBA{38, 70, 83, 255}), image.Point{}, draw.Src)
	draw.Draw(p, image.Rect(120, 80, 700, 460), image.NewUniform(color.RGBA{250, 250, 250, 255}), image.Point{}, draw.Src)
	draw.Draw(p, image.Rect(120, 80, 700, 108), image.NewUniform(color.RGBA{42, 157, 143, 255}), image.Point{}, draw.Src)
	return &screen{picture: p, screens: []remctrl.Screen{{ID: 65, Name: "screen", W: 1024, H: 640, Primary: true}}}
}

// setScreens gives the machine other screens within the picture.
func (s *screen) setScreens(list ...remctrl.Screen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.screens = list
}

func (s *screen) list() remctrl.Screens {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.picture.Bounds()
	return remctrl.Screens{W: b.Dx(), H: b.Dy(), Screens: s.screens}
}

// part gives what the choice of a screen shows.
func (s *screen) part(id string) (image.Rectangle, bool) {
	for _, m := range s.list().Screens {
		if strconv.Itoa(int(m.ID)) == id {
			return image.Rect(m.X, m.Y, m.X+m.W, m.Y+m.H), true
		}
	}
	return s.picture.Bounds(), id == ""
}

// drop cuts every viewer off.
func (s *screen) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lenses {
		l.Close()
	}
	s.lenses = nil
}

// cutText sends clipboard text to every viewer.
func (s *screen) cutText(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	msg := binary.BigEndian.AppendUint32([]byte{3, 0, 0, 0}, uint32(len(text)))
	for _, l := range s.lenses {
		l.Write(append(msg, text...))
	}
}

func (s *screen) pressed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.keys...)
}

func (s *screen) told() (cut string, encodings []int32, pointer [3]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut, append([]int32(nil), s.asked...), s.pointer
}

// steer makes the viewer of that name show something else.
func (s *screen) steer(v console.View) error {
	b, ok := s.part(v.Screen)
	if !ok {
		return deskside.Errorf(deskside.CodeNotFound, "no screen %s", v.Screen).From(deskside.ByAgent)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lenses {
		if l.view.Name != v.Name || s.rigid {
			continue
		}
		l.view = v
		if l.b == b {
			return nil
		}
		l.b = b
		return s.update(l, true)
	}
	return deskside.Errorf(deskside.CodeNotFound, "no viewer %s", v.Name).From(deskside.ByAgent)
}

// views gives what each viewer shows, the newest last; no more is steered from
// now on if rigid.
func (s *screen) views(rigid bool) (list []console.View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rigid = rigid
	for _, l := range s.lenses {
		list = append(list, l.view)
	}
	return list
}

// serve shows what the viewer chose of the picture.
func (s *screen) serve(c *lens) {
	defer c.Close()
	b := c.b
	io.WriteString(c, "RFB 003.008\n")
	io.CopyN(io.Discard, c, 12)
	c.Write([]byte{1, 1})
	io.CopyN(io.Discard, c, 1)
	c.Write([]byte{0, 0, 0, 0})
	io.CopyN(io.Discard, c, 1)
	hello := binary.BigEndian.AppendUint16(nil, uint16(b.Dx()))
	hello = binary.BigEndian.AppendUint16(hello, uint16(b.Dy()))
	hello = append(hello, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0)
	hello = binary.BigEndian.AppendUint32(hello, 4)
	if _, err := c.Write(append(hello, "Test"...)); err != nil {
		return
	}
	s.mu.Lock()
	s.lenses = append(s.lenses, c)
	s.mu.Unlock()
	for s.message(c) == nil {
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lenses = slices.DeleteFunc(s.lenses, func(l *lens) bool { return l == c })
}

// message takes one message from a viewer.
func (s *screen) message(c *lens) error {
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(c, b); err != nil {
			return nil
		}
		return b
	}
	kind := read(1)
	if kind == nil {
		return io.EOF
	}
	switch kind[0] {
	case 0:
		read(19)
	case 2:
		head := read(3)
		if head == nil {
			return io.EOF
		}
		list := make([]int32, binary.BigEndian.Uint16(head[1:]))
		binary.Read(c, binary.BigEndian, list)
		s.mu.Lock()
		s.asked = list
		s.mu.Unlock()
	case 3:
		head := read(9)
		if head != nil && head[0] == 0 {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.update(c, false)
		}
	case 4:
		if k := read(7); k != nil {
			s.mu.Lock()
			s.keys = append(s.keys, fmt.Sprintf("%s %x", map[byte]string{0: "up", 1: "down"}[k[0]], binary.BigEndian.Uint32(k[3:])))
			s.mu.Unlock()
		}
	case 5:
		if p := read(5); p != nil {
			s.mu.Lock()
			s.pointer = [3]int{int(binary.BigEndian.Uint16(p[1:])), int(binary.BigEndian.Uint16(p[3:])), int(p[0])}
			s.mu.Unlock()
		}
	case 6:
		if head := read(7); head != nil {
			text := read(int(binary.BigEndian.Uint32(head[3:])))
			s.mu.Lock()
			s.cut = string(text)
			s.mu.Unlock()
		}
	default:
		return fmt.Errorf("message %d", kind[0])
	}
	return nil
}

// update sends the viewer's part of the picture whole, once for each request
// that is not incremental, and with its size where that is another. The screen's
// mu is held.
func (s *screen) update(c *lens, resized bool) error {
	rect := func(msg []byte, encoding int32) []byte {
		msg = append(msg, 0, 0, 0, 0)
		msg = binary.BigEndian.AppendUint16(msg, uint16(c.b.Dx()))
		msg = binary.BigEndian.AppendUint16(msg, uint16(c.b.Dy()))
		return binary.BigEndian.AppendUint32(msg, uint32(encoding))
	}
	msg := []byte{0, 0, 0, 1}
	if resized {
		msg = rect([]byte{0, 0, 0, 2}, desktopSize)
	}
	msg = rect(msg, 0)
	// noVNC asks for red in the lowest byte.
	for y := c.b.Min.Y; y < c.b.Max.Y; y++ {
		msg = append(msg, s.picture.Pix[s.picture.PixOffset(c.b.Min.X, y):s.picture.PixOffset(c.b.Max.X, y)]...)
	}
	_, err := c.Write(msg)
	return err
}

const desktopSize = -223
