//go:build unix

package serve

import (
	"fmt"
	"os"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/internal/figure"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// TestFaultClock has clocks that were changed between the parts of a transfer.
// All that file transfer takes from a clock is how far it is from the times of
// files, so it is these that are moved here.
func TestFaultClock(t *testing.T) {
	shifts := []time.Duration{-25 * time.Hour, 25 * time.Hour, -100 * 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour, -time.Second, time.Hour}
	shifts = shifts[:figure.Of(2, len(shifts))]
	for _, shift := range shifts {
		t.Run(fmt.Sprint(shift), func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) { clockChanged(t, r, shift) })
		})
	}
}

// clockChanged breaks a transfer in each direction, has the clock changed by
// shift, and goes on.
func clockChanged(t *testing.T, r *rig, shift time.Duration) {
	when := time.Now().Add(-shift)
	data := write(t, r.mine("up"), noise(longFile))
	must(t, os.Chtimes(r.mine("up"), when, when))
	for _, d := range []struct {
		into string
		copy func(o xfer.Options) (xfer.Result, error)
	}{
		{r.dir, func(o xfer.Options) (xfer.Result, error) { return r.client(r.net).Put(ctx(t), r.mine("up"), "up", o) }},
		{r.own, func(o xfer.Options) (xfer.Result, error) { return r.client(r.net).Get(ctx(t), "up", r.mine("down"), o) }},
	} {
		_, err := d.copy(breaker(r, d.into, r.gate.Suspend))
		wantCode(t, err, deskside.CodeUnreachable)
		r.gate.Resume()
		await.True(t, "the partial file let go of", func() bool { return len(partials(t, d.into)) == 1 && r.gate.Open() == 0 })
		must(t, os.Chtimes(d.into+"/"+partials(t, d.into)[0], when, when))
		r.service.sweeper = disk.Sweeper{} // which looked through it within the hour
		got, err := d.copy(xfer.Options{})
		must(t, err)
		if shift > disk.KeepPartial && d.into == r.dir {
			if got.Resumed > 0 { // it was taken for abandoned, and nothing else comes of that
				t.Logf("went on at %d", got.Resumed)
			}
		} else if got.Resumed == 0 {
			t.Errorf("into %s: began again", d.into)
		}
	}
	for _, path := range []string{r.at("up"), r.mine("down")} {
		wantFile(t, path, data)
		if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(when) {
			t.Errorf("%s has %v, want %v (%v)", path, info.ModTime(), when, err)
		}
	}
	wantOnly(t, r.dir, "up")
	wantOnly(t, r.own, "down", "up")
}

// TestClockDuring changes the clock by years while a file arrives: another
// transfer, which looks for abandoned ones, leaves that one alone.
func TestClockDuring(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("up"), noise(longFile))
		write(t, r.mine("other"), noise(1000))
		other := r.client(r.net)
		_, err := r.c.Put(ctx(t), r.mine("up"), "up", breaker(r, r.dir, func() {
			long := time.Now().AddDate(-3, 0, 0)
			must(t, os.Chtimes(r.at(partials(t, r.dir)[0]), long, long))
			r.service.sweeper = disk.Sweeper{}
			_, err := other.Put(ctx(t), r.mine("other"), "other", xfer.Options{})
			must(t, err)
		}))
		must(t, err)
		wantFile(t, r.at("up"), data)
		wantOnly(t, r.dir, "other", "up")
	})
}
