package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Address families of an authority file, as of Xauth.h and X.h.
const (
	familyInternet  = 0
	familyInternet6 = 6
	familyLocal     = 256
	familyWild      = 65535
)

const (
	cookieName       = "MIT-MAGIC-COOKIE-1"
	maxAuthorityFile = 1 << 20
)

// authEntry is one entry of an authority file.
type authEntry struct {
	family          uint16
	address, number string
	name            string
	data            []byte
}

// parseAuthority reads the entries of an authority file: a family and four
// counted strings each, all numbers of 16 bits, big end first.
func parseAuthority(b []byte) ([]authEntry, error) {
	var list []authEntry
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, io.ErrUnexpectedEOF
		}
		e := authEntry{family: binary.BigEndian.Uint16(b)}
		b = b[2:]
		var fields [4][]byte
		for i := range fields {
			if len(b) < 2 {
				return nil, io.ErrUnexpectedEOF
			}
			n := int(binary.BigEndian.Uint16(b))
			if len(b) < 2+n {
				return nil, io.ErrUnexpectedEOF
			}
			fields[i], b = b[2:2+n], b[2+n:]
		}
		e.address, e.number, e.name, e.data = string(fields[0]), string(fields[1]), string(fields[2]), fields[3]
		list = append(list, e)
	}
	return list, nil
}

// readCookie finds the cookie for a server. No file and no entry are no error:
// the server may admit this user without. An empty path means $XAUTHORITY,
// else .Xauthority in the home directory.
func readCookie(path string, a Address, peer net.Addr) ([]byte, error) {
	if path == "" {
		path = defaultAuthority()
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxAuthorityFile))
	if err != nil {
		return nil, err
	}
	list, err := parseAuthority(raw)
	if err != nil {
		return nil, fmt.Errorf("authority file %q: %w", path, err)
	}
	return chooseCookie(list, a, peer), nil
}

func defaultAuthority() string {
	if path := os.Getenv("XAUTHORITY"); path != "" {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".Xauthority")
}

// chooseCookie takes the first entry meant for this server. For a server of
// this machine every local entry of its number counts, as host names change
// while cookies stay; a cookie is never sent to another machine than it names.
func chooseCookie(list []authEntry, a Address, peer net.Addr) []byte {
	number := strconv.Itoa(a.number)
	for _, e := range list {
		if e.name != cookieName || (e.number != "" && e.number != number) {
			continue
		}
		if e.family == familyWild || (a.host == "" && e.family == familyLocal) || sameHost(e, peer) {
			return e.data
		}
	}
	return nil
}

func sameHost(e authEntry, peer net.Addr) bool {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return false
	}
	switch e.family {
	case familyInternet:
		return bytes.Equal([]byte(e.address), tcp.IP.To4())
	case familyInternet6:
		return bytes.Equal([]byte(e.address), tcp.IP.To16())
	case familyLocal:
		return tcp.IP.IsLoopback()
	}
	return false
}

// setup gives the first message of a client: byte order, protocol 11.0 and the
// cookie, if there is one.
func setup(cookie []byte) []byte {
	name := cookieName
	if len(cookie) == 0 {
		name = ""
	}
	b := []byte{'l', 0, 11, 0, 0, 0, byte(len(name)), 0, byte(len(cookie)), byte(len(cookie) >> 8), 0, 0}
	b = append(b, name...)
	b = append(b, make([]byte, -len(name)&3)...)
	b = append(b, cookie...)
	return append(b, make([]byte, -len(cookie)&3)...)
}
