// Package transport is the seam to the network. It gives authenticated streams
// of bytes over TCP and over UDP, and above it nothing knows which.
//
// # The stack
//
//	HTTP/1.1 requests, or after an Upgrade a protocol of its own
//	one Stream: a net.Conn that knows its peer's key and its service
//	TLS 1.3, both sides with identity keys (package identity)
//	TCP: a connection is a stream | UDP: QUIC (RFC 9000), a bidirectional QUIC stream is a stream
//
// Each of the four services has one port number, used on TCP and on UDP.
//
// # Beginning
//
// The operator's side opens the connection and its handshake. It offers the
// protocol names (ALPN) of all four services, "deskside1-rcinfo",
// "deskside1-remctrl", "deskside1-chat" and "deskside1-xfer"; the server
// selects its own. Both prove a key. The client compares key and service with
// what it expects before it sends anything, and fails with CodeWrongKey or
// CodeWrongService. The server accepts any proved key; what that key may do is
// for policy, above. There is no session resumption, no 0-RTT and no plaintext.
//
// Then the operator's side speaks first. On QUIC a server hears of a stream
// with its first bytes; several streams to one service share a connection,
// which ends 30 s after its last stream.
//
// # End
//
// Close and CloseWrite end a direction in order: the close_notify alert of TLS,
// the FIN of a QUIC stream. The reader gets io.EOF. Abort ends both directions
// at once and drops what is queued: a TCP reset, RESET_STREAM and STOP_SENDING
// with code 1 on QUIC. A connection that is reset, cut or falls silent gives
// its reader an error that is not io.EOF, so that half a message is never taken
// for the whole. TCP finds a peer that is gone by keepalive in about a minute,
// QUIC after 30 s. An agent that was killed and runs again answers what comes for
// its old QUIC connections with stateless resets (RFC 9000, section 10.3), under
// a key that its identity gives.
//
// # Limits
//
// A listener's Limits, with their defaults: a handshake is over after 10 s; 128
// are under way at most, 32 from one source (an IPv4 address or an IPv6 /64);
// 512 connections are open at most, 128 from one source; a QUIC connection has
// at most 128 streams, none in one direction, and no datagrams. What comes
// beyond is turned away at once: a TCP reset, CONNECTION_REFUSED on QUIC. A
// dialer takes either for a busy peer and tries again, five times in all. TLS
// itself takes no handshake message over 64 KiB, QUIC no more than 16 KiB of
// them in all.
//
// When 16 QUIC handshakes are under way from addresses that nobody has proved,
// further clients are sent a Retry packet (RFC 9000, section 8.1.2) and nothing
// is kept for them until they return its token. Unproved addresses count
// towards no source's limits.
//
// QUIC works best with socket buffers of 7 MiB, for which the system may have
// to be told: net.core.rmem_max and net.core.wmem_max on Linux.
//
// # The dial race
//
// A Dialer tries the addresses of a name, four at most with the families in
// turn, over each transport, and keeps the first that finishes its handshake.
// Each attempt has 150 ms of head start over the next. Bulk transfer begins
// with TCP, the other services with UDP. A forced transport is the only one
// tried.
//
// # Errors
//
// Dial gives a *deskside.Error: CodeWrongKey, CodeWrongService, CodeBadRequest
// for an address that is none, else CodeUnreachable with the reason of each
// attempt. Listen gives CodeBusy for a port in use, naming its holder where
// that can be seen, CodeDenied for a reserved one with the setting to change,
// and CodeBadRequest for an address this machine does not have.
//
// # What it does not do
//
// It parses nothing that comes through a stream, knows no ticket, session or
// right, finds no agents behind NAT, and does not bring back a stream that
// broke.
package transport
