package deskside_test

import (
	"strings"
	"testing"

	"deskside"
)

// What is read is written in one form, which is read as the same.
func FuzzParseKeyID(f *testing.F) {
	for _, text := range []string{"", deskside.KeyID{}.String(), deskside.KeyID{1, 2, 31: 255}.String(), strings.Repeat("a", 52), strings.Repeat("b-", 52)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := deskside.ParseKeyID(text)
		if err != nil {
			if k != (deskside.KeyID{}) {
				t.Errorf("%q is refused and gives %s", text, k)
			}
			return
		}
		if again, err := deskside.ParseKeyID(k.String()); err != nil || again != k {
			t.Errorf("%q is %s, which is read as %s, %v", text, k, again, err)
		}
	})
}

// Ports that are read differ from one another, but for those that are chosen
// free, and are read again from what they are written as.
func FuzzParsePorts(f *testing.F) {
	for _, text := range []string{"", "sp2", "sms12", "1,2,3,4", "0,0,0,0", " 1 ,2,3,65535", "1,1,2,3", "1,2,3,65536", "1,2,3", "-1,2,3,4", "+1,2,3,4"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := deskside.ParsePorts(text)
		if err != nil {
			return
		}
		for i, s := range deskside.Services {
			for _, other := range deskside.Services[:i] {
				if p.Of(s) != 0 && p.Of(s) == p.Of(other) {
					t.Errorf("%q: %s and %s share port %d", text, s, other, p.Of(s))
				}
			}
		}
		if again, err := deskside.ParsePorts(p.String()); err != nil || again != p {
			t.Errorf("%q is %s, which is read as %v, %v", text, p, again, err)
		}
	})
}
