package figure

import "testing"

func TestOf(t *testing.T) {
	for text, want := range map[string]int{"": 3, "named": 100, "small": 3} {
		t.Setenv(Variable, text)
		if got := Of(3, 100); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
