package rfb

// The flags of a fence. A fence with FenceRequest is to be sent back without it,
// with the flags that were obeyed: FenceBefore after all that came before it was
// dealt with, FenceAfter before anything after it, FenceNext in one with the
// message that follows.
const (
	FenceBefore  = 1 << 0
	FenceAfter   = 1 << 1
	FenceNext    = 1 << 2
	FenceRequest = 1 << 31
)

// Fence tells where in the stream the other side has come.
type Fence struct {
	Flags   uint32
	Payload string // at most MaxFence bytes, sent back as they are
}

// Append appends the message.
func (m Fence) Append(dst []byte) []byte {
	dst = be.AppendUint32(append(dst, typeFence, 0, 0, 0), m.Flags)
	return append(append(dst, byte(len(m.Payload))), m.Payload...)
}

func readFence(r *Reader) (m Fence) {
	r.pad(3)
	m.Flags = r.u32()
	n := int(r.u8())
	if n > MaxFence {
		r.fail("payload of %d bytes: at most %d", n, MaxFence)
		return m
	}
	m.Payload = r.text(n)
	return m
}

// Answer gives the fence to send back for m, which has FenceRequest, once what
// the flags say has been done.
func (m Fence) Answer() Fence {
	return Fence{Flags: m.Flags & (FenceBefore | FenceAfter | FenceNext), Payload: m.Payload}
}
