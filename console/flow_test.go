package console_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
)

// What the page does, in a browser, over a far side that the test plays.

func TestMachinesByKeyboardAlone(t *testing.T) {
	s := open(t, newBack(), 1280, 720)
	s.back.mu.Lock()
	s.back.reach = reaches
	s.back.mu.Unlock()
	s.Has("h2", "Add the first machine")
	s.Press("Appearance")
	s.Press("Dark")
	await.True(t, "the choice is kept", func() bool {
		text, _ := s.back.Kept()
		return strings.Contains(string(text), `"theme":"dark"`)
	})
	s.Reload()
	s.Until("the page is dark", `document.documentElement.dataset.theme === "dark"`)
	s.Has("h2", "Add the first machine")
	s.Keys("n")
	s.Has("dialog h2", "Add a machine")
	s.Keys("192.168.7.40\tannex\tYard\tby the gate\r")
	s.Has("dialog h2", "Who answers at 192.168.7.40?")
	s.Has("dialog h3", "Compare now")
	s.Keys("zzzz" + "zzzz" + "zzzz" + "\r") // a full group goes on to the next
	s.Has("dialog .note", "is not the ID that answered")
	shown := browsertest.Eval[[]string](s.Page, `[...document.querySelectorAll(".fingerprint > *")].map(e => e.matches("input") ? "" : e.innerText)`)
	for i, group := range strings.Split(keyOf("192.168.7.40").String(), "-") {
		if shown[i] == "" {
			s.Keys(group)
		}
	}
	s.Keys("\r")
	s.Forgive("403 (Forbidden)") // the browser tells of every refusal
	s.Gone("dialog")
	s.Has(".known", keyOf("192.168.7.40").LastGroup())
	s.Has(".group", "Yard")

	s.Keys("/ard\r") // the search takes what is typed
	s.Has(".who-name", "annex")
	s.Keys("zz")
	s.Has(".nothing", "No machine matches")
	s.Keys(kb.Escape + kb.Tab) // a search field empties on Escape
	s.Has(".who-name", "annex")

	browsertest.Eval[bool](s.Page, `(document.querySelector("tbody [data-focus]").focus(), true)`)
	s.Keys(kb.ArrowRight + "\r")
	s.Has(".menu", "Copy address")
	s.Keys("\r") // Edit
	s.Has("dialog h2", "Edit annex")
	s.Keys(kb.Tab + "gatehouse\r")
	s.Gone("dialog")
	s.Has(".who-name", "gatehouse")
	if got := s.Focused(); got != "More for gatehouse" && got != "Connect to gatehouse" {
		browsertest.Eval[bool](s.Page, `(document.querySelector("tbody [data-focus]").focus(), true)`)
	}
	s.Press("More for gatehouse")
	s.Has(".menu", "Remove")
	s.Keys(kb.End + "\r")
	s.Has("dialog h2", "Remove gatehouse?")
	s.Keys("\r")
	s.Has("h2", "Add the first machine")
}

func TestSessionByKeyboardAlone(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	s.Has(".leg.up", "1.1 ms")
	browsertest.Eval[bool](s.Page, `(document.querySelector("tbody [data-focus]").focus(), true)`)
	s.Keys("\r")
	s.Has("dialog h2", "Connect to front-desk-1")
	s.Keys("INC-1\r")
	asked := await.Recv(t, "a setup", s.back.setups)
	asked.tell(console.Progress{Step: console.Asking, Until: time.Now().Add(time.Minute)})
	s.Has("h1", "Waiting for the person")
	s.Keys(kb.Escape)
	s.Has("h1", "No session with front-desk-1")
	s.Keys("\r") // Ask again
	s.Has("dialog h2", "Connect to front-desk-1")
	s.Keys("\r")
	asked = await.Recv(t, "a setup", s.back.setups)
	if asked.request.Reason != "INC-1" {
		t.Errorf("asked again with reason %q", asked.request.Reason)
	}
	far := newSession(asked.request, deskside.AllRights)
	asked.answer <- answer{session: far}
	s.Until("the picture is there", `document.querySelector("canvas")?.width > 0 && document.querySelector(".veil").hidden`)

	// The picture takes the keyboard, and gives it back.
	browsertest.Eval[bool](s.Page, `(document.activeElement.blur(), true)`)
	s.Keys("p")
	s.Has(".grab", "Keyboard on front-desk-1")
	s.Keys("a?")
	await.True(t, "a and ? reach the machine", func() bool {
		got := strings.Join(far.screen.pressed(), " ")
		return strings.Contains(got, "down 61 up 61") && strings.Contains(got, "down 3f")
	})
	s.Chord([]int64{2, 1, 8}, [2]string{"Control", "ControlLeft"}, [2]string{"Alt", "AltLeft"}, [2]string{"Shift", "ShiftLeft"})
	s.Has(".grab", "Keyboard here")
	await.True(t, "no key stays down", func() bool { return heldKeys(far.screen.pressed()) == 0 })

	s.Keys("?")
	s.Has("dialog h2", "Keyboard shortcuts")
	s.Keys(kb.Escape)
	s.Gone("dialog")
	s.Keys("v")
	s.Has(".state", "Viewing")
	s.Keys("v")
	s.Has(".state", "In control")
	s.Keys("z")
	s.Until("every pixel is shown", `document.querySelector("canvas").getBoundingClientRect().width === document.querySelector("canvas").width`)
	s.Keys("f")
	s.Has(".file-name", "notes.txt")
	s.Until("a file has the focus", `document.activeElement.closest(".files-box") !== null`)
	s.Keys("c") // closes the chat, which was open
	s.Gone(".chat-box")
	s.Keys("c")
	s.Until("the message has the focus", `document.activeElement.matches(".composer textarea")`)
	s.Keys("hello\r")
	await.True(t, "the line arrives", func() bool { return slices.Contains(far.talk.lines(), "operator: hello") })
	browsertest.Eval[bool](s.Page, `(document.querySelector("input[type=file]").addEventListener("click", () => { window.choosing = true }), true)`)
	for range 30 {
		s.Keys(kb.Tab)
		if s.Focused() == "Upload" {
			break
		}
	}
	s.Keys("\r")
	s.Until("files are to be chosen", "window.choosing")
	s.Choose("input[type=file]", fileWith(t, "tool.bin", "payload"))
	s.Has(".transfer", "Uploaded")
	browsertest.Eval[bool](s.Page, `(document.activeElement.blur(), true)`)
	s.Keys("e")
	s.Has("dialog h2", "End the session with front-desk-1?")
	s.Keys("\r")
	s.Has("h1", "has ended")
	await.Closed(t, "the session ends", far.Done())
}

// heldKeys counts the keys that went down and not up again.
func heldKeys(pressed []string) int {
	down := make(map[string]bool)
	for _, k := range pressed {
		if key, ok := strings.CutPrefix(k, "down "); ok {
			down[key] = true
		} else {
			delete(down, strings.TrimPrefix(k, "up "))
		}
	}
	return len(down)
}

func TestSpecialKeysAndTyping(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	pressed := func(want string) {
		t.Helper()
		await.True(t, "pressed "+want, func() bool { return strings.Contains(strings.Join(far.screen.pressed(), " "), want) })
	}
	s.Press("Ctrl+Alt+Del")
	pressed("down ffe3 down ffe9 down ffff up ffff up ffe9 up ffe3")
	s.Press("Special keys")
	s.Press("Alt+Tab")
	pressed("down ffe9 down ff09 up ff09 up ffe9")
	s.Press("Special keys")
	s.Press("AltGr")
	s.Keys(kb.Escape)
	pressed("down fe03")
	s.Has(".chip", "AltGr held")
	s.Click(".chip")
	pressed("up fe03")
	s.Gone(".chip")

	s.Press("Clipboard and typing")
	s.Click("dialog textarea")
	s.Keys("aé€")
	s.Press("Type as keys")
	pressed("down 61 up 61 down e9 up e9 down 10020ac up 10020ac")
	s.Press("Send to front-desk-1")
	await.True(t, "the clipboard text arrives", func() bool {
		cut, _, _ := far.screen.told()
		return strings.HasPrefix(cut, "a\xe9") // without the extension it is Latin-1
	})
	s.Keys(kb.Escape)
	far.screen.cutText("from afar")
	s.Has(".toast", "Something was copied on front-desk-1")
	s.Press("Clipboard and typing")
	s.Press("Fetch from front-desk-1")
	s.Until("the far text is there", `document.querySelector("dialog textarea").value === "from afar"`)
	s.Keys(kb.Escape)

	s.Press("How the picture is shown")
	s.Press("Lossless")
	quality := func() (list []int32) {
		_, asked, _ := far.screen.told()
		for _, e := range asked {
			if e >= -32 && e <= -23 {
				list = append(list, e)
			}
		}
		return list
	}
	await.True(t, "no JPEG is asked for", func() bool { return len(quality()) == 0 })
	for name, want := range map[string]int32{"Low, for slow lines": -32 + 1, "Automatic": -32 + 6} {
		s.Press("How the picture is shown")
		s.Press(name)
		await.True(t, name, func() bool { return slices.Equal(quality(), []int32{want}) })
	}
	s.Press("View only")
	n := len(far.screen.pressed())
	s.Click("canvas")
	s.Keys("x")
	s.Has(".state", "Viewing")
	s.Press("View only")
	s.Click("canvas")
	s.Keys("y")
	pressed("down 79")
	if got := strings.Join(far.screen.pressed()[n:], " "); strings.Contains(got, " 78") {
		t.Errorf("a key went out while viewing only: %s", got)
	}
}

func TestChatBothWays(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	s.Forgive("/screens") // which the page that is loaded again may ask for as the test's end ends the session
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Click(".composer textarea")
	s.Keys("grüß dich\r")
	s.Has(".line.mine", "grüß dich")
	s.Has(".mark", "Sent")
	far.talk.notice(console.ChatEvent{Kind: console.ChatMarks, Got: 1})
	s.Has(".mark", "Delivered")
	far.talk.notice(console.ChatEvent{Kind: console.ChatMarks, Got: 1, Read: 1})
	s.Has(".mark", "Seen")
	far.talk.notice(console.ChatEvent{Kind: console.ChatTyping, On: true})
	s.Has(".typing", "Ada is writing")
	far.talk.says("<img src=x onerror=alert(1)> שלום")
	s.Has(".line.theirs", "<img src=x onerror=alert(1)> שלום")
	s.Gone(".typing")
	if n := browsertest.Eval[int](s.Page, `document.querySelectorAll(".line img").length`); n != 0 {
		t.Errorf("a message became %d elements", n)
	}
	await.True(t, "it is told as seen", func() bool { _, seen := far.talk.state(); return seen == 2 })

	s.Press("Close chat")
	far.talk.says("are you there?")
	s.Has(".toolbar .badge", "1")
	s.Until("the title counts", `document.title.startsWith("(1)")`)
	s.Press("Chat, 1 unread")
	s.Has(".line.theirs", "are you there?")
	s.Gone(".toolbar .badge")

	// After a long outage lines may be missing.
	far.talk.notice(console.ChatEvent{Kind: console.ChatJoined, Name: "Ada", First: 4})
	far.talk.notice(console.ChatEvent{Kind: console.ChatJoined, Name: "Ada", First: 9})
	s.Has(".lines .gone:last-child", "Earlier lines are no longer kept")
	if n := browsertest.Eval[int](s.Page, `document.querySelectorAll(".lines .gone").length`); n != 1 {
		t.Errorf("the conversation says %d times that lines are missing, want 1", n)
	}

	// The page that is loaded again has all of it, once, and knows what was read.
	s.Reload()
	s.Has(".tab", "front-desk-1")
	far.talk.says("?")
	s.Until("the title counts the new line alone", `document.title.startsWith("(1)")`)
	s.Click("[role=tab]:nth-child(2)")
	s.Has(".line.theirs", "are you there?")
	if n := browsertest.Eval[int](s.Page, `document.querySelectorAll(".line").length`); n != 4 {
		t.Errorf("after a reload there are %d lines, want 4", n)
	}
	far.end(deskside.CausePerson)
	s.Has("h1", "has ended")
	s.Has(".cause", "The person stopped the session")
	s.Has(".do", "Speak with the person")
}

func TestFilesBothWays(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Press("Files")
	s.Has(".file-name", "<img src=x onerror=1>.h")
	body := strings.Repeat("payload\n", 200_000)
	tool, changed := fileWith(t, "tool.bin", body), time.Date(2024, 2, 29, 13, 14, 15, 123e6, time.UTC)
	if err := os.Chtimes(tool, changed, changed); err != nil {
		t.Fatal(err)
	}
	s.Choose("input[type=file]", tool)
	s.Has(".transfer", "Uploaded")
	if !far.files.changed.Equal(changed) {
		t.Errorf("it came with the time %v, want %v", far.files.changed, changed)
	}
	s.Has(".file-name", "tool.bin")
	if got, _ := far.files.get("/home/ada/tool.bin"); got != body {
		t.Errorf("%d bytes arrived, want %d", len(got), len(body))
	}
	s.Choose("input[type=file]", fileWith(t, "notes.txt", "new notes"))
	s.Has("dialog h2", "Replace notes.txt?")
	s.Press("Replace")
	await.True(t, "it is replaced", func() bool { got, _ := far.files.get("/home/ada/notes.txt"); return got == "new notes" })
	s.Forgive("409 (Conflict)") // the browser tells of every refusal

	s.Click(`li[data-name="tool.bin"] .file-open`)
	got, err := os.ReadFile(s.Downloaded("tool.bin"))
	if err != nil || string(got) != body {
		t.Errorf("%d bytes were downloaded (%v), want %d", len(got), err, len(body))
	}

	// The list comes anew, and with a row more, while one presses on it.
	const listings = `performance.getEntriesByType("resource").filter(r => /files.path=[^&]*$/.test(r.name)).length`
	before := browsertest.Eval[int](s.Page, listings)
	s.Slowly(`li[data-name="notes.txt"] .file-open`, func() {
		s.Choose("input[type=file]", fileWith(t, "more.txt", "more"))
		s.Until("it is listed again", fmt.Sprintf("%s > %d", listings, before))
	})
	s.Downloaded("notes.txt")
	s.Has(".file-name", "more.txt")

	s.Press("New folder")
	s.Keys("For you\r")
	s.Has(".file-name", "For you")
	browsertest.Eval[bool](s.Page, `(document.querySelector('li[data-name="For you"] .file-open').focus(), true)`)
	s.Keys("\r")
	s.Has(".files-state", "This folder is empty")
	s.Has(".crumb", "For you")
	s.Click(".crumb")
	s.Has(".file-name", "tool.bin")
	browsertest.Eval[bool](s.Page, `(document.querySelector('li[data-name="tool.bin"] .file-open').focus(), true)`)
	s.Keys(kb.F2)
	s.Has("dialog h2", "Rename tool.bin")
	s.Keys("driver\r")
	s.Has(".file-name", "driver.bin")
	s.Keys(kb.Delete)
	s.Has("dialog h2", "Delete driver.bin?")
	s.Keys("\r")
	await.True(t, "it is deleted", func() bool { _, there := far.files.get("/home/ada/driver.bin"); return !there })

	far.files.mu.Lock()
	far.files.hold = make(chan struct{})
	far.files.mu.Unlock()
	s.Choose("input[type=file]", fileWith(t, "slow.bin", body))
	s.Press("Cancel slow.bin")
	s.Has(".transfer", "Cancelled")
	if _, there := far.files.get("/home/ada/slow.bin"); there {
		t.Error("a cancelled upload left a file")
	}
	s.Forgive("500 (Internal")
}

func TestSeveralSessionsInTabs(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	one := s.connect("front-desk-1", deskside.AllRights)
	s.Press("Machines")
	s.Has(".now", "In session")
	two := s.connect("front-desk-2", deskside.RightsOf(deskside.View))
	s.Has(".tab[aria-selected=true]", "front-desk-2")
	s.Has(".state", "Viewing")
	if browsertest.Eval[bool](s.Page, `[...document.querySelectorAll(".session")].find(e => e.checkVisibility()).querySelector(".toolbar button[aria-label=Chat]").disabled`) == false {
		t.Error("a session without the chat right offers chat")
	}
	browsertest.Eval[bool](s.Page, `(document.querySelector("[role=tab][aria-selected=true]").focus(), true)`)
	s.Keys(kb.ArrowLeft)
	s.Has(".tab[aria-selected=true]", "front-desk-1")
	one.talk.says("hello")
	s.Has(".line", "hello")
	s.Keys(kb.ArrowRight)
	one.talk.says("still there?")
	s.Has(".tab .badge", "1")
	s.Keys(kb.Delete) // closes front-desk-2
	s.Has("dialog h2", "End the session with front-desk-2?")
	s.Keys("\r")
	await.Closed(t, "the second ends", two.Done())
	s.Until("its tab is gone", `document.querySelectorAll("[role=tab]").length === 2`)
	if one.Cause() != "" {
		t.Errorf("the first ended too: %q", one.Cause())
	}

	// A picture that breaks off comes back by itself.
	s.Press("front-desk-1, open, 1 unread")
	one.screen.drop()
	s.Has(".veil", "interrupted")
	s.Gone(".veil")

	s.Press("Machines")
	s.Click(".tab:nth-child(2) .tab-close") // the press alone turns to the tab
	s.Has("dialog h2", "End the session with front-desk-1?")
}

func TestViewBeginsWithItsMachine(t *testing.T) {
	b := withMachines()
	c, err := console.New(console.Config{Backend: b, Open: &console.Opening{Machine: "warehouse", Reason: "INC-9"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // after the browser, which would complain
	launch, err := c.LaunchFile()
	if err != nil {
		t.Fatal(err)
	}
	p := browsertest.Open(t, launch, 1280, 720)
	p.Has("dialog h2", "Connect to warehouse")
	p.Has("dialog .note", "six digits")
	p.Until("the reason is there", `document.querySelector("dialog input").value === "INC-9"`)
}
