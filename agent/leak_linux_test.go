package agent

import (
	"os"
	"runtime"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/rcinfo"
	"deskside/wire"
)

// holdings are what a leak would make grow.
type holdings struct {
	goroutines, handles int
	heap                uint64
}

func hold(t *testing.T) (h holdings) {
	t.Helper()
	runtime.GC()
	runtime.GC() // what the first one finalised
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return holdings{runtime.NumGoroutine(), len(fds), m.HeapAlloc}
}

// A leak of handles and memory with each session was a fault of the old tool
// (KB Q164602). Whole sessions come and go on real sockets: set up, attached,
// used on another service, every fourth lost and resumed, and ended.
func TestThousandsOfSessionsLeaveNothing(t *testing.T) {
	const warm, many = 270, 500    // the first fill what is kept of ended sessions
	t.Setenv("TMPDIR", "/dev/shm") // six audit entries a session would wait for a disk
	for _, over := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		t.Run(string(over), func(t *testing.T) {
			d := openDesk(t, Settings{Transports: []string{string(over)}}, ann)
			for i := range warm {
				d.live(t, i, over)
			}
			before := d.settled(t, over)
			for i := range many {
				d.live(t, i, over)
			}
			after := d.settled(t, over)
			if after.goroutines > before.goroutines+5 || after.handles > before.handles+5 || after.heap > before.heap+many<<10 {
				t.Errorf("after %d sessions %+v, after %d more %+v", warm, before, many, after)
			}
		})
	}
}

// settled gives what is held once nothing of the sessions is.
func (d *desk) settled(t *testing.T, over deskside.Transport) holdings {
	t.Helper()
	d.redial(over)
	await.True(t, "the end of every stream", func() bool {
		for _, l := range d.listeners {
			if l.Stats().Open > 0 {
				return false
			}
		}
		return len(d.Sessions()) == 0
	})
	last := hold(t)
	await.True(t, "the goroutines to end", func() bool {
		now := hold(t)
		same := now.goroutines == last.goroutines && now.handles == last.handles
		last = now
		return same
	})
	return last
}

// live runs one session, as an operator's program would.
func (d *desk) live(t *testing.T, i int, over deskside.Transport) {
	t.Helper()
	if i%50 == 0 { // a new connection now and then
		d.redial(over)
	}
	info, chat := d.rcinfo(), d.wire(deskside.Chat)
	defer info.Close()
	defer chat.Close()
	a, err := info.Setup(t.Context(), rcinfo.Setup{Request: deskside.NewSessionID().String(), Rights: deskside.AllRights}, nil)
	if err != nil {
		t.Fatal(err)
	}
	control, err := info.Control(t.Context(), a.Tickets["sms-rcinfo"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { control.Abort() }()
	if i%4 == 0 {
		control.Abort()
		if a, err = info.Resume(t.Context(), a.Session.ID); err != nil {
			t.Fatal(err)
		}
		if control, err = info.Control(t.Context(), a.Tickets["sms-rcinfo"]); err != nil {
			t.Fatal(err)
		}
	}
	if err := chat.JSON(t.Context(), "GET", "/ping", a.Tickets["sms-chat"], nil, nil); err != nil {
		t.Fatal(err)
	}
	var line rcinfo.Control
	lines := wire.NewLines(control, rcinfo.MaxBody)
	if err := lines.Write(rcinfo.Control{Do: rcinfo.VerbEnd}); err != nil {
		t.Fatal(err)
	}
	control.SetReadDeadline(time.Now().Add(await.Limit))
	for line.Do != rcinfo.VerbEnd && lines.Read(&line) == nil {
	}
	// The last words are best effort; what they say can be fetched.
	if e, err := info.Ended(t.Context(), a.Session.ID); err != nil || e.Session.Cause != deskside.CauseOperator {
		t.Fatalf("ended %+v, %v", e, err)
	}
}
