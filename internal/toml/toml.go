// Package toml reads the files people write for us: strictly, with the line in
// front of what is wrong.
package toml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Decode reads text into v. A key that v does not have is an error. Errors
// begin with "line N:" where they have a place.
func Decode(text []byte, v any) error {
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(v)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %q", row, strings.Join(strict.Errors[0].Key(), "."))
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		row, _ := decode.Position()
		return fmt.Errorf("line %d: %w", row, err)
	}
	return err
}

// Lines finds the places of what has been decoded, for checks that come after.
type Lines []string

// LinesOf splits a text.
func LinesOf(text []byte) Lines { return strings.Split(string(text), "\n") }

// Wrap puts the line of the n-th line (from 0) that starts with word in front
// of err; err as it is where there is none.
func (l Lines) Wrap(word string, n int, err error) error {
	for i, line := range l {
		if !strings.HasPrefix(strings.TrimSpace(line), word) {
			continue
		}
		if n == 0 {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		n--
	}
	return err
}
