package client

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"deskside"
	"deskside/identity"
	"deskside/rcinfo"
	"deskside/transport"
)

// A host that is read is a host and a port, and is read again as the same.
func FuzzSplitHost(f *testing.F) {
	for _, text := range []string{"", "desk7", "desk7:3701", "::1", "[::1]", "[::1]:2701", "10.0.0.7:", ":2701", "a:b:c", "[a", "x:0", "x:65536", "fe80::1%eth0", "[fe80::1%eth0]:7", "x:0080", "[a:b]:7"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, err := splitHost(text)
		if err != nil {
			return
		}
		_, port, err := net.SplitHostPort(addr)
		if n, e := strconv.Atoi(port); err != nil || e != nil || n < 1 || n > 65535 {
			t.Fatalf("%q is %q: %v, %v", text, addr, err, e)
		}
		if again, err := splitHost(addr); err != nil || again != addr {
			t.Errorf("%q is %q, which is read as %q, %v", text, addr, again, err)
		}
		if again, err := splitHost(pinName(addr)); err != nil || again != addr {
			t.Errorf("%q is pinned as %q, which is read as %q, %v", addr, pinName(addr), again, err)
		}
	})
}

// An address book that is read can be looked through and changed.
func FuzzBook(f *testing.F) {
	for _, text := range []string{"", "[]", "null", "{}", `[{"name":"a","address":"b"},{"name":"A"}]`, `[{"used":"x"}]`, `[{"name":"\u0000","group":"\ud800"}]`} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		b := &Book{path: filepath.Join(dir, "machines.json")}
		if err := os.WriteFile(b.path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := b.All()
		if err != nil {
			return
		}
		for _, m := range list[:min(len(list), 3)] {
			if _, ok, err := b.Find(m.Name); !ok || err != nil {
				t.Errorf("%q is in the book and is not found: %v", m.Name, err)
			}
		}
		if err := b.Put(Machine{Name: "new machine", Address: "desk7"}); err != nil {
			t.Fatal(err)
		}
		if m, ok, err := b.Find("New machine"); !ok || err != nil || m.Address != "desk7" {
			t.Errorf("what was put is %+v, %v, %v", m, ok, err)
		}
		after, err := b.All()
		if more := len(after) - len(list); err != nil || more != 0 && more != 1 {
			t.Errorf("%d machines became %d: %v", len(list), len(after), err)
		}
	})
}

// Whatever an agent answers to a setup, says of itself and says at the end, the
// session is there to be asked, and nothing of it is believed that is not checked.
func FuzzAnswer(f *testing.F) {
	id, err := identity.New()
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(rcinfo.Answer{
		Session: deskside.Session{ID: deskside.NewSessionID(), State: deskside.Granted, Rights: deskside.AllRights},
		Tickets: map[string]deskside.Ticket{"sms-rcinfo": deskside.NewTicket(), "sms-chat": deskside.NewTicket()},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, []byte(`{"ports":{"sms-chat":2703,"sms-xfer":70000}}`), []byte(`{"session":{"state":"ended","cause":"person"},"head":"{}"}`))
	f.Add([]byte(`{"tickets":{"x":"","sms-chat":null}}`), []byte(`{"ports":{"sms-chat":-1}}`), []byte(`{"words":"\u001b[2J","head":"null"}`))
	f.Add([]byte(`{"session":{"state":9,"limits":{"grace_s":9223372036854775807}}}`), []byte(`null`), []byte(`{"session":{"state":"active"}}`))
	home := f.TempDir()
	f.Fuzz(func(t *testing.T, said, hello, end []byte) {
		var answer rcinfo.Answer
		a := &Agent{Addr: "127.0.0.1:2701", Key: id.ID(), client: &Client{home: home, id: id}, dialer: &transport.Dialer{Identity: id}}
		var e rcinfo.Ended
		if json.Unmarshal(said, &answer) != nil || json.Unmarshal(hello, &a.Hello) != nil || json.Unmarshal(end, &e) != nil {
			return
		}
		s := newSession(a, answer)
		defer s.discard()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for _, svc := range deskside.Services {
			ticket, err := s.Ticket(over, svc)
			if err == nil && ticket == (deskside.Ticket{}) {
				t.Errorf("%s: no ticket, and no reason", svc)
			}
			if addr, err := a.addrOf(svc); err == nil && !strings.HasPrefix(addr, "127.0.0.1:") {
				t.Errorf("%s is sought at %q", svc, addr)
			}
		}
		s.finish(e)
		if err := endError(s.Ended()); strings.ContainsAny(err.Error(), "\x1b\n\u202e") {
			t.Errorf("the end is said as %q", err)
		}
		if _, err := os.Stat(filepath.Join(home, headFile)); err == nil {
			t.Errorf("a head was kept that the agent did not sign: %q", e.Head)
		}
	})
}
