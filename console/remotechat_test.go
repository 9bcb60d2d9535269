package console

import (
	"testing"

	"deskside/chat"
)

// The page is told which lines are gone.
func TestWelcomeTellsTheFirstLine(t *testing.T) {
	e, shown := chatEvent(chat.Frame{Type: chat.Welcome, Peer: "Ada", First: 51, Last: 1050})
	if !shown || e.Kind != ChatJoined || e.Name != "Ada" || e.First != 51 {
		t.Errorf("the page is told %+v, %v", e, shown)
	}
}
