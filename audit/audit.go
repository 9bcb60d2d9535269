// Package audit is the agent's record of what was asked, allowed and done: an
// append-only log of JSON lines in which every line holds the hash of the one
// before it.
//
// # On the disk
//
// A folder (mode 0700) holds files (0600) named after the sequence number of
// their first entry, "audit-0000000000000001.jsonl". A file that has grown to
// Config.FileSize is followed by another. Each line is one entry:
//
//	{"seq":7,"at":"2026-01-02T15:04:05Z","prev":"<64 hex>","event":{...},"hash":"<64 hex>"}
//
// seq counts from 1 without gaps across all files. hash is the SHA-256 of the
// exact bytes of the line before `,"hash":`; nothing is parsed and written
// again to check it. prev is the hash of the line before, also when that is in
// another file, and 64 zeros in the first. A line is at most MaxLine bytes.
//
// # Writing
//
// Append returns when the entry is on the disk, so that what it records may
// then be given. Entries of concurrent callers share one write and one sync.
// When that fails, the callers get CodeNoAudit and nothing of the batch stays;
// the next Append tries again, and the first entry after it tells of the gap.
// What a crash left after the last whole line is moved to a file of its own
// ("torn-...") and told in an entry of kind audit-repaired: no caller was ever
// told that it had been written. One process writes at a time.
//
// # Reading
//
// Verify follows the chain and says where it is broken. The chain by itself
// cannot show that its end was cut off, or that all of it was written anew;
// for that the agent signs its head at each session's end and hands it to the
// operator, who gives it to Verify later.
//
// The package does not decide what is recorded, hides nothing from who can
// read the folder, and never deletes an entry.
package audit

import (
	"encoding/hex"
	"fmt"
	"time"

	"deskside"
)

// MaxLine is the size in bytes that a line may have, with its end. An event
// that would need more is refused, and so is what it would have recorded.
const MaxLine = 1 << 20

// Hash is the SHA-256 of an entry.
type Hash [32]byte

// String gives 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives the form of String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the form of String and no other.
func (h *Hash) UnmarshalText(b []byte) error {
	raw, err := hex.DecodeString(string(b))
	if err != nil || len(raw) != len(h) || hex.EncodeToString(raw) != string(b) {
		return fmt.Errorf("%q is not a hash: want 64 hexadecimal digits in lower case", b)
	}
	*h = Hash(raw)
	return nil
}

// Head is the end of a chain: its last entry. The zero Head is that of an
// empty one.
type Head struct {
	Sequence uint64 `json:"seq"`
	Hash     Hash   `json:"hash"`
}

// Entry is one line.
type Entry struct {
	Sequence uint64         `json:"seq"`
	At       time.Time      `json:"at"`
	Previous Hash           `json:"prev"`
	Event    deskside.Event `json:"event"`
	Hash     Hash           `json:"hash"`
}

// Head gives the head of the chain that ends with e.
func (e *Entry) Head() Head { return Head{e.Sequence, e.Hash} }
