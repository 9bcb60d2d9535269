package transport

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"deskside"
)

// portHolder names the process that holds the port of addr, as far as /proc
// shows it to this user.
func portHolder(transport deskside.Transport, addr string) string {
	_, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return ""
	}
	inodes := make(map[string]bool)
	for _, table := range []string{string(transport), string(transport) + "6"} {
		socketsOn(table, uint16(port), inodes)
	}
	if len(inodes) == 0 {
		return ""
	}
	// /proc/PID/fd/N of a socket reads "socket:[INODE]" (proc(5)).
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		link, err := os.Readlink(fd)
		if err == nil && inodes[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] {
			return processName(strings.Split(fd, "/")[2])
		}
	}
	return "a process of another user"
}

// socketsOn adds the inodes of the sockets in /proc/net/TABLE that are bound
// to port and, for TCP, listen.
func socketsOn(table string, port uint16, inodes map[string]bool) {
	f, err := os.Open("/proc/net/" + table)
	if err != nil {
		return
	}
	defer f.Close()
	const listening, unconnected = "0A", "07" // TCP_LISTEN; TCP_CLOSE is what an unconnected UDP socket shows
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
		words := strings.Fields(lines.Text())
		if len(words) < 10 || words[3] != listening && words[3] != unconnected {
			continue
		}
		if strings.HasSuffix(words[1], fmt.Sprintf(":%04X", port)) {
			inodes[words[9]] = true
		}
	}
}

func processName(pid string) string {
	name, err := os.ReadFile("/proc/" + pid + "/comm")
	if err != nil {
		return "process " + pid
	}
	return fmt.Sprintf("%q (process %s)", strings.TrimSpace(string(name)), pid)
}
