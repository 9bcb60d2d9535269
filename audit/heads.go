package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// The limits of a file of heads.
const (
	maxHeadFile = 64 << 20
	maxHeads    = 100_000
)

// ReadHeads reads a file of signed heads, one JSON value after another, and
// checks each one's signature.
func ReadHeads(path string) (list []SignedHead, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if list, err = readHeads(file); err != nil {
		return nil, fmt.Errorf("%q is not a signed head: %w", path, err)
	}
	return list, nil
}

func readHeads(file io.Reader) (list []SignedHead, err error) {
	values := json.NewDecoder(io.LimitReader(file, maxHeadFile))
	for len(list) < maxHeads {
		var h SignedHead
		err := values.Decode(&h)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = h.Check()
		}
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}
