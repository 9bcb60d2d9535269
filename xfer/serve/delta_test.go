//go:build unix

package serve

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport/transporttest"
	"deskside/xfer"
	"deskside/xfer/chunk"
	"deskside/xfer/disk"
	"deskside/xfer/frame"
)

// inserted gives data with n other bytes in its middle.
func inserted(data []byte, n int) []byte {
	other := bytes.Repeat([]byte("an insertion of its own. "), n/25+1)[:n]
	return slices.Concat(data[:len(data)/2], other, data[len(data)/2:])
}

// TestOnlyWhatChanged copies a file over an older copy, in each direction.
func TestOnlyWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		const most = 600 << 10 // what was inserted, and the pieces around it
		old := noise(8 << 20)
		now := write(t, r.mine("a"), inserted(old, 100<<10))
		write(t, r.at("a"), old)
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{Replace: true})
		must(t, err)
		wantFile(t, r.at("a"), now)
		if sent.Sent > most || sent.Resumed+most < int64(len(now)) {
			t.Errorf("put sent %d bytes and used %d of %d", sent.Sent, sent.Resumed, len(now))
		}
		write(t, r.mine("b"), old)
		got, err := r.c.Get(ctx(t), "a", r.mine("b"), xfer.Options{Replace: true})
		must(t, err)
		wantFile(t, r.mine("b"), now)
		if got.Sent > most || got.Resumed+most < int64(len(now)) || got.Hash != sent.Hash {
			t.Errorf("get: %+v of %d", got, len(now))
		}
		for _, e := range r.gate.EventsOf(deskside.EventTransferEnd) {
			if n, err := strconv.Atoi(e.Detail["sent"]); err != nil || n == 0 || n > most || e.Detail["size"] != fmt.Sprint(len(now)) {
				t.Errorf("the audit has %v", e.Detail)
			}
		}
		wantOnly(t, r.dir, "a")
		wantOnly(t, r.own, "a", "b")
	})
}

// TestEverySize copies files of all kinds over others, in each direction.
func TestEverySize(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		text := bytes.Repeat([]byte("some words to be packed, "), 200_000)
		files := [][]byte{nil, {1}, noise(100), noise(70_000), noise(1 << 20), noise(1<<20 + 1), make([]byte, 3<<20), text,
			slices.Concat(noise(1<<20), make([]byte, 4<<20), text), slices.Concat(make([]byte, 2<<20+5), noise(9))}
		for i, data := range files {
			for _, old := range []int{(i + 1) % len(files), (i + 3) % len(files), i} {
				write(t, r.mine("a"), data)
				write(t, r.at("a"), files[old])
				write(t, r.mine("b"), files[old])
				sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{Replace: true})
				must(t, err)
				wantFile(t, r.at("a"), data)
				_, err = r.c.Get(ctx(t), "a", r.mine("b"), xfer.Options{Replace: true})
				must(t, err)
				wantFile(t, r.mine("b"), data)
				if old == i && sent.Sent > 1000 {
					t.Errorf("file %d, there already, was sent with %d bytes", i, sent.Sent)
				}
			}
		}
	})
}

// TestPacked sends text, which takes few bytes, and zeros, which take next to
// none and no room.
func TestPacked(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("text"), bytes.Repeat([]byte("words "), 100_000))
		sent, err := r.c.Put(ctx(t), r.mine("text"), "text", xfer.Options{})
		if err != nil || sent.Sent > sent.Size/10 {
			t.Errorf("text: %+v, %v", sent, err)
		}
		got, err := r.c.Get(ctx(t), "text", r.mine("back"), xfer.Options{})
		if err != nil || got.Sent > got.Size/10 {
			t.Errorf("text back: %+v, %v", got, err)
		}
		write(t, r.mine("zeros"), make([]byte, 32<<20))
		sent, err = r.c.Put(ctx(t), r.mine("zeros"), "zeros", xfer.Options{})
		if err != nil || sent.Sent > 1000 {
			t.Errorf("zeros: %+v, %v", sent, err)
		}
		wantFile(t, r.at("zeros"), make([]byte, 32<<20))
	})
}

// TestChunksNeedTheRightToRead asks what is there with the right to write alone:
// of the file that another wrote nothing is said.
func TestChunksNeedTheRightToRead(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.at("a"), noise(1<<20))
		r.gate.SetRights(deskside.RightsOf(deskside.FilesWrite))
		write(t, r.mine("a"), data)
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{Replace: true})
		must(t, err)
		if sent.Resumed != 0 || sent.Sent < 1<<20 {
			t.Errorf("the agent told of a file that may not be read: %+v", sent)
		}
	})
}

// body writes records by hand.
type body struct{ bytes.Buffer }

func (b *body) data(data []byte) *body {
	buf := new(frame.Buffer)
	copy(buf.Bytes(), data)
	(&frame.Writer{W: b}).Data(buf, len(data))
	return b
}

func (b *body) copy(offset, n int64) *body { (&frame.Writer{W: b}).Copy(offset, n); return b }
func (b *body) hole(n int64) *body         { (&frame.Writer{W: b}).Hole(n); return b }
func (b *body) raw(text string) *body      { b.WriteString(text); return b }
func (b *body) end(of []byte) *body {
	h := disk.NewHasher()
	h.Write(of)
	(&frame.Writer{W: b}).End(h.Now())
	return b
}

// lies are bodies for a file of size bytes, of which all but the last 100 are
// there as an older copy, data, that are not what they should be.
func lies(data []byte) map[string]*body {
	n := int64(len(data) - 100)
	last := data[n:]
	b := func() *body { return new(body) }
	bomb := append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("z"), 1<<20), 20), noise(20)...)
	return map[string]*body{
		"another hash":           b().copy(0, n).data(last).end(data[1:]),
		"no end":                 b().copy(0, n).data(last),
		"nothing":                b(),
		"too short":              b().copy(0, n).end(data[:n]),
		"copy beyond":            b().copy(100, n).data(last).end(data),
		"copy far beyond":        b().copy(1<<62, n).data(last).end(data),
		"copy of too much":       b().copy(0, 1<<62).end(data),
		"copy behind the end":    b().copy(0, n).data(last).copy(0, 1).end(data),
		"too many bytes":         b().copy(0, n).data(last).data(last).end(data),
		"a hole without end":     b().hole(1 << 62).end(data),
		"holes without end":      b().hole(1 << 61).hole(1 << 61).hole(1 << 61).hole(1 << 61).end(data),
		"an unknown record":      b().copy(0, n).raw("x").end(data),
		"a bomb":                 b().copy(0, n).raw(string(bomb)).end(data),
		"goes on behind its end": b().copy(0, n).data(last).end(data).raw("x"),
		"given up":               b().copy(0, n).raw("f\x00\x00\x00\x25" + `{"code":"conflict","words":"changed"}`),
		"given up unclearly":     b().copy(0, n).raw("f\x00\x00\x00\x01x"),
	}
}

// putRecords sends a body of records for the file a.
func putRecords(t *testing.T, r *rig, size int, have string, records []byte) (int, deskside.Error) {
	t.Helper()
	head := fmt.Sprintf("PUT /file?path=a&replace=1&mtime=2026-01-01T00:00:00Z&size=%d&have=%s HTTP/1.1\nHost: agent\nTICKET\nContent-Type: %s\nTransfer-Encoding: chunked\n\n", size, have, xfer.TypeRecords)
	if have == "" {
		head = strings.Replace(head, "&have=", "", 1)
	}
	s := r.net.Dial(deskside.Xfer)
	defer s.Abort()
	say(r, s, head)
	if len(records) > 0 {
		fmt.Fprintf(s, "%x\r\n%s\r\n", len(records), records)
	}
	fmt.Fprint(s, "0\r\n\r\n")
	return answer(s)
}

// have asks for what the agent names what is there of the file a.
func have(t *testing.T, r *rig, size int) string {
	t.Helper()
	s := r.net.Dial(deskside.Xfer)
	defer s.Abort()
	must(t, say(r, s, fmt.Sprintf("GET /chunks?path=a&replace=1&mtime=2026-01-01T00:00:00Z&size=%d HTTP/1.1\nHost: agent\nTICKET\n\n", size)))
	resp, err := http.ReadResponse(bufio.NewReader(s), nil)
	must(t, err)
	defer resp.Body.Close()
	_, err = chunk.Read(resp.Body)
	must(t, err)
	return resp.Header.Get(xfer.HeaderHave)
}

// TestLyingRecords sends records that lie: each is refused and in the audit, and
// the older copy stays.
func TestLyingRecords(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		data := noise(1<<20 + 100)
		old := write(t, r.at("a"), data[:1<<20])
		token := have(t, r, len(data))
		for name, b := range lies(data) {
			before := len(r.gate.EventsOf(deskside.EventTransferEnd))
			status, reply := putRecords(t, r, len(data), token, b.Bytes())
			if status/100 != 4 || reply.Code != deskside.CodeConflict || reply.Words == "" {
				t.Errorf("%s: %d %+v", name, status, reply)
			}
			ends := r.gate.EventsOf(deskside.EventTransferEnd)
			if len(ends) != before+1 || ends[before].Code == "" {
				t.Errorf("%s: not in the audit", name)
			}
			wantFile(t, r.at("a"), old)
			wantOnly(t, r.dir, "a")
		}
		right := new(body).copy(0, 1<<20).data(data[1<<20:]).end(data).Bytes()
		for name, token := range map[string]string{"without a basis": "", "of another": strings.Repeat("0", 64)} {
			if status, reply := putRecords(t, r, len(data), token, right); status/100 != 4 || reply.Code != deskside.CodeConflict {
				t.Errorf("%s: %d %+v", name, status, reply)
			}
		}
		must(t, os.Chtimes(r.at("a"), time.Unix(1, 0), time.Unix(1, 0)))
		if status, reply := putRecords(t, r, len(data), token, right); status/100 != 4 || reply.Code != deskside.CodeConflict {
			t.Errorf("of an older copy that changed: %d %+v", status, reply)
		}
		if status, reply := putRecords(t, r, len(data), have(t, r, len(data)), right); status != 200 {
			t.Errorf("the truth: %d %+v", status, reply)
		}
		wantFile(t, r.at("a"), data)
	})
}

// agent answers as one would, but for the body of a file.
type agent struct {
	size int
	body []byte
}

func (a agent) Do(r *http.Request) (*http.Response, error) {
	when := "2026-01-01T00:00:00Z"
	reply := fmt.Sprintf(`{"name":"a","kind":"file","size":%d,"mtime":%q,"mode":"644"}`, a.size, when)
	head := ""
	if r.Method == http.MethodPost {
		if _, err := r.Body.(io.WriterTo).WriteTo(io.Discard); err != nil {
			return nil, err
		}
		reply = string(a.body)
		head = fmt.Sprintf("Deskside-Size: %d\r\nDeskside-Mtime: %s\r\nDeskside-Mode: 644\r\n", a.size, when)
	}
	return http.ReadResponse(bufioOf(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, len(reply), reply)), nil)
}

// TestLyingAgent has an agent that sends such records: the operator's older copy
// stays, and nothing else is there.
func TestLyingAgent(t *testing.T) {
	data := noise(1<<20 + 100)
	dir := t.TempDir()
	old := write(t, filepath.Join(dir, "a"), data[:1<<20])
	get := func(b []byte) (xfer.Result, error) {
		c := &xfer.Client{HTTP: agent{len(data), b}, Ticket: fixed(deskside.NewTicket())}
		return c.Get(ctx(t), "a", filepath.Join(dir, "a"), xfer.Options{Replace: true})
	}
	for name, b := range lies(data) {
		_, err := get(b.Bytes())
		if deskside.CodeOf(err) != deskside.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
		wantFile(t, filepath.Join(dir, "a"), old)
		wantOnly(t, dir, "a")
	}
	_, err := get(new(body).copy(0, 1<<20).data(data[1<<20:]).end(data).Bytes())
	must(t, err)
	wantFile(t, filepath.Join(dir, "a"), data)
}

// TestLyingManifest has an agent whose list of what is there cannot be.
func TestLyingManifest(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), noise(100))
	for name, list := range map[string]string{
		"nothing": "", "no list": "<html>", "cut": "DCM1\x00\x01\x00\x00",
		"more in place": string(chunk.AppendEnd(chunk.AppendHead(nil, chunk.Head{Average: chunk.LeastAverage, InPlace: 5}))),
	} {
		c := &xfer.Client{HTTP: answering(list), Ticket: fixed(deskside.NewTicket())}
		if _, err := c.Put(ctx(t), filepath.Join(dir, "a"), "a", xfer.Options{}); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFlipped flips each byte of a body of records, and leaves off what is behind
// each: nothing but the whole of it makes the file.
func TestFlipped(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := noise(1 << 10)
		old := write(t, r.at("a"), data[:1000])
		token := have(t, r, len(data))
		whole := new(body).copy(0, 900).data(data[900:950]).copy(950, 50).data(data[1000:]).end(data).Bytes()
		for i := range whole {
			flipped := slices.Clone(whole)
			flipped[i] ^= 1 << (i % 8)
			for _, b := range [][]byte{whole[:i], flipped} {
				if status, reply := putRecords(t, r, len(data), token, b); status/100 != 4 || reply.Words == "" {
					t.Errorf("byte %d: %d %+v", i, status, reply)
				}
			}
		}
		wantFile(t, r.at("a"), old)
		wantOnly(t, r.dir, "a")
		if status, reply := putRecords(t, r, len(data), token, whole); status != 200 {
			t.Errorf("the whole: %d %+v", status, reply)
		}
		wantFile(t, r.at("a"), data)
	})
}

// breaks is how often TestLinkKilled kills the link.
var breaks = 4

// TestLinkKilled breaks a transfer again and again, each time with more of the
// file there than before.
func TestLinkKilled(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		size := (breaks + 2) * 6 << 20
		data := write(t, r.mine("up"), noise(size))
		kill := func(again func(xfer.Options) (xfer.Result, error)) {
			resumed := int64(-1)
			for range breaks {
				stopped := false
				res, err := again(xfer.Options{Progress: func(p xfer.Progress) {
					if !stopped && p.Done > resumed+5<<20 {
						stopped, resumed = true, max(resumed, 0)+4<<20
						r.gate.Suspend()
					}
				}})
				if err == nil {
					t.Fatalf("it was not broken: %+v", res)
				}
				r.gate.Resume()
			}
			res, err := again(xfer.Options{})
			must(t, err)
			if res.Resumed < 1<<20 || res.Resumed+res.Sent < int64(size) {
				t.Errorf("at the end %+v", res)
			}
		}
		kill(func(o xfer.Options) (xfer.Result, error) { return r.client(r.net).Put(ctx(t), r.mine("up"), "up", o) })
		wantFile(t, r.at("up"), data)
		kill(func(o xfer.Options) (xfer.Result, error) { return r.client(r.net).Get(ctx(t), "up", r.mine("down"), o) })
		wantFile(t, r.mine("down"), data)
		wantOnly(t, r.dir, "up")
		wantOnly(t, r.own, "down", "up")
	})
}

// TestADamagedPartialIsMended breaks a transfer, changes a byte of what arrived,
// and goes on: no more than the piece with it is sent again.
func TestADamagedPartialIsMended(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("a"), noise(8<<20))
		info, err := os.Stat(r.mine("a"))
		must(t, err)
		tmp := disk.PartialName(r.net.Operator.ID(), "a", info.Size(), disk.WireTime(info.ModTime()))
		part := slices.Clone(data[:6<<20])
		part[3<<20] ^= 1
		must(t, os.WriteFile(r.at(tmp), part, 0o600))
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		must(t, err)
		wantFile(t, r.at("a"), data)
		if sent.Sent > 3<<20 || sent.Resumed < 5<<20 {
			t.Errorf("%+v", sent)
		}
	})
}

// TestTwoOperators write one file at once, each its own: it is that of one of
// them, and of the last if they end one after the other.
func TestTwoOperators(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		n := transporttest.New(t, r.net.Transport)
		n.Agent = r.net.Agent
		r.serve(n)
		files := [][]byte{noise(5 << 20), bytes.Repeat([]byte("b"), 5<<20)}
		clients := []*xfer.Client{r.c, r.client(n)}
		clients[1].Ticket = fixed(r.gate.IssueTo(n.Operator.ID(), deskside.Xfer, both))
		for i, data := range files {
			write(t, r.mine(fmt.Sprint(i)), data)
		}
		done := make(chan error)
		for i, c := range clients {
			go func() {
				_, err := c.Put(ctx(t), r.mine(fmt.Sprint(i)), "a", xfer.Options{Replace: true})
				done <- err
			}()
		}
		must(t, errors.Join(<-done, <-done))
		got, err := os.ReadFile(r.at("a"))
		must(t, err)
		if !bytes.Equal(got, files[0]) && !bytes.Equal(got, files[1]) {
			t.Error("the file is of neither")
		}
		_, err = clients[0].Put(ctx(t), r.mine("0"), "a", xfer.Options{Replace: true})
		must(t, err)
		_, err = clients[1].Put(ctx(t), r.mine("1"), "a", xfer.Options{Replace: true})
		must(t, err)
		wantFile(t, r.at("a"), files[1])
		wantOnly(t, r.dir, "a")
	})
}

// answering answers every request with the same text.
type answering string

func (a answering) Do(*http.Request) (*http.Response, error) {
	return http.ReadResponse(bufioOf(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(a), a)), nil)
}

// TestABreakAtOnceKeepsWhatIsThere goes on with a transfer and breaks it before
// its first record: what was there stays.
func TestABreakAtOnceKeepsWhatIsThere(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		tmp := r.at(disk.PartialName(r.net.Operator.ID(), "a", 8<<20, when))
		part := noise(1 << 20)
		must(t, os.WriteFile(tmp, part, 0o600))
		s := r.net.Dial(deskside.Xfer)
		say(r, s, fmt.Sprintf("PUT /file?path=a&mtime=2026-01-01T00:00:00Z&size=%d&have=%s HTTP/1.1\nHost: agent\nTICKET\nContent-Type: %s\nTransfer-Encoding: chunked\n\n",
			8<<20, have(t, r, 8<<20), xfer.TypeRecords))
		await.True(t, "the transfer began", func() bool { return len(r.gate.EventsOf(deskside.EventTransfer)) == 1 })
		s.Abort()
		await.True(t, "the transfer ended", func() bool { return len(r.gate.EventsOf(deskside.EventTransferEnd)) == 1 })
		wantFile(t, tmp, part)
	})
}
