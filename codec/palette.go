package codec

// palette numbers the colours of a rectangle in the order they are met.
type palette struct {
	colours []uint32
	slots   [paletteSlots]slot
}

const (
	maxPalette   = 256
	paletteSlots = 1024 // a power of two, at most a quarter full
)

type slot struct {
	colour uint32
	number int32 // one more than the index, 0 if free
}

// reset takes all colours out.
func (p *palette) reset() {
	if cap(p.colours) == 0 {
		p.colours = make([]uint32, 0, maxPalette)
	}
	p.colours = p.colours[:0]
	clear(p.slots[:])
}

// find gives the slot where colour is or would be.
func (p *palette) find(colour uint32) *slot {
	i := colour * 0x9e3779b1 >> 22
	for p.slots[i].number != 0 && p.slots[i].colour != colour {
		i = (i + 1) % paletteSlots
	}
	return &p.slots[i]
}

// add makes sure that colour has an index, unless that would be limit or more.
func (p *palette) add(colour uint32, limit int) bool {
	s := p.find(colour)
	if s.number != 0 {
		return true
	}
	if len(p.colours) == min(limit, maxPalette) {
		return false
	}
	p.colours = append(p.colours, colour)
	*s = slot{colour, int32(len(p.colours))}
	return true
}

// index gives the index of a colour that was added.
func (p *palette) index(colour uint32) byte { return byte(p.find(colour).number - 1) }
