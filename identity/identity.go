package identity

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"deskside"
)

// Identity is a key and what is derived from it. It does not change and may be
// used from any goroutine.
type Identity struct {
	signer crypto.Signer
	public ed25519.PublicKey
	id     deskside.KeyID
	cert   tls.Certificate
}

// New makes an identity that exists nowhere else.
func New() (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return FromSigner(key)
}

// FromSigner makes an identity of a key that is kept elsewhere, which must be
// Ed25519.
func FromSigner(signer crypto.Signer) (*Identity, error) {
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok || len(public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("an identity is an Ed25519 key, not a %T", signer.Public())
	}
	der, err := selfSign(signer)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of a key: %w", err)
	}
	id := &Identity{signer: signer, public: public, id: KeyID(public)}
	id.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: signer}
	return id, nil
}

// selfSign wraps the signer's key in a certificate. The same key gives the
// same certificate.
func selfSign(signer crypto.Signer) ([]byte, error) {
	carrier := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "deskside"},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		// RFC 5280, section 4.1.2.5: the date of a certificate that has no end.
		NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	return x509.CreateCertificate(rand.Reader, carrier, carrier, signer.Public(), signer)
}

// KeyID gives the ID of a key: the SHA-256 of its SubjectPublicKeyInfo.
func KeyID(public ed25519.PublicKey) deskside.KeyID {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		// Not reached: an ed25519.PublicKey always marshals.
		return deskside.KeyID{}
	}
	return sha256.Sum256(der)
}

// ID names the identity.
func (i *Identity) ID() deskside.KeyID { return i.id }

// Public gives the public key, 32 bytes, for Verify of signatures.
func (i *Identity) Public() ed25519.PublicKey { return i.public }

// errLabel is a fault of the caller: labels are constants of a protocol.
var errLabel = errors.New("a signature's label is empty or holds a zero byte")

// signed puts label and data together so that no two pairs give the same
// bytes, and none those that TLS signs (which begin with spaces) or those of a
// certificate.
func signed(label string, data []byte) ([]byte, error) {
	if label == "" || strings.IndexByte(label, 0) >= 0 {
		return nil, errLabel
	}
	return append([]byte("deskside "+label+"\x00"), data...), nil
}

// Sign signs data for the use that label names, "audit head". A signature made
// for one use is no signature for another.
func (i *Identity) Sign(label string, data []byte) ([]byte, error) {
	message, err := signed(label, data)
	if err != nil {
		return nil, err
	}
	sig, err := i.signer.Sign(rand.Reader, message, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", label, err)
	}
	return sig, nil
}

// Verify reports whether sig is what Sign gave for label and data
// with the key public. To learn whose key that is, compare KeyID(public).
func Verify(public ed25519.PublicKey, label string, data, sig []byte) bool {
	message, err := signed(label, data)
	return err == nil && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, sig)
}

// Signer gives the key for signing what has a label of its own.
func (i *Identity) Signer() crypto.Signer { return i.signer }
