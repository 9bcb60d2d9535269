package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"deskside"
)

// A line ends with its hash: tailStart, 64 hexadecimal digits, tailEnd.
const (
	tailStart = `,"hash":"`
	tailEnd   = `"}` + "\n"
	tailSize  = len(tailStart) + 2*len(Hash{}) + len(tailEnd)
)

// body is an Entry without its hash, as it is written.
type body struct {
	Sequence uint64         `json:"seq"`
	At       time.Time      `json:"at"`
	Previous Hash           `json:"prev"`
	Event    deskside.Event `json:"event"`
}

// appendLine appends the line of the entry that follows prev, and gives the
// chain's head after it.
func appendLine(dst []byte, prev Head, at time.Time, ev deskside.Event) ([]byte, Head, error) {
	b := body{prev.Sequence + 1, at.UTC(), prev.Hash, ev}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		return dst, prev, err
	}
	hashed := bytes.TrimSuffix(text.Bytes(), []byte("}\n"))
	if len(hashed)+tailSize > MaxLine {
		return dst, prev, deskside.Errorf(deskside.CodeBadRequest, "an event of %d bytes is too long for the audit", len(hashed))
	}
	head := Head{b.Sequence, sha256.Sum256(hashed)}
	dst = append(dst, hashed...)
	dst = append(dst, tailStart...)
	dst = append(dst, head.Hash.String()...)
	return append(dst, tailEnd...), head, nil
}

// appendLines appends a line for each event, or none if there is an error.
func appendLines(dst []byte, prev Head, at time.Time, events []deskside.Event) (_ []byte, head Head, err error) {
	before := len(dst)
	head = prev
	for _, ev := range events {
		if dst, head, err = appendLine(dst, head, at, ev); err != nil {
			return dst[:before], prev, err
		}
	}
	return dst, head, nil
}

// parseLine reads a line with its end and checks its hash, not its place in
// the chain.
func parseLine(line []byte) (e Entry, err error) {
	if len(line) > MaxLine {
		return e, fmt.Errorf("it is longer than %d bytes", MaxLine)
	}
	at := len(line) - tailSize
	if at < 0 || !bytes.HasSuffix(line, []byte(tailEnd)) || !bytes.HasPrefix(line[at:], []byte(tailStart)) {
		return e, errors.New("it does not end with its hash")
	}
	hashed, text := line[:at], line[at+len(tailStart):len(line)-len(tailEnd)]
	if err := e.Hash.UnmarshalText(text); err != nil {
		return e, err
	}
	if got := Hash(sha256.Sum256(hashed)); got != e.Hash {
		return e, fmt.Errorf("its hash is %.8s…, but it says %.8s…: it was changed", got, e.Hash)
	}
	var b body
	if err := json.Unmarshal(append(bytes.Clone(hashed), '}'), &b); err != nil {
		return e, err
	}
	if b.Sequence == 0 {
		return e, errors.New("it has no sequence number")
	}
	e.Sequence, e.At, e.Previous, e.Event = b.Sequence, b.At, b.Previous, b.Event
	return e, nil
}
