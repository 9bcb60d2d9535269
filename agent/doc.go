// Package agent wires the four services, policy, person and audit together on
// the machine that is helped. It reads the agent's folder, opens the screen,
// listens on the eight endpoints, and keeps policy in force as its file
// changes.
//
// It makes no decision of its own (package authority does), speaks no protocol
// (the services do), and never talks to a client or hub but over the wire.
package agent
