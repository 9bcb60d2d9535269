package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"deskside"
	"deskside/access"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/rfb"
)

// A stranger at the loopback port: TigerVNC's viewer in an X server of its own
// shows a real desktop through deskside vnc, each encoding exactly, and what is
// typed into it arrives in a real terminal.
func TestVNCWithTigerVNC(t *testing.T) {
	d := furnish(t, "openbox")
	d.serve("", deskside.TCP, access.OperatorRule{Name: "Grace", Rights: deskside.AllRights, Consent: access.ConsentAllow})
	d.knows()
	o := d.operate(d.home, "vnc", d.host(), "--json", "--reason", "INC-4711")
	port := o.port()
	for _, encoding := range []string{"Tight", "ZRLE", "Raw"} {
		t.Run(encoding, func(t *testing.T) {
			v := view(t, port, "-AutoSelect=0", "-NoJPEG=1", "-PreferredEncoding="+encoding)
			v.same(d, "at first")
			v.clicks(d)
			v.types("echo '" + encoding + ": Office-2' | tee " + encoding + ".txt\n")
			await.True(t, "what is typed arrives", func() bool {
				text, _ := d.read(encoding + ".txt")
				return text == encoding+": Office-2\n"
			})
			v.same(d, "after typing")
		})
	}
	d.agent.Close()
	o.ends()
}

// TestVNCTurnsAway has more viewers than an agent shows its screen to, and a
// screen that is not there.
func TestVNCTurnsAway(t *testing.T) {
	d := furnish(t)
	d.serve("", deskside.TCP, access.OperatorRule{Name: "Grace", Rights: deskside.AllRights, Consent: access.ConsentAllow})
	d.knows()
	o := d.operate(d.home, "vnc", d.host(), "--screen", "HDMI-9")
	status := o.ends()
	if said, _ := os.ReadFile(o.log); status == 0 || !strings.Contains(string(said), `no screen "HDMI-9"`) || !strings.Contains(string(said), "Screens there: all, ") {
		t.Errorf("exit status %d, it says %q", status, said)
	}
	o = d.operate(d.home, "vnc", d.host(), "--json")
	port := o.port()
	for range 17 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_, err = rfb.Connect(conn, rfb.NewReader(conn), true)
		if err == nil {
			continue
		}
		if !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), "16") {
			t.Errorf("a viewer too many is told %v", err)
		}
		d.agent.Close()
		o.ends()
		return
	}
	t.Error("17 viewers are shown the screen")
}

// port gives the port that deskside vnc says it opened.
func (o *operator) port() string {
	o.t.Helper()
	var said struct{ Listen string }
	await.True(o.t, "the port is open", func() bool {
		text, _ := os.ReadFile(o.out)
		return json.Unmarshal(text, &said) == nil && said.Listen != ""
	})
	_, port, err := net.SplitHostPort(said.Listen)
	if err != nil {
		o.t.Fatal(err)
	}
	return port
}

// vncViewer is TigerVNC's viewer in an X server of its own.
type vncViewer struct {
	t       *testing.T
	display string
	at      image.Rectangle // of the picture on the display
}

var tigerLine = regexp.MustCompile(`(0x[0-9a-f]+) "front-desk-1 - TigerVNC".*\+(\d+)\+(\d+)\n`)

func view(t *testing.T, port string, args ...string) *vncViewer {
	t.Helper()
	v := &vncViewer{t: t, display: xvfb.Start(t, "1400x900x24")}
	args = append([]string{"-SecurityTypes=None", "-RemoteResize=0", "-Shared=1", "-geometry=1280x800+0+0", "127.0.0.1::" + port}, args...)
	xvfb.Client(t, v.display, "xtigervncviewer", args...)
	var found []string
	await.True(t, "the viewer's window", func() bool {
		found = tigerLine.FindStringSubmatch(xvfb.Tree(t, v.display))
		return found != nil
	})
	x, _ := strconv.Atoi(found[2])
	y, _ := strconv.Atoi(found[3])
	v.at = image.Rect(x, y, x+1280, y+800)
	xvfb.Run(t, v.display, "xdotool", "windowfocus", "--sync", found[1])
	return v
}

// same waits until the viewer shows exactly what the X server has.
func (v *vncViewer) same(d *deskE2E, what string) {
	v.t.Helper()
	crop := fmt.Sprintf("%dx%d+%d+%d", v.at.Dx(), v.at.Dy(), v.at.Min.X, v.at.Min.Y)
	await.True(v.t, "the viewer shows the desktop "+what, func() bool {
		m, err := png.Decode(strings.NewReader(xvfb.Run(v.t, v.display, "import", "-window", "root", "-crop", crop, "+repage", "png:-")))
		if err != nil {
			v.t.Fatal(err)
		}
		near, far := rgba(m), d.server()
		return near.Bounds() == far.Bounds() && bytes.Equal(near.Pix, far.Pix)
	})
}

// clicks has the operator click into the terminal until it has the keyboard
// there: a window manager that has just begun may not take the first click.
func (v *vncViewer) clicks(d *deskE2E) {
	v.t.Helper()
	x, y := strconv.Itoa(v.at.Min.X+300), strconv.Itoa(v.at.Min.Y+200)
	await.True(v.t, "the terminal has the keyboard", func() bool {
		xvfb.Run(v.t, v.display, "xdotool", "mousemove", x, y, "click", "1")
		return xvfb.Run(v.t, d.display, "sh", "-c", "xdotool getwindowfocus getwindowname || true") == "Terminal"
	})
}

// types has the operator type into what the viewer shows.
func (v *vncViewer) types(text string) {
	v.t.Helper()
	xvfb.Run(v.t, v.display, "xdotool", "type", "--delay", "12", text)
}
