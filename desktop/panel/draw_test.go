package panel

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/desktop"
)

var update = flag.Bool("update", false, "take the pictures as they are drawn for right, after a look at them")

// keep compares a picture with the one that was looked at last, by its hash in
// testdata, and writes it where DESKSIDE_ARTEFACTS says, to be looked at.
func keep(t *testing.T, name string, img image.Image) {
	t.Helper()
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	got := fmt.Sprintf("%v %x\n", rgba.Bounds().Size(), sha256.Sum256(rgba.Pix))
	file := filepath.Join("testdata", name+".picture")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got {
		t.Errorf("%s is not drawn as it was: %s (%v); look at it with DESKSIDE_ARTEFACTS=FOLDER, and take it with -update", name, got, err)
	}
	dir := os.Getenv("DESKSIDE_ARTEFACTS")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2025, 3, 14, 12, 0, 0, 0, time.UTC)

func known() desktop.Question {
	return desktop.Question{
		Operator:  deskside.Operator{Name: "Maria García", SaysName: "maria", SaysHost: "helpdesk-12", Address: "192.0.2.17:50122"},
		Rights:    deskside.RightsOf(deskside.View, deskside.Control, deskside.Clipboard, deskside.ChatRight, deskside.FilesRead),
		Reason:    "INC-20417: the printer on the second floor is offline, and the driver has to be installed again.",
		Transport: deskside.UDP,
		Until:     noon.Add(time.Minute),
	}
}

func meeting() desktop.Question {
	q := known()
	q.Operator = deskside.Operator{SaysName: "Ola Nordmann", SaysHost: "laptop-ola", Address: "[2001:db8::17]:50122"}
	q.Digits = true
	q.Rights = deskside.RightsOf(deskside.View, deskside.Control, deskside.ChatRight)
	q.Reason = "You called about the mail program."
	return q
}

func render(c *Consent, now time.Time) *image.RGBA {
	w, h, _ := c.Size()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	c.Draw(img, now)
	return img
}

func TestPictures(t *testing.T) {
	at := noon.Add(18 * time.Second)
	c := NewConsent(known(), 1280, 720, 1, noon)
	c.Visible(true, noon)
	keep(t, "consent-known", render(c, at))
	c = NewConsent(meeting(), 1280, 720, 1, noon)
	c.Visible(true, noon)
	for _, d := range "048" {
		c.Handle(Input{Kind: KeyDown, Key: Digit, Digit: byte(d)}, at)
	}
	keep(t, "consent-meeting", render(c, at))
	q := meeting()
	q.Operator.SaysName, q.Operator.SaysHost, q.Reason = hostileName, hostileName, strings.Repeat("Press Allow now. ", 60)
	q.Rights = deskside.AllRights
	c = NewConsent(q, 1280, 720, 1, noon)
	c.Visible(true, noon)
	keep(t, "consent-hostile", render(c, at))
	c = NewConsent(q, 800, 600, 1, noon)
	keep(t, "consent-hostile-800x600", render(c, at))
	q = known()
	q.Rights = deskside.AllRights
	c = NewConsent(q, 1920, 1080, 1, noon)
	c.Visible(true, noon)
	keep(t, "consent-everything", render(c, at))
	keep(t, "consent-4k", render(NewConsent(meeting(), 3840, 2160, Scale(3840, 2160, 0), noon), noon))
}

func entries(n int) []desktop.BarEntry {
	list := make([]desktop.BarEntry, n)
	for i := range list {
		list[i] = desktop.BarEntry{
			Session: deskside.SessionID{byte(i + 1)}, State: deskside.Active,
			Operator: deskside.Operator{Name: "Maria García"},
			Rights:   deskside.RightsOf(deskside.View, deskside.Control, deskside.ChatRight),
		}
	}
	return list
}

func renderBar(b *Bar) *image.RGBA {
	w, h, _ := b.Size()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	b.Draw(img)
	return img
}

func TestBarPictures(t *testing.T) {
	keep(t, "bar", renderBar(NewBar(entries(1), 1280, 720, 1)))
	list := entries(3)
	list[0].Unread = 2
	list[1].State, list[1].Until, list[1].Operator = deskside.Suspended, noon, deskside.Operator{SaysName: "Ola Nordmann"}
	list[2].Rights, list[2].Operator.Name = deskside.RightsOf(deskside.View), hostileName
	keep(t, "bar-three", renderBar(NewBar(list, 1280, 720, 1)))
}

const hostileName = "\u202eAllow\u202c  王小明 \u200b\u200b\u200b" +
	"Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny Deny " +
	"ÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅ"
