package panel

import (
	"fmt"
	"strings"
	"time"

	"deskside"
	"deskside/desktop"
)

// rightWords say what each right lets an operator do, to somebody who has
// never heard of rights.
var rightWords = map[deskside.Right]string{
	deskside.View:       "See your screen",
	deskside.Control:    "Move the pointer and type",
	deskside.Clipboard:  "Copy and paste text",
	deskside.ChatRight:  "Chat with you",
	deskside.FilesRead:  "Open and copy files",
	deskside.FilesWrite: "Add, change and delete files",
	deskside.Info:       "Read facts about this computer",
	deskside.Execute:    "Run programs as you",
	deskside.Terminal:   "Use a command line as you",
	deskside.Reboot:     "Restart or shut down",
}

// everything are the rights that amount to all others.
var everything = deskside.RightsOf(deskside.Execute, deskside.Terminal)

const everythingWords = "Running programs as you amounts to everything you can do yourself."

// looking is what desktop.AllowView leaves.
var looking = deskside.RightsOf(deskside.View, deskside.ChatRight, deskside.Info)

// who gives the operator's name as it may be shown: policy's, or what the
// operator says, marked as such.
func who(o deskside.Operator) string {
	switch {
	case o.Name != "":
		return o.Name
	case o.SaysName != "":
		return "Says “" + o.SaysName + "”"
	}
	return "An operator without a name"
}

// address tells where the operator's stream comes from. It is not claimed, and
// so has a line of its own, which nothing claimed can push away.
func address(q desktop.Question) string {
	if q.Operator.Address == "" {
		return ""
	}
	if q.Transport == "" {
		return "from " + q.Operator.Address
	}
	return "from " + q.Operator.Address + " over " + strings.ToUpper(string(q.Transport))
}

// host tells what the operator's computer is said to be.
func host(q desktop.Question) string {
	if q.Operator.SaysHost == "" {
		return ""
	}
	return "says its computer is “" + q.Operator.SaysHost + "”"
}

// viewOnlyWords says what the answer between Deny and Allow leaves.
func viewOnlyWords(q desktop.Question) string {
	switch {
	case !q.Rights.Has(deskside.View):
		return viewOnly(q) + ": nothing else of this list."
	case q.Rights.Has(deskside.ChatRight):
		return "View only: they can look and chat, but not touch anything."
	}
	return "View only: they can look, but not touch anything."
}

// left says how much time there is, to the second.
func left(until, now time.Time) string {
	s := int(max(until.Sub(now), 0).Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// doing says what an operator of the bar does.
func doing(e desktop.BarEntry) string {
	switch e.State {
	case deskside.Asked, deskside.Granted:
		return "is connecting"
	case deskside.Suspended:
		if e.Until.IsZero() {
			return "connection lost, may return"
		}
		return "connection lost, may return until " + e.Until.Local().Format("15:04")
	case deskside.Ended:
		return "has ended"
	}
	switch {
	case e.Rights.Has(deskside.View) && e.Rights.Has(deskside.Control):
		return "connected — can see and control"
	case e.Rights.Has(deskside.Control):
		return "connected — can control"
	case e.Rights.Has(deskside.View):
		return "connected — can see your screen"
	}
	return "connected"
}

// copying says what becomes of a copy.
func copying(c desktop.Copy) string {
	where := "to this computer"
	if !c.In {
		where = "from this computer"
	}
	switch {
	case c.Failed:
		return "was not copied " + where
	case c.Ended:
		return "was copied " + where
	}
	return "is copied " + where + " — " + far(c)
}

// far says how far a copy has come.
func far(c desktop.Copy) string {
	switch {
	case c.Files == 1:
		return "1 file"
	case c.Files > 0:
		return fmt.Sprintf("%d files", c.Files)
	case c.Size > 0:
		return fmt.Sprintf("%d %%", int(min(max(float64(c.Done)/float64(c.Size), 0), 1)*100))
	}
	return "begins"
}
