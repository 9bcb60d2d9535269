package loopback

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
)

// asset is a file of the page.
type asset struct {
	kind string
	body []byte
}

// assetKinds are the files a page may have. The system's own table is not
// used, so that a page works the same everywhere.
var assetKinds = map[string]string{
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
	".txt":   "text/plain; charset=utf-8",
	".json":  "application/json",
	".map":   "application/json",
}

// loadAssets reads the page into memory, by the path of each file's address.
func loadAssets(files fs.FS) (map[string]asset, error) {
	assets := make(map[string]asset)
	if files == nil {
		return assets, nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		kind, known := assetKinds[path.Ext(name)]
		if err != nil || d.IsDir() || !known {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > maxAsset {
			return fmt.Errorf("page file %q: over %d bytes or unreadable: %w", name, maxAsset, err)
		}
		body, err := fs.ReadFile(files, name)
		assets["/"+name] = asset{kind, body}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load the page: %w", err)
	}
	index := assets["/index.html"]
	if !bytes.Contains(index.body, []byte(bearerMeta)) {
		return nil, fmt.Errorf("load the page: index.html lacks %s", bearerMeta)
	}
	delete(assets, "/index.html")
	assets["/"] = index
	return assets, nil
}

// serve writes the file.
func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		w.Write(a.body)
	}
}

// withBearer is the index document with the bearer in its place. A bearer is
// URL-safe base64, so it needs no escaping.
func (a asset) withBearer(bearer string) asset {
	filled := []byte(`<meta name="bearer" content="` + bearer + `">`)
	return asset{a.kind, bytes.Replace(a.body, []byte(bearerMeta), filled, 1)}
}
