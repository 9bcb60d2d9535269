package client

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"deskside"
	"deskside/internal/atomicfile"
)

const (
	keptFile = "console.json"
	maxKept  = 64 << 10 // bytes
)

// Kept gives what the console keeps of the operator's habits, a JSON object;
// an empty one if there is none, or none that can be read.
func (c *Client) Kept() (json.RawMessage, error) {
	none := json.RawMessage("{}")
	text, err := os.ReadFile(filepath.Join(c.home, keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	if len(text) > maxKept || !json.Valid(text) {
		return none, nil
	}
	return text, nil
}

// Keep replaces what Kept gives.
func (c *Client) Keep(text json.RawMessage) error {
	if len(text) > maxKept || !json.Valid(text) {
		return deskside.Errorf(deskside.CodeBadRequest, "%d bytes are no JSON object of at most %d", len(text), maxKept)
	}
	return atomicfile.Write(filepath.Join(c.home, keptFile), text, 0o600)
}
