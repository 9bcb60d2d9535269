package serve

import (
	"io/fs"
	"os"
	"unicode/utf8"

	"deskside/xfer"
	"deskside/xfer/disk"
)

func newEntry(name string) xfer.Entry {
	e := xfer.Entry{Name: name, Kind: disk.Unknown}
	if !utf8.ValidString(name) {
		e.Name, e.NameBytes = disk.Text(name), []byte(name)
	}
	return e
}

// describe fills in what is known of the entry called name in dir.
func describe(dir *os.Root, name string) xfer.Entry {
	info, err := dir.Lstat(name)
	if err != nil {
		e := newEntry(name)
		e.Why = disk.Explain(err, "read", name).Error()
		return e
	}
	return describeInfo(dir, name, info)
}

func describeInfo(dir *os.Root, name string, info fs.FileInfo) xfer.Entry {
	e := newEntry(name)
	e.Kind, e.Mode = disk.KindOf(info.Mode()), xfer.Mode(disk.KeptMode(info.Mode()))
	e.ModTime = disk.WireTime(info.ModTime())
	switch e.Kind {
	case disk.File:
		e.Size = info.Size()
	case disk.Link:
		target, err := dir.Readlink(name)
		if e.Target = disk.Text(target); err != nil {
			e.Why = disk.Explain(err, "read", name).Error()
		}
	case disk.Folder:
	default:
		e.Why = "is " + e.Kind.Words() + "; only files are copied"
	}
	if e.Kind == disk.File && disk.IsPartial(name) {
		e.Kind, e.Why = disk.Partial, disk.Partial.Words()
	}
	if e.Why == "" {
		e.Why = unaddressable(name)
	}
	return e
}

// unaddressable says why no path can name the entry, if none can.
func unaddressable(name string) string {
	if err := disk.CheckElem(name); err != nil {
		return err.Error()
	}
	if err := disk.CheckNative(name); err != nil {
		return err.Error()
	}
	return ""
}
