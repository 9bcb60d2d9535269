package xfer

import (
	"io/fs"
	"os"
	"time"
	"unicode/utf8"
)

// Kind is what an entry of a folder is.
type Kind string

// The kinds. Only files are copied, and only folders listed.
const (
	File    Kind = "file"
	Folder  Kind = "folder"
	Link    Kind = "link"
	Pipe    Kind = "pipe"
	Socket  Kind = "socket"
	Device  Kind = "device"
	Partial Kind = "partial" // a transfer that has not ended
	Unknown Kind = "unknown" // the system does not tell
)

// words names the kind in a sentence.
func (k Kind) words() string {
	switch k {
	case Unknown:
		return "of a kind that is not known"
	case Partial:
		return "a transfer that has not ended"
	}
	return "a " + string(k)
}

func kindOf(m fs.FileMode) Kind {
	switch {
	case m.IsRegular():
		return File
	case m.IsDir():
		return Folder
	case m&fs.ModeSymlink != 0:
		return Link
	case m&fs.ModeNamedPipe != 0:
		return Pipe
	case m&fs.ModeSocket != 0:
		return Socket
	case m&fs.ModeDevice != 0:
		return Device
	}
	return Unknown
}

// Entry is one entry of a folder, as it crosses the wire. A name that is no
// valid UTF-8 cannot be written in JSON: Name then shows it with replacement
// characters and NameBytes holds its bytes; Raw gives the one that counts.
type Entry struct {
	Name      string `json:"name"`
	NameBytes []byte `json:"name_b64,omitempty"`
	Kind      Kind   `json:"kind"`

	Size    int64     `json:"size"`             // bytes; zero for what is no file
	ModTime time.Time `json:"mtime,omitzero"`   // to the nanosecond, in UTC
	Mode    Mode      `json:"mode,omitempty"`   // permissions
	Target  string    `json:"target,omitempty"` // of a link, for showing

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

func newEntry(name string) Entry {
	e := Entry{Name: name, Kind: Unknown}
	if !utf8.ValidString(name) {
		e.Name, e.NameBytes = textOf(name), []byte(name)
	}
	return e
}

// describe fills in what is known of the entry called name in dir.
func describe(dir *os.Root, name string) Entry {
	info, err := dir.Lstat(name)
	if err != nil {
		e := newEntry(name)
		e.Why = explain(err, "read", name).Error()
		return e
	}
	return describeInfo(dir, name, info)
}

func describeInfo(dir *os.Root, name string, info fs.FileInfo) Entry {
	e := newEntry(name)
	e.Kind, e.Mode = kindOf(info.Mode()), Mode(keptMode(info.Mode()))
	e.ModTime = wireTime(info.ModTime())
	switch e.Kind {
	case File:
		e.Size = info.Size()
	case Link:
		target, err := dir.Readlink(name)
		if e.Target = textOf(target); err != nil {
			e.Why = explain(err, "read", name).Error()
		}
	case Folder:
	default:
		e.Why = "is " + e.Kind.words() + "; only files are copied"
	}
	if e.Kind == File && isPartial(name) {
		e.Kind, e.Why = Partial, Partial.words()
	}
	if e.Why == "" {
		e.Why = unaddressable(name)
	}
	return e
}

// unaddressable says why no path can name the entry, if none can.
func unaddressable(name string) string {
	if err := checkElem(name); err != nil {
		return err.Error()
	}
	if err := checkNative(name); err != nil {
		return err.Error()
	}
	return ""
}
