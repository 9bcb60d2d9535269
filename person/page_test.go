package person

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"

	"deskside"
	"deskside/chat"
	"deskside/internal/await"
	"deskside/internal/browsertest"
)

// hostileName is what an operator says their name is.
var hostileName = "Bob \u202e<b>Microsoft Support</b>\n" + strings.Repeat("Längstername", 12)

// TestPage is a conversation in a real browser.
func TestPage(t *testing.T) {
	w := newWorld(t, 2)
	w.change = func(i int, s *deskside.Session) {
		s.Reason = "INC-4711, printer does not print"
		s.Operator.SaysHost = "helpdesk-3"
		if i == 1 {
			s.Operator = deskside.Operator{Key: s.Operator.Key, SaysName: hostileName, SaysHost: strings.Repeat("host.", 40)}
			s.Reason = strings.Repeat("urgent ", 60)
		}
	}
	args := w.program("chromium", runsOn)
	s := w.person(nil)
	op := w.operator(0)
	n := collect(op)
	op.Send("Good morning! I see the print queue is stuck.")
	n.wait(t, "the operator's words are held", says("Good morning! I see the print queue is stuck."))
	p := browsertest.Open(t, launchFile(t, w.started(args)), 460, 680)
	p.Has(".line .text", "Good morning!")
	p.Has("h1", "Olive Operator")
	p.Has(".state", "Connected")
	p.Until("the bearer is out of the page and the address", `document.querySelector("meta[name=bearer]").content === "" && location.pathname === "/"`)
	n.wait(t, "seen is told", func(f chat.Frame) bool { return f.Type == chat.Marks && f.Seen == 1 })

	// What the person writes.
	if got := p.Focused(); got != "Your message" {
		t.Errorf("the focus is on %q", got)
	}
	p.Keys("Grüße! Yes, since ")
	n.wait(t, "typing is told", func(f chat.Frame) bool { return f.Type == chat.Typing && f.On })
	p.Keys("this morning 🖨️\r")
	n.wait(t, "the operator gets it", says("Grüße! Yes, since this morning 🖨️"))
	p.Has(".mark", "Delivered")
	op.Seen(2)
	p.Has(".mark", "Seen")
	op.Typing(true)
	p.Has(".typing", "Olive Operator is writing")

	// Nothing that is written is more than text.
	hostile := `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script> & "quotes"`
	op.Send(hostile)
	p.Has(".text", hostile)
	op.Send("שלום, האם המדפסת עובדת? \u202eRTL override")
	op.Send("May I restart the spooler?\nIt takes about ten seconds,\nnothing you have open is lost.")
	p.Has(".text", "nothing you have open is lost.")
	if title := browsertest.Eval[string](p, "document.title"); strings.Contains(title, "owned") {
		t.Error("a message ran as script")
	}
	p.Keys("Please do.\r")
	n.wait(t, "please do", says("Please do."))
	op.Send("Done. Could you print a test page?")
	p.Has(".text", "Could you print a test page?")
	shots(t, p, "person-chat")

	// A page that is loaded again has it all again, once.
	p.Reload()
	p.Until("all is there again", `document.querySelectorAll(".line").length === 7`)
	p.Has(".state", "Connected")

	// A second operator, whose name only they claim, asks for attention.
	second := w.operator(1)
	m := collect(second)
	second.Send("This is Bob from networks.")
	m.wait(t, "Bob is held", says("This is Bob from networks."))
	p.Has(".tab .unread", "1")
	p.Until("the box is one line high", `(h => h > 30 && h < 40)(document.querySelector("textarea").clientHeight)`)
	shots(t, p, "person-unread")
	s.Open(w.gates[1].Session().ID) // Chat on the bar
	p.Has(".line .text", "This is Bob from networks.")
	p.Has("h1", "says “Bob [U+202E]<b>Microsoft Support</b>[U+000A]")
	p.Has(".claim", "name not known here")
	if wide := browsertest.Eval[bool](p, "document.documentElement.scrollWidth > innerWidth"); wide {
		t.Error("a name widens the page")
	}
	p.Keys("Hello Bob\r")
	m.wait(t, "Bob gets it", says("Hello Bob"))
	if strings.Contains(p.Text(".log"), "print queue") {
		t.Error("the rooms are mixed")
	}
	shots(t, p, "person-two-operators")

	// The network goes, the person goes on writing, the session ends.
	w.gates[0].Suspend()
	w.update()
	p.Click(".tab")
	p.Has(".state", "Connection lost")
	p.Has(".note", "may return until")
	p.Keys("Are you still there?\r")
	p.Has(".text", "Are you still there?")
	shots(t, p, "person-suspended")
	w.gates[0].End(deskside.CausePerson)
	w.update()
	p.Has(".over-note", "You stopped the session.")
	p.Until("nothing can be written", `document.querySelector("textarea").disabled`)
	shots(t, p, "person-ended")
}

// TestPageAfterTheEnd has the page come after the session has gone, as it does
// where the operator says one thing and goes.
func TestPageAfterTheEnd(t *testing.T) {
	w := newWorld(t, 2)
	args := w.program("chromium", runsOn)
	w.person(nil)
	op := w.operator(0)
	n := collect(op)
	op.Send("hello, please ring me")
	n.wait(t, "hello is held", says("hello, please ring me"))
	file := launchFile(t, w.started(args))
	w.gates[0].End(deskside.CauseOperator)
	w.update()
	first := w.gates[0].Session().ID
	p := browsertest.Open(t, file, 460, 680)
	p.Has(".line .text", "hello, please ring me")
	p.Has("h1", "Olive Operator")
	p.Has(".state", "Ended")
	p.Has(".over-note", "The operator ended the session.")
	p.Until("nothing can be written", `document.querySelector("textarea").disabled`)
	await.True(t, "it is seen", func() bool { return w.chat.Unread(first) == 0 })
	p.Until("nothing is unread", `!document.title.startsWith("(")`)
	shots(t, p, "person-after-the-end")
	p.Reload()
	p.Has(".line .text", "hello, please ring me")

	second := w.operator(1)
	m := collect(second)
	second.Send("and now me")
	m.wait(t, "the second is held", says("and now me"))
	p.Has(".line .text", "and now me")
	p.Slowly(".tab", func() { // while the page draws what comes
		second.Send("can you read this?")
		p.Has(".line .text", "can you read this?")
		w.update()
	})
	p.Has(".line .text", "hello, please ring me")
	p.Press("Close this chat")
	p.Has(".line .text", "and now me")
	await.True(t, "the agent forgets it", func() bool { return len(w.chat.Rooms()) == 1 })
	w.gates[1].End(deskside.CauseOperator)
	w.update()
	p.Has(".over-note", "The operator ended the session.")
	p.Press("Close this chat")
	p.Has(".empty", "Nobody is connected.")
	p.Has(".state", "No session")
	shots(t, p, "person-no-rooms")
}

// TestWhatIsClosedStaysClosed has the agent tell of a chat once more after the
// person closed it, because it has not heard of that yet.
func TestWhatIsClosedStaysClosed(t *testing.T) {
	w := newWorld(t, 2)
	args := w.program("chromium", runsOn)
	w.person(nil)
	op := w.operator(0)
	n := collect(op)
	op.Send("hello, please ring me")
	n.wait(t, "hello is held", says("hello, please ring me"))
	p := browsertest.Open(t, launchFile(t, w.started(args)), 460, 680)
	p.Has(".line .text", "hello, please ring me")
	w.gates[0].End(deskside.CauseOperator)
	w.update()
	p.Has(".over-note", "The operator ended the session.")
	browsertest.Eval[bool](p, `(s => {
		window.real = s.send;
		s.send = function (text) { if (text.includes('"close"')) window.held = true; else window.real.call(this, text); };
		return true;
	})(WebSocket.prototype)`)
	p.Press("Close this chat")
	p.Until("the page said so", "window.held")
	p.Has(".empty", "Nobody is connected.")

	second := w.operator(1)
	m := collect(second)
	second.Send("and now me")
	m.wait(t, "the second is held", says("and now me"))
	p.Has(".line .text", "and now me")
	if browsertest.Eval[bool](p, `document.querySelector(".tabs").checkVisibility()`) {
		t.Error("what was closed is shown again")
	}
	browsertest.Eval[bool](p, "(WebSocket.prototype.send = window.real, true)")
	second.Send("are you there?")
	await.True(t, "the agent forgets it", func() bool { return len(w.chat.Rooms()) == 1 })
}

// TestPageLongTexts has long words and many messages in a small window.
func TestPageLongTexts(t *testing.T) {
	w := newWorld(t, 1)
	args := w.program("chromium", runsOn)
	w.person(nil)
	op := w.operator(0)
	n := collect(op)
	op.Send(strings.Repeat("界", chat.MaxText/3))
	n.wait(t, "it is held", func(f chat.Frame) bool { return f.Type == chat.Message })
	p := browsertest.Open(t, launchFile(t, w.started(args)), 360, 480)
	p.Has(".line .text", "界界界")
	if wide := browsertest.Eval[bool](p, "document.documentElement.scrollWidth > innerWidth"); wide {
		t.Error("a long word widens the page")
	}
	long := strings.Repeat("é", chat.MaxText/2+1)
	set, _ := json.Marshal(long)
	browsertest.Eval[bool](p, `(b => { b.value = `+string(set)+`; b.dispatchEvent(new Event("input")); return true; })(document.querySelector("textarea"))`)
	p.Has(".note", "Too long by 2 bytes.")
	p.Keys("\r")
	p.Has(".note", "Too long by 2 bytes.")
	for i := range 40 {
		op.Send(strings.Repeat("line ", i))
		op.Send("and more")
	}
	p.Until("all came", `document.querySelectorAll(".line").length > 70`)
	p.Until("the newest is in view", `(l => l.scrollHeight - l.scrollTop - l.clientHeight < 40)(document.querySelector(".log"))`)
	browsertest.Eval[bool](p, `(document.querySelector(".log").scrollTop = 0, true)`)
	op.Send("while reading above")
	p.Has(".jump", "New messages")
	p.Press("New messages")
	p.Gone(".jump")
	await.True(t, "all is seen", func() bool { return w.chat.Unread(w.gates[0].Session().ID) == 0 })
}

// shots takes pictures in light and dark, and has axe-core look at both.
func shots(t *testing.T, p *browsertest.Page, name string) {
	t.Helper()
	axe, err := os.ReadFile("../console/web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core comes with npm ci in console/web: %v", err)
	}
	for theme, dark := range map[string]bool{"light": false, "dark": true} {
		p.Dark(dark)
		p.Shot(name + "-" + theme)
		p.Axe(string(axe), name+", "+theme)
	}
}

// TestPageMakesTextNodesAlone keeps the page from reading text as HTML.
func TestPageMakesTextNodesAlone(t *testing.T) {
	err := fs.WalkDir(assets(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(assets(), name)
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser", "srcdoc"} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s uses %s", name, bad)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
