package disk

import (
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/zeebo/blake3"
)

// Hash is the BLAKE3 hash of a file's bytes, 256 bits.
type Hash [32]byte

// String gives the hash as 64 hexadecimal digits, as b3sum prints it.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads the form of String.
func ParseHash(text string) (h Hash, err error) {
	if len(text) != 2*len(h) {
		return h, fmt.Errorf("%.80q is not a hash: want %d hexadecimal digits", text, 2*len(h))
	}
	if _, err := hex.Decode(h[:], []byte(text)); err != nil || h.String() != text {
		return Hash{}, fmt.Errorf("%q is not a hash: want lower-case hexadecimal digits", text)
	}
	return h, nil
}

// MarshalText gives the form of String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the form of String.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// Hasher takes a file's bytes in their order.
type Hasher struct{ hash.Hash }

// NewHasher gives the hasher of a file with no bytes yet.
func NewHasher() Hasher { return Hasher{blake3.New()} }

// Now gives the hash of what was written so far.
func (h Hasher) Now() (sum Hash) {
	h.Sum(sum[:0])
	return sum
}

// take hashes the next n bytes of r, and fails if there are fewer.
func (h Hasher) take(r io.Reader, n int64) error {
	buf := Buffers.Get().(*[BufferSize]byte)
	defer Buffers.Put(buf)
	got, err := io.CopyBuffer(h, onlyReader{io.LimitReader(r, n)}, buf[:])
	if err == nil && got != n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// onlyReader hides every method but Read, so that io.CopyBuffer uses the buffer.
type onlyReader struct{ io.Reader }
