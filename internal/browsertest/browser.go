// Package browsertest drives a real headless Chromium through a page of ours:
// it presses keys and buttons as a user does, reads what is shown, takes
// pictures, and looks for what a user with a handicap would stumble over.
//
// It judges no page by itself.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"deskside/internal/await"
)

// Page is a tab of a browser of its own.
type Page struct {
	t         testing.TB
	ctx       context.Context
	downloads string

	mu       sync.Mutex
	messages []string
	forgiven []string
}

// Open starts a browser with a new profile and opens the launch file. What the
// page complains of on its console fails the test when it ends.
func Open(t testing.TB, launch string, w, h int64) *Page {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(int(w), int(h)),
		chromedp.ExecPath("chromium"), chromedp.Flag("disable-gpu", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...) // t.Context ends before the cleanup
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	p := &Page{t: t, ctx: ctx, downloads: t.TempDir()}
	p.do("start the browser")
	p.listen()
	t.Cleanup(p.finish)
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: p.downloads,
	}); err != nil {
		t.Fatalf("set where downloads go: %v", err)
	}
	p.Size(w, h)
	p.do("open the page", chromedp.Navigate("file://"+launch))
	return p
}

// listen notes what the page complains of, and answers yes when it asks
// whether it may be left.
func (p *Page) listen() {
	dialogs := chromedp.Events(p.ctx, page.JavascriptDialogOpening)
	go func() {
		for _, err := range dialogs {
			if err != nil {
				return
			}
			chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
	}()
	messages := chromedp.Console(p.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.messages = append(p.messages, fmt.Sprintf("%s: %s (%s:%d)", m.Type, m.Text, m.URL, m.Line))
			p.mu.Unlock()
		}
	}()
}

// Forgive lets complaints pass that contain text, before and after.
func (p *Page) Forgive(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgiven = append(p.forgiven, text)
}

// bad reports whether a message is a complaint that nobody forgave. The lock
// is held.
func (p *Page) bad(message string) bool {
	if !strings.HasPrefix(message, "error") && !strings.HasPrefix(message, "exception") {
		return false
	}
	return !slices.ContainsFunc(p.forgiven, func(text string) bool { return strings.Contains(message, text) })
}

func (p *Page) finish() {
	if p.t.Failed() && p.ctx.Err() == nil {
		p.Shot("failed-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
		p.t.Logf("the page showed:\n%s", p.Text("body"))
	}
	chromedp.Cancel(p.ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.messages {
		if p.bad(m) {
			p.t.Errorf("the page's console: %s", m)
		}
	}
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// Size sets the window's inner size in pixels.
func (p *Page) Size(w, h int64) {
	p.t.Helper()
	p.do("resize", chromedp.EmulateViewport(w, h))
}

// Dark makes the system's preference dark, or light.
func (p *Page) Dark(on bool) {
	p.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[on]
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err != nil {
		p.t.Fatalf("prefer %s: %v", value, err)
	}
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.do("reload", chromedp.Evaluate[chromedp.Void]("location.reload()"))
}

// Eval evaluates an expression, and waits if it gives a promise.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate %.200s: %v", expression, err)
	}
	return v
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// Until waits until an expression is true. While the page is being loaded it
// is not.
func (p *Page) Until(what, expression string) {
	p.t.Helper()
	await.True(p.t, what, func() bool {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		return err == nil && ok
	})
}

// Has waits until the element that selector finds shows text.
func (p *Page) Has(selector, text string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%s shows %q", selector, text),
		fmt.Sprintf("[...document.querySelectorAll(%s)].some(e => e.checkVisibility() && e.innerText.includes(%s))", quote(selector), quote(text)))
}

// Gone waits until the selector finds nothing that is visible.
func (p *Page) Gone(selector string) {
	p.t.Helper()
	p.Until(selector+" is gone", fmt.Sprintf("![...document.querySelectorAll(%s)].some(e => e.checkVisibility())", quote(selector)))
}

// Text gives what an element shows.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Eval[string](p, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(selector)))
}

// button is the expression of the visible, enabled control with this name.
func button(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("button, [role=tab], label, a")].find(e => e.checkVisibility() && !e.disabled &&
		(e.getAttribute("aria-label") ?? e.innerText).trim().replace(/\s+/g, " ") === %s)`, quote(name))
}

// visible is the expression of the first visible element a selector finds.
func visible(selector string) string {
	return fmt.Sprintf("([...document.querySelectorAll(%s)].find(e => e.checkVisibility()))", quote(selector))
}

// Press waits for the button, tab or label with this name and clicks the
// middle of it.
func (p *Page) Press(name string) {
	p.t.Helper()
	p.clickAt("(" + button(name) + ")")
}

// Click clicks the middle of the first visible element the selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.clickAt(visible(selector))
}

func (p *Page) clickAt(element string) {
	p.t.Helper()
	await.True(p.t, element+" is clicked", func() bool {
		x, y, ok := p.aim(element)
		if !ok {
			return false
		}
		p.do("click", chromedp.MouseClickXY(x, y))
		return p.hit()
	})
}

// Slowly presses the mouse on the middle of the first visible element the
// selector finds, does what is to happen meanwhile, and lets go.
func (p *Page) Slowly(selector string, meanwhile func()) {
	p.t.Helper()
	var x, y float64
	await.True(p.t, selector+" is pressed", func() (ok bool) {
		if x, y, ok = p.aim(visible(selector)); !ok {
			return false
		}
		p.left(input.DispatchMouseEventTypeMousePressed, x, y, 1)
		if ok = p.hit(); !ok {
			p.left(input.DispatchMouseEventTypeMouseReleased, x, y, 0)
		}
		return ok
	})
	meanwhile()
	p.left(input.DispatchMouseEventTypeMouseReleased, x, y, 0)
}

// aim gives where the middle of an element is, if nothing lies above it. Until
// the next press has ended the page gets none that would begin on anything else,
// because the element moved away meanwhile; hit tells.
func (p *Page) aim(element string) (x, y float64, ok bool) {
	at, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(e => {
		window.aimed?.stop();
		if (!e) return [];
		e.scrollIntoView({block: "nearest"});
		const b = e.getBoundingClientRect(), x = b.x + b.width/2, y = b.y + b.height/2;
		const is = at => e.contains(at) || e.control?.contains(at) || at?.contains(e) && at.matches("label");
		if (!is(document.elementFromPoint(x, y))) return [];
		const kinds = ["pointerdown", "mousedown", "pointerup", "mouseup", "click"];
		const see = ev => {
			if (!ev.isTrusted) return;
			if (ev.type === "pointerdown") aimed.hit = Boolean(is(ev.target));
			if (!aimed.hit) { ev.stopImmediatePropagation(); ev.preventDefault(); }
			if (ev.type === "click") aimed.stop();
		};
		const aimed = window.aimed = { hit: false, stop: () => kinds.forEach(k => window.removeEventListener(k, see, true)) };
		kinds.forEach(k => window.addEventListener(k, see, true));
		return [x, y];
	})(%s)`, element)))
	if err != nil || len(at) != 2 {
		return 0, 0, false
	}
	return at[0], at[1], true
}

// hit reports whether the press began on what was aimed at. A page that went
// away over it was hit.
func (p *Page) hit() bool {
	hit, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`(a => { if (a && !a.hit) a.stop(); return a ? a.hit : true; })(window.aimed)`))
	return err != nil || hit
}

func (p *Page) left(kind input.DispatchMouseEventType, x, y float64, held int64) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{
		Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: held, ClickCount: 1,
	}); err != nil {
		p.t.Fatalf("%s: %v", kind, err)
	}
}

// middle gives where the middle of an element is, which is made visible.
func (p *Page) middle(element string) (x, y float64) {
	p.t.Helper()
	at := Eval[[]float64](p, fmt.Sprintf("(e => { e.scrollIntoView({block: 'nearest'}); const b = e.getBoundingClientRect(); return [b.x + b.width/2, b.y + b.height/2]; })(%s)", element))
	return at[0], at[1]
}

// Point moves the pointer.
func (p *Page) Point(x, y float64) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y}); err != nil {
		p.t.Fatalf("point at %g, %g: %v", x, y, err)
	}
}

// Carry drags files from outside the browser to the middle of what the
// selector finds; Drop lets go of them there.
func (p *Page) Carry(selector string, files ...string) {
	p.t.Helper()
	p.dragEvent(input.DispatchDragEventTypeDragEnter, selector, files)
	p.dragEvent(input.DispatchDragEventTypeDragOver, selector, files)
}

// Drop lets go of files that were carried to the middle of what the selector
// finds.
func (p *Page) Drop(selector string, files ...string) {
	p.t.Helper()
	p.dragEvent(input.DispatchDragEventTypeDrop, selector, files)
}

func (p *Page) dragEvent(kind input.DispatchDragEventType, selector string, files []string) {
	p.t.Helper()
	x, y := p.middle(fmt.Sprintf("document.querySelector(%s)", quote(selector)))
	if _, err := chromedp.Call(p.ctx, input.DispatchDragEvent, input.DispatchDragEventParams{
		Type: kind, X: x, Y: y, Data: &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1},
	}); err != nil {
		p.t.Fatalf("%s %s: %v", kind, selector, err)
	}
}

// Pull presses the left button in the middle of what the selector finds, moves
// the pointer by dx and dy pixels, and lets go.
func (p *Page) Pull(selector string, dx, dy float64) {
	p.t.Helper()
	x, y := p.middle(fmt.Sprintf("document.querySelector(%s)", quote(selector)))
	p.left(input.DispatchMouseEventTypeMousePressed, x, y, 1)
	p.left(input.DispatchMouseEventTypeMouseMoved, x+dx/2, y+dy/2, 1)
	p.left(input.DispatchMouseEventTypeMouseMoved, x+dx, y+dy, 1)
	p.left(input.DispatchMouseEventTypeMouseReleased, x+dx, y+dy, 0)
}

// Focused names the element with the focus: its label or text.
func (p *Page) Focused() string {
	p.t.Helper()
	return Eval[string](p, `(e => (e.getAttribute("aria-label") ?? e.labels?.[0]?.innerText ?? e.innerText ?? e.tagName).trim().replace(/\s+/g, " "))(document.activeElement)`)
}

// Keys types text; the named keys are those of chromedp's package kb. Each
// press is one event, as from a keyboard, so that a page which prevents its
// default gets no character, and Shift is a key of its own.
func (p *Page) Keys(text string) {
	p.t.Helper()
	for _, r := range text {
		events := kb.Encode(r)
		shifted := events[0].Modifiers&int64(kb.ModifierShift) != 0
		if shifted {
			p.shift(input.DispatchKeyEventTypeRawKeyDown, kb.ModifierShift)
		}
		for i, e := range events {
			if e.Type == kb.KeyChar {
				continue
			}
			if i+1 < len(events) && events[i+1].Type == kb.KeyChar {
				e.Text = events[i+1].Text
			}
			p.key(*e)
		}
		if shifted {
			p.shift(input.DispatchKeyEventTypeKeyUp, kb.ModifierNone)
		}
	}
}

func (p *Page) shift(kind input.DispatchKeyEventType, after kb.Modifier) {
	p.t.Helper()
	p.key(input.DispatchKeyEventParams{Type: kind, Modifiers: int64(after), Key: "Shift", Code: "ShiftLeft", WindowsVirtualKeyCode: 16})
}

func (p *Page) key(k input.DispatchKeyEventParams) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, k); err != nil {
		p.t.Fatalf("press %q: %v", k.Key, err)
	}
}

// Chord presses keys given as {key, code} down in order and releases them.
func (p *Page) Chord(modifiers []int64, keys ...[2]string) {
	p.t.Helper()
	held := int64(0)
	send := func(kind input.DispatchKeyEventType, k [2]string) {
		p.key(input.DispatchKeyEventParams{Type: kind, Modifiers: held, Key: k[0], Code: k[1]})
	}
	for i, k := range keys {
		held |= modifiers[i]
		send(input.DispatchKeyEventTypeRawKeyDown, k)
	}
	for i, k := range slices.Backward(keys) {
		held &^= modifiers[i]
		send(input.DispatchKeyEventTypeKeyUp, k)
	}
}

// Choose gives files to the file input that the selector finds.
func (p *Page) Choose(selector string, files ...string) {
	p.t.Helper()
	p.do("choose files", chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// Downloaded waits for a whole file among the downloads and gives its path.
func (p *Page) Downloaded(name string) string {
	p.t.Helper()
	path := filepath.Join(p.downloads, name)
	await.True(p.t, name+" is downloaded", func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
	return path
}

// Shot takes a picture of the page into the artefacts of the repository.
func (p *Page) Shot(name string) string {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("take the picture %s: %v", name, err)
		return ""
	}
	path := filepath.Join(Artefacts(p.t), name+".png")
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// Artefacts is the folder for what a test wants kept: the one that
// DESKSIDE_ARTEFACTS names, or artefacts beside go.mod.
func Artefacts(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("DESKSIDE_ARTEFACTS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "artefacts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Finding is one rule of axe-core that the page breaks.
type Finding struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Where  []string `json:"where"`
}

// Axe runs axe-core, whose source is given, and fails the test for what it
// calls serious or critical.
func (p *Page) Axe(source, state string) {
	p.t.Helper()
	p.do("load axe-core", chromedp.Evaluate[chromedp.Void](source+"; undefined"))
	for _, f := range Eval[[]Finding](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		({id: v.id, impact: v.impact, help: v.help, where: v.nodes.map(n => n.html + " " + n.any.map(a => a.message).join("; "))})))`) {
		if f.Impact == "serious" || f.Impact == "critical" {
			p.t.Errorf("%s: axe finds %s (%s): %s\n\t%s", state, f.ID, f.Impact, f.Help, strings.Join(f.Where, "\n\t"))
		} else {
			p.t.Logf("%s: axe notes %s (%s): %s", state, f.ID, f.Impact, f.Help)
		}
	}
}
