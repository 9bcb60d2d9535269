package console_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
	"deskside/remctrl"
)

// The machines of the tests' address book.
var machines = []console.Machine{
	{Name: "front-desk-1", Address: "10.0.0.12", Group: "Front desk", Note: "Ada, ground floor", Agent: keyOf("10.0.0.12"), Used: time.Now().Add(-3 * time.Hour)},
	{Name: "front-desk-2", Address: "10.0.0.13", Group: "Front desk", Agent: keyOf("10.0.0.13"), Used: time.Now().Add(-26 * time.Hour)},
	{Name: "lab-scope", Address: "scope.lab.example:2701", Group: "Laboratory", Note: "runs the oscilloscope", Agent: keyOf("scope")},
	{Name: "warehouse", Address: "192.168.7.40", Note: "label printer"},
}

var reaches = map[string]console.Reach{
	"10.0.0.12":              {TCP: console.Leg{Up: true, RTTms: 1.4}, UDP: console.Leg{Up: true, RTTms: 1.1}},
	"10.0.0.13":              {TCP: console.Leg{Up: true, RTTms: 2.6}, UDP: console.Leg{Words: "no answer in 5 s"}},
	"scope.lab.example:2701": {TCP: console.Leg{Words: "connection refused"}, UDP: console.Leg{Words: "no answer in 5 s"}},
	"192.168.7.40":           {TCP: console.Leg{Up: true, RTTms: 18.2}, UDP: console.Leg{Up: true, RTTms: 16.9}},
}

// stage is a console over a back that the test plays, and a browser before it.
type stage struct {
	*browsertest.Page
	t       *testing.T
	back    *back
	console *console.Console
}

func open(t *testing.T, b *back, w, h int64) *stage {
	t.Helper()
	return openWith(t, b, console.Config{}, w, h)
}

func openWith(t *testing.T, b *back, cfg console.Config, w, h int64) *stage {
	t.Helper()
	cfg.Backend, cfg.Version = b, "0.1.0"
	c, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the console: %v", err)
		}
	})
	launch, err := c.LaunchFile()
	if err != nil {
		t.Fatal(err)
	}
	return &stage{browsertest.Open(t, launch, w, h), t, b, c}
}

// withMachines gives the usual address book.
func withMachines() *back {
	b := newBack(slices.Clone(machines)...)
	b.reach = reaches
	return b
}

// connect asks for a session by the page and answers it.
func (s *stage) connect(name string, rights deskside.Rights) *session {
	s.t.Helper()
	s.Press("Connect to " + name)
	s.Has("dialog h2", "Connect to "+name)
	s.Keys("INC-4711, printer does not print\r")
	asked := await.Recv(s.t, "a setup", s.back.setups)
	if asked.request.Reason != "INC-4711, printer does not print" {
		s.t.Fatalf("asked with reason %q", asked.request.Reason)
	}
	far := newSession(asked.request, rights)
	asked.answer <- answer{session: far}
	s.Until("the picture is there", `document.querySelector("canvas")?.width > 0 && document.querySelector(".veil")?.hidden`)
	return far
}

// fileWith writes a file to upload and gives its path.
func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core comes with npm ci in console/web: %v", err)
	}
	return string(source)
}

func TestShots(t *testing.T) {
	source := axe(t)
	for _, size := range [][2]int64{{1280, 720}, {1920, 1080}} {
		for _, dark := range []bool{false, true} {
			theme := map[bool]string{false: "light", true: "dark"}[dark]
			t.Run(theme, func(t *testing.T) {
				shots(t, source, size, dark, map[int64]string{1280: "720-", 1920: "1080-"}[size[0]]+theme)
			})
		}
	}
}

// shots visits every state of the page, takes its picture and has axe-core
// look at it.
func shots(t *testing.T, source string, size [2]int64, dark bool, name string) {
	empty := open(t, newBack(), size[0], size[1])
	empty.Dark(dark)
	empty.Has("h2", "Add the first machine")
	empty.Shot(name + "-empty")
	looks := size[0] < 1600 || !dark // at what another size shows, once
	if looks {
		empty.Axe(source, "empty")
	}

	s := open(t, withMachines(), size[0], size[1])
	s.Dark(dark)
	shot := func(state string) {
		t.Helper()
		s.Shot(name + "-" + state)
		if looks {
			s.Axe(source, state)
		}
	}
	s.Has(".leg.up", "1.1 ms")
	shot("machines")
	s.Press("Add machine")
	s.Keys("192.168.7.40\tannex\r")
	s.Has("dialog h2", "Who answers")
	s.Has("dialog h3", "Compare now")
	shot("meet")
	s.Press("Close")
	s.Gone("dialog")
	s.Press("More for front-desk-1")
	s.Has(".menu", "Copy address")
	shot("menu")
	s.Keys("\u001b")
	s.Press("Connect to front-desk-1")
	s.Keys("INC-4711, printer does not print")
	shot("setup")
	s.Keys("\r")
	asked := await.Recv(t, "a setup", s.back.setups)
	asked.tell(console.Progress{Step: console.Asking, Until: time.Now().Add(60 * time.Second), Digits: "482913"})
	s.Has(".digits", "482 913")
	shot("waiting")
	far := newSession(asked.request, deskside.AllRights)
	far.screen.setScreens(remctrl.Screen{ID: 70, Name: "DP-1", W: 600, H: 640, Primary: true}, remctrl.Screen{ID: 71, Name: "HDMI-1", X: 600, W: 424, H: 500})
	asked.answer <- answer{session: far}
	s.Until("the picture is there", `document.querySelector("canvas")?.width > 0 && document.querySelector(".veil").hidden`)
	far.talk.says("Hello, is that the help desk?")
	far.talk.says("The printer says it is offline, but it is on.")
	s.Has(".line", "it is on")
	if size[0] < 1600 {
		s.Press("Files")
	}
	s.Click(".composer textarea")
	s.Keys("Good morning. I see the print queue has stopped, I will start it again.\r")
	far.talk.notice(console.ChatEvent{Kind: console.ChatMarks, Got: 3, Read: 3})
	s.Has(".mark", "Seen")
	far.talk.notice(console.ChatEvent{Kind: console.ChatTyping, Name: "Ada", On: true})
	s.Has(".file-name", "notes.txt")
	s.Choose("input[type=file]", fileWith(t, "driver-setup.run", strings.Repeat("0123456789abcdef", 90_000)))
	s.Has(".transfer", "Uploaded")
	s.Gone(".toast")
	shot("session")
	s.Press("Special keys")
	s.Has(".menu", "AltGr")
	shot("keys")
	s.Keys("\u001b")
	s.Press("How the picture is shown")
	s.Has(".menu", "HDMI-1")
	shot("look")
	s.Keys("\u001b")
	far.joined(people())
	s.Has(".others-chip", "are here too")
	s.Click(".health-tool")
	s.Has(".health h2", "All well")
	s.Has(".toast", "has a session")
	s.Press("Dismiss")
	s.Press("Dismiss")
	s.Gone(".toast")
	shot("health")
	far.fares(narrow)
	s.Has(".health-do", "Try a lower quality")
	shot("health-slow")
	s.Click(".health-tool")
	far.joined(nil, nil)
	s.Gone(".others-chip")
	more := fileWith(t, "more.txt", "more")
	s.Carry(".files", more)
	s.Has(".drop", "Drop to upload here")
	shot("drop")
	s.Carry(".brand", more)
	s.Gone(".drop")
	s.Press("Clipboard and typing")
	shot("clipboard")
	s.Keys("\u001b")
	far.suspend(true)
	s.Has(".lost h2", "Connection lost")
	shot("suspended")
	far.end(deskside.CausePerson)
	s.Has("h1", "has ended")
	shot("ended")
	s.Press("Connect again")
	s.Keys("\r")
	asked = await.Recv(t, "a setup", s.back.setups)
	asked.answer <- answer{err: deskside.Errorf(deskside.CodeRefused, "no, not now").From(deskside.ByPerson).Hint("Speak with the person before you ask again.")}
	s.Has("h1", "No session with")
	shot("failed")
	s.Click(".top-acts button:last-child")
	s.Has("dialog h2", "Keyboard shortcuts")
	shot("shortcuts")
	if strings.Contains(s.Text("body"), "undefined") {
		t.Error("the page shows an undefined")
	}
}
