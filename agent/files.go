package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"deskside/xfer"
	"deskside/xfer/serve"
)

// files configures file transfer.
func (a *Agent) files() serve.Config {
	c := serve.Config{Gate: a, Log: a.cfg.Log, Roots: a.roots, Private: a.private(), Programs: programFolders()}
	c.Home, _ = os.UserHomeDir()
	return c
}

// roots gives the folders that policy opens at this moment. A leading ~ is the
// home of the user the agent runs as.
func (a *Agent) roots() []xfer.Root {
	p, _ := a.authority.Policy()
	home, err := os.UserHomeDir()
	list := make([]xfer.Root, 0, len(p.Files))
	for _, f := range p.Files {
		if rest, ok := strings.CutPrefix(f.Path, "~"); ok {
			if err != nil {
				continue
			}
			f.Path = filepath.Join(home, rest)
		}
		list = append(list, xfer.Root{
			Name: f.Name, Path: f.Path, Write: f.Write, DotFiles: f.DotFiles, Executables: f.Executables, AllowStartup: f.StartupFiles,
		})
	}
	return list
}

// private gives the places that no operator's files-read or files-write
// reaches: the agent's own, that of whoever helps others from this machine,
// where their key is, and the program itself, under each name it goes by.
func (a *Agent) private() []string {
	list := []string{a.cfg.Dir}
	if home := os.Getenv("DESKSIDE_HOME"); home != "" {
		list = append(list, home)
	}
	if dir, err := os.UserConfigDir(); err == nil {
		list = append(list, filepath.Join(dir, "deskside"))
	}
	for i, path := range list {
		if abs, err := filepath.Abs(path); err == nil {
			list[i] = abs
		}
	}
	return append(list, programNames()...)
}

// programNames gives the paths of this program: where its file is, and what it
// was called by, with every link on the way. Whoever could change one of them
// would have another program run in its place, at the next start at the latest.
func programNames() (names []string) {
	if path, err := os.Executable(); err == nil {
		names = append(names, trail(path)...)
	}
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			names = append(names, trail(path)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const maxLinks = 40 // on the way to a file, as in Linux

// trail gives a path and those that it becomes as its links are followed, one
// after another.
func trail(path string) []string {
	list := []string{filepath.Clean(path)}
	for range maxLinks {
		next, ok := follow(list[len(list)-1])
		if !ok {
			break
		}
		list = append(list, next)
	}
	return list
}

// follow replaces the first link in a path by what it says.
func follow(path string) (string, bool) {
	for at := range path {
		if at == 0 || !os.IsPathSeparator(path[at]) {
			continue
		}
		if next, ok := readLink(path[:at], path[at:]); ok {
			return next, true
		}
	}
	return readLink(path, "")
}

func readLink(link, rest string) (string, bool) {
	says, err := os.Readlink(link)
	if err != nil {
		return "", false
	}
	if !filepath.IsAbs(says) {
		says = filepath.Join(filepath.Dir(link), says)
	}
	return filepath.Join(says, rest), true
}

// programFolders gives the folders from which programs run by name, the agent's
// own among them: whoever may put one there may run it, for the agent itself
// opens a browser or a terminal by name.
func programFolders() []string {
	list := []string{}
	for _, path := range programNames() {
		list = append(list, filepath.Dir(path))
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			list = append(list, filepath.Clean(dir))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
