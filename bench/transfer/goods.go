package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// goods are what is copied, made once for a run.
type goods map[string]string

func (g *goods) get(w *workload, b *bench, dir string) (string, error) {
	if *g == nil {
		*g = goods{}
	}
	if path, ok := (*g)[w.name]; ok {
		return path, nil
	}
	place := filepath.Join(dir, "goods", w.name)
	if err := os.MkdirAll(place, 0o755); err != nil {
		return "", err
	}
	path, err := w.make(b, place)
	if err != nil {
		return "", err
	}
	(*g)[w.name] = path
	return path, settle(dir)
}

// part is a size, or a small one.
func (b *bench) part(n int) int {
	if b.small {
		return n / 16
	}
	return n
}

// random gives bytes that no program can make smaller, the same for a seed.
func random(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func write(path string, from ...io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, io.MultiReader(from...), make([]byte, 1<<20))
	return errors.Join(err, f.Close())
}

const (
	bigSize   = 1 << 30
	farSize   = 64 << 20
	bulge     = 1 << 20 // what is inserted
	smallSize = 4 << 10
	folders   = 100
	perFolder = 100
)

func (b *bench) word(dir string) (string, error) {
	path := filepath.Join(dir, "word")
	return path, write(path, strings.NewReader("word\n"))
}

func (b *bench) big(dir string) (string, error) {
	path := filepath.Join(dir, "big")
	return path, write(path, io.LimitReader(random(1), int64(b.part(bigSize))))
}

func (b *bench) middling(dir string) (string, error) {
	path := filepath.Join(dir, "middling")
	return path, write(path, io.LimitReader(random(1), int64(b.part(farSize))))
}

// inserted is big with something in its middle.
func (b *bench) inserted(dir string) (string, error) {
	path, whole := filepath.Join(dir, "big"), random(1)
	half := int64(b.part(bigSize) / 2)
	return path, write(path, io.LimitReader(whole, half), io.LimitReader(random(2), bulge), io.LimitReader(whole, half))
}

// age puts the older copy of inserted at a path.
func (b *bench) age(dir, path string) error {
	if err := write(path, io.LimitReader(random(1), int64(b.part(bigSize)))); err != nil {
		return err
	}
	before := time.Now().Add(-time.Hour)
	return errors.Join(os.Chtimes(path, before, before), settle(dir))
}

// many are small files in folders.
func (b *bench) many(dir string) (string, error) {
	root := filepath.Join(dir, "many")
	from := random(3)
	for f := range b.part(folders*16) / 16 {
		folder := filepath.Join(root, fmt.Sprintf("folder-%03d", f))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		for i := range perFolder {
			if err := write(filepath.Join(folder, fmt.Sprintf("file-%03d.bin", i)), io.LimitReader(from, smallSize)); err != nil {
				return "", err
			}
		}
	}
	return root, nil
}

// text is a part of Go's own source.
func (b *bench) text(dir string) (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	parts := []string{"encoding", "net"}
	if b.small {
		parts = parts[:1]
	}
	root := filepath.Join(dir, "src")
	for _, p := range parts {
		if err := os.CopyFS(filepath.Join(root, p), os.DirFS(filepath.Join(strings.TrimSpace(string(out)), "src", p))); err != nil {
			return "", err
		}
	}
	return root, nil
}

// weigh counts files and their bytes.
func weigh(root string) (files int, size int64, err error) {
	err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files++
			size += info.Size()
		}
		return err
	})
	return files, size, err
}

// same finds the first difference between what was to be copied and what is
// there: names, kinds and bytes. Times and permissions are not every program's.
func same(want, got string) error {
	names, err := list(want)
	if err != nil {
		return err
	}
	there, err := list(got)
	if err != nil {
		return err
	}
	for i, n := range names {
		if i >= len(there) || there[i] != n {
			return fmt.Errorf("%q is not there", n)
		}
		if err := sameFile(filepath.Join(want, n), filepath.Join(got, n)); err != nil {
			return err
		}
	}
	if len(there) > len(names) {
		return fmt.Errorf("%q should not be there", there[len(names)])
	}
	return nil
}

func list(root string) (names []string, err error) {
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		names = append(names, name)
		return err
	})
	return names, err
}

func sameFile(want, got string) error {
	a, err := os.Open(want)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := os.Open(got)
	if err != nil {
		return err
	}
	defer b.Close()
	x, y := make([]byte, 1<<20), make([]byte, 1<<20)
	ai, err := a.Stat()
	if err != nil {
		return err
	}
	bi, err := b.Stat()
	switch {
	case err != nil:
		return err
	case ai.IsDir() != bi.IsDir() || !ai.IsDir() && ai.Size() != bi.Size():
		return fmt.Errorf("%q is %v of %d bytes, not %v of %d", filepath.Base(got), bi.Mode(), bi.Size(), ai.Mode(), ai.Size())
	case ai.IsDir():
		return nil
	}
	for at := 0; ; at += len(x) {
		n, err := io.ReadFull(a, x)
		m, _ := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return fmt.Errorf("%q differs within the MiB from %d", filepath.Base(got), at)
		}
		if err != nil {
			return nil
		}
	}
}

// gone waits until there is nothing left of a program's children.
func gone(ctx context.Context, busy func() bool) {
	for ctx.Err() == nil && busy() {
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
}
