package console_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"deskside"
	"deskside/console"
	"deskside/internal/await"
	"deskside/internal/browsertest"
	"deskside/remctrl"
)

// The ways to look at the picture, what is dragged in from outside, and the
// end that nobody asked for.

func TestFilesAreDraggedIn(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Press("Files")
	s.Has(".file-name", "notes.txt")
	arrived := func(name, want string) {
		t.Helper()
		await.True(t, name+" arrives", func() bool {
			got, _ := far.files.get(name)
			return got == want
		})
	}
	one := fileWith(t, "one.txt", "first")
	s.Carry(".files", one)
	s.Has(".files .drop", "Drop to upload here")
	s.Drop(".files", one)
	s.Gone(".files .drop")
	s.Has(".file-name", "one.txt")
	arrived("/home/ada/one.txt", "first")

	// Several go into the folder that is open.
	s.Click(`li[data-name="Pictures"] .file-open`)
	s.Has(".files-state", "This folder is empty")
	dir := t.TempDir()
	several := []string{}
	for i := range 3 {
		several = append(several, filepath.Join(dir, fmt.Sprintf("scan-%d.png", i)))
		if err := os.WriteFile(several[i], []byte(strings.Repeat("x", 1000+i)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.Carry(".files", several...)
	s.Drop(".files", several...)
	for i := range several {
		arrived(fmt.Sprintf("/home/ada/Pictures/scan-%d.png", i), strings.Repeat("x", 1000+i))
		s.Has(".file-name", fmt.Sprintf("scan-%d.png", i))
	}

	// A browser opens what misses the pane, unless the page refuses it.
	browsertest.Eval[bool](s.Page, `(window.addEventListener("dragover", e => { window.dropEffect = e.defaultPrevented && e.dataTransfer.dropEffect }), true)`)
	s.Carry(".picture", one)
	s.Until("it is refused", `window.dropEffect === "none"`)
	s.Gone(".files .drop")
	s.Carry(".files", one)
	s.Until("and taken here", `window.dropEffect === "copy"`)
}

func TestNothingIsDraggedInWithoutTheRight(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.RightsOf(deskside.View, deskside.FilesRead))
	s.Press("Files")
	s.Has(".file-name", "notes.txt")
	one := fileWith(t, "one.txt", "first")
	s.Carry(".files", one)
	s.Gone(".files .drop")
	s.Drop(".files", one)
	s.Press("Refresh")
	s.Has(".file-name", "notes.txt")
	if _, there := far.files.get("/home/ada/one.txt"); there {
		t.Error("a file was written without the right")
	}
}

const (
	canvasLeft   = `document.querySelector("canvas").getBoundingClientRect().left`
	canvasTop    = `document.querySelector("canvas").getBoundingClientRect().top`
	canvasIsFull = `document.querySelector("canvas").getBoundingClientRect().width === document.querySelector("canvas").width`
)

func TestEveryPixelAndPan(t *testing.T) {
	s := open(t, withMachines(), 900, 520) // smaller than the picture
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Until("the picture fits", "!("+canvasIsFull+")")
	s.Press("How the picture is shown")
	if !strings.Contains(s.Text(".menu"), "Move with the mouse") || !browsertest.Eval[bool](s.Page, `[...document.querySelectorAll(".item")].find(e => e.innerText.includes("Move with")).disabled`) {
		t.Error("a picture that fits can be moved")
	}
	s.Press("Every pixel (1:1)")
	s.Until("every pixel is shown", canvasIsFull)

	s.Press("How the picture is shown")
	s.Press("Move with the mouse")
	s.Until("the picture can be moved", `document.activeElement.matches(".pan")`)
	left, top := browsertest.Eval[float64](s.Page, canvasLeft), browsertest.Eval[float64](s.Page, canvasTop)
	moved := func(what string, dx, dy float64) {
		t.Helper()
		s.Until(what, fmt.Sprintf("Math.abs(%s - %g) < 1 && Math.abs(%s - %g) < 1", canvasLeft, left+dx, canvasTop, top+dy))
	}
	s.Pull(".pan", -120, -50)
	moved("it was pulled", -120, -50)
	s.Keys(kb.ArrowLeft + kb.ArrowUp)
	moved("and moved back by keys", -60, 0)
	if _, _, pointer := far.screen.told(); pointer != [3]int{} {
		t.Errorf("the machine's pointer went to %v", pointer)
	}

	s.Press("How the picture is shown")
	s.Press("Fit the window")
	s.Until("it fits again", "!("+canvasIsFull+")")
	s.Gone(".pan")
	s.Click("canvas")
	await.True(t, "the pointer goes to the machine again", func() bool {
		_, _, pointer := far.screen.told()
		return pointer != [3]int{}
	})
}

// TestKeysWhileOneOnlyLooks has the focus on a picture that takes no keys.
func TestKeysWhileOneOnlyLooks(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Click("canvas")
	s.Until("keys go to the machine", `document.querySelector(".session").classList.contains("grabbed")`)
	s.Press("View only")
	s.Has(".grab", "View only: keys stay here")
	s.Click("canvas")
	s.Until("the picture has the focus", `document.activeElement.tagName === "CANVAS"`)
	s.Keys("i")
	s.Until("the page takes a key", `!document.querySelector(".health").hidden`)
	s.Keys(kb.Escape)
	s.Until("its panel is closed", `document.querySelector(".health").hidden`)
	s.Click("canvas")
	s.Keys("v") // and control is back
	s.Until("keys go to the machine again", `document.querySelector(".session").classList.contains("grabbed")`)
	s.Keys("q")
	await.True(t, "a key reaches the machine", func() bool { return slices.Contains(far.screen.pressed(), "up 71") })
	if keys := far.screen.pressed(); slices.Contains(keys, "down 69") {
		t.Errorf("what was for the page reached the machine: %v", keys)
	}
}

func TestFullScreen(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	s.Dark(false) // and nothing slides
	far := s.connect("front-desk-1", deskside.AllRights)
	full := `document.fullscreenElement?.matches(".session")`
	s.Press("Full screen")
	s.Until("full screen", full)
	s.Until("the button says so", `document.querySelector("[aria-label='Full screen']").getAttribute("aria-pressed") === "true"`)
	s.Has(".toast", "Ctrl+Alt+Shift")
	s.Until("the keyboard is there", `document.querySelector(".session").classList.contains("grabbed")`)
	s.Keys("q")
	await.True(t, "a key reaches the machine", func() bool { return slices.Contains(far.screen.pressed(), "up 71") })
	shown := `document.querySelector(".toolbar").getBoundingClientRect().top >= 0`
	s.Until("the tools are out of the way", "!("+shown+")")
	s.Until("the picture fills it", `document.querySelector("canvas").getBoundingClientRect().height > 560`)
	s.Shot("720-light-full")
	s.Point(640, 2)
	s.Until("the tools are there", shown)
	s.Press("Special keys")
	s.Has(":fullscreen .menu", "AltGr") // nothing else is seen
	s.Point(640, 600)
	s.Until("the tools stay with their menu", shown)
	s.Keys(kb.Escape)
	s.Press("Clipboard and typing")
	s.Has("dialog h2", "Clipboard")
	s.Keys(kb.Escape)
	s.Gone("dialog")
	s.Point(640, 2)
	s.Press("Full screen")
	s.Until("no longer", "!document.fullscreenElement")
	s.Until("the button says so too", `document.querySelector("[aria-label='Full screen']").getAttribute("aria-pressed") === "false"`)
	if far.Cause() != "" {
		t.Errorf("the session ended: %s", far.Cause())
	}

	// The end leaves full screen, so that its cause is seen.
	s.Press("Full screen")
	s.Until("full screen again", full)
	far.end(deskside.CauseAbsolute)
	s.Has("h1", "has ended")
	s.Until("no longer", "!document.fullscreenElement")
	s.Has(".cause", "The session lasted as long as policy allows")
	s.Press("Close tab")
	s.Press("More for front-desk-1")
	s.Press("Copy address")
	s.Has(".toast", "lipboard") // notes are seen after full screen too
}

func TestTheIdleLimitEndsIt(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Has(".limits", "idle limit 15 min")
	far.end(deskside.CauseIdle)
	s.Has("h1", "The session with front-desk-1 has ended")
	s.Has(".cause", "Nothing happened for as long as the idle limit allows")
	s.Has(".do", "Set up a new session to go on; the person may be asked again.")
	s.Until("the next step has the focus", `document.activeElement.innerText === "Connect again"`)
	s.Keys("\r")
	s.Has("dialog h2", "Connect to front-desk-1")
	s.Until("the reason is kept", `document.querySelector("dialog input").value === "INC-4711, printer does not print"`)
}

func TestSilenceIsShown(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Has(".state", "In control")
	far.quiet.Store(int64(9 * time.Second))
	s.Has(".state", "No answer for 9 s")
	s.Has(".trip", "no answer")
	far.quiet.Store(int64(2 * time.Second))
	s.Has(".state", "In control")
}

func TestScreensAreChosen(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	s.Dark(false) // and nothing slides
	far := s.connect("front-desk-1", deskside.AllRights)
	s.Press("How the picture is shown")
	s.Has(".menu", "Quality")
	if strings.Contains(s.Text(".menu"), "All screens") {
		t.Error("one screen is a choice")
	}
	far.screen.setScreens(remctrl.Screen{ID: 7, Name: "eDP-1", W: 1024, H: 640}, remctrl.Screen{ID: 8, Name: "VGA-1", W: 640, H: 640})
	s.Has(".menu", "VGA-1") // the menu that is open learns of it
	s.Keys(kb.Escape)
	left := remctrl.Screen{ID: 70, Name: "DP-1", W: 600, H: 640, Primary: true}
	right := remctrl.Screen{ID: 71, Name: "HDMI-1", X: 600, W: 424, H: 500}
	far.screen.setScreens(left, right)
	s.Press("Full screen") // another picture is no reason to leave it
	s.Until("full screen", "document.fullscreenElement !== null")
	far.screen.drop() // the picture that comes back reads them
	wide := func(w int) {
		s.Until("the picture", fmt.Sprintf(`document.querySelector("canvas")?.width === %d && document.querySelector(".veil").hidden`, w))
	}
	s.Has(".veil", "interrupted")
	s.Keys("e") // was meant for the machine
	wide(1024)
	s.Gone("dialog")

	// By keyboard: the menu opens at its first entry.
	s.Chord([]int64{2, 1, 8}, [2]string{"Control", "ControlLeft"}, [2]string{"Alt", "AltLeft"}, [2]string{"Shift", "ShiftLeft"})
	s.Keys(kb.Home + strings.Repeat(kb.ArrowRight, 4) + kb.ArrowDown)
	s.Has(".menu", "HDMI-1")
	s.Has(".item", "600 × 640, main")
	s.Keys(strings.Repeat(kb.ArrowDown, 4) + "\r") // below two of size, All screens and DP-1
	wide(424)
	s.Keys(kb.ArrowDown)
	s.Until("the menu shows the choice", `[...document.querySelectorAll("[aria-checked=true]")].some(e => e.innerText.includes("HDMI-1"))`)
	stream := onlyView(t, far).Name
	if stream == "" {
		t.Error("the picture has no name to be steered by")
	}
	s.Press("DP-1 600 × 640, main")
	wide(600)
	if v := onlyView(t, far); v.Screen != "70" || v.Name != stream {
		t.Errorf("%+v, want screen 70 in stream %s", v, stream)
	}
	if browsertest.Eval[bool](s.Page, "document.fullscreenElement === null") || far.Cause() != "" {
		t.Errorf("choosing a screen left full screen, or ended the session: %q", far.Cause())
	}
	s.Click("canvas")
	s.Keys("w")
	await.True(t, "a key reaches the machine", func() bool { return slices.Contains(far.screen.pressed(), "up 77") })

	// A far side that cannot change what a stream shows is asked for another one.
	s.Forgive("status of 404") // Chromium says so of any request that was refused
	far.screen.views(true)
	s.Point(640, 2)
	s.Press("How the picture is shown")
	s.Press("HDMI-1 424 × 500")
	wide(424)
	far.screen.views(false)
	s.Point(640, 2)
	s.Press("How the picture is shown")
	s.Press("DP-1 600 × 640, main")
	wide(600)

	// The screen is unplugged: all are shown, and it is said.
	s.Forgive("no screen 70") // noVNC says why its connection was closed
	far.screen.setScreens(right)
	far.screen.drop()
	s.Has(".toast", "That screen is no longer there")
	wide(1024)
	s.Gone(".veil")
}

// onlyView gives what the page's one viewer shows.
func onlyView(t *testing.T, far *session) console.View {
	t.Helper()
	list := far.screen.views(false)
	if len(list) != 1 {
		t.Fatalf("%d viewers, want one", len(list))
	}
	return list[0]
}

func TestViewOnlyReachesTheAgent(t *testing.T) {
	s := open(t, withMachines(), 1280, 720)
	far := s.connect("front-desk-1", deskside.AllRights)
	is := func(want bool) {
		t.Helper()
		await.True(t, "the agent knows", func() bool {
			list := far.screen.views(false)
			return len(list) == 1 && list[0].ViewOnly == want
		})
	}
	is(false)
	stream := onlyView(t, far).Name
	s.Press("View only")
	is(true)
	s.Press("View only")
	is(false)
	if v := onlyView(t, far); v.Name != stream {
		t.Error("the picture was opened anew")
	}
	s.Click("canvas")
	s.Keys("w")
	await.True(t, "a key reaches the machine", func() bool { return slices.Contains(far.screen.pressed(), "up 77") })
	s.Press("View only")
	is(true)
	far.screen.drop()
	is(true) // the stream that comes in its place too
}
