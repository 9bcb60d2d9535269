package identity

import (
	"strings"
	"testing"

	"deskside"
)

func TestGaps(t *testing.T) {
	id := deskside.KeyID{1, 2, 3, 200, 100, 31: 9}
	whole := strings.Split(id.String(), "-")
	chosen := make(map[int]bool)
	for range 500 {
		g := LeaveGaps(id)
		var left []string
		for i, group := range strings.Split(g.String(), "-") {
			if group == gap {
				left = append(left, whole[i])
				chosen[i] = true
			} else if group != whole[i] {
				t.Fatalf("group %d is shown as %q, want %q", i, group, whole[i])
			}
		}
		if len(left) != gapCount {
			t.Fatalf("%s leaves out %d groups", g, len(left))
		}
		for _, typed := range []string{strings.Join(left, " "), strings.ToUpper(strings.Join(left, "-")), " " + strings.Join(left, "") + "\r", id.String()} {
			if !g.Filled(typed) {
				t.Errorf("%s: %q is refused", g, typed)
			}
		}
		other := id
		other[10] ^= 0x10
		wrong := []string{"", left[0], strings.Join(left[:2], " "), strings.Join(left, " ") + " a", other.String(), "abcd abcd abcd", g.String()}
		for _, typed := range wrong {
			if g.Filled(typed) {
				t.Errorf("%s: %q is taken", g, typed)
			}
		}
	}
	if len(chosen) != len(whole)-1 || chosen[len(whole)-1] {
		t.Errorf("only the groups %v were ever left out", chosen)
	}
}
