package console_test

import (
	"net/http"
	"testing"

	"deskside"
	"deskside/console"
	"deskside/console/queue"
)

func TestWhatAPageGivesIsCopied(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{}) // with no folder of this machine
	far, tab := a.open(deskside.AllRights)
	a.call("POST", "/api/queue", `{"tab":"`+tab+`","up":true,"items":[{"here":"/kit","there":"/home/ada/kit","tree":true,"size":6,"page":"p"}]}`)
	id := a.copied(queue.Running).ID
	give := func(q, body string) map[string]any {
		return a.call("PUT", "/api/queue/"+id+"/file?"+q, body)
	}
	if got := give("path=a.txt&size=3&before=0&nth=1", "abc"); got["more"] != true || got["error"] != nil {
		t.Errorf("the first: %v", got)
	}
	for _, q := range []string{"path=../x&size=1&before=0&nth=1", "path=/x&size=1&before=0&nth=1", "path=x&size=2&before=0&nth=1", "path=x&size=1&before=-1&nth=1", "path=x&size=1&before=0&nth=0"} {
		status, text := a.do(a.request("PUT", "/api/queue/"+id+"/file?"+q, "x"))
		if status < 400 {
			t.Errorf("%s: %d %s", q, status, text)
		}
	}
	far.files.put(map[string]string{"kit/b.txt": "old"})
	if got := give("path=b.txt&size=3&before=3&nth=2&last=1", "new"); got["more"] != false || got["error"].(map[string]any)["code"] != "exists" {
		t.Errorf("what is there: %v", got)
	}
	if j := a.copied(queue.Failed); j.Error.Code != deskside.CodeExists {
		t.Errorf("%+v", j.Error)
	}
	a.call("POST", "/api/queue/"+id, `{"do":"replace"}`)
	a.copied(queue.Running)
	give("path=b.txt&size=3&before=3&nth=2&last=1", "new")
	if j := a.copied(queue.Done); j.Size != 6 || j.Files != 2 {
		t.Errorf("%+v", j)
	}
	for name, want := range map[string]string{"a.txt": "abc", "b.txt": "new"} {
		if got, _ := far.files.get("/home/ada/kit/" + name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	a.refused(a.request("PUT", "/api/queue/"+id+"/file?path=b.txt&size=1&before=0&nth=1", "x"), http.StatusConflict, deskside.CodeConflict)
	for _, body := range []string{`{"tab":"` + tab + `","items":[{"here":"/x","there":"/home/ada/x","page":"p"}]}`, `{"tab":"` + tab + `","up":true,"move":true,"items":[{"here":"/x","there":"/home/ada/x","page":"p"}]}`} {
		a.refused(a.request("POST", "/api/queue", body), http.StatusBadRequest, deskside.CodeBadRequest)
	}
}

// TestAWayThatBrokeIsTriedAgain breaks a copy of what was dropped in the middle: it
// waits for its turn again, and the page gives the files that are not there yet. One
// that the person stops is over.
func TestAWayThatBrokeIsTriedAgain(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, tab := a.open(deskside.AllRights)
	fails := func(err error) {
		far.files.mu.Lock()
		defer far.files.mu.Unlock()
		far.files.fails = err
	}
	a.call("POST", "/api/queue", `{"tab":"`+tab+`","up":true,"items":[{"here":"/kit","there":"/home/ada/kit","tree":true,"size":6,"page":"p"}]}`)
	id := a.copied(queue.Running).ID
	give := func(q, body string) map[string]any {
		return a.call("PUT", "/api/queue/"+id+"/file?"+q, body)
	}
	fails(deskside.Errorf(deskside.CodeUnreachable, "the connection broke"))
	if got := give("path=a&size=3&before=0&nth=1", "abc"); got["more"] != false {
		t.Errorf("more is wanted: %v", got)
	}
	fails(nil)
	a.copied(queue.Running)
	if got := give("path=a&size=3&before=0&nth=1", "abc"); got["more"] != true || got["error"] != nil {
		t.Errorf("again: %v", got)
	}
	fails(deskside.Errorf(deskside.CodeRefused, "the person stopped the transfer").From(deskside.ByPerson))
	if got := give("path=b&size=3&before=3&nth=2", "abc"); got["more"] != false {
		t.Errorf("more is wanted: %v", got)
	}
	if j := a.copied(queue.Failed); j.Error.Code != deskside.CodeRefused {
		t.Errorf("%+v", j.Error)
	}
}
