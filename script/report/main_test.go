package main

import (
	"strings"
	"testing"
)

const stream = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"quiet\n"}
{"Action":"pass","Package":"a","Test":"TestGood","Elapsed":0.1}
{"Action":"run","Package":"a","Test":"TestBad"}
{"Action":"output","Package":"a","Test":"TestBad","Output":"loud\n"}
{"Action":"fail","Package":"a","Test":"TestBad","Elapsed":0.1}
{"Action":"output","Package":"a","Test":"TestListed/sub","Output":"no wine\n"}
{"Action":"skip","Package":"a","Test":"TestListed/sub","Elapsed":0.1}
{"Action":"skip","Package":"a","Test":"TestUnlisted","Elapsed":0.1}
{"Action":"fail","Package":"a","Elapsed":0.3}
{"Action":"skip","Package":"empty","Elapsed":0}
{"ImportPath":"broken","Action":"build-output","Output":"syntax error\n"}
{"Action":"fail","Package":"broken","Elapsed":0,"FailedBuild":"broken"}
{"Action":"output","Package":"died","Test":"TestPanics","Output":"panic: boo\n"}
{"Action":"output","Package":"died","Output":"exit status 2\n"}
{"Action":"fail","Package":"died","Elapsed":0.2}
go: something the go command says
`

func TestReport(t *testing.T) {
	var out strings.Builder
	r := newReport(&out, "# reasons\na TestListed for a reason\n")
	if err := r.read(strings.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	r.finish()
	got := out.String()
	for _, want := range []string{
		"\ngo test: 1 passed, 4 failed, 2 skipped\n",
		"FAILED: a TestBad\nloud\n",
		"FAILED: broken \nsyntax error\n",
		"FAILED: died \nexit status 2\npanic: boo\n",
		"skipped (allowed): a TestListed/sub\nno wine\n",
		"skipped (NOT ON THE LIST, so it fails): a TestUnlisted\n",
		"go: something the go command says\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	for _, not := range []string{"quiet", "empty"} {
		if strings.Contains(got, not) {
			t.Errorf("%q should not be in:\n%s", not, got)
		}
	}
}

func TestRunFailsOnFailure(t *testing.T) {
	var out strings.Builder
	if err := run(strings.NewReader(stream), &out, "../skips", t.TempDir()+"/counts"); err == nil {
		t.Error("a failing stream was taken as good")
	}
	good := `{"Action":"pass","Package":"a","Test":"TestGood"}` + "\n"
	if err := run(strings.NewReader(good), &out, "../skips", t.TempDir()+"/counts"); err != nil {
		t.Error(err)
	}
}
