package deskside

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// KeyID names a peer by its key: the SHA-256 of the key's SubjectPublicKeyInfo.
// It is never shortened for a decision.
type KeyID [32]byte

// AgentID names an agent, OperatorID an operator. Both are keys.
type (
	AgentID    = KeyID
	OperatorID = KeyID
)

var base32id = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const keyIDGroup = 4

// String gives the ID as 13 groups of four letters and digits (base32, lower
// case), with hyphens between.
func (k KeyID) String() string {
	text := base32id.EncodeToString(k[:])
	var b strings.Builder
	for i := 0; i < len(text); i += keyIDGroup {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(text[i:min(i+keyIDGroup, len(text))])
	}
	return b.String()
}

// LastGroup gives the last four letters of the ID, which a person reads out to
// show that they see the whole of it. It never decides anything by itself.
func (k KeyID) LastGroup() string {
	text := base32id.EncodeToString(k[:])
	return text[len(text)-keyIDGroup:]
}

// IsZero reports whether k names nobody.
func (k KeyID) IsZero() bool { return k == KeyID{} }

// ParseKeyID reads the form String gives. Case, spaces and hyphens do not
// matter; a shortened ID is refused.
func ParseKeyID(text string) (KeyID, error) {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(text))
	raw, err := base32id.DecodeString(plain)
	if err != nil || len(raw) != len(KeyID{}) || base32id.EncodeToString(raw) != plain {
		return KeyID{}, fmt.Errorf("%q is not a whole ID: want 52 letters and digits, as deskside identity prints them", text)
	}
	return KeyID(raw), nil
}

// MarshalText gives the form of String.
func (k KeyID) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the form of String.
func (k *KeyID) UnmarshalText(b []byte) (err error) {
	*k, err = ParseKeyID(string(b))
	return err
}

// SessionID names a session. It is public: knowing one opens nothing.
type SessionID [8]byte

// NewSessionID makes a session ID nobody has used.
func NewSessionID() (id SessionID) {
	rand.Read(id[:])
	return id
}

// String gives the ID as 16 hexadecimal digits.
func (s SessionID) String() string { return hex.EncodeToString(s[:]) }

// IsZero reports whether s names no session.
func (s SessionID) IsZero() bool { return s == SessionID{} }

// MarshalText gives the form of String.
func (s SessionID) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the form of String.
func (s *SessionID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*s = SessionID{}
		return nil
	}
	raw, err := hex.DecodeString(string(b))
	if err != nil || len(raw) != len(s) {
		return fmt.Errorf("%q is not a session ID: want 16 hexadecimal digits", b)
	}
	*s = SessionID(raw)
	return nil
}

// Ticket opens one service of one session to one operator key. It is secret
// and is neither logged nor shown.
type Ticket [32]byte

// NewTicket makes a ticket from 32 random bytes.
func NewTicket() (t Ticket) {
	rand.Read(t[:])
	return t
}

// String hides the ticket, so that it cannot end in a log.
func (t Ticket) String() string { return "ticket(secret)" }

// MarshalText gives the ticket as unpadded URL-safe base64.
func (t Ticket) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(t[:])), nil
}

// UnmarshalText reads the form of MarshalText. Its error does not quote the
// input.
func (t *Ticket) UnmarshalText(b []byte) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(b))
	if err != nil || len(raw) != len(t) {
		return fmt.Errorf("not a ticket: want 43 characters of URL-safe base64")
	}
	*t = Ticket(raw)
	return nil
}
