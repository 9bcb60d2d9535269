package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"deskside"
)

func versionCommand(e *env) *cobra.Command {
	return leaf(&cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program and of its protocol",
		Example: "  deskside version\n  deskside version --json",
	}, e, runVersion)
}

type versionResult struct {
	Version  string `json:"version"`
	Protocol int    `json:"protocol"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Revision string `json:"revision,omitempty"` // of the source, where the build knew it
}

func runVersion(_ context.Context, e *env, _ []string) error {
	v := versionResult{
		Version:  deskside.Version,
		Protocol: deskside.ProtocolVersion,
		Go:       runtime.Version(),
		Platform: deskside.Platform,
		Revision: revision(),
	}
	return e.show(v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "deskside %s (protocol %d, %s, %s)\n", v.Version, v.Protocol, v.Platform, v.Go)
		return err
	})
}

// revision gives the source's commit, as the Go tool stamped it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
