package audit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"deskside"
)

// SignedHead is the agent's word that its chain had this head at that time.
// The operator keeps it.
type SignedHead struct {
	Agent deskside.AgentID `json:"agent"`
	At    time.Time        `json:"at"` // whole seconds
	Head
	Key       []byte `json:"key"`       // the agent's public key, DER of a SubjectPublicKeyInfo
	Signature []byte `json:"signature"` // Ed25519
}

// headLabel keeps this signature from being taken for any other by the same key.
const headLabel = "deskside audit head 1\n"

// Sign signs a head with the agent's key, which must be Ed25519.
func Sign(key crypto.Signer, h Head, at time.Time) (s SignedHead, err error) {
	s.Head, s.At = h, at.UTC().Truncate(time.Second)
	if s.Key, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
		return s, err
	}
	s.Agent = sha256.Sum256(s.Key)
	s.Signature, err = key.Sign(nil, s.message(), crypto.Hash(0))
	if err != nil {
		return s, fmt.Errorf("signing the audit's head: %w", err)
	}
	return s, nil
}

// message is what is signed: the label, the agent's ID, the sequence number
// and the time in seconds since 1970, each of 8 bytes, high byte first, and
// the hash.
func (s *SignedHead) message() []byte {
	m := append([]byte(headLabel), s.Agent[:]...)
	m = binary.BigEndian.AppendUint64(m, s.Sequence)
	m = binary.BigEndian.AppendUint64(m, uint64(s.At.Unix()))
	return append(m, s.Hash[:]...)
}

// Check verifies that the agent s names has signed it. Whether that is the
// right agent is for the caller to compare.
func (s *SignedHead) Check() error {
	if deskside.AgentID(sha256.Sum256(s.Key)) != s.Agent {
		return errors.New("the head's key is not that of its agent")
	}
	parsed, err := x509.ParsePKIXPublicKey(s.Key)
	if err != nil {
		return fmt.Errorf("the head's key: %w", err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return fmt.Errorf("the head's key is %T, not Ed25519", parsed)
	}
	if !ed25519.Verify(key, s.message(), s.Signature) {
		return errors.New("the head's signature is wrong")
	}
	return nil
}
