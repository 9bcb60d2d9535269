package deskside_test

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The rules of the house that a machine can check. Each failure prints the
// reason for its rule.

// floors are the packages from the ground up. A package imports only from
// floors below its own, so those of one floor never import one another. A
// package that is not here fails: say where it belongs.
var floors = []string{
	".",
	"internal/atomicfile internal/await internal/figure internal/linksim internal/plain internal/pulse internal/sockets internal/toml internal/webbuild internal/xvfb script/report",
	"internal/browsertest internal/linksim/nets internal/linksim/slowlink",
	"raster",
	"codec/jpeg",
	"access codec identity desktop xfer/pattern xfer/rate xfer/tree",
	"rfb desktop/panel desktop/x11/link",
	"desktop/x11/keyboard",
	"desktop/x11/window",
	"desktop/desktoptest desktop/x11",
	"internal/strangers internal/strangers/courier",
	"audit loopback transport xfer/chunk xfer/frame xfer/traffic",
	"xfer/disk",
	"xfer/flow",
	"transport/transporttest",
	"wire xfer/haul",
	"remctrl/darkroom remctrl/gauge remctrl/motion remctrl/pace",
	"rcinfo remctrl chat xfer",
	"xfer/serve",
	"authority person",
	"agent client hub",
	"console/feed console/glance console/here console/queue",
	"console/find",
	"console demo",
	"cmd/deskside",
	"bench/scene bench/score bench/troupe",
	"bench/eye bench/player bench/rounds bench/stage",
	"bench/picture bench/transfer",
}

// strangers are packages that may not even be linked together by tests: they
// meet on the wire.
var strangers = [][]string{
	{"agent", "client", "hub"},
	{"rcinfo", "remctrl", "chat", "xfer"},
	{"rcinfo", "remctrl", "chat", "xfer/serve"},
	{"client", "xfer/serve"},
	{"console", "agent"},
	{"console", "hub"},
}

// concrete are packages that name one desktop or codec library. Only the
// composition may choose one.
var concrete = map[string][]string{
	"desktop/x11":          {"cmd/deskside", "agent"},
	"desktop/x11/keyboard": {"desktop/x11", "desktop/x11/window"},
	"desktop/x11/link":     {"desktop/x11", "desktop/x11/keyboard", "desktop/x11/window"},
	"desktop/x11/window":   {"desktop/x11"},
}

// pure packages do no I/O, hold no clock and start no goroutine, so that they
// can be tested by values alone.
var pure = []string{".", "raster", "codec", "codec/jpeg", "rfb", "access", "xfer/chunk", "xfer/frame", "xfer/pattern", "xfer/tree", "internal/plain", "internal/pulse", "desktop/panel", "console/glance", "remctrl/gauge", "remctrl/motion", "remctrl/pace", "bench/scene", "bench/score"}

// homes gives each third-party module its one importing package (with the
// folders below it), two where the reason says why, and the reason for having it.
var homes = map[string]struct{ home, reason string }{
	"github.com/chromedp/cdproto":     {"tests", "drives Chromium in end-to-end tests"},
	"github.com/chromedp/chromedp":    {"tests", "drives Chromium in end-to-end tests"},
	"github.com/coder/websocket":      {"loopback", "WebSockets of the local pages; the standard library has none"},
	"github.com/jezek/xgb":            {"desktop/x11 bench", "the X11 protocol without cgo; the bench plays on X servers as programs of others do, not through what it measures"},
	"github.com/klauspost/compress":   {"codec xfer/frame", "zlib a quarter faster than the standard library's, with the flushes RFB needs; Zstandard for files, which the standard library has not"},
	"github.com/pelletier/go-toml/v2": {"internal/toml", "TOML with strict keys and the line of an error, for people's files"},
	"github.com/quic-go/quic-go":      {"transport", "QUIC, the stream transport over UDP"},
	"github.com/rogpeppe/go-internal": {"tests", "testscript: stories of the command line"},
	"github.com/spf13/cobra":          {"cmd/deskside", "subcommands with help and completion"},
	"github.com/vishvananda/netlink":  {"internal/sockets", "asks the kernel for one socket and its owner, instead of reading all of them"},
	"github.com/vbauerster/mpb/v8":    {"cmd/deskside", "progress of file copies on a terminal"},
	"github.com/zeebo/blake3":         {"xfer", "file hashes at disk speed, which SHA-256 is not"},
	"github.com/evanw/esbuild":        {"internal/webbuild", "bundles the page, reproducibly, without npm's tool chain"},
	"go.uber.org/goleak":              {"tests", "finds goroutines that outlive a test"},
	"golang.org/x/image":              {"desktop/panel", "fonts and text for the windows the person sees"},
	"golang.org/x/sys":                {"*", "the Go project's own; system calls"},
	"golang.org/x/term":               {"cmd/deskside", "tells a terminal from a pipe, reads without echo"},
}

// sayOS are files that name the operating system for people to read, and do
// not decide anything by it.
var sayOS = []string{"doc.go"}

const maxLines = 700 // of a file that is not a test

// source is a Go file of the repository.
type source struct {
	path string // "chat/server.go"
	dir  string // "chat"
	test bool
	text []byte
	file *ast.File
	fset *token.FileSet
}

func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// imports gives the paths the file imports.
func (s *source) imports() map[string]*ast.ImportSpec {
	list := make(map[string]*ast.ImportSpec)
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		list[p] = spec
	}
	return list
}

// calls reports each use of pkg.name, where pkg is an import path.
func (s *source) calls(pkg string, names ...string) (found []ast.Node) {
	spec, ok := s.imports()[pkg]
	if !ok {
		return nil
	}
	local := path.Base(pkg)
	if spec.Name != nil {
		local = spec.Name.Name
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(names, sel.Sel.Name) {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == local && id.Obj == nil {
			found = append(found, sel)
		}
		return true
	})
	return found
}

// tree lists the files of the repository that are ours, without what is built
// or fetched.
func tree() ([]string, error) {
	list := []string{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "node_modules", "artefacts", "dist"}, d.Name()) {
			return fs.SkipDir
		}
		if d.Type().IsRegular() {
			list = append(list, filepath.ToSlash(p))
		}
		return nil
	})
	return list, err
}

// sources gives every Go file, parsed once for all rules.
func sources(t *testing.T) []*source {
	t.Helper()
	list, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var parsed = sync.OnceValues(func() ([]*source, error) {
	paths, err := tree()
	if err != nil {
		return nil, err
	}
	list := []*source{}
	for _, p := range paths {
		if !strings.HasSuffix(p, ".go") || strings.Contains(p, "testdata/") {
			continue
		}
		s := &source{path: p, dir: path.Dir(p), test: strings.HasSuffix(p, "_test.go"), fset: token.NewFileSet()}
		if s.text, err = os.ReadFile(p); err != nil {
			return nil, err
		}
		if s.file, err = parser.ParseFile(s.fset, p, s.text, parser.ParseComments); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
})

// ours gives the folder of a package of this module.
func ours(importPath string) (dir string, ok bool) {
	if importPath == "deskside" {
		return ".", true
	}
	return strings.CutPrefix(importPath, "deskside/")
}

func within(dir, home string) bool { return dir == home || strings.HasPrefix(dir, home+"/") }

func TestLowerNeverImportsHigher(t *testing.T) {
	floor := make(map[string]int)
	for i, line := range floors {
		for _, dir := range strings.Fields(line) {
			floor[dir] = i
		}
	}
	for _, s := range sources(t) {
		from, known := floor[s.dir]
		if !known {
			t.Errorf("%s: package %s is on no floor; say in floors what it stands on, so that the tree stays readable from below", s.path, s.dir)
			continue
		}
		for p, spec := range s.imports() {
			dir, mine := ours(p)
			to, known := floor[dir]
			if mine && known && !s.test && to >= from {
				t.Errorf("%s: %s imports %s, which is not below it: lower packages must be usable and testable without higher ones", s.at(spec), s.dir, dir)
			}
		}
	}
}

func TestStrangersMeetOnTheWire(t *testing.T) {
	for _, s := range sources(t) {
		for p, spec := range s.imports() {
			dir, mine := ours(p)
			for _, group := range strangers {
				if mine && dir != s.dir && slices.Contains(group, s.dir) && slices.Contains(group, dir) {
					t.Errorf("%s: %s imports %s: they run on different machines or serve different ports, and what they share is the protocol; put it in a lower package or on the wire", s.at(spec), s.dir, dir)
				}
			}
			users, isConcrete := concrete[dir]
			if mine && isConcrete && !s.test && !within(s.dir, dir) && !slices.Contains(users, s.dir) {
				t.Errorf("%s: %s names the concrete %s: only %v may choose, everybody else takes the interface", s.at(spec), s.dir, dir, users)
			}
		}
	}
}

func TestPurePackagesArePure(t *testing.T) {
	banned := []string{"os", "os/exec", "net", "net/http", "log", "log/slog", "syscall", "io/ioutil", "golang.org/x/sys/unix"}
	for _, s := range sources(t) {
		if s.test || !slices.Contains(pure, s.dir) {
			continue
		}
		for p, spec := range s.imports() {
			if slices.Contains(banned, p) {
				t.Errorf("%s: pure package %s imports %s: it must be testable by values alone", s.at(spec), s.dir, p)
			}
		}
		for _, n := range s.calls("time", "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick") {
			t.Errorf("%s: pure package %s reads a clock: let the caller say what time it is", s.at(n), s.dir)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: pure package %s starts a goroutine: take a worker pool from the caller", s.at(g), s.dir)
			}
			return true
		})
	}
}

func TestEachModuleHasOneHome(t *testing.T) {
	used := make(map[string]bool)
	for _, s := range sources(t) {
		for p, spec := range s.imports() {
			first, _, _ := strings.Cut(p, "/")
			if _, mine := ours(p); mine || !strings.Contains(first, ".") {
				continue
			}
			mod := moduleOf(p)
			h, listed := homes[mod]
			used[mod] = true
			switch {
			case !listed:
				t.Errorf("%s: %s is of a module that is not in homes: list it with its one home and the reason for having it", s.at(spec), p)
			case h.home == "*" || s.test:
			case h.home == "tests" && !testHelper(s.dir):
				t.Errorf("%s: %s is for tests alone", s.at(spec), p)
			case h.home != "tests" && !slices.ContainsFunc(strings.Fields(h.home), func(home string) bool { return within(s.dir, home) }):
				t.Errorf("%s: %s has its home in %s (%s): go through that package, so that the module can be replaced in one place", s.at(spec), p, h.home, h.reason)
			}
		}
	}
	for mod, h := range homes {
		if h.reason == "" {
			t.Errorf("homes: %s has no reason", mod)
		}
		if !used[mod] {
			t.Errorf("homes: nothing imports %s: take it out, and out of go.mod", mod)
		}
	}
	t.Logf("modules in use: %v", slices.Sorted(maps.Keys(used)))
}

// moduleOf finds the listed module that a package is of, or gives the package.
func moduleOf(pkg string) string {
	best := ""
	for mod := range homes {
		if within(pkg, mod) && len(mod) > len(best) {
			best = mod
		}
	}
	if best == "" {
		return pkg
	}
	return best
}

// testHelper reports whether a package is for tests alone.
func testHelper(dir string) bool {
	return strings.HasSuffix(dir, "test") || dir == "internal/await" || dir == "internal/xvfb"
}

func TestGofmt(t *testing.T) {
	for _, s := range sources(t) {
		if got, err := format.Source(s.text); err != nil || !bytes.Equal(got, s.text) {
			t.Errorf("%s is not as gofmt writes it: run gofmt -w (%v)", s.path, err)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	docs := make(map[string]int)
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		docs[s.dir] += 0
		if s.file.Doc == nil {
			continue
		}
		docs[s.dir]++
		want := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			want = "Command " + path.Base(s.dir) + " "
		}
		if !strings.HasPrefix(s.file.Doc.Text(), want) {
			t.Errorf("%s: the package comment begins %.30q, want %q", s.path, s.file.Doc.Text(), want)
		}
	}
	for dir, n := range docs {
		if n != 1 {
			t.Errorf("%s has %d package comments, want one: it is where a reader begins", dir, n)
		}
	}
}

func TestNoSleepInTests(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test && !testHelper(s.dir) || s.dir == "internal/await" {
			continue
		}
		for _, n := range s.calls("time", "Sleep") {
			if !inBubble(s, n) {
				t.Errorf("%s: a test that sleeps is slow when it works and wrong when it does not: wait for a condition with internal/await, or use testing/synctest", s.at(n))
			}
		}
		limits := make(map[ast.Stmt]bool) // time limits of a select
		ast.Inspect(s.file, func(n ast.Node) bool {
			if c, ok := n.(*ast.CommClause); ok {
				limits[c.Comm] = true
			}
			if st, ok := n.(*ast.ExprStmt); ok && !limits[st] && isAfter(st.X) && !inBubble(s, n) {
				t.Errorf("%s: waiting for time.After is sleeping", s.at(n))
			}
			return true
		})
	}
}

func isAfter(e ast.Expr) bool {
	recv, ok := e.(*ast.UnaryExpr)
	if !ok || recv.Op != token.ARROW {
		return false
	}
	call, ok := recv.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "After"
}

// inBubble reports whether n is within a call of synctest.Test, where time is
// not real.
func inBubble(s *source, n ast.Node) bool {
	for _, use := range s.calls("testing/synctest", "Test") {
		found := false
		ast.Inspect(s.file, func(m ast.Node) bool {
			call, ok := m.(*ast.CallExpr)
			if ok && call.Fun == use && call.Pos() <= n.Pos() && n.End() <= call.End() {
				found = true
			}
			return true
		})
		if found {
			return true
		}
	}
	return false
}

func TestNothingHappensByItself(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: init runs unasked and in an order nobody sees: make it a function that somebody calls", s.at(f))
			}
		}
		for p, spec := range s.imports() {
			if spec.Name != nil && spec.Name.Name == "_" && p != "embed" && !within(s.dir, "cmd") {
				t.Errorf("%s: a blank import registers things unasked: name what is used in an explicit list", s.at(spec))
			}
		}
	}
}

func TestOnlyMainExits(t *testing.T) {
	for _, s := range sources(t) {
		exits := append(s.calls("os", "Exit"), s.calls("log", "Fatal", "Fatalf", "Fatalln")...)
		for _, n := range exits {
			in := enclosing(s.file, n)
			if s.test && in == "TestMain" || s.file.Name.Name == "main" && in == "main" {
				continue
			}
			t.Errorf("%s: %s exits: deferred work is lost and no caller can decide; return the error", s.at(n), in)
		}
	}
}

// enclosing names the function that n is in.
func enclosing(file *ast.File, n ast.Node) string {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Pos() <= n.Pos() && n.End() <= f.End() {
			return f.Name.Name
		}
	}
	return "?"
}

func TestPortableFilesDoNotAskTheSystem(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(sayOS, s.path) {
			continue
		}
		for _, n := range s.calls("runtime", "GOOS") {
			t.Errorf("%s: runtime.GOOS: put what differs into a file with the system's suffix, and a small _default.go", s.at(n))
		}
	}
}

func TestKeysAreCheckedInOnePlace(t *testing.T) {
	where := map[string]bool{}
	for _, s := range sources(t) {
		// A client that is written as somebody else would has none of our
		// functions: it does the check itself, in the same literal.
		stranger := s.test && s.dir == "internal/strangers/courier"
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok && stranger && hasKey(lit, "VerifyConnection") {
				return false
			}
			id, ok := n.(*ast.Ident)
			if !ok || id.Name != "InsecureSkipVerify" {
				return true
			}
			if s.dir != "identity" || s.test {
				t.Errorf("%s: InsecureSkipVerify outside identity: only the one pinning function may replace the standard check", s.at(n))
			}
			where[s.path+" "+enclosing(s.file, n)] = true
			return true
		})
	}
	if len(where) > 1 {
		t.Errorf("the standard check is replaced in several functions: %v", slices.Sorted(maps.Keys(where)))
	}
}

// hasKey reports whether a literal sets a field.
func hasKey(lit *ast.CompositeLit, field string) bool {
	return slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		id, ok := kv.Key.(*ast.Ident)
		return ok && id.Name == field
	})
}

func TestNothingIsLeftForLater(t *testing.T) {
	mark := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)
	paths, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{".go", ".md", ".ts", ".css", ".html", ".sh", ".toml", ".txtar", ".mjs"}
	for _, p := range paths {
		if !slices.Contains(kinds, path.Ext(p)) && !within(p, "script") || path.Base(p) == "THIRD_PARTY.md" {
			continue
		}
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range strings.Split(string(text), "\n") {
			if m := mark.FindString(l); m != "" {
				t.Errorf("%s:%d: %s: do it, or write down in an issue that it is not done", p, i+1, m)
			}
		}
	}
}

func TestModuleFile(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"replace ", "replace(", "exclude "} {
		if strings.Contains("\n"+string(text), "\n"+bad) {
			t.Errorf("go.mod has %q: a build must be the same for everybody who fetches the module", bad)
		}
	}
	for _, tool := range []string{"honnef.co/go/tools/cmd/staticcheck", "golang.org/x/vuln/cmd/govulncheck"} {
		if !strings.Contains(string(text), tool) {
			t.Errorf("go.mod does not pin the tool %s", tool)
		}
	}
}

// TestSkipsAreListed holds the tests to the list that script/test compares
// with what was skipped.
func TestSkipsAreListed(t *testing.T) {
	listed := skipList(t)
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, sel.Sel.Name) {
				return true
			}
			id, ok := sel.X.(*ast.Ident)
			if !ok || !slices.Contains([]string{"t", "b", "f", "tb", "testing"}, id.Name) {
				return true
			}
			if in := enclosing(s.file, n); !listed["deskside/"+s.dir+" "+in] {
				t.Errorf("%s: %s may skip and is not in script/skips: a test that does not run proves nothing, and a missing tool is no reason", s.at(n), in)
			}
			return true
		})
	}
}

// skipList reads script/skips: a package, a test and a reason on each line.
func skipList(t *testing.T) map[string]bool {
	t.Helper()
	f, err := os.Open("script/skips")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := make(map[string]bool)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if l := strings.TrimSpace(lines.Text()); l != "" && l[0] != '#' {
			word := strings.Fields(l)
			if len(word) < 3 {
				t.Errorf("script/skips: %q: want a package, a test and a reason", l)
				continue
			}
			list[word[0]+" "+word[1]] = true
		}
	}
	return list
}

func TestFilesStayReadable(t *testing.T) {
	lengths, packages := []int{}, make(map[string]int)
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		n := bytes.Count(s.text, []byte("\n"))
		packages[s.dir] += n
		if n > maxLines {
			t.Errorf("%s has %d lines, more than %d: is it still one idea?", s.path, n, maxLines)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				lengths = append(lengths, s.fset.Position(f.End()).Line-s.fset.Position(f.Pos()).Line+1)
			}
		}
	}
	slices.Sort(lengths)
	t.Logf("functions: %d, median %d lines, nine in ten under %d, longest %d",
		len(lengths), lengths[len(lengths)/2], lengths[len(lengths)*9/10]+1, lengths[len(lengths)-1])
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		t.Logf("package %-24s %5d lines", dir, packages[dir])
	}
}
