package identity

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"deskside"
)

const (
	pemType     = "PRIVATE KEY" // PKCS #8, RFC 5958
	maxKeyFile  = 4 << 10
	privateDir  = 0o700
	privateFile = 0o600
)

// Load reads the identity in the file path. It refuses a file or directory
// that others could read or change, and says what to do about it. The error of
// a file that is not there is fs.ErrNotExist.
func Load(path string) (*Identity, error) {
	if err := CheckPrivate(filepath.Dir(path)); err != nil {
		return nil, err
	}
	raw, err := readPrivate(path, maxKeyFile)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != pemType || len(rest) != 0 {
		return nil, fmt.Errorf("identity %q: want one PEM block %q and nothing else", path, pemType)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("identity %q: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("identity %q: a %T cannot sign", path, key)
	}
	id, err := FromSigner(signer)
	if err != nil {
		return nil, fmt.Errorf("identity %q: %w", path, err)
	}
	return id, nil
}

// Create makes a new identity and keeps it in the file path, making its
// directory when there is none. It never replaces a file: the error is
// fs.ErrExist then. The file is there whole or not at all.
func Create(path string) (*Identity, error) {
	if err := MakePrivate(filepath.Dir(path)); err != nil {
		return nil, err
	}
	id, err := New()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(id.signer)
	if err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	temp, err := writeTemp(path, text)
	if err != nil {
		return nil, fmt.Errorf("create identity %q: %w", path, err)
	}
	defer os.Remove(temp)
	// Unlike a rename, a link never replaces what another process made.
	if err := os.Link(temp, path); err != nil {
		return nil, fmt.Errorf("create identity %q: %w", path, err)
	}
	return id, nil
}

// LoadOrCreate gives the identity in the file path, making one on first use.
func LoadOrCreate(path string) (*Identity, error) {
	id, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	id, err = Create(path)
	if errors.Is(err, fs.ErrExist) {
		return Load(path)
	}
	return id, err
}

// MakePrivate makes the directory dir for this user alone, with what is missing
// above it, and checks it as CheckPrivate does.
func MakePrivate(dir string) error {
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return fmt.Errorf("make a private directory: %w", err)
	}
	return CheckPrivate(dir)
}

// CheckPrivate refuses a file or directory that others than this user (and the
// administrator) could read or change, or replace by way of a directory above
// it. It says which it is and what to do.
func CheckPrivate(path string) error {
	real, err := realPath(path)
	if err != nil {
		return err
	}
	return checkPlace(real, ownedAlone, notReplaceable)
}

// CheckUnwritable refuses a file or directory that others than this user (and
// the administrator) could change, or replace by way of a directory above it or
// above a link to it. They may read it. A group that is the user's alone, as
// systems make it that give each user one, is nobody else.
func CheckUnwritable(path string) error {
	real, err := realPath(path)
	if err != nil {
		return err
	}
	if err := checkPlace(real, unchangeable, holdsStill); err != nil {
		return err
	}
	named, err := filepath.Abs(path)
	if err != nil || named == real {
		return err
	}
	return checkPlace(named, unchangeable, holdsStill)
}

func realPath(path string) (string, error) {
	real, err := filepath.Abs(path)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return "", fmt.Errorf("check who may use it: %w", err)
	}
	return real, nil
}

// checkPlace holds what is at an absolute path against one rule, and each
// directory above it against another.
func checkPlace(path string, itself, above func(string, fs.FileInfo) error) error {
	info, err := os.Stat(path)
	if err == nil {
		err = itself(path, info)
	}
	for dir := filepath.Dir(path); err == nil; dir = filepath.Dir(dir) {
		if info, err = os.Stat(dir); err == nil {
			err = above(dir, info)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return err
}

// unsafePlace is the refusal of a file or directory, with what to do.
func unsafePlace(do string, format string, args ...any) error {
	return deskside.Errorf(deskside.CodeDenied, format, args...).Hint("%s", do)
}

// readPrivate reads a whole file of at most limit bytes after checking, on the
// open file, who may read it.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a plain file", path)
	}
	if err := ownedAlone(path, info); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%q is larger than %d bytes", path, limit)
	}
	return raw, nil
}

// writeTemp writes a private file beside path, safe on disk, and gives its
// name. CreateTemp makes it 0600 where modes exist.
func writeTemp(path string, text []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
