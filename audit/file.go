package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	filePrefix = "audit-"
	fileSuffix = ".jsonl"
	lockName   = "lock"
)

// fileName names the file whose first entry is first. The digits have the
// width that makes the order of the names that of the numbers.
func fileName(first uint64) string { return fmt.Sprintf("%s%016d%s", filePrefix, first, fileSuffix) }

// fileFirst gives the sequence number in a file's name.
func fileFirst(name string) (uint64, bool) {
	digits, ok1 := strings.CutPrefix(name, filePrefix)
	digits, ok2 := strings.CutSuffix(digits, fileSuffix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok1 && ok2 && err == nil && fileName(n) == name
}

// files lists the names of the log's files in order.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, e := range entries {
		if _, ok := fileFirst(e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// line is one line of a file.
type line struct {
	number int   // from 1
	offset int64 // where it begins
	size   int64 // with its end, also of what is not in text
	text   []byte
	torn   bool // the file ends before the line does
}

// lines gives the lines of r one by one. Their text is overwritten by the next
// and never longer than MaxLine and one byte.
func lines(r io.Reader) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var text []byte
		l := line{}
		for {
			l.offset, l.number = l.offset+l.size, l.number+1
			var err error
			text, l.size, err = readLine(in, text[:0])
			l.text, l.torn = text, errors.Is(err, io.EOF)
			switch {
			case err != nil && !l.torn:
				yield(l, err)
				return
			case l.torn && l.size == 0:
				return
			case !yield(l, nil) || l.torn:
				return
			}
		}
	}
}

// readLine appends one line to dst and gives its size; what is beyond MaxLine
// is counted and thrown away.
func readLine(in *bufio.Reader, dst []byte) ([]byte, int64, error) {
	size := int64(0)
	for {
		part, err := in.ReadSlice('\n')
		size += int64(len(part))
		dst = append(dst, part[:min(len(part), MaxLine+1-len(dst))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return dst, size, err
		}
	}
}

// tail is where a file's last good entry ends.
type tail struct {
	entry *Entry // nil if there is none
	end   int64
	size  int64
}

// lastGood finds the last good entry of a file.
func lastGood(path string) (t tail, err error) {
	f, err := os.Open(path)
	if err != nil {
		return t, err
	}
	defer f.Close()
	for l, err := range lines(f) {
		if err != nil {
			return t, err
		}
		t.size = l.offset + l.size
		if e, err := parseLine(l.text); err == nil {
			t.entry, t.end = &e, t.size
		}
	}
	return t, nil
}

// create makes a new file that only the owner can read, with its content on
// the disk when it returns.
func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(content))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// missing reports whether err says that something is not there.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
