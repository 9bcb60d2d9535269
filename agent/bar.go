package agent

import (
	"context"

	"deskside"
	"deskside/desktop"
)

// watchBar does what the person presses on the bar.
func (a *Agent) watchBar(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case do, ok := <-a.person.BarActions():
			if !ok {
				return
			}
			if do.Do == desktop.BarStop {
				a.authority.End(do.Session, deskside.CausePerson)
			}
		}
	}
}
