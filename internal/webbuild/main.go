// Command webbuild builds a page of ours: DIR/src/main.ts and DIR/src/app.css
// with what they import, and DIR/static as it is, into DIR/dist, which is
// committed and embedded. The same sources give the same bytes on every machine.
//
//	webbuild [-check] DIR...
//
// The pages are console/web, after npm ci, and person/web, which needs nothing.
// With -check nothing is written; the command fails if what is in dist is not
// what the sources give.
//
// It does not check types; script/web has tsc do that.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	check := flag.Bool("check", false, "compare with dist instead of writing it")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: webbuild [-check] DIR...")
		os.Exit(2)
	}
	for _, dir := range flag.Args() {
		if err := run(dir, *check); err != nil {
			fmt.Fprintln(os.Stderr, "webbuild:", err)
			os.Exit(1)
		}
	}
}

func run(dir string, check bool) error {
	files, err := build(dir)
	if err != nil {
		return err
	}
	dist := filepath.Join(dir, "dist")
	if check {
		return compare(dist, files)
	}
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dist, name), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// build makes every file of the page, by name.
func build(dir string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	_, err := os.Stat(filepath.Join(dir, "package.json"))
	novnc := err == nil // or it needs no module
	if err := bundle(dir, novnc, files); err != nil {
		return nil, err
	}
	static, err := os.ReadDir(filepath.Join(dir, "static"))
	if err != nil {
		return nil, err
	}
	for _, f := range static {
		if files[f.Name()], err = os.ReadFile(filepath.Join(dir, "static", f.Name())); err != nil {
			return nil, err
		}
	}
	if novnc {
		files["licences.txt"], err = licences(filepath.Join(dir, "node_modules/@novnc/novnc"))
	}
	return files, err
}

// bundle builds app.js and app.css.
func bundle(dir string, novnc bool, files map[string][]byte) error {
	banner := map[string]string{}
	if novnc {
		banner["js"] = "/* Contains noVNC 1.7.0 (MPL-2.0) and pako (MIT): see /licences.txt */"
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: abs,
		EntryPointsAdvanced: []api.EntryPoint{
			{InputPath: "src/main.ts", OutputPath: "app"},
			{InputPath: "src/app.css", OutputPath: "app"},
		},
		Outdir:            filepath.Join(abs, "dist"),
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone, // licences.txt has them
		Banner:            banner,
		TsconfigRaw:       "{}",
	})
	var errs []error
	for _, m := range append(result.Errors, result.Warnings...) {
		errs = append(errs, errors.New(api.FormatMessages([]api.Message{m}, api.FormatMessagesOptions{})[0]))
	}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	return errors.Join(errs...)
}

// licences joins the texts that go with what is bundled, and says where its
// source is.
func licences(novnc string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`The console's page contains noVNC 1.7.0, unchanged, under the Mozilla Public
License 2.0, and with it pako under the MIT licence. Their source is
https://registry.npmjs.org/@novnc/novnc/-/novnc-1.7.0.tgz
and https://github.com/novnc/noVNC at the tag v1.7.0.
`)
	for _, name := range []string{"LICENSE.txt", "AUTHORS", "docs/LICENSE.MPL-2.0", "vendor/pako/LICENSE"} {
		text, err := os.ReadFile(filepath.Join(novnc, name))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "\n======== noVNC: %s ========\n\n%s", name, text)
	}
	return b.Bytes(), nil
}

// compare tells how dist differs from files.
func compare(dist string, files map[string][]byte) error {
	var errs []error
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(got, want) {
			errs = append(errs, fmt.Errorf("%s is not what the sources give", filepath.Join(dist, name)))
		}
	}
	err := filepath.WalkDir(dist, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && files[d.Name()] == nil {
			errs = append(errs, fmt.Errorf("%s comes from no source", path))
		}
		return err
	})
	if errs = append(errs, err); errors.Join(errs...) == nil {
		return nil
	}
	return fmt.Errorf("%w; run script/web and commit the result", errors.Join(errs...))
}
