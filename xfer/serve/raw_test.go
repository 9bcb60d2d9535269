//go:build unix

package serve

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// raw sends text as it is, with TICKET replaced by a live ticket, ends the
// sending if told so, and gives the reply.
func raw(t *testing.T, r *rig, text string, end bool) (status int, reply deskside.Error) {
	t.Helper()
	s := r.net.Dial(deskside.Xfer)
	defer s.Abort()
	say(r, s, text) // an error is one of the agent's answers
	if end {
		s.CloseWrite()
	}
	return answer(s)
}

// answer reads the status and the refusal of an answer.
func answer(s transport.Stream) (status int, reply deskside.Error) {
	resp, err := http.ReadResponse(bufio.NewReader(s), nil)
	if err != nil {
		return 0, reply
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	json.Unmarshal(body, &reply)
	return resp.StatusCode, reply
}

func say(r *rig, s transport.Stream, text string) error {
	ticket, _ := r.gate.Issue(deskside.Xfer, both).MarshalText()
	text = strings.ReplaceAll(text, "TICKET", "Authorization: Deskside "+string(ticket))
	_, err := io.WriteString(s, strings.ReplaceAll(text, "\n", "\r\n"))
	return err
}

// putRequest is a put of size bytes in one chunk of body, with a trailer.
func putRequest(size int, body, trailer string) string {
	chunks := ""
	if body != "" {
		chunks = fmt.Sprintf("%x\n%s\n", len(body), body)
	}
	return fmt.Sprintf("PUT /file?path=new&mtime=2026-01-01T00:00:00Z&size=%d HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\nTrailer: %s, %s\n\n%s0\n%s\n",
		size, xfer.HeaderHash, xfer.HeaderFault, chunks, trailer)
}

func hashOf(text string) string {
	h := disk.NewHasher()
	h.Write([]byte(text))
	return h.Now().String()
}

// TestLies sends bodies that are not what was said of them.
func TestLies(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		right := xfer.HeaderHash + ": " + hashOf("abcde") + "\n"
		tests := map[string]string{
			"another hash":   putRequest(5, "abcde", xfer.HeaderHash+": "+hashOf("abcdf")+"\n"),
			"no hash":        putRequest(5, "abcde", ""),
			"no real hash":   putRequest(5, "abcde", xfer.HeaderHash+": 12\n"),
			"too short":      putRequest(6, "abcde", right),
			"too long":       putRequest(4, "abcde", xfer.HeaderHash+": "+hashOf("abcd")+"\n"),
			"no body at all": putRequest(5, "", right),
			"given up":       putRequest(5, "abcde", xfer.HeaderFault+`: {"code":"conflict","words":"changed"}`+"\n"+right),
			"fault unclear":  putRequest(5, "abcde", xfer.HeaderFault+": x\n"+right),
			"without trailer": "PUT /file?path=new&mtime=2026-01-01T00:00:00Z&size=5 HTTP/1.1\nHost: agent\nTICKET\n" +
				"Content-Length: 5\n\nabcde",
		}
		for name, text := range tests {
			status, reply := raw(t, r, text, false)
			if status/100 != 4 || reply.Code != deskside.CodeConflict || reply.Words == "" {
				t.Errorf("%s: %d %+v", name, status, reply)
			}
			wantOnly(t, r.dir)
		}
		if status, reply := raw(t, r, putRequest(5, "abcde", right), false); status != 200 {
			t.Errorf("the truth: %d %+v", status, reply)
		}
		wantFile(t, r.at("new"), []byte("abcde"))
	})
}

// TestMalformed sends what is no request of file transfer, or none at all.
func TestMalformed(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		head := " HTTP/1.1\nHost: agent\nTICKET\n\n"
		for name, text := range map[string]string{
			"no such request": "GET /etc/passwd" + head,
			"wrong method":    "POST /file?path=a" + head,
			"path climbs":     "GET /../../file?path=a" + head,
			"absolute target": "GET http://other/nothing" + head,
			"unknown option":  "GET /list?path=a&force=1" + head,
			"doubled":         "DELETE /file?path=a&path=b" + head,
			"bad escape":      "GET /list?path=%zz" + head,
			"put of nothing":  "PUT /file" + head,
			"put, no time":    "PUT /file?path=x&size=0" + head,
			"size too large":  "PUT /file?path=x&mtime=2026-01-01T00:00:00Z&size=99999999999999999999" + head,
		} {
			status, reply := raw(t, r, text, false)
			if status/100 != 4 || reply.Code == "" || reply.Words == "" {
				t.Errorf("%s: %d %+v", name, status, reply)
			}
		}
		for name, text := range map[string]string{
			"no HTTP":            "\x16\x03\x01 hello\n\n",
			"bad chunk":          "PUT /file?path=x&mtime=2026-01-01T00:00:00Z&size=5 HTTP/1.1\nHost: a\nTICKET\nTransfer-Encoding: chunked\n\nzz\nabc\n",
			"endless chunk":      "PUT /file?path=x&mtime=2026-01-01T00:00:00Z&size=5 HTTP/1.1\nHost: a\nTICKET\nTransfer-Encoding: chunked\n\nffffffffffffffffff\n",
			"two lengths":        "PUT /file?path=x&mtime=2026-01-01T00:00:00Z&size=5 HTTP/1.1\nHost: a\nTICKET\nContent-Length: 5\nContent-Length: 6\n\nabcde",
			"header without end": "GET /list" + strings.Repeat("x", 1<<20),
		} {
			if status, _ := raw(t, r, text, true); status/100 == 2 {
				t.Errorf("%s: %d", name, status)
			}
		}
		await.True(t, "the streams closed", func() bool { return r.gate.Open() == 0 })
		wantOnly(t, r.dir)
	})
}

// TestCutShort ends a put after every part of its text: no part makes a file.
func TestCutShort(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		whole := putRequest(5, "abcde", xfer.HeaderHash+": "+hashOf("abcde")+"\n")
		for n := 1; n < len(whole); n++ {
			if status, _ := raw(t, r, whole[:n], true); status/100 == 2 {
				t.Fatalf("%q made a file", whole[:n])
			}
			wantOnly(t, r.dir)
		}
	})
}

// TestStandsStill is a sender that stops in the middle and keeps the stream:
// what has arrived is kept, the stream is not.
func TestStandsStill(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		r := newRigOf(t, n, Config{Limits: Limits{Idle: 100 * time.Millisecond}})
		s := r.net.Dial(deskside.Xfer)
		defer s.Abort()
		body := string(noise(disk.KeepLeast))
		must(t, say(r, s, fmt.Sprintf("PUT /file?path=new&mtime=2026-01-01T00:00:00Z&size=%d HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\n\n", 2*disk.KeepLeast)))
		if _, err := fmt.Fprintf(s, "%x\r\n%s\r\n", len(body), body); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, s); err != nil {
			t.Logf("the stream ended with %v", err)
		}
		await.True(t, "the end in the audit", func() bool { return len(r.gate.EventsOf(deskside.EventTransferEnd)) == 1 })
		if e := r.gate.EventsOf(deskside.EventTransferEnd)[0]; e.Code != deskside.CodeUnreachable || e.Detail["bytes"] != fmt.Sprint(disk.KeepLeast) {
			t.Errorf("the audit has %+v", e)
		}
		if left := partials(t, r.dir); len(left) != 1 {
			t.Errorf("left for later: %q", left)
		}
	})
}

// TestTurns puts the same file twice at once: the newer one gets it.
func TestTurns(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.net.Dial(deskside.Xfer)
		defer s.Abort()
		data := write(t, r.mine("new"), noise(2*disk.KeepLeast))
		when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		must(t, os.Chtimes(r.mine("new"), when, when))
		must(t, say(r, s, fmt.Sprintf("PUT /file?path=new&mtime=2026-01-01T00:00:00Z&size=%d HTTP/1.1\nHost: agent\nTICKET\nTransfer-Encoding: chunked\n\n", len(data))))
		if _, err := fmt.Fprintf(s, "%x\r\n%s\r\n", disk.KeepLeast, data[:disk.KeepLeast]); err != nil {
			t.Fatal(err)
		}
		await.True(t, "the first part on the disk", func() bool { return largest(r.dir) == disk.KeepLeast })
		sent, err := r.c.Put(ctx(t), r.mine("new"), "new", xfer.Options{})
		must(t, err)
		if sent.Resumed != disk.KeepLeast {
			t.Errorf("went on at %d", sent.Resumed)
		}
		wantFile(t, r.at("new"), data)
		wantOnly(t, r.dir, "new")
	})
}

func bufioOf(text string) *bufio.Reader { return bufio.NewReader(strings.NewReader(text)) }

// TestReaderStandsStill is a receiver that stops reading: the agent does not
// hold the file for it for ever.
func TestReaderStandsStill(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		r := newRigOf(t, n, Config{Limits: Limits{Idle: 100 * time.Millisecond}})
		write(t, r.at("a"), noise(longFile))
		s := r.net.Dial(deskside.Xfer)
		defer s.Abort()
		must(t, say(r, s, "GET /file?path=a HTTP/1.1\nHost: agent\nTICKET\n\n"))
		await.True(t, "the end in the audit", func() bool { return len(r.gate.EventsOf(deskside.EventTransferEnd)) == 1 })
		if e := r.gate.EventsOf(deskside.EventTransferEnd)[0]; e.Code != deskside.CodeUnreachable {
			t.Errorf("the audit has %+v", e)
		}
	})
}
