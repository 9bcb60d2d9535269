package desktop

import "errors"

// ErrLost is returned when the screen is gone for good: its server ended or
// the connection to it broke.
var ErrLost = errors.New("the screen is gone")
