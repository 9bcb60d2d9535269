package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	e := systemEnv()
	status := exitStatus(e.report(execute(ctx, e, os.Args[1:])))
	stop()
	os.Exit(status)
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
