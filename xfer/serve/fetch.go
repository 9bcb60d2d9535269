package serve

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/haul"
	"deskside/xfer/tree"
)

// fetchTree answers with the files of a tree that are asked for, in the order in
// which they are.
func (c *call) fetchTree() error {
	g, done, err := c.readTree()
	if err != nil {
		return err
	}
	defer done()
	wants, err := c.wants()
	if err != nil {
		return err
	}
	f := &fetch{grove: g}
	var end func()
	f.w, end = c.treeBody()
	defer end()
	defer f.close()
	err = f.run(wants)
	c.detail["files"], c.detail["bytes"] = strconv.Itoa(f.files), strconv.FormatInt(f.bytes, 10)
	if err == nil {
		err = f.w.Close()
	}
	return c.reason(err)
}

// wants reads what is asked for. It is held in memory.
func (c *call) wants() (list []string, err error) {
	r := tree.NewReader(io.LimitReader(patient{c, c.r.Body}, xfer.MaxWantBytes), false)
	for {
		rec, err := r.Next()
		switch {
		case err == io.EOF:
			return list, nil
		case err != nil:
			return nil, cut(err)
		case rec.Head != nil || rec.Why != nil || rec.Path == "" || len(list) == xfer.MaxWants:
			return nil, disk.BadRequest("the request may name %d files, and nothing else", xfer.MaxWants)
		}
		list = append(list, rec.Path)
	}
}

// fetch is a fetch under way. It keeps the folder open that the last file was in.
type fetch struct {
	*grove
	w     *treeBody
	files int
	bytes int64

	in   *disk.Dir // nil: the top
	path string    // of in
}

func (f *fetch) close() {
	if f.in != nil {
		f.in.Close()
	}
}

// run sends the files, each after the audit has it.
func (f *fetch) run(wants []string) error {
	for part := range slices.Chunk(wants, recordsAtOnce) {
		events := make([]deskside.Event, len(part))
		for i, path := range part {
			events[i] = f.c.treeEvent(path)
		}
		if err := f.c.pass.Record(events...); err != nil {
			return err
		}
		for _, path := range part {
			if err := f.send(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends one file, or says why not.
func (f *fetch) send(path string) error {
	err := f.sendFile(path)
	what, ok := errors.AsType[*haul.Unread](err)
	if !ok {
		return err
	}
	why := deskside.AsError(what.Err)
	e := f.c.treeEvent(path)
	e.Code, e.Words = why.Code, why.Words
	return errors.Join(f.c.pass.Record(e), f.w.Note(path, why.From(deskside.ByAgent)))
}

func (f *fetch) sendFile(path string) error {
	if f.leave(path, false) {
		return &haul.Unread{Err: deskside.Errorf(deskside.CodeDenied, "%q belongs to deskside itself", disk.Text(path))}
	}
	in, name, err := f.enter(path)
	if err != nil {
		return &haul.Unread{Err: err}
	}
	info, err := in.Root.Lstat(name)
	if err != nil {
		return &haul.Unread{Err: disk.Explain(err, "read", name)}
	}
	e := &haul.Entry{Head: &tree.Head{Kind: tree.File, Path: path}, Dir: in, Info: info}
	f.files++
	f.c.row.File()
	_, err = haul.Send(f.w.Writer, e, f.c.req.Owners, func(n int) error {
		f.bytes += int64(n)
		return f.c.step(deskside.FilesRead)
	})
	if err == nil && e.Lost != nil {
		err = f.w.Note(path, deskside.AsError(e.Lost).From(deskside.ByAgent))
	}
	return err
}

// enter opens the folder of a path, through no link.
func (f *fetch) enter(path string) (*disk.Dir, string, error) {
	dir, name := "", path
	if at := strings.LastIndexByte(path, '/'); at >= 0 {
		dir, name = path[:at], path[at+1:]
	}
	if f.in != nil && f.path != dir {
		f.in.Close()
		f.in = nil
	}
	if dir == "" {
		return f.dir, name, nil
	}
	if f.in == nil {
		in, err := f.grove.dir.Descend(dir)
		if err != nil {
			return nil, "", err
		}
		f.in, f.path = in, dir
	}
	return f.in, name, nil
}
