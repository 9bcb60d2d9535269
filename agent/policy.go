package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"deskside/access"
	"deskside/internal/pulse"
)

// readPolicy reads and parses a policy file. One that others could change says
// nothing of what the agent's owner allows.
func readPolicy(path string) (*access.Policy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	p, err := access.ParsePolicy(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// PolicyPoll is how often the policy file is looked at. A change that narrows
// takes effect within a second.
const PolicyPoll = 500 * time.Millisecond

// watchPolicy puts the policy in force again whenever its file changes. A file
// that is gone, does not parse or is open to others leaves the last good one in
// force.
func (a *Agent) watchPolicy(ctx context.Context) {
	path := filepath.Join(a.cfg.Dir, PolicyFile)
	last := a.policy
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(pulse.Wait(time.Now(), PolicyPoll))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := digest(path)
		if bytes.Equal(now, last) {
			continue
		}
		last = settled(ctx, path, now)
		policy, err := readPolicy(path)
		if err != nil {
			a.cfg.Log.Error("the policy file cannot be used; the last good one stays, and no new session may begin", "error", err)
		} else {
			a.cfg.Log.Info("policy loaded", "file", path, "operators", len(policy.Operators))
		}
		a.authority.SetPolicy(policy, err)
	}
}

// settled waits until the file does not change any more, so that a half that an
// editor has written is not taken for a policy that permits nobody, which would
// end sessions. A file that keeps changing is not waited for longer than a
// narrowing may take.
func settled(ctx context.Context, path string, was []byte) []byte {
	for range maxSettling {
		select {
		case <-ctx.Done():
			return was
		case <-time.After(settling):
		}
		now := digest(path)
		if bytes.Equal(now, was) {
			break
		}
		was = now
	}
	return was
}

const (
	settling    = 100 * time.Millisecond
	maxSettling = 4
)

// digest tells one state of a file from another: its content, also when it was
// changed twice within the clock of the file system, and whether others could
// change it. It is nil for a file that cannot be read.
func digest(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(text)
	if err := checkFile(path); err != nil {
		return append(sum[:], err.Error()...)
	}
	return sum[:]
}
