package main

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"deskside/internal/plain"
	"deskside/xfer"
)

// progress shows how far the files of a copy have come, one bar for the file
// that is copied at the moment.
type progress struct {
	box  *mpb.Progress // nil: nobody watches
	bar  *mpb.Bar
	path string
}

// progress begins to show, if the standard error is a terminal that somebody
// looks at. The caller ends it.
func (e *env) progress() *progress {
	if !e.errTTY || e.json {
		return &progress{}
	}
	return newProgress(e.stderr)
}

func newProgress(out io.Writer) *progress {
	return &progress{box: mpb.New(mpb.WithOutput(out), mpb.WithAutoRefresh())}
}

// at is for xfer.Options.
func (p *progress) at(now xfer.Progress) {
	if p.box == nil {
		return
	}
	if p.bar == nil || p.path != now.Path || p.bar.Current() > now.Done {
		p.next(now)
	}
	p.bar.SetCurrent(now.Done)
}

// next puts a bar for another file in the place of the last.
func (p *progress) next(now xfer.Progress) {
	p.drop()
	p.path = now.Path
	name := mpb.PrependDecorators(decor.Name(plain.Short(now.Path, 40), decor.WCSyncSpaceR))
	speed := decor.AverageSpeed(decor.SizeB1024(0), "  % .1f")
	if now.Total == 0 { // many files, of which nobody has the sum
		p.bar = p.box.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), name,
			mpb.AppendDecorators(decor.CurrentKibiByte("% .1f"), speed))
		return
	}
	p.bar = p.box.AddBar(now.Total, mpb.BarRemoveOnComplete(), name,
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f of % .1f"), speed, decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})))
	p.bar.SetRefill(now.Done)
}

func (p *progress) drop() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bar.Wait()
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.box != nil {
		p.drop()
		p.box.Wait()
		p.box = nil
	}
}
