package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/audit"
	"deskside/client"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
	"deskside/internal/xvfb"
	"deskside/loopback"
)

// The whole, with nothing played: a real X server with a real terminal, the
// agent, the console, and a real browser on either side. The person's hands are
// xdotool's.

// deskE2E is a machine that is helped, and an operator before the console.
type deskE2E struct {
	t       *testing.T
	display string
	dir     string // of the agent
	files   string // the person's folder
	home    string // of the operator
	agent   *agent.Agent
	client  *client.Client
	page    *browsertest.Page
}

// furnish starts a display with a terminal in it, and the programs that are
// named: a window manager.
func furnish(t *testing.T, programs ...string) *deskE2E {
	t.Helper()
	d := &deskE2E{t: t, display: xvfb.Start(t, "1280x800x24"), dir: filepath.Join(t.TempDir(), "agent"), files: t.TempDir()}
	for _, p := range programs {
		xvfb.Client(t, d.display, p)
	}
	xvfb.Run(t, d.display, "xsetroot", "-solid", "#31506b")
	for _, f := range []string{"printer.log", "contract.pdf"} {
		if err := os.WriteFile(filepath.Join(d.files, f), []byte(strings.Repeat(f+": queue stopped\n", 900)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(d.files, "Pictures"), 0o755); err != nil {
		t.Fatal(err)
	}
	rc := filepath.Join(t.TempDir(), "rc")
	if err := os.WriteFile(rc, []byte("PS1='ada@front-desk:~$ '\ncd "+d.files+"\nprintf 'printer office-2: stopped, 3 jobs waiting\\n'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// The cursor neither blinks nor follows the focus: pictures are compared.
	xvfb.Client(t, d.display, "xterm", "-T", "Terminal", "-fa", "DejaVu Sans Mono", "-fs", "11", "-geometry", "86x24+60+60",
		"-bg", "#fbfbfb", "-fg", "#22262e", "-e", "bash", "--rcfile", rc)
	d.window("Terminal")
	return d
}

// window waits for a window with this in its title and gives its ID.
func (d *deskE2E) window(title string) (id string) {
	d.t.Helper()
	await.True(d.t, "a window "+title, func() bool {
		id = ""
		for line := range strings.Lines(xvfb.Tree(d.t, d.display)) {
			if _, name, named := strings.Cut(line, `"`); named && strings.Contains(strings.Split(name, `"`)[0], title) {
				id = strings.Fields(line)[0]
			}
		}
		return id != ""
	})
	return id
}

func (d *deskE2E) asked() bool {
	return strings.Contains(xvfb.Run(d.t, d.display, "xwininfo", "-root", "-children"), `"Deskside question"`)
}

// serve starts the agent with a policy that permits the operator what the rules
// say.
func (d *deskE2E) serve(policy string, t deskside.Transport, rules ...access.OperatorRule) {
	d.t.Helper()
	var err error
	d.home = filepath.Join(d.t.TempDir(), "operator")
	if d.client, err = client.Open(d.home); err != nil {
		d.t.Fatal(err)
	}
	if _, err = agent.Init(d.dir); err != nil {
		d.t.Fatal(err)
	}
	policy += fmt.Sprintf("\n[clipboard]\nto-agent = true\nto-operator = true\n\n[[files]]\nname = \"ada\"\npath = %q\nwrite = true\n", d.files)
	if err = os.WriteFile(filepath.Join(d.dir, agent.PolicyFile), []byte(policy), 0o600); err != nil {
		d.t.Fatal(err)
	}
	for _, rule := range rules {
		rule.Key = d.client.ID()
		if err = agent.Permit(d.dir, rule); err != nil {
			d.t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(d.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	ada := *loopback.Self()
	ada.Full = "Ada Lindgren" // as the account of a person has it
	desk := &loopback.Desk{User: &ada, Env: []string{"DISPLAY=" + d.display}}
	d.agent, err = agent.Start(d.t.Context(), agent.Config{Dir: d.dir, Log: log, Desk: desk, Settings: agent.Settings{
		Listen: []string{"127.0.0.1"}, Ports: "0,0,0,0", Transports: []string{string(t)}, Display: d.display, Name: "front-desk-1",
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { d.agent.Close() })
	if err = d.client.Book().Put(client.Machine{Name: "front-desk-1", Address: d.host(), Group: "Front desk", Note: "Ada, ground floor"}); err != nil {
		d.t.Fatal(err)
	}
}

// knows pins the agent's key at the operator's.
func (d *deskE2E) knows() {
	d.t.Helper()
	if err := d.client.Trust(d.host(), d.agent.ID()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deskE2E) host() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(d.agent.Ports().Of(deskside.RCInfo))))
}

// open opens the console's page.
func (d *deskE2E) open(w, h int64) {
	d.t.Helper()
	c, err := console.New(console.Config{Backend: console.Operator{Client: d.client}, Log: slog.New(slog.NewTextHandler(d.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Close() })
	launch, err := c.LaunchFile()
	if err != nil {
		d.t.Fatal(err)
	}
	d.page = browsertest.Open(d.t, launch, w, h)
	d.page.Dark(false)
	d.page.Forgive("Got data while disconnected") // noVNC, when the last bytes come after the end
}

// allow presses Allow in the person's window, after digits where they are
// wanted. Presses do not count at first, and what is typed before the window has
// the keyboard goes elsewhere: so all of it is done until the window is gone.
func (d *deskE2E) allow(digits string) {
	d.t.Helper()
	await.True(d.t, "the person is asked", d.asked)
	turned := false
	await.True(d.t, "Allow is taken", func() bool {
		if !d.asked() {
			return true
		}
		if digits != "" {
			back := slices.Repeat([]string{"BackSpace"}, len(digits))
			xvfb.Run(d.t, d.display, "xdotool", append([]string{"key"}, back...)...)
			xvfb.Run(d.t, d.display, "xdotool", "type", digits)
		} else if !turned {
			xvfb.Run(d.t, d.display, "xdotool", "key", "shift+Tab")
			turned = true
		}
		xvfb.Run(d.t, d.display, "xdotool", "key", "Return")
		return false
	})
}

// shot keeps a picture of the person's display among the artefacts.
func (d *deskE2E) shot(name string) {
	d.t.Helper()
	path := filepath.Join(browsertest.Artefacts(d.t), name+".png")
	xvfb.Run(d.t, d.display, "import", "-window", "root", path)
}

// server gives the X server's own pixels.
func (d *deskE2E) server() *image.RGBA {
	d.t.Helper()
	m, err := png.Decode(strings.NewReader(xvfb.Run(d.t, d.display, "import", "-window", "root", "png:-")))
	if err != nil {
		d.t.Fatal(err)
	}
	return rgba(m)
}

// canvas gives the pixels that noVNC shows.
func (d *deskE2E) canvas() *image.RGBA {
	d.t.Helper()
	text := browsertest.Eval[string](d.page, `document.querySelector("canvas").toDataURL("image/png").split(",")[1]`)
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		d.t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		d.t.Fatal(err)
	}
	return rgba(m)
}

func rgba(m image.Image) *image.RGBA {
	out := image.NewRGBA(m.Bounds())
	draw.Draw(out, out.Bounds(), m, m.Bounds().Min, draw.Src)
	return out
}

// same waits until the browser shows exactly what the X server has.
func (d *deskE2E) same(what string) {
	d.t.Helper()
	d.samePart(what, image.Rect(0, 0, 1280, 800))
}

// samePart is same for a browser that shows a part of the display.
func (d *deskE2E) samePart(what string, part image.Rectangle) {
	d.t.Helper()
	await.True(d.t, what, func() bool {
		far := rgba(d.server().SubImage(part))
		near := d.canvas()
		return far.Bounds().Size() == near.Bounds().Size() && bytes.Equal(far.Pix, near.Pix)
	})
}

func (d *deskE2E) read(name string) (string, bool) {
	text, err := os.ReadFile(filepath.Join(d.files, name))
	return string(text), err == nil
}

func TestConsoleEndToEnd(t *testing.T) {
	d := furnish(t, "openbox")
	d.serve("", deskside.UDP, access.OperatorRule{Name: "Grace, help desk", Rights: deskside.AllRights, Consent: access.ConsentAsk})
	d.knows()
	d.open(1280, 720)
	p := d.page
	p.Has(".leg.up", "UDP")
	p.Has(".leg.down", "TCP")
	p.Press("Connect to front-desk-1")
	p.Keys("INC-4711, printer does not print\r")
	p.Has("h1", "Waiting for the person at front-desk-1")
	await.True(t, "the person is asked", d.asked)
	p.Shot("e2e-waiting")
	d.shot("e2e-consent")
	d.allow("")
	p.Until("the picture is there", `document.querySelector("canvas")?.width === 1280 && document.querySelector(".veil").hidden`)
	p.Has(".path", "UDP 127.0.0.1")

	d.typing()
	d.talking()
	d.copying()
	d.panes()
	d.clipboards()
	d.portrait()
	d.choosing()

	p.Press("End session")
	p.Press("Cancel")
	p.Keys("e") // the focus is on the button it came from
	p.Has("dialog h2", "End the session with front-desk-1?")
	p.Keys("\r")
	p.Has("h1", "The session with front-desk-1 has ended")
	p.Has(".cause", "The operator ended the session")
	p.Shot("e2e-ended")
	d.audited("udp", deskside.EventAsked, deskside.EventGiven, deskside.EventBegin, deskside.EventControl, deskside.EventChat,
		deskside.EventTransfer, deskside.EventClipboard, deskside.EventControlTo, deskside.EventControlEnd, deskside.EventEnd)
	d.previewed()
}

// typing types into the terminal by the picture and sees it there.
func (d *deskE2E) typing() {
	d.t.Helper()
	p := d.page
	p.Press("How the picture is shown")
	p.Press("Lossless")
	d.same("the browser shows the display, to the pixel")
	p.Click("canvas") // the middle is within the terminal
	p.Has(".grab", "Keyboard on front-desk-1")
	p.Keys("echo 'Office-2 is Enabled' > typed.txt\r")
	await.True(d.t, "the shell ran what was typed", func() bool {
		text, _ := d.read("typed.txt")
		return text == "Office-2 is Enabled\n"
	})
	p.Press("Clipboard and typing")
	p.Click("dialog textarea")
	p.Keys("echo 'Drucker läuft, Grüße ✓' >> typed.txt; cat typed.txt\r")
	p.Press("Type as keys")
	await.True(d.t, "the shell ran what was typed as keys", func() bool {
		text, _ := d.read("typed.txt")
		return strings.HasSuffix(text, "Drucker läuft, Grüße ✓\n")
	})
	p.Keys("\u001b")
	d.same("what was typed is seen, to the pixel")
	p.Press("How the picture is shown")
	p.Press("Automatic")
	p.Shot("e2e-typed")
}

// talking writes both ways; the person's side is a window of a browser on
// their own display.
func (d *deskE2E) talking() {
	d.t.Helper()
	p := d.page
	p.Click(".composer textarea")
	p.Keys("Good morning Ada, I see the queue of office-2 has stopped.\r")
	p.Has(".line.mine", "has stopped")
	id := d.window("Deskside chat")
	d.clear(id)
	p.Has(".mark", "Seen")
	// The person clicks into the field at the lower end.
	at := d.place(id)
	x, y := strconv.Itoa((at.Min.X+at.Max.X)/2), strconv.Itoa(at.Max.Y-70)
	xvfb.Run(d.t, d.display, "xdotool", "windowactivate", "--sync", id, "windowfocus", "--sync", id, "mousemove", x, y, "click", "1")
	answer := "Oh, thank you! It worked yesterday."
	xvfb.Run(d.t, d.display, "xdotool", "type", "--delay", "5", answer)
	xvfb.Run(d.t, d.display, "xdotool", "key", "Return")
	p.Has(".line.theirs", answer)
	p.Has(".line.theirs", "Ada Lindgren")
}

// clear wants a window, with what a window manager puts around it, clear of the
// bar and within the display.
func (d *deskE2E) clear(id string) {
	d.t.Helper()
	bar := d.place(d.window("Deskside bar"))
	await.True(d.t, "the window is below the bar", func() bool {
		at := d.place(id)
		return !at.Overlaps(bar) && at.Min.Y > bar.Max.Y && at.In(image.Rect(0, 0, 1280, 800))
	})
}

// place gives a window's rectangle on the display, with its frame.
func (d *deskE2E) place(id string) image.Rectangle {
	d.t.Helper()
	text := xvfb.Run(d.t, d.display, "xwininfo", "-frame", "-id", id)
	number := func(label string) (n int) {
		_, rest, _ := strings.Cut(text, label)
		fmt.Sscan(rest, &n)
		return n
	}
	x, y := number("Absolute upper-left X:"), number("Absolute upper-left Y:")
	return image.Rect(x, y, x+number("Width:"), y+number("Height:"))
}

// copying moves files both ways by the files panel.
func (d *deskE2E) copying() {
	d.t.Helper()
	p := d.page
	p.Press("Files")
	p.Has(".file-name", "printer.log")
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	path := filepath.Join(d.t.TempDir(), "office-2-driver.run")
	if err := os.WriteFile(path, body, 0o644); err != nil {
		d.t.Fatal(err)
	}
	changed := time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)
	if err := os.Chtimes(path, changed, changed); err != nil {
		d.t.Fatal(err)
	}
	p.Choose(".files input[type=file]", path)
	p.Has(".transfer", "Uploaded")
	if info, err := os.Stat(filepath.Join(d.files, "office-2-driver.run")); err != nil || !info.ModTime().Equal(changed) {
		d.t.Errorf("the file arrived with %v, %v, want its time %v", info, err, changed)
	}
	if got, _ := d.read("office-2-driver.run"); got != string(body) {
		d.t.Errorf("%d bytes arrived, want %d", len(got), len(body))
	}
	p.Has(".file-name", "office-2-driver.run") // the list is drawn anew
	p.Click(`li[data-name="printer.log"] .file-open`)
	want, _ := d.read("printer.log")
	if got, err := os.ReadFile(p.Downloaded("printer.log")); err != nil || string(got) != want {
		d.t.Errorf("%d bytes were downloaded (%v), want %d", len(got), err, len(want))
	}
	p.Has(".transfer", "Downloaded")
}

// clipboards carries text both ways.
func (d *deskE2E) clipboards() {
	d.t.Helper()
	p := d.page
	p.Press("Clipboard and typing")
	p.Click("dialog textarea")
	p.Keys("lpadmin -p office-2 ✓")
	p.Press("Send to front-desk-1")
	await.True(d.t, "the text is on the person's clipboard", func() bool {
		return xvfb.Run(d.t, d.display, "sh", "-c", "timeout 2 xclip -selection clipboard -o || true") == "lpadmin -p office-2 ✓"
	})
	p.Keys("\u001b")
	xvfb.Feed(d.t, d.display, "from Ada ✓", "xclip", "-selection", "clipboard", "-i")
	p.Has(".toast", "Something was copied on front-desk-1")
	p.Press("Clipboard and typing")
	if n := d.fetched(); n != 0 {
		d.t.Errorf("the person's clipboard was sent %d times before anybody asked for it", n)
	}
	p.Press("Fetch from front-desk-1")
	p.Until("the person's text is there", `document.querySelector("dialog textarea").value === "from Ada ✓"`)
	if n := d.fetched(); n != 1 {
		d.t.Errorf("the person's clipboard was sent %d times for one who asked once", n)
	}
	p.Keys("\u001b")
}

// fetched counts how often the audit says that the person's clipboard was sent.
func (d *deskE2E) fetched() (n int) {
	d.t.Helper()
	for e, err := range audit.Read(filepath.Join(d.dir, agent.AuditDir), audit.Filter{Kinds: []deskside.EventKind{deskside.EventClipboard}}) {
		if err != nil {
			d.t.Fatal(err)
		}
		if e.Event.Detail["direction"] == "to-operator" {
			n++
		}
	}
	return n
}

// portrait takes the picture of the session.
func (d *deskE2E) portrait() {
	d.t.Helper()
	p := d.page
	// The person makes their terminal smaller, so that the chat is beside it.
	xvfb.Run(d.t, d.display, "xdotool", "windowsize", d.window("Terminal"), "700", "400")
	p.Gone(".toast")
	p.Press("How the picture is shown")
	p.Press("Lossless")
	p.Click(".brand")
	d.same("the windows are where the person put them")
	p.Shot("e2e-session-720")
	p.Size(1600, 900)
	p.Shot("e2e-session")
	p.Size(1280, 720)
}

// choosing shows one of two screens, then both again.
func (d *deskE2E) choosing() {
	d.t.Helper()
	p := d.page
	xvfb.Run(d.t, d.display, "xrandr", "--setmonitor", "DP-1", "640/169x800/212+0+0", "screen")
	xvfb.Run(d.t, d.display, "xrandr", "--setmonitor", "HDMI-1", "640/169x800/212+640+0", "none")
	p.Press("How the picture is shown")
	p.Press("HDMI-1 640 × 800")
	shown := `document.querySelector("canvas")?.width === %d && document.querySelector(".veil").hidden`
	p.Until("the right screen is there", fmt.Sprintf(shown, 640))
	d.samePart("the right screen is shown", image.Rect(640, 0, 1280, 800))
	p.Shot("e2e-screen")
	p.Press("How the picture is shown")
	p.Shot("e2e-screens-menu")
	p.Press("All screens")
	p.Until("all is there", fmt.Sprintf(shown, 1280))
	d.same("both screens are shown")
}

// audited wants events in the agent's audit, all over the transport.
func (d *deskE2E) audited(transport string, want ...deskside.EventKind) {
	d.t.Helper()
	d.agent.Close()
	have := make(map[deskside.EventKind]bool)
	for e, err := range audit.Read(filepath.Join(d.dir, agent.AuditDir), audit.Filter{}) {
		if err != nil {
			d.t.Fatal(err)
		}
		have[e.Event.Kind] = true
		if e.Event.Transport != "" && string(e.Event.Transport) != transport {
			d.t.Errorf("%s over %s", e.Event.Kind, e.Event.Transport)
		}
	}
	for _, k := range want {
		if !have[k] {
			d.t.Errorf("the audit has no %s", k)
		}
	}
}

// A first meeting: strangers may ask, the digits are read out and typed, and
// the person's Stop ends the session.
func TestConsoleFirstMeetingEndToEnd(t *testing.T) {
	d := furnish(t)
	d.serve("unknown-operators = \"ask\"\n", deskside.TCP)
	d.open(1280, 720)
	p := d.page
	p.Has(".unmet", "Not met yet")
	p.Press("Connect to front-desk-1")
	p.Has("dialog .note", "six digits")
	p.Keys("first help\r")
	p.Until("there are digits", `/^\d{3} \d{3}$/.test(document.querySelector(".digits")?.textContent ?? "")`)
	p.Shot("e2e-meeting")
	d.allow(strings.ReplaceAll(p.Text(".digits"), " ", ""))
	p.Until("the picture is there", `document.querySelector("canvas")?.width === 1280 && document.querySelector(".veil").hidden`)
	if id, err := d.client.Known(d.host()); err != nil || id != d.agent.ID() {
		t.Errorf("after the meeting %s is known, %v", id, err)
	}
	p.Click(".composer textarea")
	p.Keys("Good morning!\r")
	d.clear(d.window("Deskside chat")) // without a window manager too
	bar := d.window("Deskside bar")
	w, h := 0, 0
	fmt.Sscan(xvfb.Run(t, d.display, "sh", "-c", "xwininfo -id "+bar+" | awk '/Width:/{w=$2}/Height:/{print w, $2}'"), &w, &h)
	xvfb.Run(t, d.display, "xdotool", "mousemove", "--window", bar, strconv.Itoa(w-h), strconv.Itoa(h/2), "click", "1")
	p.Has("h1", "The session with front-desk-1 has ended")
	p.Has(".cause", "The person stopped the session")
	p.Press("Close tab")
	p.Has(".known", d.agent.ID().LastGroup())
	d.audited("tcp", deskside.EventMeeting, deskside.EventGiven, deskside.EventEnd)
}
