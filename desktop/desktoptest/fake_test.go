package desktoptest_test

import (
	"testing"

	"deskside/desktop"
	"deskside/desktop/desktoptest"
)

func TestFake(t *testing.T) {
	desktoptest.TestDesktop(t, func(t *testing.T) desktoptest.Subject {
		f := desktoptest.New(320, 200)
		return desktoptest.Subject{
			Desktop: f,
			Paint:   f.Fill,
			Shrink:  func() (w, h int) { f.Resize(160, 120); return 160, 120 },
			Held:    f.Held,
			Copy:    f.Copy,
			Paste:   f.Paste,
			Answer: func(c desktop.Choice, digits string) {
				if err := f.Answer(t.Context(), desktop.Answer{Choice: c, Digits: digits}); err != nil {
					t.Fatal(err)
				}
			},
			Open:  f.Open,
			Press: func(_ []desktop.BarEntry, a desktop.BarAction) { f.Press(a) },
			Lose:  f.Lose,
			Noticed: func(n desktop.Notice) (open, connected bool) {
				got, connected := f.Noticed()
				return got != nil && got.Title == n.Title, connected
			},
			CloseNotice: func(desktop.Notice, []desktop.BarEntry) { f.CloseNotice() },
		}
	})
}
