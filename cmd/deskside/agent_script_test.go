package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"deskside"
	"deskside/client"
	"deskside/internal/await"
)

// cmdAgent starts an agent on free ports of 127.0.0.1, and ends it with the
// script:
//
//	agent DIR [flags...]
//
// It sets HOST to host:port of its 2701 service, AGENT to its ID and CHAT to
// the socket where the person's programs join the chat. A second
// agent takes the place of the first, which is ended.
func cmdAgent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: agent DIR [flags...]")
	}
	cmd := exec.Command("deskside", append([]string{
		"agent", "run", "--json", "--dir", ts.MkAbs(args[0]), "--listen", "127.0.0.1", "--ports", "0,0,0,0", "--display", "none",
	}, args[1:]...)...)
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "DESKSIDE_HOME="+ts.Getenv("DESKSIDE_HOME"))
	said := new(bytes.Buffer) // the script's own log is for its goroutine alone
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		ts.Logf("[agent]\n%s", said)
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cmd.Wait()
		ts.Fatalf("the agent did not begin to serve: %v", err)
	}
	var greeting struct {
		ID    deskside.AgentID
		Ports map[string]int
		Chat  string
	}
	ts.Check(json.Unmarshal([]byte(line), &greeting))
	ts.Setenv("HOST", fmt.Sprintf("127.0.0.1:%d", greeting.Ports["sms-rcinfo"]))
	ts.Setenv("AGENT", greeting.ID.String())
	ts.Setenv("CHAT", greeting.Chat)
}

// cmdUntil repeats a program until it exits with a status, for what takes
// effect within a moment:
//
//	until N program args...
func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until N program args...")
	}
	await.True(fatal{ts}, strings.Join(args, " "), func() bool {
		err := ts.Exec(args[1], args[2:]...)
		got := 0
		if exit, ok := err.(*exec.ExitError); ok {
			got = exit.ExitCode()
		}
		return fmt.Sprint(got) == args[0]
	})
}

// cmdUntilSays repeats a program until it prints a line that matches:
//
//	untilsays REGEXP program args...
func cmdUntilSays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: untilsays REGEXP program args...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	await.True(fatal{ts}, strings.Join(args, " "), func() bool {
		ts.Exec(args[1], args[2:]...) // a program that fails says nothing yet
		return want.MatchString(ts.ReadFile("stdout"))
	})
}

// fatal lets await fail a script.
type fatal struct{ *testscript.TestScript }

func (fatal) Helper() {}

// cmdMode holds a file to its permissions.
//
//	mode 0644 FILE
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%#o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has %s, want %s", args[1], got, args[0])
	}
}

// cmdPermitMe permits this script's operator:
//
//	permitme DIR [flags...]
func cmdPermitMe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: permitme DIR [flags...]")
	}
	c, err := client.Open(ts.Getenv("DESKSIDE_HOME"))
	ts.Check(err)
	ts.Check(ts.Exec("deskside", append([]string{"operator", "permit", "--dir", args[0], c.ID().String()}, args[1:]...)...))
}

// cmdRepin pins a key to a host, as if the host had been met with it:
//
//	repin HOST ID
func cmdRepin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: repin HOST ID")
	}
	c, err := client.Open(ts.Getenv("DESKSIDE_HOME"))
	ts.Check(err)
	id, err := deskside.ParseKeyID(args[1])
	ts.Check(err)
	ts.Check(c.Trust(args[0], id))
}
