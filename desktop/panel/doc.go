// Package panel is what a person sees of Deskside: the window that asks for
// consent, the bar that lasts while a session lives, and the notice with what
// to read out to a helper, as pictures and as behaviour. A system's own package puts the pictures on the screen and hands
// in what the person presses.
//
// All text that an operator chose is treated as hostile: characters that do
// not show are written as their code point, as are those the font lacks; what
// is too long is cut within its own place. Layout is computed before anything
// is drawn, so that tests can hold it against the screen's size.
//
// An answer to a question counts only when it was pressed and released at least ArmAfter
// after the window became visible, and the same key or button was neither held
// before nor moved elsewhere in between.
//
// The package knows no clock, no window and no system: the caller says what
// time it is. It decides nothing about sessions.
package panel
