package desktop_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"deskside/desktop"
	"deskside/desktop/desktoptest"
)

var (
	keyA = desktop.Key{Sym: 'a'}
	keyB = desktop.Key{Sym: 'b'}
)

func down(k desktop.Key) desktoptest.Event {
	return desktoptest.Event{IsKey: true, Key: k, Down: true}
}
func up(k desktop.Key) desktoptest.Event { return desktoptest.Event{IsKey: true, Key: k} }
func at(x, y int, b desktop.Buttons) desktoptest.Event {
	return desktoptest.Event{X: x, Y: y, Buttons: b}
}

func expect(t *testing.T, f *desktoptest.Fake, want ...desktoptest.Event) {
	t.Helper()
	got := f.Events()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("input\n got %+v\nwant %+v", got, want)
	}
}

func TestHandsReleaseOnlyTheirOwn(t *testing.T) {
	f := desktoptest.New(64, 64)
	hold := desktop.NewHold(f)
	one, two := desktop.NewHands(hold), desktop.NewHands(hold)
	one.Key(keyA, true)
	two.Key(keyA, true)
	two.Key(keyB, true)
	one.Pointer(1, 2, 1)
	two.Pointer(3, 4, 4)
	one.ReleaseAll()
	expect(t, f, down(keyA), down(keyA), down(keyB), at(1, 2, 1), at(3, 4, 5), at(3, 4, 4))
	if keys, b := f.Held(); keys != 2 || b != 4 {
		t.Errorf("after one let go, %d keys and buttons %d are held, want 2 and 4", keys, b)
	}
	two.Close()
	if keys, b := f.Held(); keys != 0 || b != 0 {
		t.Errorf("after both let go, %d keys and buttons %d are held", keys, b)
	}
	n := len(f.Events())
	two.Key(keyA, true)
	two.Pointer(9, 9, 1)
	if len(f.Events()) != n {
		t.Error("closed hands still press")
	}
}

func TestHandsKeepRepetitions(t *testing.T) {
	f := desktoptest.New(64, 64)
	h := desktop.NewHands(f)
	h.Key(keyA, true)
	h.Key(keyA, true)
	h.Key(keyA, false)
	h.Key(keyA, false)
	h.Key(keyB, false)
	expect(t, f, down(keyA), down(keyA), up(keyA))
}

func TestHandsHoldSoMany(t *testing.T) {
	f := desktoptest.New(64, 64)
	h := desktop.NewHands(f)
	for i := range uint32(1000) {
		h.Key(desktop.Key{Sym: i + 1}, true)
	}
	if n, _ := f.Held(); n != 64 {
		t.Errorf("%d keys are held, want 64", n)
	}
	h.ReleaseAll()
	if n, _ := f.Held(); n != 0 {
		t.Errorf("%d keys are still held", n)
	}
}

func TestHoldDropsWhileAQuestionIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := desktoptest.New(64, 64)
		hold := desktop.NewHold(f)
		h := desktop.NewHands(hold)
		h.Key(keyA, true)
		h.Pointer(5, 5, 1)
		first, _ := hold.Shut()
		before := []desktoptest.Event{down(keyA), at(5, 5, 1), up(keyA), at(5, 5, 0)}
		expect(t, f, before...)

		press := func() {
			h.Key(keyB, true)
			h.Pointer(6, 6, 1)
			h.Pointer(6, 6, 0)
			h.Key(keyB, false)
			hold.Key(keyB, true)
			hold.Key(keyB, false)
		}
		press()
		second, _ := hold.Shut()
		press()
		first()
		first() // twice is once
		<-time.After(time.Second)
		press() // the second is still open
		second()
		<-time.After(desktop.HoldAfter - 1)
		press()
		expect(t, f, before...)

		<-time.After(1)
		h.Key(keyA, true) // a repetition of the key held since before
		expect(t, f, before...)
		h.Key(keyA, false)
		h.Key(keyA, true)
		expect(t, f, append(before, down(keyA))...)
	})
}

func TestHoldDropsWhatWentDownMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := desktoptest.New(64, 64)
		hold := desktop.NewHold(f)
		h := desktop.NewHands(hold)
		reopen, _ := hold.Shut()
		h.Key(keyA, true)
		h.Pointer(1, 1, 1)
		reopen()
		<-time.After(time.Second)
		h.Key(keyA, true)
		h.Pointer(2, 2, 1|4)
		h.Key(keyA, false)
		h.Pointer(3, 3, 4)
		h.Pointer(4, 4, 1)
		expect(t, f, at(2, 2, 4), at(3, 3, 4), at(4, 4, 1))
	})
}

func TestAskingShutsUntilAfterTheAnswer(t *testing.T) {
	defer goleak.VerifyNone(t)
	synctest.Test(t, func(t *testing.T) {
		f := desktoptest.New(64, 64)
		hold := desktop.NewHold(f)
		h := desktop.NewHands(hold)
		p := hold.Asking(f)
		h.Key(keyA, true)
		got := make(chan desktop.Answer)
		go func() {
			a, _ := p.Ask(t.Context(), desktop.Question{Until: time.Now().Add(time.Minute)})
			got <- a
		}()
		synctest.Wait()
		if !f.Open() {
			t.Fatal("the question is not open")
		}
		h.Key(keyB, true)
		h.Key(keyB, false)
		expect(t, f, down(keyA), up(keyA))
		if err := f.Answer(context.Background(), desktop.Answer{Choice: desktop.Allow}); err != nil {
			t.Fatal(err)
		}
		if a := <-got; a.Choice != desktop.Allow {
			t.Errorf("answer %v, want Allow", a.Choice)
		}
		h.Key(keyB, true)
		h.Key(keyB, false)
		expect(t, f, down(keyA), up(keyA))
		<-time.After(desktop.HoldAfter)
		h.Key(keyB, true)
		expect(t, f, down(keyA), up(keyA), down(keyB))
	})
}
