package xfer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"deskside/xfer/disk"

	"deskside"
)

// Headers and trailers of file bodies.
const (
	headerSize  = "Deskside-Size"  // bytes of the whole file
	headerTime  = "Deskside-Mtime" // when it last changed, RFC 3339 in UTC, to the nanosecond
	headerMode  = "Deskside-Mode"  // permissions, octal
	HeaderHash  = "Deskside-Hash"  // trailer: BLAKE3 of the whole file
	HeaderFault = "Deskside-Fault" // trailer in place of the hash: an Error as JSON
	HeaderHave  = "Deskside-Have"  // what a manifest is of, for the have of a put; not there without a piece
)

// Types of bodies.
const (
	TypeBytes    = "application/octet-stream"
	TypePacked   = "application/x-deskside-packed"   // the body of a tree in records as package frame has them
	TypeRecords  = "application/x-deskside-records"  // as package frame has them
	TypeManifest = "application/x-deskside-manifest" // as package chunk has it
)

// Receipt says what arrived.
type Receipt struct {
	Path string    `json:"path"`
	Size int64     `json:"size"`
	Hash disk.Hash `json:"hash"`

	// Plain says that the source was executable and what arrived is not, which
	// policy leaves out.
	Plain bool `json:"not_executable,omitempty"`
}

// Outcome gives a failure's code and words for the audit.
func Outcome(err error) (deskside.Code, string) {
	var broken *disk.BrokenError
	if errors.As(err, &broken) && !errors.As(err, new(*deskside.Error)) {
		return deskside.CodeUnreachable, broken.Error()
	}
	known := deskside.AsError(err)
	return known.Code, known.Words
}

// FaultIn reads why the sender gave up from the trailer of a body, if it did.
func FaultIn(trailer http.Header) error {
	text := trailer.Get(HeaderFault)
	if text == "" {
		return nil
	}
	return FaultOf([]byte(text))
}

// FaultOf reads why the sender gave up from what FaultText wrote.
func FaultOf(text []byte) error {
	fault := new(deskside.Error)
	if err := json.Unmarshal(text, fault); err != nil || fault.Words == "" {
		return disk.Conflict("the sender gave up without a reason").Hint("Copy it again.")
	}
	return fault
}

// HashIn reads the hash from the trailer of a body.
func HashIn(trailer http.Header) (disk.Hash, error) {
	sum, err := disk.ParseHash(trailer.Get(HeaderHash))
	if err != nil {
		return disk.Hash{}, disk.Conflict("the sender gave no hash: %v", err).Hint("Copy it again.")
	}
	return sum, nil
}

// FaultText writes an error for a trailer. JSON of a string holds no line end.
func FaultText(err error) string {
	known := *deskside.AsError(err)
	known.Code, known.Words = Outcome(err)
	text, err := json.Marshal(&known)
	if err != nil {
		return `{"code":"internal","words":"the fault cannot be written"}`
	}
	return strings.ReplaceAll(string(text), "\x7f", `\u007f`) // which a header may not hold
}

// WriteHead writes what is kept of a file as headers.
func WriteHead(h http.Header, m disk.Meta) {
	mode, _ := Mode(m.Mode).MarshalText()
	h.Set(headerSize, strconv.FormatInt(m.Size, 10))
	h.Set(headerTime, m.ModTime.Format(time.RFC3339Nano))
	h.Set(headerMode, string(mode))
}

// readHead reads what writeHead wrote.
func readHead(h http.Header) (m disk.Meta, err error) {
	if err := readSize(&m.Size, h.Get(headerSize)); err != nil {
		return m, disk.BadRequest("%s: %v", headerSize, err)
	}
	var r Request
	if err := readTime(&r, h.Get(headerTime)); err != nil {
		return m, disk.BadRequest("%s: %v", headerTime, err)
	}
	if err := readMode(&r, h.Get(headerMode)); err != nil {
		return m, disk.BadRequest("%s: %v", headerMode, err)
	}
	m.ModTime, m.Mode = r.ModTime, disk.KeptMode(fs.FileMode(*r.Mode))
	return m, nil
}

// Limits of one fetch, of which the agent holds the paths in memory.
const (
	MaxWants     = 16 << 10 // files
	MaxWantBytes = 4 << 20  // bytes of the request's body
)

// TreeReceipt says what arrived of a tree.
type TreeReceipt struct {
	Files   int    `json:"files"`
	Folders int    `json:"folders"`
	Links   int    `json:"links,omitempty"`
	Plain   int    `json:"not_executable,omitempty"` // files that were executable, which policy leaves out
	Bytes   int64  `json:"bytes"`
	Failed  []Note `json:"failed,omitempty"` // paths are relative to the tree
	More    int    `json:"more,omitempty"`   // failures that are not listed
}
