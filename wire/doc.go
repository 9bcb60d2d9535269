// Package wire is HTTP/1.1 on authenticated streams, both roles: what the four
// services and their clients share above the transport.
//
// Every stream speaks HTTP/1.1. A request either has a bounded JSON body, or a
// body of bytes, or asks with Upgrade to turn its stream into raw bytes in both
// directions. A request to a live session carries its ticket:
//
//	Authorization: Deskside <43 characters of URL-safe base64>
//
// A refusal is a status and a JSON deskside.Error {code, words, by, do}. The
// limits are: 16 KiB of request header, 10 seconds until a header is complete,
// 15 more until its body is, 30 for the peer to read on, 2 minutes for an idle
// stream, and the length each handler gives for a body. A handler that takes or
// sends more than that sets its own deadlines.
//
// The package knows no service and decides nothing; the gate does.
package wire

import "time"

// The limits of every stream.
const (
	MaxHeader     = 16 << 10
	HeaderTimeout = 10 * time.Second
	BodyTimeout   = 15 * time.Second // until all of a body is there
	WriteTimeout  = 30 * time.Second // for each 64 KiB that the peer must read
	IdleTimeout   = 2 * time.Minute
	MaxRefusal    = 64 << 10 // the most bytes a client reads of a refusal
)

// scheme is the Authorization scheme of tickets.
const scheme = "Deskside "
