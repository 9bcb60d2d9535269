// Package deskside is the dictionary of the suite: the words every other
// package uses, each as a type, with its limits and its form on the wire.
//
// An operator helps a person at another computer. The program on the person's
// machine is the agent. A session begins with setup on the agent's 2701
// service and lasts until its end; it has an ID, an operator, rights, a reason
// and limits. Setup hands out one ticket for each service; the services on
// 2702 to 2704 open to a live ticket alone, presented by the key it was issued
// to. What is allowed is what policy permits, narrowed by what the person
// consented to, decided in one place: on the agent.
//
// The package holds names, shapes and their text forms. It does no I/O, makes
// no decision and imports nothing of the suite.
package deskside

import "runtime"

// Platform names the system and processor this program was built for,
// "linux/amd64".
const Platform = runtime.GOOS + "/" + runtime.GOARCH

// Version is the version of the program.
const Version = "0.1.0"

// ProtocolVersion is the version of the protocol that the hello of the 2701
// service announces. Peers of different versions do not talk.
const ProtocolVersion = 1
