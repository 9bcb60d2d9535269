package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	e := systemEnv()
	status := exitStatus(e.report(interrupted(ctx, execute(ctx, e, os.Args[1:]))))
	stop()
	os.Exit(status)
}

// endings are the signals on which a command ends cleanly. A terminal that is
// closed sends SIGHUP; a command that was told to outlive it does.
func endings() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// execute runs the command that args name.
func execute(ctx context.Context, e *env, args []string) error {
	root := rootCommand(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	return root.ExecuteContext(ctx)
}
