package xfer

import (
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskside"
	"deskside/wire"
	"deskside/xfer/disk"
)

// Limits of a request.
const (
	maxQuery = wire.MaxHeader - 2<<10 // bytes of a query, which must go into a header: a path with every byte escaped, or two of the usual kind
	maxPage  = 10_000                 // entries of one page of a list
	PageSize = 1_000                  // when the request does not say
)

// Request is what the query of a request says. Every request has a query in
// place of a body, because a name may hold bytes that JSON cannot.
type Request struct {
	Path    string     // path: of the file or folder
	To      string     // to: the new path, in a rename
	After   string     // after: the page begins behind this name
	Limit   int        // limit: entries of the page at most
	Offset  int64      // offset: bytes the receiver has already
	Prefix  *disk.Hash // prefix: their hash at the receiver, or at the sender in a put
	Size    int64      // size: of the whole file
	ModTime time.Time  // mtime: when the source last changed
	Mode    *Mode      // mode: permissions; nil for the usual ones
	Have    string     // have: what the records of the body refer to, as the answer to GET /chunks named it
	Digest  string     // digest: SHA-256 of an upload's whole file, hexadecimal
	Match   string     // match: what an upload's If-Match said
	Replace bool       // replace=1: what has the name already may go
	Follow  bool       // follow=1: the target of a link is meant
	Tree    bool       // tree=1: a folder with everything in it
	Sums    bool       // sums=1: the hash of every file is to be told
	Owners  bool       // owners=1: owners are to be told, or kept
}

// fields of a query: how each is read and written, and which of them the kinds
// of request take. A field left out has its zero value.
var fields = map[string]struct {
	read  func(*Request, string) error
	write func(*Request) string
}{
	"path":    {func(r *Request, s string) error { r.Path = s; return nil }, func(r *Request) string { return r.Path }},
	"to":      {func(r *Request, s string) error { r.To = s; return nil }, func(r *Request) string { return r.To }},
	"after":   {func(r *Request, s string) error { r.After = s; return nil }, func(r *Request) string { return r.After }},
	"limit":   {readLimit, func(r *Request) string { return number(int64(r.Limit)) }},
	"offset":  {func(r *Request, s string) error { return readSize(&r.Offset, s) }, func(r *Request) string { return number(r.Offset) }},
	"size":    {func(r *Request, s string) error { return readSize(&r.Size, s) }, func(r *Request) string { return number(r.Size) }},
	"prefix":  {readPrefix, writePrefix},
	"mtime":   {readTime, writeTime},
	"have":    {readHave, func(r *Request) string { return r.Have }},
	"digest":  {readDigest, func(r *Request) string { return r.Digest }},
	"match":   {func(r *Request, s string) error { r.Match = s; return nil }, func(r *Request) string { return r.Match }},
	"mode":    {readMode, writeMode},
	"replace": {func(r *Request, s string) error { return readFlag(&r.Replace, s) }, func(r *Request) string { return flag(r.Replace) }},
	"follow":  {func(r *Request, s string) error { return readFlag(&r.Follow, s) }, func(r *Request) string { return flag(r.Follow) }},
	"sums":    {func(r *Request, s string) error { return readFlag(&r.Sums, s) }, func(r *Request) string { return flag(r.Sums) }},
	"owners":  {func(r *Request, s string) error { return readFlag(&r.Owners, s) }, func(r *Request) string { return flag(r.Owners) }},
	"tree":    {func(r *Request, s string) error { return readFlag(&r.Tree, s) }, func(r *Request) string { return flag(r.Tree) }},
}

// ParseRequest reads a query that may hold the given fields, each once. What
// else it holds is refused: an option that is not understood must not be passed
// over.
func ParseRequest(query string, may []string) (*Request, error) {
	if len(query) > maxQuery {
		return nil, disk.BadRequest("a query of %d bytes is longer than %d", len(query), maxQuery)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, disk.BadRequest("the query cannot be read: %v", err)
	}
	r := new(Request)
	for key, list := range values {
		if !slices.Contains(may, key) {
			return nil, disk.BadRequest("the request does not take %.40q", key)
		}
		if len(list) != 1 {
			return nil, disk.BadRequest("%q is given %d times", key, len(list))
		}
		if err := fields[key].read(r, list[0]); err != nil {
			return nil, disk.BadRequest("%s: %v", key, err)
		}
	}
	if r.Offset > r.Size {
		return nil, disk.BadRequest("offset %d is past the size %d", r.Offset, r.Size)
	}
	if (r.Offset > 0) != (r.Prefix != nil) {
		return nil, disk.BadRequest("an offset and the hash of what lies before it go together")
	}
	return r, nil
}

// Query writes the request, without fields that have their zero value.
func (r *Request) Query() string {
	values := url.Values{}
	for key, f := range fields {
		if text := f.write(r); text != "" {
			values.Set(key, text)
		}
	}
	return values.Encode()
}

func readLimit(r *Request, s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxPage {
		return fmt.Errorf("%.20q is no number from 1 to %d", s, maxPage)
	}
	r.Limit = n
	return nil
}

// readSize reads a count of bytes, as written by strconv and in no other way.
func readSize(n *int64, s string) error {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 || strconv.FormatInt(v, 10) != s {
		return fmt.Errorf("%.20q is no count of bytes", s)
	}
	*n = v
	return nil
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func readPrefix(r *Request, s string) error {
	h, err := disk.ParseHash(s)
	r.Prefix = &h
	return err
}

func writePrefix(r *Request) string {
	if r.Prefix == nil {
		return ""
	}
	return r.Prefix.String()
}

func readHave(r *Request, s string) error {
	_, err := disk.ParseHash(s)
	r.Have = s
	return err
}

func readDigest(r *Request, s string) error {
	if _, err := disk.ParseHash(s); err != nil { // which has as many digits
		return fmt.Errorf("%.80q is no SHA-256: want 64 lower-case hexadecimal digits", s)
	}
	r.Digest = s
	return nil
}

func readTime(r *Request, s string) error {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !strings.HasSuffix(s, "Z") {
		return fmt.Errorf("%.40q is no time: want RFC 3339 in UTC", s)
	}
	r.ModTime = t
	return nil
}

func writeTime(r *Request) string {
	if r.ModTime.IsZero() {
		return ""
	}
	return r.ModTime.UTC().Format(time.RFC3339Nano)
}

func readMode(r *Request, s string) error {
	r.Mode = new(Mode)
	return r.Mode.UnmarshalText([]byte(s))
}

func writeMode(r *Request) string {
	if r.Mode == nil {
		return ""
	}
	text, _ := r.Mode.MarshalText()
	return string(text)
}

func readFlag(b *bool, s string) error {
	if s != "1" {
		return fmt.Errorf("%.20q is not 1", s)
	}
	*b = true
	return nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

// Meta gives what a put says of its file. A put must say when it last changed,
// because that is part of what an interrupted one is known by. One that says no
// permissions makes a file as programs do.
func (r *Request) Meta() (disk.Meta, error) {
	if r.ModTime.IsZero() {
		return disk.Meta{}, deskside.Errorf(deskside.CodeBadRequest, "the request does not say when the file last changed")
	}
	return disk.Meta{Size: r.Size, Mode: disk.KeptMode(fs.FileMode(r.Mode.Or(usualMode))), ModTime: r.ModTime}, nil
}
