// Package pulse lets what looks at something now and then look at the same
// moments. A program at rest costs its wake-ups far more than what it does in
// them, so those who may choose their moment share one.
package pulse

import "time"

// Wait gives how long it is from now to the next moment of all that look as
// often: the next whole multiple of every on the clock. It is above zero and at
// most every, also while the clock is set; every is above zero. Twice as often
// shares every second moment.
func Wait(now time.Time, every time.Duration) time.Duration {
	past := time.Duration(now.UnixNano()) % every
	if past < 0 {
		past += every // before 1970
	}
	return every - past
}
