package disk

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"deskside"
)

// TestExplain names what the file system said as what can be done about it.
func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err   error
		code  deskside.Code
		words string
	}{
		{fs.ErrNotExist, deskside.CodeNotFound, ""},
		{fs.ErrExist, deskside.CodeExists, ""},
		{fs.ErrPermission, deskside.CodeNoAccess, "refuses it to the user"},
		{syscall.EROFS, deskside.CodeNoAccess, "can only be read"},
		{syscall.ENOSPC, deskside.CodeNoSpace, "no room"},
	} {
		err := Explain(&os.PathError{Op: "open", Path: "/a", Err: test.err}, "write", "a")
		if deskside.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%v: %v, want %s", test.err, err, test.code)
		}
	}
}
