package codec

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"deskside/raster"
)

// TestRows compares the fastest means with Go, for rows of every length up to
// several registers.
func TestRows(t *testing.T) {
	m := raster.NewImage(200, 2)
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range 20 {
		for i := range m.Pix {
			m.Pix[i] = byte(rnd.Uint32())
			if round%2 == 0 {
				m.Pix[i] = []byte{0, 1, 254, 255}[rnd.IntN(4)]
			}
		}
		for w := 1; w < 200; w++ {
			above, row := m.Row(0, 200-w, 200), m.Row(1, 200-w, 200)
			for name, f := range map[string][2]func([]byte){
				"pack":     {func(b []byte) { packRow(b, row) }, func(b []byte) { packRowGo(b, row) }},
				"gradient": {func(b []byte) { gradientRow(b, row, above) }, func(b []byte) { gradientRowGo(b, row, above) }},
			} {
				got, want := make([]byte, 3*w+rowSlack), make([]byte, 3*w)
				f[0](got)
				f[1](want)
				if !bytes.Equal(got[:3*w], want) {
					t.Fatalf("%s: a row of %d differs", name, w)
				}
			}
			back, diffs := make([]byte, 4*w), make([]byte, 3*w+rowSlack)
			gradientRow(diffs, row, above)
			addGradient(back, above, diffs)
			for i := range back {
				if want := row[i]; i%4 != 3 && back[i] != want {
					t.Fatalf("a row of %d does not come back", w)
				}
			}
		}
	}
}
