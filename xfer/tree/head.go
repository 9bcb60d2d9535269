package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Limits of a body.
const (
	MaxPath    = 4096      // bytes of a path, or of where a link leads
	MaxName    = 255       // bytes of an element
	MaxDepth   = 200       // elements of a path
	MaxAttrs   = 32        // extended attributes of a file
	MaxAttr    = 64 << 10  // bytes of their names and values
	MaxExtents = 4096      // stretches of data in a file with holes
	maxHead    = 192 << 10 // bytes of a head
	maxNote    = 16 << 10  // bytes of a note
)

// Kind is what an entry is.
type Kind byte

// The kinds.
const (
	File   Kind = 'f'
	Folder Kind = 'd'
	Link   Kind = 'l'
)

// The flags of a head.
const (
	hasTarget = 1 << iota
	hasOwner
	hasAttrs
	hasExtents
	hasHash
	allFlags = 1<<iota - 1
)

// Head is all of an entry but a file's bytes.
type Head struct {
	Kind    Kind
	Path    string // relative to the tree's top; "" is the top
	Size    int64  // bytes of a file
	Mode    uint16 // permissions, nine bits
	ModTime time.Time
	Target  string   // of a link
	Owner   *Owner   // nil: not said
	Attrs   []Attr   // extended attributes
	Holes   bool     // the file has holes, and Extents are what it holds
	Extents []Extent // in their order
	Hash    *[32]byte
}

// Owner is who owns a file, by number.
type Owner struct{ User, Group uint32 }

// Attr is an extended attribute of the kind that users set.
type Attr struct {
	Name  string // without "user."
	Value []byte
}

// Extent is a stretch of a file that holds data.
type Extent struct{ Offset, Length int64 }

// Name gives the last element of the path.
func (h *Head) Name() string { return h.Path[strings.LastIndexByte(h.Path, '/')+1:] }

// Bytes gives how many bytes of a file are in the body.
func (h *Head) Bytes() (n int64) {
	if h.Kind != File {
		return 0
	}
	if !h.Holes {
		return h.Size
	}
	for _, e := range h.Extents {
		n += e.Length
	}
	return n
}

// Stretches gives what of the file is in the body, in its order.
func (h *Head) Stretches() []Extent {
	if h.Holes {
		return h.Extents
	}
	return []Extent{{0, h.Size}}
}

// Seed gives what is hashed before a file's bytes: nothing but where it has
// holes.
func (h *Head) Seed() []byte {
	if !h.Holes {
		return nil
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(h.Size))
	for _, e := range h.Extents {
		b = binary.BigEndian.AppendUint64(b, uint64(e.Offset))
		b = binary.BigEndian.AppendUint64(b, uint64(e.Length))
	}
	return b
}

// CheckPath refuses what is no path in a tree.
func CheckPath(path string) error {
	if path == "" {
		return nil
	}
	if len(path) > MaxPath {
		return fmt.Errorf("a path of %d bytes is longer than %d", len(path), MaxPath)
	}
	depth := 0
	for e := range strings.SplitSeq(path, "/") {
		if e == "" || e == "." || e == ".." || len(e) > MaxName || strings.IndexByte(e, 0) >= 0 {
			return fmt.Errorf("%.100q is no path in a tree", path)
		}
		depth++
	}
	if depth > MaxDepth {
		return fmt.Errorf("a path of %d folders is deeper than %d", depth, MaxDepth)
	}
	return nil
}

// Compare orders paths as a body has them: a folder, what is in it, then what
// comes after it.
func Compare(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return rank(a[i]) - rank(b[i])
		}
	}
	return len(a) - len(b)
}

// rank puts the slash before every byte of a name.
func rank(c byte) int {
	if c == '/' {
		return -1
	}
	return int(c)
}

// Inside reports whether a link at path, saying target, leads to a place in the
// tree, whatever other links are in it that do.
func Inside(path, target string) bool {
	if target == "" || target[0] == '/' || strings.IndexByte(target, 0) >= 0 {
		return false
	}
	depth, named := strings.Count(path, "/"), false
	for e := range strings.SplitSeq(target, "/") {
		switch e {
		case "", ".":
		case "..":
			if depth--; named || depth < 0 {
				return false
			}
		default:
			named = true
		}
	}
	return true
}

// check refuses a head that cannot be meant.
func (h *Head) check() error {
	if err := CheckPath(h.Path); err != nil {
		return err
	}
	switch {
	case h.Kind != File && h.Kind != Folder && h.Kind != Link:
		return fmt.Errorf("%q is no kind of entry", byte(h.Kind))
	case h.Path == "" && h.Kind != Folder:
		return errors.New("the top of a tree is a folder")
	case h.Kind != File && (h.Size != 0 || h.Holes || h.Hash != nil):
		return fmt.Errorf("%.100q is no file and has bytes", h.Path)
	case (h.Kind == Link) != (h.Target != ""):
		return fmt.Errorf("%.100q: a link, and nothing else, leads somewhere", h.Path)
	case h.Mode > 0o777:
		return fmt.Errorf("%#o is no permission", h.Mode)
	}
	return h.checkExtents()
}

func (h *Head) checkExtents() error {
	end := int64(0)
	for i, e := range h.Extents {
		if e.Length <= 0 || e.Offset < end || i > 0 && e.Offset == end || e.Offset > h.Size-e.Length {
			return fmt.Errorf("the extents of %.100q are in no order", h.Path)
		}
		end = e.Offset + e.Length
	}
	return nil
}

// append writes the head behind b.
func (h *Head) append(b []byte) []byte {
	flags := uint64(0)
	for i, there := range []bool{h.Target != "", h.Owner != nil, len(h.Attrs) > 0, h.Holes, h.Hash != nil} {
		if there {
			flags |= 1 << i
		}
	}
	b = append(b, byte(h.Kind))
	b = binary.AppendUvarint(b, flags)
	b = appendText(b, h.Path)
	b = binary.AppendUvarint(b, uint64(h.Size))
	b = binary.AppendUvarint(b, uint64(h.Mode))
	b = binary.AppendVarint(b, h.ModTime.Unix())
	b = binary.AppendUvarint(b, uint64(h.ModTime.Nanosecond()))
	if h.Target != "" {
		b = appendText(b, h.Target)
	}
	if h.Owner != nil {
		b = binary.AppendUvarint(b, uint64(h.Owner.User))
		b = binary.AppendUvarint(b, uint64(h.Owner.Group))
	}
	if len(h.Attrs) > 0 {
		b = h.appendAttrs(b)
	}
	if h.Holes {
		b = h.appendExtents(b)
	}
	if h.Hash != nil {
		b = append(b, h.Hash[:]...)
	}
	return b
}

func (h *Head) appendAttrs(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(h.Attrs)))
	for _, a := range h.Attrs {
		b = appendText(b, a.Name)
		b = appendText(b, string(a.Value))
	}
	return b
}

func (h *Head) appendExtents(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(h.Extents)))
	end := int64(0)
	for _, e := range h.Extents {
		b = binary.AppendUvarint(b, uint64(e.Offset-end))
		b = binary.AppendUvarint(b, uint64(e.Length))
		end = e.Offset + e.Length
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// parse reads a head that is all of b.
func parse(b []byte) (*Head, error) {
	h, c := new(Head), &cursor{b: b}
	h.Kind = Kind(c.byte())
	flags := c.number(allFlags)
	h.Path = c.text(MaxPath)
	h.Size = int64(c.number(math.MaxInt64))
	h.Mode = uint16(c.number(0o777))
	h.ModTime = c.time()
	if flags&hasTarget != 0 {
		h.Target = c.text(MaxPath)
	}
	if flags&hasOwner != 0 {
		h.Owner = &Owner{uint32(c.number(math.MaxUint32)), uint32(c.number(math.MaxUint32))}
	}
	if flags&hasAttrs != 0 {
		h.Attrs = c.attrs()
	}
	if h.Holes = flags&hasExtents != 0; h.Holes {
		h.Extents = c.extents()
	}
	if flags&hasHash != 0 {
		h.Hash = (*[32]byte)([]byte(c.take(32)))
	}
	if c.bad || len(c.b) > 0 {
		return nil, errors.New("a head of an entry is not in its form")
	}
	return h, h.check()
}

// cursor reads what append wrote. After a mistake everything it gives is zero.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() {
	c.b, c.bad = nil, true
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.fail()
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) number(most uint64) uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || v > most {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

// take gives the next n bytes as they are, or as many zeros.
func (c *cursor) take(n int) string {
	if n > len(c.b) {
		c.fail()
		return string(make([]byte, n))
	}
	v := string(c.b[:n])
	c.b = c.b[n:]
	return v
}

func (c *cursor) text(most int) string {
	n := int(c.number(uint64(most)))
	if n > len(c.b) {
		c.fail()
		return ""
	}
	return c.take(n)
}

// time reads a time that RFC 3339 can write.
func (c *cursor) time() time.Time {
	sec, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail()
		return time.Time{}
	}
	c.b = c.b[n:]
	t := time.Unix(sec, int64(c.number(999_999_999))).UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		c.fail()
	}
	return t
}

func (c *cursor) attrs() (list []Attr) {
	total := 0
	for range c.number(MaxAttrs) {
		a := Attr{Name: c.text(MaxName), Value: []byte(c.text(MaxAttr))}
		if total += len(a.Name) + len(a.Value); total > MaxAttr || a.Name == "" || strings.IndexByte(a.Name, 0) >= 0 {
			c.fail()
			return nil
		}
		list = append(list, a)
	}
	return list
}

func (c *cursor) extents() (list []Extent) {
	end := int64(0)
	for range c.number(MaxExtents) {
		e := Extent{end + int64(c.number(math.MaxInt64/4)), int64(c.number(math.MaxInt64 / 4))}
		if c.bad || e.Offset < 0 || e.Offset > math.MaxInt64/2 {
			c.fail()
			return nil
		}
		end = e.Offset + e.Length
		list = append(list, e)
	}
	return list
}
