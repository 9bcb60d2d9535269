package link

import (
	"bytes"
	"encoding/binary"
	"net"
	"reflect"
	"testing"
)

func TestParseDisplay(t *testing.T) {
	for _, c := range []struct {
		text string
		want Address
	}{
		{":0", Address{"unix", "/tmp/.X11-unix/X0", "", 0, 0}},
		{":7.1", Address{"unix", "/tmp/.X11-unix/X7", "", 7, 1}},
		{"unix:7", Address{"unix", "/tmp/.X11-unix/X7", "", 7, 0}},
		{"localhost:10.0", Address{"tcp", "localhost:6010", "localhost", 10, 0}},
		{"tcp/host:1", Address{"tcp", "host:6001", "host", 1, 0}},
		{"[::1]:2", Address{"tcp", "[::1]:6002", "[::1]", 2, 0}},
	} {
		if got, err := parseDisplay(c.text); err != nil || got != c.want {
			t.Errorf("parseDisplay(%q) = %+v, %v, want %+v", c.text, got, err, c.want)
		} else if again, err := Find(got.String()); err != nil || again != got {
			t.Errorf("%q is shown as %q, which is %+v, %v", c.text, got, again, err)
		}
	}
	for _, bad := range []string{"", "7", ":", ":x", ":-1", ":+1", ":0.", ":0.x", ":70000", ":1:", "::"} {
		if got, err := parseDisplay(bad); err == nil {
			t.Errorf("parseDisplay(%q) = %+v, want an error", bad, got)
		}
	}
}

var authority = []authEntry{
	{familyLocal, "old-name", "7", cookieName, []byte("local cookie 777")},
	{familyInternet, "\x0a\x00\x00\x01", "7", cookieName, []byte("inet cookie 7777")},
	{familyInternet6, string(net.IPv6loopback), "7", cookieName, []byte("inet6 cookie 777")},
	{familyLocal, "host", "8", "XDM-AUTHORIZATION-1", []byte("other scheme")},
	{familyWild, "", "9", cookieName, []byte("wild cookie 9999")},
}

// appendTo writes the entry as parseAuthority reads it.
func (e authEntry) appendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, e.family)
	for _, f := range []string{e.address, e.number, e.name, string(e.data)} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(f)))
		b = append(b, f...)
	}
	return b
}

func authorityFile() (b []byte) {
	for _, e := range authority {
		b = e.appendTo(b)
	}
	return b
}

func TestParseAuthority(t *testing.T) {
	whole := authorityFile()
	got, err := parseAuthority(whole)
	if err != nil || !reflect.DeepEqual(got, authority) {
		t.Fatalf("got %+v, %v, want %+v", got, err, authority)
	}
	ends := map[int]bool{0: true}
	for n, e := 0, 0; e < len(authority); e++ {
		n += len(authority[e].appendTo(nil))
		ends[n] = true
	}
	for n := range whole {
		if _, err := parseAuthority(whole[:n]); (err == nil) != ends[n] {
			t.Errorf("the first %d of %d bytes: error %v", n, len(whole), err)
		}
	}
}

func TestChooseCookie(t *testing.T) {
	unix := &net.UnixAddr{Name: "/tmp/.X11-unix/X7", Net: "unix"}
	ip := func(text string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(text), Port: 6007} }
	for _, c := range []struct {
		name string
		a    Address
		peer net.Addr
		want string
	}{
		{"local, by any host name", Address{number: 7}, unix, "local cookie 777"},
		{"other scheme", Address{number: 8}, unix, ""},
		{"wild", Address{number: 9}, unix, "wild cookie 9999"},
		{"none", Address{number: 1}, unix, ""},
		{"by Address", Address{host: "x", number: 7}, ip("10.0.0.1"), "inet cookie 7777"},
		{"another machine", Address{host: "x", number: 7}, ip("10.0.0.2"), ""},
		{"loopback", Address{host: "localhost", number: 7}, ip("127.0.0.1"), "local cookie 777"},
	} {
		if got := chooseCookie(authority, c.a, c.peer); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzParseAuthority(f *testing.F) {
	f.Add(authorityFile())
	f.Add([]byte{1, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseAuthority(b)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range list {
			again = e.appendTo(again)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}
