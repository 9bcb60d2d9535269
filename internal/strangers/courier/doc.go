// Package courier holds tests alone: a client for files that is written from
// doc/protocol.md and from nothing else of this repository. client_test.go uses
// the standard library only; what it needs of HTTP, TLS and JSON is said on that
// page, and where the page and the agent differ, a test here fails.
//
// It is let loose on a real agent, with its policy, audit and ports.
package courier
