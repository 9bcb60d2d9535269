package xfer

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"deskside/xfer/disk"
)

// Describe describes what is at a path of this machine, or what a link there
// leads to, as Stat and Sum do of an agent's; nil where nothing is.
func Describe(path string, sum bool) (*Entry, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil { // a link to nothing
			return &Entry{Name: path, Kind: disk.Link}, nil
		}
		return nil, nil
	}
	if err != nil {
		return nil, here(disk.Explain(err, "read", path))
	}
	m := disk.MetaOf(info)
	e := &Entry{Name: path, Kind: disk.KindOf(info.Mode()), Size: m.Size, ModTime: m.ModTime, Mode: Mode(m.Mode)}
	if !sum || e.Kind != disk.File {
		return e, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, here(disk.Explain(err, "read", path))
	}
	defer f.Close()
	h := disk.NewHasher()
	if _, err := io.Copy(h, f); err != nil {
		return nil, here(disk.Explain(err, "read", path))
	}
	hash := h.Now()
	e.Hash = &hash
	return e, nil
}
