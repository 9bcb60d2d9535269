package disk

import (
	"os"

	"deskside"
)

// Origins of files, as URLs: what a file that arrives is marked with where the
// system keeps such a mark. They name no person and no path.
//
// On Linux that is the extended attribute user.xdg.origin.url of freedesktop's
// Common Extended Attributes, which file managers show; on Windows the stream
// Zone.Identifier, by which programs ask before they open what is from elsewhere.
const FromOperator = "deskside:operator"

// FromAgent is the origin of files that an agent sends.
func FromAgent(id deskside.AgentID) string { return "deskside:agent/" + id.String() }

// mark says of a file where it is from, "" being nothing. Where there is no such
// mark, or it cannot be made, the file is none the worse.
func mark(f *os.File, origin string) {
	if origin != "" {
		setMark(f, origin)
	}
}
