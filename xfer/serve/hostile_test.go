//go:build unix

package serve

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
	"deskside/xfer/frame"
	"deskside/xfer/tree"
)

var spring = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

// evil is an entry of a body that a hostile side sends, with its file's bytes.
type evil struct {
	tree.Head
	data string
	lies bool // the hash is another one
}

func evilFile(path, data string) evil {
	return evil{Head: tree.Head{Kind: tree.File, Path: path, Size: int64(len(data)), Mode: 0o644, ModTime: spring}, data: data}
}

func evilFolder(path string) evil {
	return evil{Head: tree.Head{Kind: tree.Folder, Path: path, Mode: 0o755, ModTime: spring}}
}

func evilLink(path, target string) evil {
	return evil{Head: tree.Head{Kind: tree.Link, Path: path, Target: target, ModTime: spring}}
}

// evilBody writes the entries, with the files' bytes if they are to be there.
func evilBody(files bool, list ...evil) []byte {
	var b bytes.Buffer
	w := tree.NewWriter(&b)
	for _, e := range list {
		w.Entry(&e.Head)
		if !files || e.Kind != tree.File {
			continue
		}
		io.WriteString(w, e.data)
		sum := disk.SumOf([]byte(e.data))
		if e.lies {
			sum[0]++
		}
		w.End(sum)
	}
	w.Close()
	return b.Bytes()
}

// hostileTrees are trees that no honest side sends. In none of them does
// anything come to be outside the target, nor is anything of it read.
var hostileTrees = map[string][]evil{
	"up":                      {evilFile("../x", "evil")},
	"up from below":           {evilFolder("a"), evilFile("a/../../x", "evil")},
	"absolute":                {evilFile("/tmp/deskside-evil", "evil")},
	"the top as a file":       {{Head: tree.Head{Kind: tree.File, ModTime: spring}}},
	"through a link up":       {evilLink("l", ".."), evilFile("l/x", "evil")},
	"through an absolute one": {evilLink("l", "/tmp"), evilFile("l/deskside-evil", "evil")},
	"through a chain":         {evilFolder("a"), evilFolder("a/b"), evilLink("a/b/c", "../.."), evilLink("d", "a/b/c/../../x"), evilFile("d/x", "evil")},
	"through a kept link":     {evilFolder("a"), evilLink("l", "a"), evilFile("l/x", "evil")},
	"through one that is":     {evilFile("there/x", "evil")},
	"onto one that is":        {evilFile("there", "evil")},
	"folder onto a link":      {evilFolder("there"), evilFile("there/x", "evil")},
	"unfinished name":         {evilFile(disk.PartialName(deskside.KeyID{1}, "x", 1, spring), "evil")},
	"twice":                   {evilFile("x", "first"), evilFile("x", "other")},
	"file and folder":         {evilFile("x", "first"), evilFile("x/y", "evil")},
	"wrong hash":              {{Head: evilFile("x", "evil").Head, data: "evil", lies: true}},
	"other bytes":             {{Head: evilFile("x", "evil").Head, data: "evi"}},
	"out of nowhere":          {evilFile("no/such/x", "evil")},
}

// layTarget makes a folder with a link in it that leads out, in a folder that
// nothing else may come to be in.
func layTarget(t *testing.T, top string) {
	must(t, os.MkdirAll(filepath.Join(top, "got"), 0o755))
	must(t, os.Symlink("..", filepath.Join(top, "got/there")))
}

// checkTarget looks for what has no business to be there.
func checkTarget(t *testing.T, top string) {
	t.Helper()
	wantOnly(t, top, "got")
	must(t, filepath.WalkDir(top, func(p string, d os.DirEntry, err error) error {
		must(t, err)
		if disk.IsPartial(d.Name()) {
			t.Errorf("%s is left", p)
		}
		if d.Type().IsRegular() {
			if data, err := os.ReadFile(p); err != nil || string(data) != "first" {
				t.Errorf("%s holds %q, %v", p, data, err)
			}
		}
		return nil
	}))
	wantNone(t, "/tmp/deskside-evil")
}

// TestHostileTreesToAgent has an operator that sends them, replacing what is
// there or not.
func TestHostileTreesToAgent(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for name, list := range hostileTrees {
			for _, query := range []string{"", "&replace=1"} {
				if name == "twice" && query != "" || name == "onto one that is" && query != "" {
					continue // then the last one has it, whole
				}
				top := r.at("t")
				layTarget(t, top)
				rawTree(t, r, "t/got"+query, evilBody(true, list...))
				t.Run(name, func(t *testing.T) { checkTarget(t, top) })
				must(t, os.RemoveAll(top))
			}
		}
	})
}

// TestHostileTreesFromAgent has an agent that sends them, by its list and by
// what it answers when files are asked for.
func TestHostileTreesFromAgent(t *testing.T) {
	for name, list := range hostileTrees {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			layTarget(t, top)
			agent := evilAgent{list: evilBody(false, list...), files: evilBody(true, list...)}
			c := &xfer.Client{HTTP: agent, Ticket: fixed(deskside.NewTicket())}
			got, err := c.GetTree(ctx(t), "x", filepath.Join(top, "got"), xfer.TreeOptions{})
			if err == nil && len(got.Failed)+len(got.Skipped) == 0 {
				t.Errorf("copied %+v", got)
			}
			checkTarget(t, top)
		})
	}
	honest := evilBody(false, evilFile("a", "first"), evilFile("b", "first"))
	for name, files := range map[string][]byte{
		"others":       evilBody(true, evilFile("a", "first"), evilFile("c", "evil")),
		"out of order": evilBody(true, evilFile("b", "evil"), evilFile("a", "evil")),
		"more":         evilBody(true, evilFile("a", "first"), evilFile("b", "first"), evilFile("c", "evil")),
		"fewer":        evilBody(true, evilFile("a", "first")),
		"a link":       evilBody(true, evilLink("a", "/etc/passwd"), evilFile("b", "evil")),
		"a folder":     evilBody(true, evilFolder("a"), evilFile("b", "evil")),
		"out":          evilBody(true, evilFile("../a", "evil"), evilFile("b", "evil")),
		"cut off":      evilBody(true, evilFile("a", "first"), evilFile("b", "first"))[:40],
	} {
		t.Run("asked for two, sent "+name, func(t *testing.T) {
			top := t.TempDir()
			layTarget(t, top)
			c := &xfer.Client{HTTP: evilAgent{list: honest, files: files}, Ticket: fixed(deskside.NewTicket())}
			if got, err := c.GetTree(ctx(t), "x", filepath.Join(top, "got"), xfer.TreeOptions{}); err == nil && got.Failed == nil {
				t.Errorf("copied %+v", got)
			}
			checkTarget(t, top)
		})
	}
}

// evilAgent answers with the same bodies whatever it is asked.
type evilAgent struct{ list, files []byte }

func (a evilAgent) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	body := a.list
	if r.URL.Path == "/fetch" {
		body = a.files
	}
	return http.ReadResponse(bufioOf(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)), nil)
}

// TestBombs sends what would fill a disk or a memory.
func TestBombs(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		r.service.config.Limits = Limits{File: 1 << 40, Tree: 5}
		huge := evil{Head: tree.Head{Kind: tree.File, Path: "huge", Size: 1 << 62, ModTime: spring, Holes: true}}
		many := []evil{huge}
		for i := range 10 {
			many = append(many, evilFile(fmt.Sprint("f", i), "x"))
		}
		body := evilBody(true, many...)
		status, reply := rawTree(t, r, "t", body)
		if status/100 != 4 || reply.Code != deskside.CodeDenied {
			t.Errorf("more than may be: %d %+v", status, reply)
		}
		wantNone(t, r.at("t/huge"))
		wantOnly(t, r.at("t"), "f0", "f1", "f2", "f3")
	})
}

// rawTree sends a body as it is.
func rawTree(t *testing.T, r *rig, path string, body []byte) (status int, reply deskside.Error) {
	return rawTreeOf(t, r, xfer.TypeBytes, path, body)
}

func rawTreeOf(t *testing.T, r *rig, kind, path string, body []byte) (status int, reply deskside.Error) {
	s := r.net.Dial(deskside.Xfer)
	defer s.Abort()
	must(t, say(r, s, fmt.Sprintf("PUT /tree?path=%s HTTP/1.1\nHost: agent\nTICKET\nContent-Type: %s\nContent-Length: %d\n\n", path, kind, len(body))))
	s.Write(body) // an error is one of the agent's answers
	resp, err := http.ReadResponse(bufio.NewReader(s), nil)
	if err != nil {
		return 0, reply
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	json.Unmarshal(text, &reply)
	return resp.StatusCode, reply
}

// TestPackedTrees sends a tree in records, some of which are wrong.
func TestPackedTrees(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		text := strings.Repeat("words ", 1000)
		whole := evilBody(true, evilFile("a", text), evilFile("b", text))
		pack := func(say func(w io.Writer)) []byte {
			var b bytes.Buffer
			p := flow.NewPack(&b)
			p.Write(whole[:len(whole)/2])
			p.Flush()
			say(&b)
			p.Write(whole[len(whole)/2:])
			p.Flush()
			p.Close()
			return b.Bytes()
		}
		for name, say := range map[string]func(io.Writer){
			"hole":    func(w io.Writer) { (&frame.Writer{W: w}).Hole(1 << 40) },
			"copy":    func(w io.Writer) { (&frame.Writer{W: w}).Copy(0, 1) },
			"unknown": func(w io.Writer) { w.Write([]byte("x")) },
			"bomb":    func(w io.Writer) { w.Write([]byte("z\x00\x10\x00\x00\x00\x00\x00\x08nonsense")) },
		} {
			status, reply := rawTreeOf(t, r, xfer.TypePacked, "t", pack(say))
			if status/100 != 4 || reply.Code != deskside.CodeBadRequest {
				t.Errorf("%s: %d %+v", name, status, reply)
			}
			wantNone(t, r.at("t/b"))
		}
		if status, reply := rawTreeOf(t, r, xfer.TypePacked, "t2", pack(func(io.Writer) {})); status != 200 {
			t.Errorf("the truth: %d %+v", status, reply)
		}
		wantFile(t, r.at("t2/a"), []byte(text))
		wantFile(t, r.at("t2/b"), []byte(text))
		if left := partials(t, r.at("t")); left != nil {
			t.Errorf("left behind: %q", left)
		}
	})
}
