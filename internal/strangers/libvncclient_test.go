package strangers

import (
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"deskside/codec"
	"deskside/raster"
	"deskside/transport/transporttest"
)

// TestLibvncclient compares the very values that libvncclient decodes.
func TestLibvncclient(t *testing.T) {
	transporttest.CheckLeaks(t)
	viewer := filepath.Join(t.TempDir(), "viewer")
	if out, err := exec.Command("gcc", "-O1", "-o", viewer, "testdata/viewer.c", "-lvncclient").CombinedOutput(); err != nil {
		t.Fatalf("gcc (script/test installs it and libvncserver-dev): %v\n%s", err, out)
	}
	for _, f := range []raster.Format{raster.RGB888, raster.RGB565, raster.RGB332} {
		t.Run(strconv.Itoa(int(f.Bits)), func(t *testing.T) {
			port, accept := listen(t)
			cmd := exec.CommandContext(t.Context(), viewer, strconv.Itoa(port), strconv.Itoa(int(f.Bits)/8))
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
			e := newEasel(t, accept())
			for _, s := range shots {
				s, ok := s.in(f)
				if !ok {
					continue
				}
				sent, sentIn := e.show(s)
				if sentIn.Format != f {
					t.Fatalf("the viewer asked for %+v, want %+v", sentIn.Format, f)
				}
				seen, err := readPicture(out, sentIn)
				if err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				if text := s.differs(sent, seen, sentIn.Rounded); text != "" {
					t.Errorf("%s: %s", s.name, text)
				}
			}
		})
	}
}

// readPicture reads a picture of packed pixels.
func readPicture(r io.Reader, f *codec.Format) (*raster.Image, error) {
	m := raster.NewImage(width, height)
	return m, new(codec.Decoder).Raw(r, f, m, m.Bounds())
}
