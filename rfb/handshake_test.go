package rfb

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"deskside/raster"
)

var hello = ServerInit{W: 640, H: 480, Format: raster.RGB888, Name: "Büro"}

// script is a stream whose other side says in, whatever it is told.
type script struct {
	io.Reader
	bytes.Buffer
}

func (s *script) Read(p []byte) (int, error) { return s.Reader.Read(p) }

func says(in string) *script { return &script{Reader: strings.NewReader(in)} }

func TestAccept(t *testing.T) {
	greeting, init := "RFB 003.008\n", string(hello.Append(nil))
	for name, test := range map[string]struct {
		in, want string
		ok       bool
	}{
		"3.8":           {"RFB 003.008\n\x01\x01", greeting + "\x01\x01" + "\x00\x00\x00\x00" + init, true},
		"3.7":           {"RFB 003.007\n\x01\x01", greeting + "\x01\x01" + init, true},
		"3.3":           {"RFB 003.003\n\x01", greeting + "\x00\x00\x00\x01" + init, true},
		"3.5":           {"RFB 003.005\n\x01", greeting + "\x00\x00\x00\x01" + init, true},
		"4.1":           {"RFB 004.001\n\x01\x01", greeting + "\x01\x01" + "\x00\x00\x00\x00" + init, true},
		"not RFB":       {"GET / HTTP/1.1\r\n", greeting, false},
		"other type":    {"RFB 003.008\n\x02\x01", greeting + "\x01\x01" + "\x00\x00\x00\x01\x00\x00\x00\x23security type 2: only 1 was offered", false},
		"other, silent": {"RFB 003.007\n\x02\x01", greeting + "\x01\x01", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := says(test.in)
			shared, err := Accept(s, NewReader(s), hello)
			if (err == nil) != test.ok || shared != test.ok {
				t.Fatalf("shared %v, %v", shared, err)
			}
			if got := s.String(); got != test.want {
				t.Errorf("said %q, want %q", got, test.want)
			}
			for i := range test.in {
				s := says(test.in[:i])
				if _, err := Accept(s, NewReader(s), hello); err == nil {
					t.Errorf("%q was enough", test.in[:i])
				}
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	greeting := "RFB 003.008\n"
	for in, want := range map[string]string{
		"RFB 003.008\n":      greeting + "\x00\x00\x00\x00\x02no",
		"RFB 003.007\n":      greeting + "\x00\x00\x00\x00\x02no",
		"RFB 003.003\n":      greeting + "\x00\x00\x00\x00\x00\x00\x00\x02no",
		"GET / HTTP/1.1\r\n": greeting,
	} {
		s := says(in)
		if err := Refuse(s, NewReader(s), "no"); (err == nil) != strings.HasPrefix(in, "RFB") || s.String() != want {
			t.Errorf("%q: said %q, %v, want %q", in, s.String(), err, want)
		}
		if in != greeting { // ours speaks as the greeting says
			continue
		}
		s = says(want)
		if _, err := Connect(s, NewReader(s), true); err == nil || err.Error() != `refused: "no"` {
			t.Errorf("our own client is told %v", err)
		}
	}
}

func TestConnect(t *testing.T) {
	init := string(hello.Append(nil))
	for name, test := range map[string]struct {
		in, said, err string
	}{
		"3.8":         {"RFB 003.008\n\x02\x10\x01\x00\x00\x00\x00" + init, "RFB 003.008\n\x01\x01", ""},
		"3.7":         {"RFB 003.007\n\x01\x01" + init, "RFB 003.007\n\x01\x01", ""},
		"3.3":         {"RFB 003.003\n\x00\x00\x00\x01" + init, "RFB 003.003\n\x01", ""},
		"refused":     {"RFB 003.008\n\x00\x00\x00\x00\x02no", "", `refused: "no"`},
		"refused 3.3": {"RFB 003.003\n\x00\x00\x00\x00\x00\x00\x00\x02no", "", `refused: "no"`},
		"failed":      {"RFB 003.008\n\x01\x01\x00\x00\x00\x01\x00\x00\x00\x02no", "", `refused: "no"`},
		"password":    {"RFB 003.008\n\x01\x02", "", "security types"},
		"long reason": {"RFB 003.008\n\x00\x00\x01\x00\x00", "", "at most"},
		"not RFB":     {"SSH-2.0-OpenSSH", "", "version"},
	} {
		t.Run(name, func(t *testing.T) {
			s := says(test.in)
			got, err := Connect(s, NewReader(s), true)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("%v, want %q", err, test.err)
				}
				return
			}
			if err != nil || got != hello || s.String() != test.said {
				t.Fatalf("%+v, %v, said %q", got, err, s.String())
			}
			for i := range test.in {
				s := says(test.in[:i])
				if _, err := Connect(s, NewReader(s), true); err == nil {
					t.Errorf("%q was enough", test.in[:i])
				}
			}
		})
	}
}

// TestOurselves lets both ends of ours talk to one another.
func TestOurselves(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	type result struct {
		shared bool
		err    error
	}
	done := make(chan result)
	go func() {
		shared, err := Accept(a, NewReader(a), hello)
		done <- result{shared, err}
	}()
	init, err := Connect(b, NewReader(b), true)
	if r := <-done; err != nil || r.err != nil || !r.shared || init != hello {
		t.Fatalf("%+v, %v; %+v", init, err, r)
	}
}

func FuzzHandshake(f *testing.F) {
	f.Add("RFB 003.008\n\x01\x01")
	f.Add("RFB 003.003\n\x00\x00\x00\x01" + string(hello.Append(nil)))
	f.Add("RFB 003.008\n\x02\x10\x01\x00\x00\x00\x00" + string(hello.Append(nil)))
	f.Fuzz(func(t *testing.T, in string) {
		s := says(in)
		Accept(s, NewReader(s), hello)
		s = says(in)
		Connect(s, NewReader(s), false)
	})
}
