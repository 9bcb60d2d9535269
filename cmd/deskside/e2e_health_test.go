package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/client"
	"deskside/internal/await"
	"deskside/internal/browsertest"
	"deskside/internal/linksim"
	"deskside/internal/xvfb"
	"deskside/rfb"
)

// TestTheSessionExplainsItselfEndToEnd has a terminal scroll, and the page tell
// how its picture fares; then another operator comes, looks, acts and goes.
func TestTheSessionExplainsItselfEndToEnd(t *testing.T) {
	d := furnish(t, "openbox")
	all := access.OperatorRule{Name: "Grace, help desk", Rights: deskside.AllRights, Consent: access.ConsentAllow}
	d.serve("", deskside.TCP, all)
	d.knows()
	ben := d.ben(access.OperatorRule{Name: "Ben, second line", Rights: deskside.RightsOf(deskside.View, deskside.Control), Consent: access.ConsentAllow})
	d.open(1280, 720)
	p := d.page
	p.Press("Connect to front-desk-1")
	p.Keys("INC-4711\r")
	p.Until("the picture is there", `document.querySelector("canvas")?.width === 1280 && document.querySelector(".veil").hidden`)

	p.Click(".health-tool")
	p.Has(".health h2", "Nothing changes on the screen.")
	p.Has(".health-tool", " 0 fps")
	d.repeat("seq 30; sleep .02")
	p.Until("frames are counted", `parseFloat(document.querySelector(".figure").innerText.split("·")[1]) >= 8`)
	p.Until("and named is what takes longest", `/most of it to (capture|compare|encode|wait for the network|send|decode)\.|bottleneck|is slow|needs/.test(document.querySelector(".health h2").innerText)`)
	p.Until("all stages are measured, here and there", `(rows => rows.length === 6 && ["Capture", "Compare", "Encode", "Decode"].every(name =>
		rows.some(r => r.innerText.startsWith(name) && parseFloat(r.cells[1].innerText) > 0)))([...document.querySelectorAll(".stages tbody tr")])`)
	p.Has(".health-facts", "1280 × 800 pixels")
	p.Shot("e2e-health")
	p.Gone(".others")

	s := d.joins(ben)
	p.Has(".toast", "Ben, second line has a session with front-desk-1 too.")
	p.Has(".others li", "Ben, second line")
	p.Has(".others li", "does not look at the screen")
	p.Has(".others li", ben.ID().LastGroup())
	d.acts(s)
	p.Has(".others-chip", "Ben, second line, in control is here too")
	p.Shot("e2e-others")
	if list, err := s.Others(t.Context()); err != nil || len(list) != 1 || list[0].Operator.Name != "Grace, help desk" || list[0].Began.IsZero() {
		t.Errorf("Ben sees %+v, %v", list, err)
	}
	s.Close()
	p.Has(".toast", "Ben, second line is no longer there.")
	p.Gone(".others")

	d.rest()
	p.Has(".health h2", "Nothing changes on the screen.")
}

// TestTheSlowStageIsNamedEndToEnd slows one part of the way after another down,
// under a picture that does not compress, and has the page name that one.
func TestTheSlowStageIsNamedEndToEnd(t *testing.T) {
	d := furnish(t, "openbox")
	d.serve("", deskside.TCP, access.OperatorRule{Name: "Grace, help desk", Rights: deskside.AllRights, Consent: access.ConsentAllow})
	d.knows()
	narrow := d.through(linksim.Config{Delay: 20 * time.Millisecond, Rate: 60_000})
	if err := d.client.Book().Put(client.Machine{Name: "far-desk", Address: narrow}); err != nil {
		t.Fatal(err)
	}
	if err := d.client.Trust(narrow, d.agent.ID()); err != nil {
		t.Fatal(err)
	}
	d.open(1280, 720)
	p := d.page
	const stage, named = `(document.querySelector("tr.slow th")?.innerText ?? "")`, ".health h2"
	connect := func(name string) {
		t.Helper()
		p.Press("Connect to " + name)
		p.Keys("INC-4711\r")
		p.Until("the picture is there", `document.querySelector("canvas")?.width === 1280 && document.querySelector(".veil").hidden`)
		p.Press("How the picture is shown")
		p.Press("Lossless")
		p.Keys("\u001b")
		p.Click(".health-tool")
	}
	d.repeat("head -c 1500 /dev/urandom | base64; sleep .1")

	// What else is slow here is the business of the machine that runs this.
	const other = `/ [1-9]\d* fps/.test(document.querySelector(".figure").innerText) && !/browser|network|Nothing|Measuring/.test(document.querySelector(".health h2").innerText)`
	connect("front-desk-1")
	p.Until("neither the browser nor the network is named", other)
	browsertest.Eval[bool](p, slowCanvas)
	p.Has(named, "This browser needs ")
	p.Until("decoding is the slow stage", stage+`.startsWith("Decode")`)
	p.Shot("e2e-slow-browser")
	browsertest.Eval[bool](p, "slowed = 0, true")
	p.Until("the browser is no longer named", other+" && !"+stage+`.startsWith("Decode")`)
	p.Press("End session")
	p.Keys("\r")
	p.Has("h1", "The session with front-desk-1 has ended")
	p.Press("Machines")

	connect("far-desk")
	p.Has(named, "The network is the bottleneck: ")
	p.Until("waiting for it is the slow stage", stage+`.startsWith("Wait for the network")`)
	p.Until("the path's speed is told", `(r => r > 20 && r < 90)(parseFloat(document.querySelectorAll(".trend-more")[1].innerText.replace(/[^\d.]/g, "")))`)
	p.Until("and the way there and back", `(ms => ms >= 40)(parseFloat(document.querySelectorAll(".trend-now")[2].innerText))`)
	p.Shot("e2e-slow-network")
	d.rest()
	p.Has(named, "Nothing changes on the screen.")
	p.Until("nothing is slow while nothing changes", stage+` === ""`)
}

// slowCanvas has the browser's canvas take its time, as one does that no graphics
// card helps. It is so while slowed is not 0.
const slowCanvas = `(() => {
	window.slowed = 60;
	for (const name of ["putImageData", "drawImage"]) {
		const draw = CanvasRenderingContext2D.prototype[name];
		CanvasRenderingContext2D.prototype[name] = function (...all) {
			draw.apply(this, all);
			for (const end = performance.now() + slowed; performance.now() < end;);
		};
	}
	return true;
})()`

// repeat has the terminal repeat a command until rest. A Ctrl+C between two
// programs of a loop may be lost.
func (d *deskE2E) repeat(command string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.files, "go"), nil, 0o644); err != nil {
		d.t.Fatal(err)
	}
	await.True(d.t, "the terminal has the keyboard", func() bool {
		xvfb.Run(d.t, d.display, "xdotool", "mousemove", "200", "250", "click", "1")
		return strings.TrimSpace(xvfb.Run(d.t, d.display, "sh", "-c", "xdotool getwindowfocus getwindowname || true")) == "Terminal"
	})
	xvfb.Run(d.t, d.display, "xdotool", "type", "--delay", "5", "while [ -e go ]; do "+command+"; done\n")
}

// rest ends what is repeated.
func (d *deskE2E) rest() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.files, "go")); err != nil {
		d.t.Fatal(err)
	}
}

// through gives the agent's address behind a link, on the agent's own ports.
func (d *deskE2E) through(cfg linksim.Config) string {
	d.t.Helper()
	link := linksim.New(cfg)
	d.t.Cleanup(func() { link.Close() })
	const far = "127.0.0.2"
	port := func(s deskside.Service) string { return strconv.Itoa(int(d.agent.Ports().Of(s))) }
	for _, s := range deskside.Services {
		if _, err := link.ListenTCP(net.JoinHostPort(far, port(s)), net.JoinHostPort("127.0.0.1", port(s))); err != nil {
			d.t.Fatal(err)
		}
	}
	return net.JoinHostPort(far, port(deskside.RCInfo))
}

// ben is another operator whom the policy permits.
func (d *deskE2E) ben(rule access.OperatorRule) *client.Client {
	d.t.Helper()
	c, err := client.Open(filepath.Join(d.t.TempDir(), "ben"))
	if err == nil {
		err = c.Trust(d.host(), d.agent.ID())
	}
	rule.Key = c.ID()
	if err == nil {
		err = agent.Permit(d.dir, rule)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// joins sets a session up, as soon as the agent has read its policy again. The
// person is asked, since somebody is there already, and allows it.
func (d *deskE2E) joins(c *client.Client) *client.Session {
	d.t.Helper()
	a, err := c.Reach(d.t.Context(), d.host(), "")
	if err != nil {
		d.t.Fatal(err)
	}
	await.True(d.t, "the agent knows the other operator", func() bool {
		_, err := a.Sessions(d.t.Context())
		return err == nil
	})
	joined := make(chan *client.Session, 1)
	go func() {
		defer close(joined)
		s, err := a.Setup(d.t.Context(), client.Request{Rights: deskside.RightsOf(deskside.View, deskside.Control), Reason: "INC-4711"})
		if err != nil {
			d.t.Error(err)
			return
		}
		joined <- s
	}()
	await.True(d.t, "the person is asked", d.asked)
	d.page.Has(".others-chip", "Ben, second line asks to join")
	d.allow("")
	s := await.Recv(d.t, "the other operator joins", joined)
	d.t.Cleanup(func() { s.Close() })
	return s
}

// acts opens a picture and moves the pointer.
func (d *deskE2E) acts(s *client.Session) {
	d.t.Helper()
	conn, err := s.RFB(context.Background(), client.RFBOptions{})
	if err != nil {
		d.t.Fatal(err)
	}
	v, err := rfb.NewClient(conn, rfb.ClientConfig{})
	if err == nil {
		err = v.Pointer(700, 500, 0)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(conn.Abort)
}
