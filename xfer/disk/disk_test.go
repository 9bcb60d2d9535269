package disk

import (
	"math"
	"os"
	"strings"
	"testing"

	"deskside"
)

func TestParsePath(t *testing.T) {
	deep := strings.Repeat("d/", MaxDepth+1)
	tests := []struct {
		in   string
		want string // as String gives it back
		code deskside.Code
	}{
		{in: "", want: ""},
		{in: "/", want: "/"},
		{in: "docs/x", want: "docs/x"},
		{in: "/home/ann/x", want: "/home/ann/x"},
		{in: "//home//./ann/", want: "/home/ann"},
		{in: "tätowierung/зима/雪.txt", want: "tätowierung/зима/雪.txt"},
		{in: "odd\xff\xfename", want: "odd\xff\xfename"},
		{in: strings.Repeat("n", MaxName), want: strings.Repeat("n", MaxName)},
		{in: "C:/Users/Ann", want: "C:/Users/Ann"},
		{in: "..", code: deskside.CodeDenied},
		{in: "/home/ann/../../etc/passwd", code: deskside.CodeDenied},
		{in: "a/../b", code: deskside.CodeDenied},
		{in: `a\..\b`, code: deskside.CodeBadRequest},
		{in: `C:\Users`, code: deskside.CodeBadRequest},
		{in: "a\x00b", code: deskside.CodeBadRequest},
		{in: strings.Repeat("n", MaxName+1), code: deskside.CodeBadRequest},
		{in: strings.Repeat("a/", maxPath), code: deskside.CodeBadRequest},
		{in: deep, code: deskside.CodeBadRequest},
	}
	for _, tt := range tests {
		p, err := ParsePath(tt.in)
		if deskside.CodeOf(err) != tt.code {
			t.Errorf("parsePath(%.40q): %v, want code %q", tt.in, err, tt.code)
		}
		if err == nil && p.String() != tt.want {
			t.Errorf("parsePath(%.40q) = %q, want %q", tt.in, p, tt.want)
		}
	}
}

func TestWindowsName(t *testing.T) {
	for _, name := range []string{
		"CON", "con", "Nul.txt", "aux.tar.gz", "COM1", "lpt9.log", "COM¹", "CONIN$", "prn .txt", "conout$.x",
		"ends.", "ends ", "...", "a.txt:stream", "2026-01-02T10:00:00.log", "C:", "what?", "a*b", "<a>", "a|b", `say "a"`, "a\tb",
		"PROGRA~1", "docum~12.txt",
	} {
		if WindowsName(name) == nil {
			t.Errorf("Windows takes %q", name)
		}
	}
	for _, name := range []string{
		"CONSOLE", "com", "COM0", "com10", "nulls", "a.con", ".hidden", "-rf", "a b", "$x", "%2e%2e", "a~b1", "雪.txt",
	} {
		if err := WindowsName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		disk Space
		need int64
		ok   bool
	}{
		{Space{}, 1 << 50, true}, // does not tell
		{Space{100, 100}, 95, true},
		{Space{100, 100}, 96, false},
		{Space{100, 4}, 0, true},
		{Space{100, 4}, 1, false},
		{Space{1 << 40, 100 << 20}, 36 << 20, true},
		{Space{1 << 40, 100 << 20}, 36<<20 + 1, false},
		{Space{math.MaxInt64, math.MaxInt64}, 1 << 60, true},
	} {
		if err := c.disk.fits("x", c.need); (err == nil) != c.ok {
			t.Errorf("%d bytes on %+v: %v", c.need, c.disk, err)
		}
	}
}

func TestHash(t *testing.T) {
	h := NewHasher()
	h.Write([]byte("abc"))
	const want = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85" // b3sum of "abc"
	if got := h.Now().String(); got != want {
		t.Fatalf("hash of abc is %s", got)
	}
	got, err := ParseHash(want)
	if err != nil || got != h.Now() {
		t.Errorf("ParseHash: %v, %v", got, err)
	}
	for n := range len(want) {
		if _, err := ParseHash(want[:n]); err == nil {
			t.Errorf("the first %d digits were read as a hash", n)
		}
	}
	for _, bad := range []string{strings.ToUpper(want), want + "0", want[:63] + "g"} {
		if _, err := ParseHash(bad); err == nil {
			t.Errorf("%q was read as a hash", bad)
		}
	}
}

func TestDiskTells(t *testing.T) {
	dir, err := os.OpenRoot(t.TempDir())
	must(t, err)
	defer dir.Close()
	if s := diskSpace(dir); s.Size <= 0 || s.Free < 0 || s.Free > s.Size {
		t.Errorf("the disk has %+v", s)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
