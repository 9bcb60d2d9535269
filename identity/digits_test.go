package identity

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"strconv"
	"testing"

	"deskside"
)

func digits(t testing.TB, exporter [ExporterSize]byte, nc, ns Nonce, agent, operator deskside.KeyID) string {
	t.Helper()
	d, err := Digits(exporter, nc, ns, agent, operator)
	if err != nil {
		t.Fatal(err)
	}
	if len(d) != 6 {
		t.Fatalf("%q are not six digits", d)
	}
	return d
}

func TestDigitsDependOnEachInput(t *testing.T) {
	// 128 bits of each input are changed singly; of 5 * 128 results about
	// none in a thousand equals the first by chance.
	var in [5][32]byte
	of := func() string {
		return digits(t, in[0], in[1], in[2], in[3], in[4])
	}
	first, same := of(), 0
	for which := range in {
		differ := 0
		for bit := range 128 {
			in[which][bit/8*2] ^= 1 << (bit % 8)
			if of() == first {
				same++
			} else {
				differ++
			}
			in[which][bit/8*2] ^= 1 << (bit % 8)
		}
		if differ == 0 {
			t.Errorf("input %d changes nothing", which)
		}
	}
	if same > 2 {
		t.Errorf("%d of 640 changes left the digits as they were", same)
	}
	in[1][0] = 1
	one := of()
	in[1], in[2] = in[2], in[1]
	if of() == one {
		t.Error("the nonces may be exchanged")
	}
}

// Kept, so that both ends agree across versions.
func TestDigitsKnown(t *testing.T) {
	var exporter [ExporterSize]byte
	var nc, ns Nonce
	for i := range exporter {
		exporter[i], nc[i], ns[i] = byte(i), byte(i+32), byte(i+64)
	}
	if got, want := digits(t, exporter, nc, ns, deskside.KeyID{1}, deskside.KeyID{2}), "965474"; got != want {
		t.Errorf("digits %s, want %s", got, want)
	}
}

// The reduction of 128 bits is that of the whole number.
func TestDigitsReduceTheWholeNumber(t *testing.T) {
	for _, raw := range [][]byte{
		make([]byte, 16), bytes.Repeat([]byte{0xff}, 16),
		{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {0x12, 0x34, 0x56, 0x78, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
	} {
		want := new(big.Int).Mod(new(big.Int).SetBytes(raw), big.NewInt(1_000_000)).Uint64()
		if got := sixDigits(binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])); got != want {
			t.Errorf("%x mod 10^6 is %d, want %d", raw, got, want)
		}
	}
}

func TestDigitsAreUniform(t *testing.T) {
	// 100,000 draws over 1000 values of each half, chi-squared with 999
	// degrees of freedom: mean 999, standard deviation 44.7. The draws are
	// the same in each run.
	const draws, cells = 100_000, 1000
	var high, low [cells]int
	var exporter [ExporterSize]byte
	for i := range draws {
		binary.BigEndian.PutUint32(exporter[:], uint32(i))
		n, err := strconv.Atoi(digits(t, exporter, Nonce{}, Nonce{}, deskside.KeyID{}, deskside.KeyID{}))
		if err != nil {
			t.Fatal(err)
		}
		high[n/cells]++
		low[n%cells]++
	}
	for name, counts := range map[string][cells]int{"first three": high, "last three": low} {
		const mean = float64(draws) / cells
		chi := 0.0
		for _, n := range counts {
			chi += (float64(n) - mean) * (float64(n) - mean) / mean
		}
		if chi < 999-5*44.7 || chi > 999+5*44.7 {
			t.Errorf("%s digits: chi-squared %.0f, want 999 within five deviations of 44.7", name, chi)
		}
	}
}

func TestCommit(t *testing.T) {
	nc := Nonce{1, 2, 3}
	c := Commit(nc)
	if !c.Opens(nc) {
		t.Error("a commitment does not open with its own nonce")
	}
	for bit := range 256 {
		other := nc
		other[bit/8] ^= 1 << (bit % 8)
		if c.Opens(other) {
			t.Fatalf("a commitment opens with a nonce that differs in bit %d", bit)
		}
	}
	if (Commitment{}).Opens(Nonce{}) {
		t.Error("the zero commitment opens with the zero nonce")
	}
}

func TestSameDigits(t *testing.T) {
	for _, c := range []struct {
		typed, want string
		same        bool
	}{
		{"004217", "004217", true},
		{"004 217", "004217", true},
		{" 004217 ", "004217", true},
		{"004218", "004217", false},
		{"104217", "004217", false},
		{"4217", "004217", false},
		{"0042170", "004217", false},
		{"", "004217", false},
		{"", "", false},
		{"００４２１７", "004217", false},
	} {
		if got := SameDigits(c.typed, c.want); got != c.same {
			t.Errorf("typed %q for %q: %v, want %v", c.typed, c.want, got, c.same)
		}
	}
}
