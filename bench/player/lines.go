package player

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"deskside/bench/scene"
)

// LinesConfig says what a program that prints into a terminal does.
type LinesConfig struct {
	Rate  int    // lines a second
	Count int    // of the lines, after which it is silent
	Log   string // the file that says which line was printed when, once all are
	Out   io.Writer
	In    io.Reader // its end ends the program
}

// Lines prints lines as a build does, words of several lengths. Each begins with
// its number as cells of black and white, as scene.ReadLine reads them.
func Lines(c LinesConfig) error {
	out := bufio.NewWriter(c.Out)
	rng := rand.New(rand.NewPCG(8, 8))
	drawn := []Drawn{}
	tick := time.NewTicker(time.Second / time.Duration(c.Rate))
	defer tick.Stop()
	for n := 1; n <= c.Count; n++ {
		at := <-tick.C
		fmt.Fprintf(out, "\r\n%s %s", cells(uint16(n)), someWords(rng))
		if err := out.Flush(); err != nil {
			return err
		}
		drawn = append(drawn, Drawn{n, at.UnixNano(), time.Now().UnixNano()})
	}
	text, err := json.Marshal(Report{drawn})
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Log, text, 0o600); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c.In)
	return err
}

// cells writes the bits of a marker as spaces on black and white.
func cells(n uint16) string {
	var b strings.Builder
	for i := range scene.Bits {
		colour := "48;5;16"
		if scene.Bit(n, i) {
			colour = "48;5;231"
		}
		b.WriteString("\x1b[" + colour + "m ")
	}
	return b.String() + "\x1b[0m"
}

// someWords gives some words, which fill about half of a line of 80 columns.
func someWords(rng *rand.Rand) string {
	var b strings.Builder
	for b.Len() < 20+rng.IntN(24) {
		for range 2 + rng.IntN(7) {
			b.WriteByte(byte('a' + rng.IntN(26)))
		}
		b.WriteByte(' ')
	}
	return b.String()
}
