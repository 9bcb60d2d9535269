package courier

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"deskside/internal/await"
)

// This file is the client. It knows doc/protocol.md and the standard library.

// courier is one operator with a session at one agent.
type courier struct {
	cert    tls.Certificate
	agent   string         // its ID
	ports   map[string]int // of its services
	http    *http.Client   // to 2704
	control io.ReadWriteCloser
	beats   sync.WaitGroup
	stop    chan struct{}
	ticket  string

	wire func(net.Conn) net.Conn // between this client and TLS; nil is nothing
}

// newCourier makes a key.
func newCourier() (*courier, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, public, private)
	if err != nil {
		return nil, err
	}
	return &courier{cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, stop: make(chan struct{})}, nil
}

// idOf gives the ID of a certificate's key.
func idOf(der []byte) (string, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	var groups []string
	for ; len(text) > 4; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(append(groups, text), "-"), nil
}

func (c *courier) id() string {
	id, _ := idOf(c.cert.Certificate[0])
	return id
}

// service gives an HTTP client for one service of the agent.
func (c *courier) service(name string) *http.Client {
	config := &tls.Config{
		Certificates: []tls.Certificate{c.cert}, MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, SessionTicketsDisabled: true,
		NextProtos: []string{"deskside1-" + name, "deskside1-rcinfo", "deskside1-remctrl", "deskside1-chat", "deskside1-xfer"},
		VerifyConnection: func(state tls.ConnectionState) error {
			id, err := idOf(state.PeerCertificates[0].Raw)
			if err == nil && (id != c.agent || state.NegotiatedProtocol != "deskside1-"+name) {
				err = fmt.Errorf("%s of %s answered", state.NegotiatedProtocol, id)
			}
			return err
		},
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.ports["sms-"+name])))
		if err != nil {
			return nil, err
		}
		t := tls.Client(conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		if c.wire != nil && name == "xfer" {
			return c.wire(t), nil
		}
		return t, nil
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableCompression: true, ExpectContinueTimeout: 10 * time.Second}}
}

// refusal is what the agent says no with.
type refusal struct {
	Status int
	Code   string `json:"code"`
	Words  string `json:"words"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Words) }

// open asks for a session and keeps it alive.
func (c *courier) open(rights string) error {
	rcinfo := c.service("rcinfo")
	ask, err := json.Marshal(map[string]string{"request": strconv.FormatInt(time.Now().UnixNano(), 36), "rights": rights, "reason": "a test", "name": "courier", "host": "here"})
	if err != nil {
		return err
	}
	resp, err := rcinfo.Post("http://agent/session", "application/json", bytes.NewReader(ask))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var tickets map[string]string
	for lines := json.NewDecoder(resp.Body); tickets == nil; {
		var line struct {
			Answer *struct{ Tickets map[string]string }
			Error  *refusal
		}
		if err := lines.Decode(&line); err != nil {
			return fmt.Errorf("%s: %w", resp.Status, err)
		}
		if line.Error != nil {
			return line.Error
		}
		if line.Answer != nil {
			tickets = line.Answer.Tickets
		}
	}
	c.ticket = tickets["sms-xfer"]
	c.http = c.service("xfer")
	return c.attach(rcinfo, tickets["sms-rcinfo"])
}

// attach opens the control stream and beats on it.
func (c *courier) attach(rcinfo *http.Client, ticket string) error {
	r, err := http.NewRequest("POST", "http://agent/session/control", nil)
	if err != nil {
		return err
	}
	r.Header = http.Header{"Authorization": {"Deskside " + ticket}, "Connection": {"Upgrade"}, "Upgrade": {"deskside-control"}}
	resp, err := rcinfo.Do(r)
	if err != nil {
		return err
	}
	both, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		return errors.New(resp.Status)
	}
	c.control = both
	c.beats.Go(func() {
		for lines := bufio.NewScanner(both); lines.Scan(); {
		}
	})
	c.beats.Go(func() {
		for tick := time.NewTicker(5 * time.Second); ; {
			select {
			case <-tick.C:
				io.WriteString(both, "{\"do\":\"beat\"}\n")
			case <-c.stop:
				tick.Stop()
				return
			}
		}
	})
	return nil
}

// close ends the session.
func (c *courier) close() {
	io.WriteString(c.control, "{\"do\":\"end\"}\n")
	close(c.stop)
	c.control.Close()
	c.beats.Wait()
	c.http.CloseIdleConnections()
}

// ask sends a request to 2704; header lines are "Key: value". A status of 400 and
// above comes back as a *refusal, with the reply's headers still there.
func (c *courier) ask(method, target string, body io.Reader, header ...string) (*http.Response, error) {
	return c.askCtx(context.Background(), method, target, body, header...)
}

func (c *courier) askCtx(ctx context.Context, method, target string, body io.Reader, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://agent"+target, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Deskside "+c.ticket)
	for _, line := range header {
		key, value, _ := strings.Cut(line, ": ")
		r.Header.Set(key, value)
	}
	resp, err := c.http.Do(r)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	defer resp.Body.Close()
	no := &refusal{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(no); err != nil && method != "HEAD" {
		return resp, fmt.Errorf("%s without a reason: %w", resp.Status, err)
	}
	return resp, no
}

// read is ask for the whole body of the reply.
func (c *courier) read(method, target string, header ...string) (*http.Response, []byte, error) {
	resp, err := c.ask(method, target, nil, header...)
	if err != nil {
		return resp, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, text, err
}

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// digest writes the hash of a file as RFC 9530 has it.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// get brings a file, going on wherever it breaks, and compares its hash.
func (c *courier) get(path string) (data []byte, breaks int, err error) {
	target := "/file?" + query("path", path)
	head, _, err := c.read("HEAD", target, "Want-Repr-Digest: sha-256=1")
	if err != nil {
		return nil, 0, err
	}
	for int64(len(data)) < head.ContentLength {
		resp, part, err := c.read("GET", target, fmt.Sprintf("Range: bytes=%d-", len(data)), "If-Match: "+head.Header.Get("ETag"))
		if no := (*refusal)(nil); errors.As(err, &no) {
			return nil, breaks, err
		}
		if resp != nil && resp.StatusCode != http.StatusPartialContent {
			return nil, breaks, errors.New(resp.Status)
		}
		if data = append(data, part...); err != nil {
			if breaks++; breaks > 50 {
				return nil, breaks, err
			}
		}
	}
	if digest(data) != head.Header.Get("Repr-Digest") {
		return nil, breaks, errors.New("the hash is wrong")
	}
	return data, breaks, nil
}

// put sends a file in one request.
func (c *courier) put(path string, data []byte, mtime time.Time, header ...string) (*http.Response, error) {
	target := "/file?" + query("path", path, "mtime", mtime.UTC().Format(time.RFC3339Nano), "mode", "0640")
	resp, err := c.ask("PUT", target, bytes.NewReader(data), append([]string{"Repr-Digest: " + digest(data)}, header...)...)
	if err == nil {
		resp.Body.Close()
	}
	return resp, err
}

// upload is a file that is sent so that it can go on.
type upload struct {
	c       *courier
	data    []byte
	address string
}

// begin sends the whole file, and knows the address as soon as the agent said it.
func (u *upload) begin(path string, mtime time.Time, header ...string) (*http.Response, error) {
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			if code == 104 {
				u.address = h.Get("Location")
			}
			return nil
		},
	})
	target := "/file?" + query("path", path, "mtime", mtime.UTC().Format(time.RFC3339Nano))
	resp, err := u.c.askCtx(ctx, "PUT", target, bytes.NewReader(u.data), append([]string{"Upload-Complete: ?1", "Repr-Digest: " + digest(u.data), "Expect: 100-continue"}, header...)...)
	if err == nil {
		resp.Body.Close()
	}
	return resp, err
}

// offset asks how much is there.
func (u *upload) offset() (at int64, complete bool, err error) {
	resp, _, err := u.c.read("HEAD", u.address)
	if err != nil {
		return 0, false, err
	}
	at, err = strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	return at, resp.Header.Get("Upload-Complete") == "?1", err
}

// send goes on from an offset, up to another.
func (u *upload) send(from, to int64) (*http.Response, error) {
	complete := "?0"
	if to == int64(len(u.data)) {
		complete = "?1"
	}
	resp, err := u.c.ask("PATCH", u.address, bytes.NewReader(u.data[from:to]), "Content-Type: application/partial-upload",
		"Upload-Complete: "+complete, fmt.Sprint("Upload-Offset: ", from))
	if err == nil {
		resp.Body.Close()
	}
	return resp, err
}

// finish goes on until the file is there, however often the way breaks. It gives
// up when nothing more has arrived for long: what was on its way when it broke may
// be lost, and an agent that has not heard of the break refuses at first.
func (u *upload) finish() (breaks int, err error) {
	most, moved := int64(-1), time.Now()
	for time.Since(moved) < await.Limit {
		at, complete, err := u.offset()
		no := (*refusal)(nil)
		if complete || errors.As(err, &no) {
			return breaks, err
		}
		if err != nil {
			breaks++
			continue
		}
		if at > most {
			most, moved = at, time.Now()
		}
		_, err = u.send(at, int64(len(u.data)))
		switch {
		case err == nil:
			return breaks, nil
		case !errors.As(err, &no):
			breaks++
		case no.Status != http.StatusConflict: // which says that more has come since
			return breaks, err
		}
	}
	return breaks, errors.New("the way breaks again and again")
}

// entry is one of a folder.
type entry struct{ Name, Kind string }

// list reads a folder, a few entries at a time.
func (c *courier) list(path string) (all []entry, err error) {
	for after := ""; ; after = all[len(all)-1].Name {
		_, text, err := c.read("GET", "/list?"+query("path", path, "after", after, "limit", "3"))
		if err != nil {
			return nil, err
		}
		var page struct {
			Entries []entry
			More    bool
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, err
		}
		if all = append(all, page.Entries...); !page.More {
			return all, nil
		}
	}
}

// tree brings all files below a folder, by their paths.
func (c *courier) tree(path string) (map[string][]byte, error) {
	list, err := c.list(path)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, e := range list {
		at := path + "/" + e.Name
		switch e.Kind {
		case "file":
			if files[at], _, err = c.get(at); err != nil {
				return nil, err
			}
		case "folder":
			below, err := c.tree(at)
			if err != nil {
				return nil, err
			}
			for name, data := range below {
				files[name] = data
			}
		}
	}
	return files, nil
}
