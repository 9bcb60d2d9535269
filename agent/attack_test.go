package agent

import (
	"log/slog"
	"path/filepath"
	"testing"

	"deskside/audit"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/transport/transporttest"
)

// A policy that changes while the agent starts is not missed.
func TestAPolicyThatChangesDuringTheStart(t *testing.T) {
	transporttest.CheckLeaks(t)
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := Init(dir); err != nil {
		t.Fatal(err)
	}
	a := &Agent{cfg: Config{Dir: dir, Log: slog.New(slog.DiscardHandler)}, stop: func() {}}
	defer a.Close()
	var err error
	if a.id, err = identity.Load(filepath.Join(dir, KeyFile)); err != nil {
		t.Fatal(err)
	}
	if a.log, err = audit.Open(audit.Config{Dir: filepath.Join(dir, AuditDir)}); err != nil {
		t.Fatal(err)
	}
	if err := a.judge(); err != nil {
		t.Fatal(err)
	}
	rule := ann
	rule.Key = transporttest.Identity(t).ID()
	if err := Permit(dir, rule); err != nil {
		t.Fatal(err)
	}
	go a.watchPolicy(t.Context())
	await.True(t, "the operator is permitted", func() bool {
		p, _ := a.authority.Policy()
		return len(p.Operators) == 1
	})
}
