package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
)

// api is a console over a back, and a page that is logged in to it.
type api struct {
	t      *testing.T
	back   *back
	c      *console.Console
	bearer string
}

func newAPI(t *testing.T, b *back, cfg console.Config) *api {
	t.Helper()
	cfg.Backend = b
	c, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := &api{t: t, back: b, c: c}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		// The standard server holds a connection it refused half open for 500 ms.
		goleak.VerifyNone(t, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
	})
	a.bearer = login(t, c)
	return a
}

// login does what a browser does with the launch file.
func login(t *testing.T, c *console.Console) string {
	t.Helper()
	path, err := c.LaunchFile()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`name="token" value="([^"]+)"`).FindSubmatch(text)
	if token == nil {
		t.Fatalf("no token in the launch file:\n%s", text)
	}
	r, err := http.PostForm(c.URL()+"login", url.Values{"token": {string(token[1])}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	bearer := regexp.MustCompile(`name="bearer" content="([^"]+)"`).FindSubmatch(page)
	if bearer == nil {
		t.Fatalf("login answered %s without a bearer:\n%s", r.Status, page)
	}
	return string(bearer[1])
}

// request makes one; headers are name, value in turn.
func (a *api) request(method, path, body string, headers ...string) *http.Request {
	a.t.Helper()
	r, err := http.NewRequest(method, a.c.URL()+strings.TrimPrefix(path, "/"), strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.bearer)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// do sends a request and gives its status and body.
func (a *api) do(r *http.Request) (int, string) {
	a.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// call sends JSON and reads what it is answered with.
func (a *api) call(method, path, body string) map[string]any {
	a.t.Helper()
	status, text := a.do(a.request(method, path, body))
	if status != http.StatusOK {
		a.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		a.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return v
}

// refused sends a request and wants a refusal with the code, which says what
// was wrong.
func (a *api) refused(r *http.Request, status int, code deskside.Code) {
	a.t.Helper()
	got, text := a.do(r)
	var e deskside.Error
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		a.t.Fatalf("%s %s: %d %q is no refusal", r.Method, r.URL, got, text)
	}
	if got != status || e.Code != code || e.Words == "" {
		a.t.Errorf("%s %s: %d %s, want %d %s with words", r.Method, r.URL, got, text, status, code)
	}
}

// socket opens a WebSocket of the console's.
func (a *api) socket(path, protocol string) *websocket.Conn {
	a.t.Helper()
	ws, _, err := websocket.Dial(a.t.Context(), strings.Replace(a.c.URL(), "http", "ws", 1)+strings.TrimPrefix(path, "/"),
		&websocket.DialOptions{Subprotocols: []string{protocol, "deskside.bearer." + a.bearer}})
	if err != nil {
		a.t.Fatalf("open %s: %v", path, err)
	}
	ws.SetReadLimit(1 << 20)
	a.t.Cleanup(func() { ws.CloseNow() })
	return ws
}

// event is what the tests read of a notice.
type event struct {
	Type string
	Tab  struct {
		ID, Phase, Digits string
		CauseWords        string `json:"cause_words"`
		Error             *deskside.Error
		Transfers         []struct {
			ID, Path, State string
			Done            int64
		}
	}
	Machines []reached
	ID       string
}

// reached is a machine with how it was reached.
type reached struct {
	console.Machine
	Reach *console.Reach
}

// until reads notices until one is as wanted.
func (a *api) until(ws *websocket.Conn, what string, ok func(event) bool) event {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), await.Limit)
	defer cancel()
	for {
		_, text, err := ws.Read(ctx)
		if err != nil {
			a.t.Fatalf("waited for %s: %v", what, err)
		}
		var e event
		if err := json.Unmarshal(text, &e); err != nil {
			a.t.Fatalf("%v in %s", err, text)
		}
		if ok(e) {
			return e
		}
	}
}

// open sets a session up by the API.
func (a *api) open(rights deskside.Rights) (*session, string) {
	a.t.Helper()
	id := a.call("POST", "/api/tabs", `{"machine":"front-desk-1","rights":"all","reason":"INC-1"}`)["id"].(string)
	asked := await.Recv(a.t, "a setup", a.back.setups)
	far := newSession(asked.request, rights)
	asked.answer <- answer{session: far}
	await.True(a.t, "the session is open", func() bool {
		status, _ := a.do(a.request("GET", "/api/tabs/"+id+"/files?path=", ""))
		return status == http.StatusOK
	})
	return far, id
}

func TestOnlyThePageItselfIsServed(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	_, tab := a.open(deskside.AllRights)
	paths := []string{"/api/events", "/api/machines", "/api/tabs/" + tab + "/picture", "/api/tabs/" + tab + "/screens", "/api/tabs/" + tab + "/chat", "/api/tabs/" + tab + "/files?path="}
	for _, p := range paths {
		a.refused(a.request("GET", p, "", "Authorization", ""), http.StatusUnauthorized, deskside.CodeDenied)
		a.refused(a.request("GET", p, "", "Authorization", "Bearer "+strings.Repeat("A", 43)), http.StatusUnauthorized, deskside.CodeDenied)
		a.refused(a.request("GET", p, "", "Origin", "http://evil.example"), http.StatusForbidden, deskside.CodeDenied)
		a.refused(a.request("GET", p, "", "Origin", "null"), http.StatusForbidden, deskside.CodeDenied)
		a.refused(a.request("GET", p, "", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, deskside.CodeDenied)
		rebound := a.request("GET", p, "")
		rebound.Host = "evil.example"
		a.refused(rebound, http.StatusForbidden, deskside.CodeDenied)
	}
	for _, p := range []string{"/", "/app.js", "/app.css", "/licences.txt"} {
		r, err := http.Get(a.c.URL() + strings.TrimPrefix(p, "/"))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		csp := r.Header.Get("Content-Security-Policy")
		if r.StatusCode != http.StatusOK || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s with policy %q", p, r.Status, csp)
		}
	}
	a.refused(a.request("GET", "/api/elsewhere", ""), http.StatusNotFound, deskside.CodeNotFound)
}

func TestBadInputIsRefused(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	_, tab := a.open(deskside.AllRights)
	long := strings.Repeat("x", 600)
	for _, c := range []struct {
		method, path, body string
		status             int
		code               deskside.Code
	}{
		{"POST", "/api/machines", `{`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"a","address":"b"} {}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"a","address":"b","agent":"x"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"","address":"b"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"a","address":" "}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"a","address":"b c"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"` + long + `","address":"b"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"` + strings.Repeat(long, 200) + `","address":"b"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/machines", `{"name":"front-desk-1","address":"b"}`, 409, deskside.CodeExists},
		{"POST", "/api/machines", `{"old":"nobody","name":"x","address":"b"}`, 404, deskside.CodeNotFound},
		{"POST", "/api/kept", `{"theme":7}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/kept", `[]`, 400, deskside.CodeBadRequest},
		{"POST", "/api/look", `{"address":"nowhere"}`, 502, deskside.CodeUnreachable},
		{"POST", "/api/pin", `{"address":"192.168.7.40","agent":"short","filled":"abcd"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/pin", `{"address":"192.168.7.40","agent":"` + keyOf("192.168.7.40").String() + `","filled":"zzzz"}`, 403, deskside.CodeWrongKey},
		{"POST", "/api/tabs", `{"machine":"nobody","rights":"view"}`, 404, deskside.CodeNotFound},
		{"POST", "/api/tabs", `{"machine":"front-desk-1","rights":"none"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/tabs", `{"machine":"front-desk-1","rights":"fly"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/tabs", `{"machine":"front-desk-1","rights":"view","transport":"pigeon"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/tabs", `{"machine":"front-desk-1","rights":"view","reason":"` + long + `"}`, 400, deskside.CodeBadRequest},
		{"POST", "/api/tabs/none/end", ``, 404, deskside.CodeNotFound},
		{"DELETE", "/api/tabs/" + tab, ``, 409, deskside.CodeConflict},
		{"POST", "/api/tabs/" + tab + "/files", `{"do":"format"}`, 400, deskside.CodeBadRequest},
		{"PUT", "/api/tabs/" + tab + "/files?path=/x&size=abc", ``, 400, deskside.CodeBadRequest},
		{"PUT", "/api/tabs/" + tab + "/files?path=/x&size=-1", ``, 400, deskside.CodeBadRequest},
		{"PUT", "/api/tabs/" + tab + "/files?path=/x&size=5", `four`, 400, deskside.CodeBadRequest},
		{"PUT", "/api/tabs/" + tab + "/files?path=/x&size=4&changed=today", `four`, 400, deskside.CodeBadRequest},
		{"GET", "/api/tabs/" + tab + "/files?path=/nowhere", ``, 404, deskside.CodeNotFound},
		{"POST", "/api/tabs/" + tab + "/transfers/none/cancel", ``, 404, deskside.CodeNotFound},
		{"GET", "/api/tabs/" + tab + "/chat", ``, 400, deskside.CodeBadRequest}, // not a WebSocket
	} {
		t.Run(c.method+" "+c.path+" "+fmt.Sprintf("%.40s", c.body), func(t *testing.T) {
			b := *a
			b.t = t
			b.refused(a.request(c.method, c.path, c.body), c.status, c.code)
		})
	}
}

func TestLookLeavesGaps(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	id := keyOf("192.168.7.40")
	_, text := a.do(a.request("POST", "/api/look", `{"address":"192.168.7.40"}`))
	var l struct{ Masked string }
	if err := json.Unmarshal([]byte(text), &l); err != nil || strings.Count(l.Masked, "????") != 3 {
		t.Fatalf("look gave %s (%v)", text, err)
	}
	pin := func(filled string) string {
		return `{"address":"192.168.7.40","agent":"` + id.String() + `","filled":"` + filled + `"}`
	}
	for _, wrong := range []string{"", l.Masked, id.LastGroup(), keyOf("elsewhere").String()} {
		a.refused(a.request("POST", "/api/pin", pin(wrong)), http.StatusForbidden, deskside.CodeWrongKey)
	}
	a.call("POST", "/api/pin", pin(" "+strings.ToUpper(id.String())))
	if a.back.pinned["192.168.7.40"] != id {
		t.Error("the key was not pinned")
	}
}

func TestSetupIsToldCancelledAndRefused(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	ws := a.socket("/api/events", "deskside.events")
	hello := a.until(ws, "the hello", func(e event) bool { return e.Type == "hello" })
	if len(hello.Machines) != len(machines) {
		t.Errorf("hello tells of %d machines", len(hello.Machines))
	}
	id := a.call("POST", "/api/tabs", `{"machine":"front-desk-1","rights":"view","reason":"  two\u0007 words "}`)["id"].(string)
	asked := await.Recv(t, "a setup", a.back.setups)
	if asked.request.Reason != "two words" {
		t.Errorf("reason %q", asked.request.Reason)
	}
	asked.tell(console.Progress{Step: console.Asking, Until: time.Now().Add(time.Minute), Digits: "123456"})
	a.until(ws, "asking", func(e event) bool { return e.Tab.Phase == "asking" && e.Tab.Digits == "123456" })
	a.call("POST", "/api/tabs/"+id+"/end", "")
	e := a.until(ws, "the end of the setup", func(e event) bool { return e.Tab.Phase == "failed" })
	if e.Tab.Error == nil || e.Tab.Error.Code != deskside.CodeExpired || e.Tab.Digits != "" {
		t.Errorf("a cancelled setup is told as %+v", e.Tab)
	}
	await.Closed(t, "the question is withdrawn", asked.ctx.Done())
	a.call("DELETE", "/api/tabs/"+id, "")
	a.until(ws, "the tab to go", func(e event) bool { return e.Type == "gone" && e.ID == id })

	a.call("POST", "/api/tabs", `{"machine":"front-desk-1","rights":"view"}`)
	asked = await.Recv(t, "a setup", a.back.setups)
	asked.answer <- answer{err: deskside.Errorf(deskside.CodeRefused, "no").From(deskside.ByPerson)}
	e = a.until(ws, "the refusal", func(e event) bool { return e.Tab.Phase == "failed" })
	if e.Tab.Error.By != deskside.ByPerson {
		t.Errorf("a refusal is told as %+v", e.Tab.Error)
	}
}

func TestSessionSuspendsReturnsAndEnds(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	ws := a.socket("/api/events", "deskside.events")
	far, id := a.open(deskside.AllRights)
	far.suspend(true)
	a.until(ws, "suspended", func(e event) bool { return e.Tab.Phase == "suspended" })
	a.refused(a.request("GET", "/api/tabs/"+id+"/files?path=", ""), http.StatusConflict, deskside.CodeSuspended)
	far.suspend(false)
	a.until(ws, "open again", func(e event) bool { return e.Tab.Phase == "open" })
	far.end(deskside.CausePerson)
	e := a.until(ws, "ended", func(e event) bool { return e.Tab.Phase == "ended" })
	if e.Tab.CauseWords != deskside.CausePerson.Words() {
		t.Errorf("the cause is told as %q", e.Tab.CauseWords)
	}
	a.refused(a.request("GET", "/api/tabs/"+id+"/files?path=", ""), http.StatusConflict, deskside.CodeEnded)
}

func TestSessionsEndWhenNoPageComesBack(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{Linger: time.Millisecond})
	ws := a.socket("/api/events", "deskside.events")
	a.until(ws, "the hello", func(e event) bool { return e.Type == "hello" })
	far, _ := a.open(deskside.AllRights)
	ws.CloseNow()
	await.Closed(t, "the session ends", far.Done())
	if far.Cause() != deskside.CauseOperator {
		t.Errorf("it ended by %q", far.Cause())
	}
}

func TestCloseEndsSessions(t *testing.T) {
	b := withMachines()
	a := newAPI(t, b, console.Config{})
	far, _ := a.open(deskside.AllRights)
	if err := a.c.Close(); err != nil {
		t.Fatal(err)
	}
	await.Closed(t, "the session ends", far.Done())
}

func TestPictureAndChatStreams(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, id := a.open(deskside.AllRights)
	for _, screen := range []string{"all", "-1", "1;2", "12345678901"} {
		a.refused(a.request("GET", "/api/tabs/"+id+"/picture?screen="+url.QueryEscape(screen), ""), http.StatusBadRequest, deskside.CodeBadRequest)
	}
	picture := a.socket("/api/tabs/"+id+"/picture?name=a&view_only=1", "deskside.picture")
	if _, text, err := picture.Read(t.Context()); err != nil || string(text) != "RFB 003.008\n" {
		t.Fatalf("the picture begins %q, %v", text, err)
	}
	for body, code := range map[string]deskside.Code{
		`{"screen":"all","name":"a"}`:                            deskside.CodeBadRequest,
		`{"screen":"","name":"` + strings.Repeat("a", 33) + `"}`: deskside.CodeBadRequest,
		`{"screen":"","name":"a","colour":"red"}`:                deskside.CodeBadRequest,
		`{"screen":"","name":"b"}`:                               deskside.CodeNotFound,
	} {
		status := map[deskside.Code]int{deskside.CodeBadRequest: http.StatusBadRequest, deskside.CodeNotFound: http.StatusNotFound}[code]
		a.refused(a.request("POST", "/api/tabs/"+id+"/picture", body), status, code)
	}
	talk := a.socket("/api/tabs/"+id+"/chat", "deskside.chat")
	say := func(text string) {
		t.Helper()
		if err := talk.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (e console.ChatEvent) {
		t.Helper()
		_, text, err := talk.Read(t.Context())
		if err == nil {
			err = json.Unmarshal(text, &e)
		}
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if e := read(); e.Kind != console.ChatJoined || e.Name != "Ada" {
		t.Errorf("the chat begins %+v", e)
	}
	for range 2 { // saying it twice is saying it once
		say(`{"do":"send","id":"a1","text":"<b>hello</b>"}`)
	}
	if e := read(); e.Kind != console.ChatLine || e.ID != "a1" || e.Text != "<b>hello</b>" {
		t.Errorf("the line came back as %+v", e)
	}
	for _, bad := range []string{`{`, `{"do":"sing"}`, `{"do":"send","id":"a2","text":"\u0007"}`} {
		say(bad)
		if e := read(); e.Kind != console.ChatRefused || e.Error == nil || e.Error.Code != deskside.CodeBadRequest {
			t.Errorf("%s gave %+v", bad, e)
		}
	}
	say(`{"do":"typing","on":true}`)
	say(`{"do":"seen","seq":1}`)
	await.True(t, "the far side hears of typing and seen", func() bool {
		typing, seen := far.talk.state()
		return typing == 1 && seen == 1
	})
	far.end(deskside.CausePerson)
	for _, ws := range []*websocket.Conn{picture, talk} {
		ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
		for err := error(nil); err == nil; {
			_, _, err = ws.Read(ctx)
		}
		if ctx.Err() != nil {
			t.Error("a stream outlives its session")
		}
		cancel()
	}
}

// downloadOf asks for an address to fetch a file from.
func (a *api) downloadOf(tab, path string) string {
	a.t.Helper()
	return a.call("POST", "/api/tabs/"+tab+"/downloads", `{"path":"`+path+`"}`)["url"].(string)
}

func TestDownloadAddressWorksOnce(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, id := a.open(deskside.AllRights)
	at := a.downloadOf(id, "/home/ada/notes.txt")
	a.refused(a.request("GET", at, "", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, deskside.CodeDenied)
	resp, err := http.Get(a.c.URL() + strings.TrimPrefix(at, "/")) // as a browser asks: no bearer
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	want, _ := far.files.get("/home/ada/notes.txt")
	if err != nil || string(body) != want {
		t.Errorf("the download gave %q, %v", body, err)
	}
	if got := resp.Header.Get("Content-Disposition"); got != "attachment; filename=notes.txt" {
		t.Errorf("it is to be kept as %q", got)
	}
	for _, p := range []string{at, "/download/" + strings.Repeat("A", 43), "/download/x"} {
		a.refused(a.request("GET", p, "", "Authorization", ""), http.StatusNotFound, deskside.CodeNotFound)
	}
	late := a.downloadOf(id, "/home/ada/notes.txt")
	far.end(deskside.CausePerson)
	await.True(t, "the download is refused after the end", func() bool {
		status, _ := a.do(a.request("GET", late, ""))
		return status == http.StatusConflict || status == http.StatusNotFound
	})
}

func TestDamagedDownloadBreaksOff(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, id := a.open(deskside.AllRights)
	far.files.torn = true
	ws := a.socket("/api/events", "deskside.events")
	resp, err := http.Get(a.c.URL() + strings.TrimPrefix(a.downloadOf(id, "/home/ada/print-log.txt"), "/"))
	if err == nil {
		var body []byte
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil {
			t.Fatalf("%d bytes of a damaged file came as a whole one", len(body))
		}
	}
	a.until(ws, "the transfer to fail", func(e event) bool {
		return len(e.Tab.Transfers) == 1 && e.Tab.Transfers[0].State == "failed"
	})
}

func TestUploadAndItsCancelling(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, id := a.open(deskside.AllRights)
	ws := a.socket("/api/events", "deskside.events")
	put := func(name, text, more string) *http.Request {
		return a.request("PUT", fmt.Sprintf("/api/tabs/%s/files?path=/home/ada/%s&size=%d%s", id, name, len(text), more), text)
	}
	if status, text := a.do(put("new.txt", "hello", "")); status != http.StatusOK {
		t.Fatalf("upload: %d %s", status, text)
	}
	if got, _ := far.files.get("/home/ada/new.txt"); got != "hello" {
		t.Errorf("the file holds %q", got)
	}
	a.refused(put("new.txt", "other", ""), http.StatusConflict, deskside.CodeExists)
	if status, _ := a.do(put("new.txt", "other", "&replace=1")); status != http.StatusOK {
		t.Errorf("replacing answered %d", status)
	}
	if status, _ := a.do(put("empty", "", "")); status != http.StatusOK {
		t.Errorf("an empty file answered %d", status)
	}

	far.files.mu.Lock()
	far.files.hold = make(chan struct{})
	far.files.mu.Unlock()
	big := strings.Repeat("x", 1<<20)
	result := make(chan int, 1)
	r := put("big", big, "")
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			result <- 0
			return
		}
		resp.Body.Close()
		result <- resp.StatusCode
	}()
	bigIs := func(state string) func(e event) bool {
		return func(e event) bool {
			n := len(e.Tab.Transfers)
			return n > 0 && e.Tab.Transfers[n-1].Path == "/home/ada/big" && e.Tab.Transfers[n-1].State == state && e.Tab.Transfers[n-1].Done > 0
		}
	}
	e := a.until(ws, "half of the upload", bigIs("running"))
	a.call("POST", "/api/tabs/"+id+"/transfers/"+e.Tab.Transfers[len(e.Tab.Transfers)-1].ID+"/cancel", "")
	a.until(ws, "the upload is cancelled", bigIs("cancelled"))
	if status := await.Recv(t, "the answer", result); status == http.StatusOK {
		t.Error("a cancelled upload was answered with success")
	}
	if _, there := far.files.get("/home/ada/big"); there {
		t.Error("a cancelled upload left a file")
	}
}

func TestMachinesAreKept(t *testing.T) {
	a := newAPI(t, newBack(), console.Config{})
	ws := a.socket("/api/events", "deskside.events")
	a.call("POST", "/api/machines", `{"name":" Büro\u0000 7 ","address":"pc7","group":"Büro"}`)
	e := a.until(ws, "the machine", func(e event) bool { return e.Type == "machines" && len(e.Machines) == 1 })
	if e.Machines[0].Name != "Büro 7" {
		t.Errorf("it is called %q", e.Machines[0].Name)
	}
	a.call("POST", "/api/machines", `{"old":"Büro 7","name":"Empfang","address":"pc7"}`)
	a.until(ws, "the new name", func(e event) bool { return e.Type == "machines" && e.Machines[0].Name == "Empfang" })
	a.call("DELETE", "/api/machines/Empfang", "")
	a.until(ws, "the machine to go", func(e event) bool { return e.Type == "machines" && len(e.Machines) == 0 })
	_, text := a.do(a.request("GET", "/api/machines", ""))
	if !bytes.Equal([]byte(text), []byte("[]")) {
		t.Errorf("an empty book is written %s", text)
	}
}

// A long address book is not read and told anew for each machine that was
// probed.
func TestALongBookIsToldSeldom(t *testing.T) {
	const many = 400
	b := newBack()
	for i := range many {
		b.machines = append(b.machines, console.Machine{Name: fmt.Sprintf("pc-%d", i), Address: fmt.Sprintf("10.1.%d.%d", i/200, i%200)})
	}
	a := newAPI(t, b, console.Config{})
	ws := a.socket("/api/events", "deskside.events")
	a.until(ws, "all to be probed", func(e event) bool {
		return e.Type == "machines" && !slices.ContainsFunc(e.Machines, func(m reached) bool { return m.Reach == nil })
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listed > many/2 {
		t.Errorf("the book was read %d times for %d machines", b.listed, many)
	}
}
