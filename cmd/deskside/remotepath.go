package main

import (
	"fmt"
	"regexp"
	"strings"
)

// remotePath is a place at an agent, as HOST:PATH names it.
type remotePath struct {
	host string // as Client.Reach takes it
	path string // empty is where the agent's files begin
}

var withPort = regexp.MustCompile(`^:([0-9]{1,5}):`)

// parseRemote reads HOST:PATH, where HOST may have a port of its own
// ("desk7:3701:notes.txt") and an IPv6 address stands in brackets. A path that
// begins with digits and a colon is written with ./ before it. The report is
// false for a local path: one without a colon, with a slash before the first,
// or with a drive letter.
func parseRemote(text string) (r remotePath, remote bool, err error) {
	host, rest := "", ""
	if strings.HasPrefix(text, "[") {
		end := strings.Index(text, "]")
		if end < 0 || !strings.HasPrefix(text[end+1:], ":") {
			return r, false, fmt.Errorf("%q: want [ADDRESS]:PATH", text)
		}
		host, rest = text[:end+1], text[end+1:]
	} else {
		colon := strings.IndexByte(text, ':')
		if colon < 0 || strings.ContainsAny(text[:colon], `/\`) || isDrive(text) {
			return r, false, nil
		}
		host, rest = text[:colon], text[colon:]
	}
	if host == "" {
		return r, false, fmt.Errorf("%q: no host before the colon; a local name that begins with one is written ./%s", text, text)
	}
	if port := withPort.FindStringSubmatch(rest); port != nil {
		host, rest = host+":"+port[1], rest[len(port[0])-1:]
	}
	return remotePath{host, rest[1:]}, true, nil
}

// isDrive reports whether text begins as a Windows path does.
func isDrive(text string) bool {
	return len(text) >= 3 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')
}

// join gives the path of name in the folder r.
func (r remotePath) join(name string) remotePath {
	if r.path != "" && !strings.HasSuffix(r.path, "/") {
		r.path += "/"
	}
	r.path += name
	return r
}

// base gives the last name of a far path, which may be written with either
// slash.
func (r remotePath) base() string {
	p := strings.TrimRight(r.path, `/\`)
	return p[strings.LastIndexAny(p, `/\`)+1:]
}

func (r remotePath) String() string { return r.host + ":" + r.path }
