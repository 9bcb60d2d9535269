package xfer

import (
	"fmt"
	"io/fs"
	"strconv"
)

// Mode is the permissions of a file, nine bits. Its text form is octal, "0644".
type Mode fs.FileMode

const usualMode Mode = 0o644 // of a file of which nobody says another

// Or gives the permissions that m points to, usual where nobody said them.
func (m *Mode) Or(usual Mode) Mode {
	if m == nil {
		return usual
	}
	return *m
}

// MarshalText gives four octal digits.
func (m Mode) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04o", uint32(m)), nil }

// UnmarshalText reads octal digits, and refuses what is more than permissions.
func (m *Mode) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 8, 32)
	if err != nil || n > 0o777 {
		return fmt.Errorf("%.20q is no permission: want octal digits from 0 to 0777", b)
	}
	*m = Mode(n)
	return nil
}

// ModesDiffer reports whether a and b give different rights to read and write.
// What may be executed is for the target's policy.
func ModesDiffer(a, b Mode) bool { return (a^b)&0o666 != 0 }
