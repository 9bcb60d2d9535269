package frame

import "time"

// Judge decides for each record whether to pack it, from what packing did to
// those before and how fast the way takes them. The zero Judge is ready.
type Judge struct {
	speed float64 // of packing, bytes a second that go in
	ratio float64 // bytes out for one in, of the last that was packed

	way    float64       // bytes a second that it takes; 0 is not known
	moved  int64         // bytes since the beginning
	bytes  int64         // since the way was last measured
	time   time.Duration // it took for them
	packed bool          // some of them were

	lull int // records until packing is tried again
	wait int // the last lull
	sure int // packed records since the way was last known
}

const (
	// belief is how much has to have moved before packing is left off for the
	// speed of the way: so much goes into buffers at once, whatever is behind.
	belief = 8 << 20
	window = 4 << 20 // bytes after which the way is measured

	firstLull, longestLull = 8, 64 // records
	longestSure            = 512   // records

	slowWay = 12 << 20 // bytes a second below which packing hard keeps up
)

// Pack reports whether to pack the next record, and whether to spend more time
// on it.
func (j *Judge) Pack() (pack, hard bool) {
	if j.lull > 0 {
		j.lull--
		return false, false
	}
	return true, j.way < slowWay
}

// Tried tells of a record of n bytes that was packed into packed, 0 if it did
// not become shorter.
func (j *Judge) Tried(n, packed int, took time.Duration) {
	j.ratio = 1
	if packed > 0 {
		j.ratio = float64(packed) / float64(n)
	}
	j.speed = blend(j.speed, float64(n), took)
	if j.sure++; j.sure > longestSure {
		j.way = 0 // it may have become faster: what is packed does not fill it
	}
	if j.pays() {
		j.wait = 0
		return
	}
	j.wait = min(max(firstLull, 2*j.wait), longestLull)
	j.lull = j.wait
}

// Sent tells of n bytes of a record that went off in this time, into the
// buffers of the way at least.
func (j *Judge) Sent(n int, packed bool, took time.Duration) {
	j.moved += int64(n)
	j.bytes += int64(n)
	j.time += took
	j.packed = j.packed || packed
	if j.bytes < window {
		return
	}
	// A way that waits for packing seems to be as fast as its buffers.
	if now := float64(j.bytes) / seconds(j.time); !j.packed || now < j.speed {
		j.way = blend(j.way, float64(j.bytes), j.time)
		j.sure = 0
	}
	j.bytes, j.time, j.packed = 0, 0, false
}

// pays reports whether a record gets there sooner packed. Packing goes on while
// the one before is sent: what takes longer of the two counts.
func (j *Judge) pays() bool {
	switch {
	case j.ratio >= 0.94:
		return false
	case j.moved < belief:
		return true
	}
	return j.way > 0 && j.way < j.speed
}

// blend lets a rate follow what it is now, by time: what stood still for a
// while counts for as long as that was.
func blend(rate, n float64, took time.Duration) float64 {
	now := n / seconds(took)
	if rate == 0 {
		return now
	}
	return 2 / (1/rate + 1/now)
}

func seconds(d time.Duration) float64 { return max(d.Seconds(), 1e-6) }
