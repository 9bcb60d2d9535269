// Package transport is the seam to the network: it gives authenticated streams
// of bytes, each a net.Conn that knows its peer's key, over TCP and over UDP.
package transport
