package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"deskside/bench/eye"
	"deskside/bench/player"
	"deskside/bench/scene"
	"deskside/raster"
)

// terminal opens an xterm of 120 columns, otherwise as it is when nothing is
// set, with its first cell at a known place.
func (p *piece) terminal(args ...string) error {
	argv := append([]string{"xterm", "-fn", "fixed", "-geometry", "120x70+300+100", "-b", "0", "-bw", "0", "+sb"}, args...)
	_, err := p.stage.Start("xterm", argv...)
	return err
}

// The place of the terminal and its cells, as it is asked for above; the font
// "fixed" is built into X servers.
const (
	termX, termY = 300, 100
	cellW, cellH = 6, 13
	termRows     = 70
)

// lineRate is that of the terminal.
const lineRate = 90

// xterm scrolls lines through a terminal.
func xterm(p *piece) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	file := filepath.Join(p.stage.Dir, "lines.json")
	if err := p.terminal("-e", self, "lines", "--rate", fmt.Sprint(lineRate), "--count", fmt.Sprint(7*lineRate), "--log", file); err != nil {
		return err
	}
	e, err := p.look(eye.Lossless)
	if err != nil {
		return err
	}
	read := func(m *raster.Image, last int) int {
		if n, ok := scene.ReadLine(m, termX+cellW/2, termY+(termRows-1)*cellH+cellH/2, cellW); ok {
			return int(n)
		}
		return last
	}
	if err := p.reaches(e, read, lineRate); err != nil {
		return err
	}
	l := &log{read: read}
	used, count, err := p.during(e, l, span)
	if err != nil {
		return err
	}
	report, err := p.printed(file)
	if err != nil {
		return err
	}
	p.set("xterm.kbs", kbs(count, used))
	p.set("xterm.lag", l.lag(report))
	p.set("xterm.fps", l.rate(used))
	return p.checkExact(e)
}

// printed reads what was printed when, once all is.
func (p *piece) printed(file string) (r player.Report, err error) {
	for {
		text, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(text, &r) == nil {
			return r, nil
		}
		if err := p.pause(50 * time.Millisecond); err != nil {
			return r, err
		}
	}
}
