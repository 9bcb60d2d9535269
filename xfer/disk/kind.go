package disk

import "io/fs"

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

// Words names the kind in a sentence.
func (k Kind) Words() string {
	switch k {
	case Unknown:
		return "of a kind that is not known"
	case Partial:
		return "a transfer that has not ended"
	}
	return "a " + string(k)
}

// KindOf gives what an entry of that mode is.
func KindOf(m fs.FileMode) Kind {
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
