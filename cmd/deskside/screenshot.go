package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/codec"
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
		Use:   "screenshot HOST -o FILE.png [--screen ID]",
		Short: "Save one exact picture of an agent's screen",
		Long: `Set a session up with the right to view, save one picture of the screen as PNG,
exact to the pixel and without the pointer, and end the session. The file
appears only when it is whole; - writes to the standard output.`,
		Example: "  deskside screenshot front-desk -o front-desk.png --reason 'ticket 4711'",
		Args:    cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVarP(&f.out, "output", "o", "", "the PNG file to write")
	c.Flags().StringVar(&f.screen, "screen", "all", "a screen's ID, or all")
	return c
}

func (f *screenshotFlags) run(ctx context.Context, e *env, args []string) error {
	if f.out == "" {
		return usagef("deskside screenshot", "-o FILE.png is missing: where to?")
	}
	s, err := f.session(ctx, e, "deskside screenshot", args[0], deskside.RightsOf(deskside.View))
	if err != nil {
		return err
	}
	var picture *raster.Image
	if err := during(ctx, s, func(ctx context.Context) error {
		picture, err = grab(ctx, s, client.RFBOptions{Screen: f.screen, ViewOnly: true})
		return err
	}); err != nil {
		return err
	}
	if f.out == "-" {
		return png.Encode(e.stdout, opaque(picture))
	}
	if err := writePNG(f.out, picture); err != nil {
		return err
	}
	return e.show(map[string]any{"file": f.out, "width": picture.W, "height": picture.H}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s, %dx%d\n", f.out, picture.W, picture.H)
		return err
	})
}

// grab fetches one whole picture of a session's screen, exact to the pixel.
func grab(ctx context.Context, s *client.Session, o client.RFBOptions) (*raster.Image, error) {
	conn, err := s.RFB(ctx, o)
	if err != nil {
		return nil, err
	}
	defer conn.Abort()
	defer context.AfterFunc(ctx, conn.Abort)()
	viewer, err := rfb.NewClient(conn, rfb.ClientConfig{})
	if err != nil {
		return nil, err
	}
	var missing raster.Region
	missing.Add(viewer.Image.Bounds())
	for !missing.Empty() {
		m, err := viewer.Next()
		if err != nil {
			return nil, fmt.Errorf("the picture broke off: %w", err)
		}
		update, ok := m.(rfb.FramebufferUpdate)
		if !ok {
			continue
		}
		for _, r := range update.Rects {
			switch r.Encoding {
			case codec.Raw, codec.CopyRect, codec.ZRLE, codec.Tight:
				missing.Subtract(r.Rect)
			case rfb.EncodingDesktopSize, rfb.EncodingExtendedSize:
				missing.Intersect(viewer.Image.Bounds())
			}
		}
	}
	return viewer.Image, nil
}

// opaque converts a picture for the image package.
func opaque(m *raster.Image) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
	for y := range m.H {
		src, dst := m.Row(y, 0, m.W), out.Pix[y*out.Stride:]
		for x := 0; x < len(src); x += raster.BytesPerPixel {
			dst[x], dst[x+1], dst[x+2], dst[x+3] = src[x+2], src[x+1], src[x], 0xff
		}
	}
	return out
}

// writePNG writes the file whole or not at all.
func writePNG(path string, m *raster.Image) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".deskside-*.png")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := png.Encode(f, opaque(m)); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
