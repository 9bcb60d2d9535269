//go:build !linux

package disk

import (
	"errors"
	"os"
	"time"
)

// nameless: no such files here.
func (d *Dir) nameless() *os.File { return nil }

func (d *Dir) link(*os.File, string) error { return errors.ErrUnsupported }

// setTime gives the file its time of change.
func (f *Draft) setTime(t time.Time) error { return f.dir.setTime(f.tmp, t) }
