// Package nets gives network namespaces to run programs in: one with nothing but
// a loopback interface, whose traffic is counted, or two that package linksim's
// link joins, packet by packet. At both ends stands the kernel's own TCP, with its
// congestion control and its repetitions, which a proxy would hide.
//
// It needs Linux, the right to make namespaces (root), and /dev/net/tun; without
// them Open and Alone fail. Nothing outside the namespaces is changed, and they
// go when they are closed and the programs in them have ended.
//
// What the link is cannot be better than its forwarder, a process that competes
// for the same processors: it moved 30 MiB/s here in packets of 1500 bytes for a
// third of a core. Delays are as exact as the process is woken.
package nets
