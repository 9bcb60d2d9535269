package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"testing"
)

// fixed makes an identity that is the same in each run.
func fixed(t testing.TB, seed byte) *Identity {
	t.Helper()
	id, err := FromSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestIDIsHashOfSubjectPublicKeyInfo(t *testing.T) {
	id := fixed(t, 1)
	cert, err := x509.ParseCertificate(id.cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(cert.RawSubjectPublicKeyInfo); id.ID() != want {
		t.Errorf("ID %x, want %x", id.ID(), want)
	}
	// Kept, so that a change of library cannot rename everybody.
	const known = "7uiq-2ma5-f4dx-3ykb-johz-t5cb-wfad-7kza-pmqf-f66s-ybs6-j3uo-pxba"
	if got := id.ID().String(); got != known {
		t.Errorf("ID of the fixed key is %s, want %s", got, known)
	}
}

func TestNewNeverRepeats(t *testing.T) {
	one, err := New()
	if err != nil {
		t.Fatal(err)
	}
	two, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if one.ID() == two.ID() {
		t.Error("two new identities are one")
	}
}

func TestFromSignerRefusesOtherKeys(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromSigner(key); err == nil {
		t.Error("made an identity of an ECDSA key")
	}
}

func TestSign(t *testing.T) {
	id, other := fixed(t, 1), fixed(t, 2)
	sig, err := id.Sign("audit head", []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	bent := bytes.Clone(sig)
	bent[3] ^= 1
	for _, c := range []struct {
		what        string
		public      ed25519.PublicKey
		label, data string
		sig         []byte
		want        bool
	}{
		{"as signed", id.Public(), "audit head", "data", sig, true},
		{"other key", other.Public(), "audit head", "data", sig, false},
		{"other label", id.Public(), "grant", "data", sig, false},
		{"other data", id.Public(), "audit head", "date", sig, false},
		{"label and data joined elsewhere", id.Public(), "audit", " head\x00data", sig, false},
		{"bent", id.Public(), "audit head", "data", bent, false},
		{"short", id.Public(), "audit head", "data", sig[:63], false},
		{"empty", id.Public(), "audit head", "data", nil, false},
		{"half a key", id.Public()[:16], "audit head", "data", sig, false},
		{"no key", nil, "audit head", "data", sig, false},
		{"no label", id.Public(), "", "data", sig, false},
	} {
		if got := Verify(c.public, c.label, []byte(c.data), c.sig); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
	for _, label := range []string{"", "a\x00b"} {
		if _, err := id.Sign(label, nil); err == nil {
			t.Errorf("signed under the label %q", label)
		}
	}
}
