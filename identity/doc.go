// Package identity holds who a peer is: its key, the proof of it in a TLS
// handshake, the pins of keys met before, and the six digits of a first
// meeting.
//
// # Keys
//
// An identity is an Ed25519 key made on the device and kept there, in a file
// of mode 0600 in a directory of mode 0700. Its ID, a deskside.KeyID, is the
// SHA-256 of the key's SubjectPublicKeyInfo (RFC 8410). TLS wants certificates,
// so the key travels in a self-signed one made from it on each start; nothing
// in that certificate but the key means anything, its dates included: a key
// does not age, and the clock of a machine in trouble is often wrong.
//
// # Proof
//
// VerifyPeer is the one function that decides whether a handshake proved the
// expected key. Both sides and both transports run it from VerifyConnection,
// which unlike the peer certificate callback also runs on resumption. It wants
// TLS 1.3 without resumption, exactly one certificate, an Ed25519 key, a
// correct self-signature, the protocol name (ALPN) of one of the services, and
// the expected ID in full. Anyone is the explicit expectation of a server,
// which reads the peer's ID and leaves the decision to policy, and of a first
// meeting. The zero ID is refused, so that a forgotten field opens nothing.
//
// # Names
//
// ServerTLS selects the name of its own service alone. ClientTLS offers the
// names of all four, so that a service never refuses a client that came to the
// wrong port, and the client compares before it sends a byte: the error then
// says which service answered.
//
// # First meeting
//
// After a handshake in which the client expected Anyone, the client sends
// Commit(Nc), the agent sends Ns, the client reveals Nc, each 32 random bytes.
// Both compute Digits from the TLS exporter of that connection (ExporterLabel,
// no context, 32 bytes), Nc, Ns and both IDs. Somebody in the middle has two
// connections with different exporters and, bound by the commitment, one guess
// in a million.
//
// # What it does not do
//
// It opens no sockets, knows no policy and grants nothing: a proved or pinned
// key is a name, not a right. It never replaces a pin by itself.
package identity
