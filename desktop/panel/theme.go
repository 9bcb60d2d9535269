package panel

import (
	"image/color"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
)

// The colours. Text has a contrast of at least 4.5 to what it stands on; a
// test computes it.
var (
	white    = rgb(0xffffff)
	ink      = rgb(0x1a1f26)
	inkSoft  = rgb(0x535c68)
	inkOff   = rgb(0x69717d) // on a button that does not work yet
	hairline = rgb(0xdde1e7)
	outline  = rgb(0xaeb6c2)
	footer   = rgb(0xf5f6f8)
	quote    = rgb(0xf5f6f8)
	accent   = rgb(0x1d5fc4)
	pressed  = rgb(0x17407f)
	offFill  = rgb(0xe9ebef)
	warnFill = rgb(0xfff3d1)
	warnLine = rgb(0xe0b040)
	warnInk  = rgb(0x6a4a00)
	stopRed  = rgb(0xc1291c)
	stopLow  = rgb(0x8f1d13)

	barFill   = rgb(0x1d232c)
	barLine   = rgb(0x3b4452)
	barInk    = rgb(0xffffff)
	barSoft   = rgb(0xc3cad4)
	barButton = rgb(0x38414f)
	barLow    = rgb(0x566274)
	liveDot   = rgb(0x4cc38a)
	lostDot   = rgb(0xf0b429)

	noticeFill = rgb(0xe7f6ee)
	noticeLine = rgb(0x8fd0ae)
	noticeDot  = rgb(0x1c7a4b)
)

// BorderColour is that of the frame around a screen that is being seen.
var BorderColour = rgb(0xe5484d)

func rgb(v uint32) color.RGBA {
	return color.RGBA{byte(v >> 16), byte(v >> 8), byte(v), 0xff}
}

// role is a use of type.
type role int

const (
	roleName   role = iota // who asks
	roleTitle              // headings
	roleBody               //
	roleStrong             //
	roleSmall              //
	roleButton             //
	roleDigit              //
	roleSpelt              // what is read out
	roleFine               // the same, where it is long
	roleBar                //
	roleBarName
	roleCount
)

// types gives the font and size of each role, in pixels at scale 1.
var types = [roleCount]struct {
	ttf  func() *sfnt.Font
	size float64
}{
	roleName:    {bold, 23},
	roleTitle:   {medium, 14},
	roleBody:    {regular, 15},
	roleStrong:  {medium, 15},
	roleSmall:   {regular, 13},
	roleButton:  {medium, 15},
	roleDigit:   {mono, 26},
	roleSpelt:   {mono, 23},
	roleFine:    {mono, 16},
	roleBar:     {regular, 13},
	roleBarName: {bold, 13.5},
}

// The fonts, parsed once. They are part of the program and cannot fail.
var (
	regular = sync.OnceValue(func() *sfnt.Font { return parse(goregular.TTF) })
	medium  = sync.OnceValue(func() *sfnt.Font { return parse(gomedium.TTF) })
	bold    = sync.OnceValue(func() *sfnt.Font { return parse(gobold.TTF) })
	mono    = sync.OnceValue(func() *sfnt.Font { return parse(gomono.TTF) })
)

func parse(ttf []byte) *sfnt.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err)
	}
	return f
}

// style is the theme at one scale. It is not for two goroutines at once.
type style struct {
	scale float64
	faces [roleCount]font.Face
	buf   sfnt.Buffer
}

func newStyle(scale float64) *style { return &style{scale: scale} }

// px turns pixels at scale 1 into those of the style.
func (s *style) px(v float64) int { return int(math.Round(v * s.scale)) }

func (s *style) face(r role) font.Face {
	if s.faces[r] == nil {
		f, err := opentype.NewFace(types[r].ttf(), &opentype.FaceOptions{
			Size: types[r].size * s.scale, DPI: 72, Hinting: font.HintingNone,
		})
		if err != nil {
			panic(err) // of options alone, which are ours
		}
		s.faces[r] = f
	}
	return s.faces[r]
}

// lineHeight gives the distance between lines.
func (s *style) lineHeight(r role) int { return s.px(types[r].size * 1.38) }

// Scale gives the scale for a screen of w by h pixels with so many dots an
// inch, 0 if unknown: what is readable on a large screen of many pixels is
// not on a small one of few.
func Scale(w, h int, dpi float64) float64 {
	scale := float64(min(h, w*9/16)) / 1080
	if dpi >= 72 && dpi <= 480 {
		scale = max(scale, dpi/96)
	}
	return min(max(scale, 1), 4)
}
