package disk

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// setMark writes the stream of the open file, found from its handle and by no
// path. Zone 3 is the Internet.
func setMark(f *os.File, origin string) {
	name, err := windows.NewNTUnicodeString(":Zone.Identifier")
	if err != nil {
		return
	}
	about := &windows.OBJECT_ATTRIBUTES{RootDirectory: windows.Handle(f.Fd()), ObjectName: name}
	about.Length = uint32(unsafe.Sizeof(*about))
	var h windows.Handle
	var status windows.IO_STATUS_BLOCK
	err = windows.NtCreateFile(&h, windows.GENERIC_WRITE|windows.SYNCHRONIZE, about, &status, nil, windows.FILE_ATTRIBUTE_NORMAL, 0,
		windows.FILE_OVERWRITE_IF, windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_NON_DIRECTORY_FILE, 0, 0)
	if err != nil {
		return
	}
	defer windows.CloseHandle(h)
	_, _ = windows.Write(h, []byte("[ZoneTransfer]\r\nZoneId=3\r\nHostUrl="+origin+"\r\n"))
}
