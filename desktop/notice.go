package desktop

import "context"

// Notice tells the person something for as long as they want to see it, and
// has things in it to read out to somebody.
type Notice struct {
	Title  string   // of the window, and its heading
	Text   []string // paragraphs
	Rows   []NoticeRow
	Note   string // in small letters beside the button: what closing does
	Button string // closes the window
}

// NoticeRow is a name with what is to be read out. Words of a value, parted by
// spaces, are set apart from one another, so that they can be read one by one.
type NoticeRow struct {
	Label  string
	Values []string // the most useful first, as there may not be room for all
}

// Noticer is implemented by desktops that can show a Notice.
type Noticer interface {
	// Notice shows the notice, and in it who is connected, as SetBar of Person
	// says it from then on. It is a window like those of any program: it can
	// be moved, covered and put away, and takes nothing from the person. While
	// there is an operator it takes no keys, which may be theirs. Notice
	// returns nil when the person closed it, the context's error when that
	// ended first, and ErrLost when the screen is gone. One notice is shown at
	// a time; another waits its turn.
	Notice(ctx context.Context, n Notice) error
}
