package xfer

import (
	"io/fs"
	"time"

	"deskside/xfer/disk"
)

// Entry is one entry of a folder, as it crosses the wire. A name that is no
// valid UTF-8 cannot be written in JSON: Name then shows it with replacement
// characters and NameBytes holds its bytes; Raw gives the one that counts.
type Entry struct {
	Name      string    `json:"name"`
	NameBytes []byte    `json:"name_b64,omitempty"`
	Kind      disk.Kind `json:"kind"`

	Size    int64     `json:"size"`             // bytes; zero for what is no file
	ModTime time.Time `json:"mtime,omitzero"`   // to the nanosecond, in UTC
	Mode    Mode      `json:"mode,omitempty"`   // permissions
	Target  string    `json:"target,omitempty"` // of a link, for showing

	Hash *disk.Hash `json:"hash,omitempty"` // of a file, where it was asked for

	// Why says why the entry cannot be read or addressed; empty if nothing is
	// known against it.
	Why string `json:"why,omitempty"`
}

// Raw gives the name as the file system has it.
func (e Entry) Raw() string {
	if len(e.NameBytes) > 0 {
		return string(e.NameBytes)
	}
	return e.Name
}

// Page is a part of a folder's entries, in the order of their names' bytes.
type Page struct {
	Path    string  `json:"path"` // of the folder, from the top of the file system; for showing
	Entries []Entry `json:"entries"`
	More    bool    `json:"more,omitempty"` // ask again, after the last entry's name
}

// Meta gives what an entry says of a file.
func (e Entry) Meta() disk.Meta {
	return disk.Meta{Size: e.Size, Mode: fs.FileMode(e.Mode), ModTime: e.ModTime}
}
