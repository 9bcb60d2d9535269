package strangers

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"deskside/codec/jpeg"
	"deskside/raster"
)

// TestLibjpeg gives our files to libjpeg, through ImageMagick, which must take
// them without a warning and see what we meant.
func TestLibjpeg(t *testing.T) {
	m := shot{name: "photograph", colours: -1}.picture()
	var e jpeg.Encoder
	for _, r := range []raster.Rect{m.Bounds(), raster.XYWH(3, 5, 17, 33), raster.XYWH(7, 9, 1, 1)} {
		for _, quality := range []int{5, 50, 75, 92, 100} {
			t.Run(fmt.Sprintf("%v/%d", r, quality), func(t *testing.T) {
				file, err := e.AppendJPEG(nil, m, r, quality)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), "convert", "-regard-warnings", "jpeg:-", "-depth", "8", "rgb:-")
				var out, said bytes.Buffer
				cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(file), &out, &said
				if err := cmd.Run(); err != nil || said.Len() > 0 {
					t.Fatalf("convert (script/test installs imagemagick): %v\n%s", err, said.Bytes())
				}
				if out.Len() != 3*r.Area() {
					t.Fatalf("%d bytes for %v", out.Len(), r)
				}
				seen := raster.NewImage(m.W, m.H)
				for y := r.Y0; y < r.Y1; y++ {
					for x := r.X0; x < r.X1; x++ {
						c := out.Next(3)
						seen.Set(x, y, uint32(c[0])<<16|uint32(c[1])<<8|uint32(c[2]))
					}
				}
				least := map[int]float64{5: 18, 50: 30, 75: 32, 92: minPSNR, 100: minPSNR}[quality]
				if db := raster.PSNR(m, seen, r); db < least {
					t.Errorf("%.1f dB, want %.0f", db, least)
				}
			})
		}
	}
}
