package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"deskside"
	"deskside/agent"
	"deskside/audit"
	"deskside/internal/await"
	"deskside/internal/xvfb"
)

// The first meeting, with nothing played: the person's desktop is a real X
// server, both sides are the real program, and the person's hands are xdotool's.

const helpTitle = "Get help with this computer"

// helped is a person who runs help-me.
type helped struct {
	*deskE2E
	tmp  string // where the temporary folder is made
	cmd  *exec.Cmd
	err  <-chan error // how it ended
	said struct {
		ID     deskside.AgentID
		Hosts  []string
		Ports  map[string]uint16
		Record string
	}
}

// askForHelp starts help-me on a display with a window manager.
func askForHelp(t *testing.T) *helped {
	t.Helper()
	h := &helped{deskE2E: &deskE2E{t: t, display: xvfb.Start(t, "1280x800x24")}, tmp: t.TempDir()}
	xvfb.Client(t, h.display, "openbox")
	await.True(t, "the window manager is there", func() bool {
		return strings.Contains(xvfb.Run(t, h.display, "xprop", "-root", "_NET_CLIENT_LIST"), "window id")
	})
	xvfb.Run(t, h.display, "xsetroot", "-solid", "#31506b")
	h.cmd = exec.Command(look(t, "deskside"), "help-me", "--json", "--display", h.display, "--listen", "127.0.0.1", "--ports", "0,0,0,0")
	h.cmd.Env = append(os.Environ(), "TMPDIR="+h.tmp, "HOME="+t.TempDir())
	h.cmd.Stderr = t.Output()
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.err = launch(t, h.cmd)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &h.said); err != nil {
		t.Fatal(err)
	}
	h.window(helpTitle)
	return h
}

// digits waits for what the operator is told to read out.
func (o *operator) digits() (digits string) {
	o.t.Helper()
	line := regexp.MustCompile(`read these digits to the person.*:\n\n    (\d{3}) (\d{3})\n`)
	await.True(o.t, "the operator is told digits", func() bool {
		text, _ := os.ReadFile(o.log)
		found := line.FindSubmatch(text)
		if found != nil {
			digits = string(found[1]) + string(found[2])
		}
		return found != nil
	})
	return digits
}

func (h *helped) host() string {
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(h.said.Ports[deskside.RCInfo.String()]))
}

// titled tells whether the window has this title.
func (h *helped) titled(title string) bool { return xvfb.Window(h.t, h.display, title) != "" }

// TestFirstMeetingEndToEnd has somebody who knows nobody ask for help, an
// operator who guesses, and one whose digits are typed in.
func TestFirstMeetingEndToEnd(t *testing.T) {
	h := askForHelp(t)
	home := filepath.Join(t.TempDir(), "operator")
	h.shot("help-me")
	if !slices.Equal(h.said.Hosts, []string{h.host()}) {
		t.Errorf("the addresses are %q, want %q", h.said.Hosts, h.host())
	}
	h.stranger(home)

	picture := filepath.Join(t.TempDir(), "screen.png")
	o := h.operate(home, "screenshot", h.host(), "--meet", "-o", picture, "--reason", "You called about the printer.")
	digits := []byte(o.digits())
	digits[5] = '0' + (digits[5]-'0'+1)%10
	h.allow(string(digits))
	if status := o.ends(); status != exitFailed { // somebody may be in the middle: more than a refusal
		t.Errorf("with other digits than were read out the status is %d, want %d", status, exitFailed)
	}
	if _, err := os.Stat(picture); err == nil {
		t.Error("with other digits there is a picture")
	}

	o = h.operate(home, "screenshot", h.host(), "--meet", "-o", picture, "--reason", "You called about the printer.")
	digits = []byte(o.digits())
	await.True(t, "the person is asked", h.asked)
	h.shot("help-me-asked")
	h.allow(string(digits))
	if status := o.ends(); status != exitDone {
		t.Fatalf("the status is %d", status)
	}
	h.seen(picture)

	o = h.operate(home, "vnc", h.host(), "--meet", "--listen", "127.0.0.1:0", "--reason", "The printer again.")
	h.allow(o.digits())
	await.True(t, "the window says that somebody is connected", func() bool { return h.titled("Connected: " + helpTitle) })
	h.shot("help-me-connected")
	h.press()
	if err := await.Recv(t, "help-me ends with its window", h.err); err != nil {
		t.Errorf("help-me ends with %v", err)
	}
	if status := o.ends(); status != exitFailed {
		t.Errorf("the operator's command ends with %d, want %d", status, exitFailed)
	}
	if status := h.operate(home, "info", h.host(), "--timeout", "2s").ends(); status != exitUnreachable {
		t.Errorf("after the end info gives %d, want %d", status, exitUnreachable)
	}
	h.left(deskside.EventMeeting, deskside.EventRefused, deskside.EventGiven, deskside.EventBegin, deskside.EventEnd)
}

// stranger wants nothing told to somebody whom nobody has met.
func (h *helped) stranger(home string) {
	h.t.Helper()
	o := h.operate(home, "info", h.host(), "--json")
	if status := o.ends(); status != exitDone {
		h.t.Fatalf("info gives %d", status)
	}
	text, err := os.ReadFile(o.out)
	if err != nil {
		h.t.Fatal(err)
	}
	var got infoResult
	if err := json.Unmarshal(text, &got); err != nil {
		h.t.Fatal(err)
	}
	if got.Pinned || got.Hello.Known || got.Hello.Name != "" || got.Hello.Agent != h.said.ID {
		h.t.Errorf("a stranger learns %s", text)
	}
}

// seen wants the picture to be of the display: of its size, with the colour
// that was put behind everything.
func (h *helped) seen(path string) {
	h.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		h.t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, 1280, 800) {
		h.t.Errorf("the picture is %v", m.Bounds())
	}
	if r, g, b, _ := m.At(40, 700).RGBA(); r>>8 != 0x31 || g>>8 != 0x50 || b>>8 != 0x6b {
		h.t.Errorf("the picture's ground is %02x%02x%02x", r>>8, g>>8, b>>8)
	}
}

// press presses the button, at the window's lower right. The window manager
// chose the place of the window.
func (h *helped) press() {
	h.t.Helper()
	id := xvfb.Window(h.t, h.display, "Connected: "+helpTitle)
	w, high := 0, 0
	for line := range strings.Lines(xvfb.Run(h.t, h.display, "xwininfo", "-id", id)) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "Width":
			w, _ = strconv.Atoi(v)
		case "Height":
			high, _ = strconv.Atoi(v)
		}
	}
	xvfb.Run(h.t, h.display, "xdotool", "mousemove", "--window", id, strconv.Itoa(w-60), strconv.Itoa(high-37), "click", "1")
}

// left wants nothing to be left but the record, with these events.
func (h *helped) left(want ...deskside.EventKind) {
	h.t.Helper()
	tops, _ := filepath.Glob(h.tmp + "/*")
	in, _ := filepath.Glob(h.said.Record + "/*")
	if !slices.Equal(tops, []string{h.said.Record}) || !slices.Equal(in, []string{filepath.Join(h.said.Record, agent.AuditDir)}) {
		h.t.Errorf("left are %q, and in the last %q", tops, in)
	}
	have := make(map[deskside.EventKind]bool)
	for e, err := range audit.Read(filepath.Join(h.said.Record, agent.AuditDir), audit.Filter{}) {
		if err != nil {
			h.t.Fatal(err)
		}
		have[e.Event.Kind] = true
	}
	for _, k := range append(want, deskside.EventAgentStart, deskside.EventAgentStop) {
		if !have[k] {
			h.t.Errorf("the record has no %s", k)
		}
	}
}

// TestHelpMeEndsCleanly ends it in the ways that leave it no window to close.
func TestHelpMeEndsCleanly(t *testing.T) {
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "the terminal is closed": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			h := askForHelp(t)
			if err := h.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := await.Recv(t, "help-me ends", h.err); err != nil {
				t.Errorf("help-me ends with %v", err)
			}
			if h.titled(helpTitle) {
				t.Error("its window is still there")
			}
			h.left()
		})
	}
}

// TestOwnAddresses are of use to somebody elsewhere.
func TestOwnAddresses(t *testing.T) {
	for port, suffix := range map[uint16]string{2701: "", 50122: ":50122"} {
		for _, a := range ownAddresses(port) {
			host, ok := strings.CutSuffix(a, suffix)
			if !ok || strings.HasPrefix(host, "127.") || host == "::1" || strings.HasPrefix(host, "fe80") {
				t.Errorf("%q cannot be reached from elsewhere at port %d", a, port)
			}
		}
	}
	for _, c := range []struct {
		host string
		port uint16
		want string
	}{{"192.0.2.7", 2701, "192.0.2.7"}, {"192.0.2.7", 9, "192.0.2.7:9"}, {"2001:db8::7", 2701, "2001:db8::7"}, {"2001:db8::7", 9, "[2001:db8::7]:9"}} {
		if got := readable(c.host, c.port); got != c.want {
			t.Errorf("%s and port %d is read out as %q, want %q", c.host, c.port, got, c.want)
		}
	}
}
