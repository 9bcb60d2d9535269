package main

import (
	"fmt"
	"strings"

	"deskside"
)

// firewalls write rules that let the four services in, over TCP and UDP.
var firewalls = map[string]func(deskside.Ports) string{
	"nftables":  nftables,
	"ufw":       ufw,
	"firewalld": firewalld,
	"windows":   windowsFirewall,
}

// nftables writes a file for nft -f. The rules go to the front of the chain
// that Debian's own configuration has: an accept in a table of our own would
// not undo a drop there.
func nftables(p deskside.Ports) string {
	set := strings.ReplaceAll(p.String(), ",", ", ")
	var b strings.Builder
	b.WriteString("# Deskside's services; check with: nft -c -f FILE; keep them in /etc/nftables.conf\n")
	b.WriteString("add table inet filter\n")
	b.WriteString("add chain inet filter input { type filter hook input priority filter; }\n")
	for _, proto := range []string{"tcp", "udp"} {
		fmt.Fprintf(&b, "insert rule inet filter input %s dport { %s } accept comment \"deskside\"\n", proto, set)
	}
	return b.String()
}

func ufw(p deskside.Ports) string {
	var b strings.Builder
	for _, proto := range []string{"tcp", "udp"} {
		fmt.Fprintf(&b, "ufw allow proto %s to any port %s comment 'deskside'\n", proto, p)
	}
	return b.String()
}

func firewalld(p deskside.Ports) string {
	var b strings.Builder
	b.WriteString("firewall-cmd --permanent --new-service=deskside\n")
	for _, proto := range []string{"tcp", "udp"} {
		for _, port := range p {
			fmt.Fprintf(&b, "firewall-cmd --permanent --service=deskside --add-port=%d/%s\n", port, proto)
		}
	}
	b.WriteString("firewall-cmd --permanent --add-service=deskside\nfirewall-cmd --reload\n")
	return b.String()
}

// windowsFirewall writes PowerShell. Networks marked as public stay shut.
func windowsFirewall(p deskside.Ports) string {
	var b strings.Builder
	for _, proto := range []string{"TCP", "UDP"} {
		fmt.Fprintf(&b, "New-NetFirewallRule -DisplayName 'Deskside (%s)' -Direction Inbound -Action Allow"+
			" -Profile Domain,Private -Protocol %s -LocalPort %s\n", proto, proto, p)
	}
	return b.String()
}
