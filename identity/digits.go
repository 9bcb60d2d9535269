package identity

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"deskside"
)

// ExporterLabel is the label under which both sides of a first meeting export
// ExporterSize bytes, without a context, from their TLS connection (RFC 8446,
// section 7.5).
const (
	ExporterLabel = "EXPORTER-deskside-meeting"
	ExporterSize  = 32
)

const (
	commitLabel = "deskside meeting commitment 1\x00"
	digitsLabel = "deskside meeting digits 1\x00"
)

// Nonce is a side's share of the digits: 32 random bytes.
type Nonce [32]byte

// Commitment binds a client to a nonce it has not yet shown.
type Commitment [32]byte

// Commit gives the commitment to a nonce: SHA-256 of a label and the nonce.
func Commit(nc Nonce) Commitment {
	return sha256.Sum256(append([]byte(commitLabel), nc[:]...))
}

// Opens reports whether nc is the nonce that was committed to.
func (c Commitment) Opens(nc Nonce) bool {
	want := Commit(nc)
	return subtle.ConstantTimeCompare(c[:], want[:]) == 1
}

// Digits gives the six digits, "004217", that both people compare: HKDF
// (RFC 5869) with SHA-256 over the exporter, with label, both nonces and both
// IDs as info, taken as a 128-bit number modulo 10^6. Each number is as likely
// as any other to within 2^-108.
func Digits(exporter [ExporterSize]byte, nc, ns Nonce, agent deskside.AgentID, operator deskside.OperatorID) (string, error) {
	info := digitsLabel + string(nc[:]) + string(ns[:]) + string(agent[:]) + string(operator[:])
	raw, err := hkdf.Key(sha256.New, exporter[:], nil, info, 16)
	if err != nil {
		return "", fmt.Errorf("derive the six digits: %w", err)
	}
	n := sixDigits(binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:]))
	return fmt.Sprintf("%06d", n), nil
}

// sixDigits gives (high * 2^64 + low) mod 10^6; 2^64 mod 10^6 is 551616.
func sixDigits(high, low uint64) uint64 {
	const million = 1_000_000
	return (high%million*551_616 + low%million) % million
}

// SameDigits compares digits that a person typed with the right ones, in a
// time that does not depend on where they differ. Spaces typed between do not
// matter.
func SameDigits(typed, want string) bool {
	plain := make([]byte, 0, len(want))
	for i := 0; i < len(typed); i++ {
		if typed[i] != ' ' {
			plain = append(plain, typed[i])
		}
	}
	return len(want) == 6 && subtle.ConstantTimeCompare(plain, []byte(want)) == 1
}
