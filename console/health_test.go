package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/coder/websocket"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
	"deskside/remctrl"
	"deskside/remctrl/gauge"
	"deskside/rfb"
)

// stages makes the times of a picture's stages, in milliseconds.
func stages(capture, compare, encode, wait, send float64) (list []gauge.Time) {
	for i, ms := range []float64{capture, compare, encode, wait, send} {
		list = append(list, gauge.Time{Stage: gauge.Stage(i), MeanMS: ms, P95MS: ms * 1.7})
	}
	return list
}

// video is how a film fares that is shown on the machine, over a good path.
func video() remctrl.Figures {
	return remctrl.Figures{
		W: 1920, H: 1080, Began: time.Now(), Controls: true,
		Figures: gauge.Figures{
			OverMS: 2000, FramesPS: 29.5, UpdatesPS: 34, BytesPS: 2.3e6, RectsPS: 900, PhotosPS: 700, IdleMS: 9,
			Path:    gauge.Path{RoundTripMS: 1.3, LastTripMS: 4.2, BytesPS: 9.4e6, UnderWay: 80_000},
			Quality: 79, MayQuality: 79, OfUpdates: 68, Stages: stages(0.6, 0.4, 7.2, 1.1, 0.3),
		},
	}
}

// narrow is the same over a narrow path.
func narrow(f *remctrl.Figures) {
	f.FramesPS, f.UpdatesPS, f.BytesPS = 3.4, 21, 148_000
	f.Path = gauge.Path{RoundTripMS: 340, LastTripMS: 371, BytesPS: 151_000, UnderWay: 51_000}
	f.Stages = stages(0.8, 0.5, 4.1, 41, 0.2)
}

// people are others with a session, and who of them looks.
func people() ([]remctrl.Other, []deskside.Session) {
	began := time.Now().Add(-12 * time.Minute)
	ben := deskside.Session{State: deskside.Active, Rights: deskside.AllRights, Began: began, Operator: deskside.Operator{Key: keyOf("ben"), Name: "Ben Ortiz, second line"}}
	mei := deskside.Session{State: deskside.Active, Rights: deskside.RightsOf(deskside.View, deskside.ChatRight), Began: began.Add(5 * time.Minute), Operator: deskside.Operator{Key: keyOf("mei"), Name: `says "Mei <b>Lin</b>"`}}
	return []remctrl.Other{{Operator: ben.Operator.Key, Name: ben.Operator.Name, Began: began, Controls: true}}, []deskside.Session{mei, ben}
}

func TestThePictureExplainsItself(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Has(".health-tool", "1.3 ms · 30 fps")
	s.Gone(".health")

	// By keyboard there and back.
	s.Click(".brand")
	s.Keys("i")
	s.Has(".health h2", "All well. An update takes ")
	s.Has(".health h2", "most of it to ")
	if at := browsertest.Eval[string](s.Page, `document.activeElement.className`); at != "health" {
		t.Errorf("the focus is on %q", at)
	}
	s.Has(".trend", "2300 kB/s")
	s.Has(".trend", "path ≥ 9400 kB/s")
	s.Has(".trend", "34 updates")
	s.Has(".trend", "update 4.2 ms")
	s.Has(".stages tr", "Encode")
	s.Has(".stages tr", "7.2 ms")
	s.Has(".stages tr", "12 ms")
	s.Has(".health-facts", "1920 × 1080 pixels, 78 % as photographs, quality 79")
	// Decoding is measured here, and not the far side's to tell.
	s.Until("the browser's part is there", `/Decode\s*[\d.]+ ms/.test([...document.querySelectorAll(".stages tr")].at(-1).innerText)`)
	s.Until("the bar is in proportion", `(list => list.filter(e => !e.hidden).length >= 5 && Math.abs(list.find(e => e.classList.contains("encode")).getBoundingClientRect().width / list.find(e => e.classList.contains("wait")).getBoundingClientRect().width - 7.2 / 1.1) < 1.2)([...document.querySelectorAll(".stage-part")])`)
	if browsertest.Eval[bool](s.Page, `document.querySelector(".health [aria-live], .health [role=status], .health [role=alert]") !== null`) {
		t.Error("what changes each second is read out")
	}

	far.fares(narrow)
	s.Has(".health h2", "The network is the bottleneck: 340 ms round trip, 151 kB/s.")
	s.Has(".health-do", "Try a lower quality.")
	s.Has("tr.slow", "Wait for the network")
	s.Has(".health-tool", "3.4 fps")

	far.fares(func(f *remctrl.Figures) { f.FramesPS, f.UpdatesPS, f.BytesPS, f.IdleMS = 0, 0, 0, 4000 })
	s.Has(".health h2", "Nothing changes on the screen.")
	s.Until("nothing to do", `document.querySelector(".health-do").innerText === ""`)
	s.Gone("tr.slow")
	s.Has(".health-tool", "0 fps")

	s.Keys(kb.Escape)
	s.Gone(".health")
	s.Until("the focus is back", `document.activeElement.matches(".health-tool")`)
	s.Click(".health-tool")
	s.Has(".health h3", " ms of an update go")
	s.Press("Close how the picture fares")
	s.Gone(".health")
}

// ways are how a picture may fare, from nothing to what no machine can mean.
var ways = []func(*remctrl.Figures){
	narrow,
	func(f *remctrl.Figures) { f.Figures = gauge.Figures{} },
	func(f *remctrl.Figures) { *f = video() },
	func(f *remctrl.Figures) { f.FramesPS, f.UpdatesPS, f.BytesPS, f.IdleMS = 0, 0, 0, 4000 },
	func(f *remctrl.Figures) { *f = video(); f.Stages = stages(0.6, 61, 9, 0, 0); f.W, f.H = 7680, 2160 },
	func(f *remctrl.Figures) { *f = video(); f.Stages = stages(161, 0.3, 9, 0, 0); f.MayQuality = 0 },
	func(f *remctrl.Figures) { *f = video(); f.Stages = stages(1, 1, 88, 0, 0) },
	func(f *remctrl.Figures) { *f = video(); f.Path.RoundTripMS = 412 },
	func(f *remctrl.Figures) { *f = video(); narrow(f); f.MayQuality = 19 },
	func(f *remctrl.Figures) { f.IdleMS, f.HeldMS = 12_400, 12_300 },
	func(f *remctrl.Figures) {
		const huge = 1e308
		f.Figures = gauge.Figures{
			OverMS: huge, FramesPS: huge, UpdatesPS: huge, BytesPS: huge, RectsPS: huge, PhotosPS: huge, Path: gauge.Path{RoundTripMS: huge, LastTripMS: huge, BytesPS: huge, UnderWay: 1 << 62},
			Quality: 1 << 40, MayQuality: 1 << 40, OfUpdates: 1 << 40, Stages: stages(huge, huge, huge, huge, huge),
		}
		f.W, f.H = 1<<40, 1<<40
	},
	func(f *remctrl.Figures) {
		f.Figures = gauge.Figures{
			OverMS: -5, FramesPS: -5, UpdatesPS: -1e300, BytesPS: -5, RectsPS: -5, PhotosPS: 3, Path: gauge.Path{RoundTripMS: -7, LastTripMS: -7, BytesPS: -7, UnderWay: -7},
			Quality: -5, MayQuality: -5, OfUpdates: 9, Stages: append(stages(-1, -2, -3, -4, -5), stages(-5, -4, -3, -2, -1)...),
		}
		f.W, f.H = -5, -5
	},
}

// noFigure is what is shown of a number that is none.
var noFigure = regexp.MustCompile(`NaN|Infinity|undefined|null|-\d|\de\d`)

// TestNothingMovesAsFiguresChange has every part of the panel, and the tools,
// stay where they are, and within the panel, however the picture fares.
func TestNothingMovesAsFiguresChange(t *testing.T) {
	for _, size := range [][2]int64{{1280, 800}, {800, 700}, {480, 760}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			s := open(t, withMachines(), size[0], size[1])
			s.Dark(false)
			far := s.connect("front-desk-1", deskside.AllRights)
			s.Press("Close chat")
			s.Click(".health-tool")
			s.Has(".health h2", "All well.")
			const places = `JSON.stringify([...document.querySelectorAll(".health, .trends, .trend svg, .stages-bar, .stages tr, .stages td, .health-facts, .toolbar .button")].map(e => {
				const b = e.getBoundingClientRect(); return [e.tagName, b.x, b.y, b.width, b.height].join(" "); }))`
			const over = `[...document.querySelectorAll(".health, .health h2, .health-do, .trend-now, .trend-more, .stages tr > *")].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText).join("; ")`
			was := browsertest.Eval[string](s.Page, places)
			for i, way := range ways {
				before := far.asked()
				far.fares(way)
				await.True(t, "the figures are new", func() bool { return far.asked() > before+1 })
				if now := browsertest.Eval[string](s.Page, places); now != was {
					t.Errorf("%d: something moved, with %q\nfrom %s\n  to %s", i, s.Text(".health"), was, now)
					s.Shot(fmt.Sprintf("moved-%d-%d", size[0], i))
				}
				if text := browsertest.Eval[string](s.Page, over); text != "" {
					t.Errorf("%d: too wide is %s", i, text)
				}
				if text := s.Text(".health"); noFigure.MatchString(text) {
					t.Errorf("%d: the panel shows %s", i, text)
				}
				if i < 1 || i == 10 {
					s.Shot(fmt.Sprintf("health-%d-%d", size[0], i))
				}
			}
			far.fares(func(f *remctrl.Figures) { *f = video(); narrow(f) })
			far.joined(people())
			s.Has(".others li", "Ben")
			s.Dark(true)
			s.Shot(fmt.Sprintf("health-%d-dark", size[0]))
		})
	}
}

// TestFiguresFollowTheSession asks only while there is something to show it in.
func TestFiguresFollowTheSession(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Click(".health-tool")
	s.Has(".health-tool", "30 fps")
	stops := func(what string) {
		t.Helper()
		browsertest.Eval[bool](s.Page, "clearInterval(window.clock), window.ticks = 0, window.clock = setInterval(() => ticks++, 1000), true")
		s.Until("a question that was on its way is answered", "ticks > 0")
		before := far.asked()
		s.Until("time passes", "ticks > 3")
		if now := far.asked(); now != before {
			t.Errorf("%s, but it was, %d times", what, now-before)
		}
	}
	goesOn := func() {
		t.Helper()
		before := far.asked()
		await.True(t, "it is asked again", func() bool { return far.asked() > before })
	}
	far.suspend(true)
	s.Has(".lost h2", "Connection lost")
	s.Until("no figure", `document.querySelector(".figure").innerText === "–"`)
	stops("nothing is asked while the session is lost")
	far.suspend(false)
	s.Gone(".lost")
	goesOn()
	s.Has(".health-tool", "30 fps")

	// The picture comes back in another stream.
	far.screen.drop()
	s.Has(".veil", "interrupted")
	s.Gone(".veil")
	goesOn()
	s.Has(".health-tool", "30 fps")

	s.Click("#tab-machines")
	stops("nothing is asked for a picture that is not seen")
	s.Press("front-desk-1, open")
	goesOn()

	far.end(deskside.CausePerson)
	s.Has("h1", "has ended")
	stops("nothing is asked of a session that ended")
}

func TestOthersAreShown(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Click(".health-tool")
	s.Has(".health-tool", "30 fps")
	s.Gone(".others")
	far.joined(people())
	s.Has(".toast", "Ben Ortiz, second line has a session with front-desk-1 too.")
	s.Has(".others-chip", `Ben Ortiz, second line, in control and says "Mei <b>Lin</b>" are here too`)
	s.Has(".others li", "in control · since")
	s.Has(".others li", "does not look at the screen · since")
	s.Has(".others li", "may see the screen, chat")
	s.Has(".others li", keyOf("ben").LastGroup())
	if text := s.Text(".others"); strings.Index(text, "Ben") > strings.Index(text, "Mei") || browsertest.Eval[bool](s.Page, `document.querySelector(".others li b b") !== null`) {
		t.Errorf("the order is wrong, or a name is markup: %s", text)
	}
	s.Has(".state", "Can control")
	looking, list := people()
	far.joined(looking, list[1:])
	s.Has(".toast", `says "Mei <b>Lin</b>" is no longer there.`)
	s.Has(".others-chip", "Ben Ortiz, second line, in control is here too")

	// One who only asks is no surprise yet, and one of mine is named so.
	own := deskside.Session{State: deskside.Active, Rights: deskside.AllRights, Operator: deskside.Operator{Key: keyOf("operator"), Name: "Grace"}}
	asks := deskside.Session{State: deskside.Asked, Rights: deskside.AllRights, Operator: deskside.Operator{Key: keyOf("ann"), Name: "Ann"}}
	far.joined(nil, []deskside.Session{own, asks})
	s.Has(".others li", "Grace (you, elsewhere)")
	s.Has(".others li", "asks to join")
	s.Has(".others-chip", "Grace (you, elsewhere) is here too, Ann asks to join")
	far.joined(nil, nil)
	s.Gone(".others")
	s.Gone(".others-chip")
}

// TestManyOthers has no machine fill the page with people.
func TestManyOthers(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Click(".health-tool")
	s.Has(".health-tool", "30 fps")
	crowd := make([]deskside.Session, 3000)
	for i := range crowd {
		crowd[i] = deskside.Session{State: deskside.Active, Rights: deskside.AllRights, Began: time.Now(), Operator: deskside.Operator{Key: keyOf("ben"), Name: fmt.Sprintf("\u202e%04d ", i) + strings.Repeat("W", 5000)}}
	}
	far.joined(nil, crowd)
	s.Has(".others li:last-child", "and 2980 more")
	s.Has(".toast", "20 others have a session with front-desk-1 too.")
	if n := browsertest.Eval[int](s.Page, `document.querySelectorAll(".toast").length`); n != 1 {
		t.Errorf("%d messages", n)
	}
	s.Has(".others li", "[U+202E]0000 WWW")
	if text := s.Text(".others"); len(text) > 20*300 || strings.Contains(text, "\u202e") {
		t.Errorf("%d bytes of names: %.200s", len(text), text)
	}
}

// TestWithoutThePicture tells who is there, and has no figure.
func TestWithoutThePicture(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	s.Press("Connect to front-desk-1")
	s.Keys("INC-4711\r")
	asked := await.Recv(t, "a setup", s.back.setups)
	far := newSession(asked.request, deskside.RightsOf(deskside.ChatRight, deskside.FilesRead))
	far.joined(people())
	asked.answer <- answer{session: far}
	s.Has(".others-chip", "are here too")
	if browsertest.Eval[bool](s.Page, `document.querySelector(".health-tool").checkVisibility()`) || far.asked() != 0 {
		t.Error("there is a figure of a picture that is not there")
	}
}

func TestHealthOverTheAPI(t *testing.T) {
	a := newAPI(t, withMachines(), console.Config{})
	far, id := a.open(deskside.AllRights)
	path := "/api/tabs/" + id + "/health"
	for _, query := range []string{"?decode_ms=x", "?decode_ms=-1", "?busy=NaN", "?busy=Inf", "?busy=-0.1", "?name=" + strings.Repeat("x", 40)} {
		a.refused(a.request("GET", path+query, ""), http.StatusBadRequest, deskside.CodeBadRequest)
	}
	far.joined(people())
	got := a.call("GET", path+"?name=not-open&others=1", "")
	if list, _ := got["others"].([]any); got["figures"] != nil || got["verdict"] != nil || len(list) != 2 {
		t.Errorf("of a picture that is not open: %v", got)
	}
	picture := a.socket("/api/tabs/"+id+"/picture?name=left", "deskside.picture")
	shake(t, picture)
	await.True(t, "the picture is open", func() bool { return a.call("GET", path+"?name=left", "")["figures"] != nil })
	verdict := func(query string) string {
		t.Helper()
		v, _ := a.call("GET", path+"?name=left&"+query, "")["verdict"].(map[string]any)
		return fmt.Sprint(v["state"], " ", v["stage"])
	}
	for query, want := range map[string]string{"": "well ", "decode_ms=3&busy=0.1": "well ", "decode_ms=38&busy=0.9": "slow decode", "decode_ms=1&busy=1": "slow decode"} {
		if got := verdict(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if got := a.call("GET", path+"?name=left", ""); got["others"] != nil {
		t.Errorf("others that were not asked for: %v", got["others"])
	}
	far.suspend(true)
	await.True(t, "there is nothing to tell of a session that is lost", func() bool {
		status, _ := a.do(a.request("GET", path+"?name=left", ""))
		return status == http.StatusNoContent
	})
}

// shake does a viewer's part of the handshake.
func shake(t *testing.T, ws *websocket.Conn) {
	t.Helper()
	conn := websocket.NetConn(t.Context(), ws, websocket.MessageBinary)
	if _, err := rfb.Connect(conn, rfb.NewReader(conn), true); err != nil {
		t.Fatal(err)
	}
}
