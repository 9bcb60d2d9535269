package rfb

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskside/raster"
)

// The conversations in testdata were recorded between strangers' viewers and the
// real service, by go test ./internal/strangers -update. What they mean is in
// the files .txt, which this flag writes anew.
var updateGolden = flag.Bool("update", false, "write anew what the recorded conversations mean")

// TestReplay reads recorded conversations: as a server what a stranger's viewer
// said, as a viewer what it was answered.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.client")
	if err != nil || len(files) < 2 {
		t.Fatalf("conversations %v, %v", files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".client")
		t.Run(name, func(t *testing.T) {
			said, format := replayClient(t, read(t, file))
			answered := replayServer(t, read(t, "testdata/"+name+".server"), format)
			got, golden := said+answered, "testdata/"+name+".txt"
			if *updateGolden {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(read(t, golden)); got != want {
				t.Errorf("%s means\n%s\nwant\n%s", name, got, want)
			}
		})
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replayClient gives a line for each message of a viewer, and the format it asked
// for.
func replayClient(t *testing.T, b []byte) (lines string, format raster.Format) {
	t.Helper()
	s := says(string(b))
	r := NewReader(s)
	shared, err := Accept(s, r, hello)
	if err != nil {
		t.Fatal(err)
	}
	lines = fmt.Sprintf("viewer: shared %v\n", shared)
	for {
		m, err := r.ClientMessage()
		if err == io.EOF {
			return lines, format
		}
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case SetPixelFormat:
			format = m.Format
		case SetEncodings:
			r.ExtendedButtons = m.Has(EncodingExtendedButtons)
		}
		lines += "viewer: " + line(m)
	}
}

// line says what a message is.
func line(m Message) string {
	if f, ok := m.(Fence); ok {
		return fmt.Sprintf("rfb.Fence {Flags:%#x Payload:%x}\n", f.Flags, f.Payload)
	}
	return fmt.Sprintf("%T %+v\n", m, m)
}

// replayServer gives a line for each message of the server and what picture they
// made in the end. How updates are cut depends on the moment, so only their sum
// is told.
func replayServer(t *testing.T, b []byte, format raster.Format) (lines string) {
	t.Helper()
	s := says(string(b))
	c, err := NewClient(s, ClientConfig{Format: format, OnDemand: true})
	if err != nil {
		t.Fatal(err)
	}
	rects := 0
	for {
		m, err := c.Next()
		switch {
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) && s.Reader.(*strings.Reader).Len() == 0:
			lines += fmt.Sprintf("server: %d rectangles, screens %v, takes %+v\n", rects, c.Screens, c.Takes())
			return lines + fmt.Sprintf("picture: %dx%d crc32 %08x\n", c.Image.W, c.Image.H, crc32.ChecksumIEEE(c.Image.Pix))
		case err != nil:
			t.Fatal(err)
		}
		if u, ok := m.(FramebufferUpdate); ok {
			rects += len(u.Rects)
		} else {
			lines += "server: " + line(m)
		}
	}
}

// TestReplayOfPieces reads the same conversations in single bytes.
func TestReplayOfPieces(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.server")
	for _, file := range files {
		b := read(t, file)
		format := formatOf(t, strings.TrimSuffix(file, "server")+"client")
		var sums [2]uint32
		for i, src := range []io.Reader{bytes.NewReader(b), oneByte{bytes.NewReader(b)}} {
			c, err := NewClient(&script{Reader: src}, ClientConfig{Format: format, OnDemand: true})
			for err == nil {
				_, err = c.Next()
			}
			sums[i] = crc32.ChecksumIEEE(c.Image.Pix)
		}
		if sums[0] != sums[1] {
			t.Errorf("%s: pictures %08x", file, sums)
		}
	}
}

func formatOf(t *testing.T, file string) raster.Format {
	_, f := replayClient(t, read(t, file))
	return f
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }
