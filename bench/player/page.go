package player

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"

	"deskside/bench/scene"
	"deskside/raster"
)

//go:embed page.html
var pageText string

// PageConfig says what a page for a browser does: text and photographs that
// scroll, between two bars that stay. Each bar has a marker that never changes, by
// which it is found, and PageBeside to the right of it one with the step.
type PageConfig struct {
	Dir  string // where it is written
	Rate int    // steps a second
	By   int    // pixels a step
	Last int    // the step at which it stops
	Wait int    // milliseconds from loaded to the first step
}

// The markers by which the bars are found, and how far beside is the step's.
const (
	PageHead   = 0x5a3c
	PageFoot   = 0x3c5b
	PageBeside = 80
)

type part struct {
	Text string `json:"text,omitempty"`
	Src  string `json:"src,omitempty"`
}

// Page writes the page and gives its file.
func Page(c PageConfig) (string, error) {
	data := map[string]any{
		"head": scene.MarkerBits(PageHead), "foot": scene.MarkerBits(PageFoot),
		"rate": c.Rate, "by": c.By, "wait": c.Wait,
	}
	steps := []uint32{}
	for n := range c.Last + 1 {
		steps = append(steps, scene.MarkerBits(uint16(n)))
	}
	data["steps"] = steps
	parts, err := pageParts(c.Dir, c.Last*c.By)
	if err != nil {
		return "", err
	}
	data["parts"] = parts
	text, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	t, err := template.New("page").Parse(pageText)
	if err == nil {
		err = t.Execute(&page, string(text))
	}
	if err != nil {
		return "", err
	}
	file := filepath.Join(c.Dir, "page.html")
	return file, os.WriteFile(file, page.Bytes(), 0o600)
}

// pageParts makes what scrolls, at least so high.
func pageParts(dir string, height int) ([]part, error) {
	const photoW, photoH, paragraphs, paragraphH = 480, 280, 4, 130
	rng := rand.New(rand.NewPCG(9, 9))
	parts := []part{}
	for h := 0; h < height+2000; h += photoH + paragraphs*paragraphH {
		name := fmt.Sprintf("photo%d.jpg", len(parts)/(paragraphs+1)%6)
		if len(parts) < 6*(paragraphs+1) {
			if err := writePhoto(filepath.Join(dir, name), photoW, photoH, uint64(len(parts))); err != nil {
				return nil, err
			}
		}
		parts = append(parts, part{Src: name})
		for range paragraphs {
			text := ""
			for len(text) < 420 {
				text += someWords(rng)
			}
			parts = append(parts, part{Text: text})
		}
	}
	return parts, nil
}

func writePhoto(file string, w, h int, seed uint64) error {
	m := scene.Photo(w, h, seed, scene.Grain)
	rgba := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(m.Pix); i += raster.BytesPerPixel {
		rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2], rgba.Pix[i+3] = m.Pix[i+2], m.Pix[i+1], m.Pix[i], 255
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 85}); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o600)
}
