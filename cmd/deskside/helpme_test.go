package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"deskside"
	"deskside/client"
	"deskside/internal/await"
)

// TestHelpMeLetsAnybodyAskAndNobodyIn runs it where nobody can be asked.
func TestHelpMeLetsAnybodyAskAndNobodyIn(t *testing.T) {
	defer goleak.VerifyNone(t)
	out, in := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		f := &helpMeFlags{display: "none", ports: "0,0,0,0"}
		done <- f.run(ctx, &env{stdout: in, stderr: io.Discard, json: true}, nil)
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		ID     deskside.AgentID
		Hosts  []string
		Record string
		Ports  map[string]uint16
	}
	if err := json.Unmarshal(line, &said); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(said.Record)

	c, err := client.Open(filepath.Join(t.TempDir(), "operator"))
	if err != nil {
		t.Fatal(err)
	}
	host := (&greeting{Ports: said.Ports}).host()
	a, err := c.Reach(t.Context(), host, deskside.TCP)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Key != said.ID || a.Hello.Known || a.Hello.Name != "" {
		t.Errorf("a stranger learns %+v of %s", a.Hello, said.ID)
	}
	_, err = a.Meet(t.Context(), client.Request{Rights: deskside.AllRights, Reason: "hello"}, func(string) {})
	if exitStatus(err) != exitRefused {
		t.Errorf("nobody can consent, and the answer is %v", err)
	}
	stop()
	if err := await.Recv(t, "help-me ends", done); err != nil {
		t.Error(err)
	}
	for _, h := range said.Hosts {
		if host, _, err := net.SplitHostPort(h); err == nil && net.ParseIP(host).IsLoopback() {
			t.Errorf("%s cannot be reached from elsewhere", h)
		}
	}
}
