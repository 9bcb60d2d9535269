package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/codec"
	"deskside/internal/atomicfile"
	"deskside/raster"
	"deskside/rfb"
)

type screenshotFlags struct {
	sessionFlags
	out    string
	screen string
}

func screenshotCommand(e *env) *cobra.Command {
	f := new(screenshotFlags)
	c := leaf(&cobra.Command{
		Use:     "screenshot HOST -o FILE.png [--screen ID] [--reason TEXT] [--transport T]",
		Short:   "Save an agent's screen as a picture",
		Long:    "Set a session up with the agent at HOST, fetch one exact picture of its screens, and write it to FILE as PNG; - is the standard output.",
		Example: "  deskside screenshot front-desk -o front-desk.png --reason \"ticket 4711\"",
		Args:    cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVarP(&f.out, "output", "o", "", "the file to write")
	c.Flags().StringVar(&f.screen, "screen", "", "one screen by its ID or name, which deskside info tells; all of them without it")
	return c
}

func (f *screenshotFlags) run(ctx context.Context, e *env, args []string) error {
	if f.out == "" {
		return usagef("deskside screenshot", "-o is missing: which file?")
	}
	s, err := f.session(ctx, e, "deskside screenshot", args[0], deskside.RightsOf(deskside.View))
	if err != nil {
		return err
	}
	var picture *raster.Image
	err = s.During(ctx, func(ctx context.Context) (err error) {
		if f.screen != "" {
			screens, err := s.Screens(ctx)
			if err != nil {
				return err
			}
			if f.screen, err = screens.Find(f.screen); err != nil {
				return err
			}
		}
		picture, err = capture(ctx, s, f.screen)
		return err
	})
	if err != nil {
		return err
	}
	png, err := picture.PNG()
	if err != nil {
		return err
	}
	if f.out == "-" {
		_, err := e.stdout.Write(png)
		return err
	}
	if err := atomicfile.Output(f.out, png, 0o644); err != nil {
		return err
	}
	return e.show(map[string]any{"file": f.out, "width": picture.W, "height": picture.H}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %d by %d pixels\n", f.out, picture.W, picture.H)
		return err
	})
}

// capture fetches one whole picture, in encodings that lose nothing.
func capture(ctx context.Context, s *client.Session, screen string) (*raster.Image, error) {
	conn, err := s.RFB(ctx, client.RFBOptions{Screen: screen, ViewOnly: true})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Abort)()
	viewer, err := rfb.NewClient(conn, rfb.ClientConfig{})
	if err != nil {
		return nil, err
	}
	var missing raster.Region
	whole := viewer.Image.Bounds()
	missing.Set(whole)
	for !missing.Empty() {
		m, err := viewer.Next()
		if err != nil {
			return nil, err
		}
		update, ok := m.(rfb.FramebufferUpdate)
		if !ok {
			continue
		}
		for _, r := range update.Rects {
			if slices.Contains(pixels, r.Encoding) {
				missing.Subtract(r.Rect)
			}
		}
		if viewer.Image.Bounds() != whole { // resized meanwhile: all of it again
			whole = viewer.Image.Bounds()
			missing.Set(whole)
			if err := viewer.Request(false); err != nil {
				return nil, err
			}
		}
	}
	return viewer.Image, nil
}

// pixels are the encodings that paint.
var pixels = []codec.Encoding{codec.Raw, codec.CopyRect, codec.Tight, codec.ZRLE}
