package console

import (
	"embed"
	"io/fs"
)

//go:embed web/dist
var built embed.FS

// assets is the built page, as script/web made it from web/src.
func assets() fs.FS {
	files, err := fs.Sub(built, "web/dist")
	if err != nil {
		panic(err) // the pattern above names it
	}
	return files
}
