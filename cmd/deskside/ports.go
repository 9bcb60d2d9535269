package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/internal/plain"
	"deskside/internal/sockets"
)

type portsFlags struct {
	ports    string
	firewall string
}

func portsCommand(e *env) *cobra.Command {
	f := new(portsFlags)
	c := leaf(&cobra.Command{
		Use:   "ports [--ports MAP] [--firewall KIND]",
		Short: "Show the port table, who listens here, and firewall rules",
		Long: `Show the ports of the four services, what listens on them on this machine now,
and what the IANA registry (and so /etc/services, netstat and Wireshark) calls
them. The registry has remote control and file transfer the other way round
than Systems Management Server 2.0 SP2, whose table Deskside follows.

With --firewall it prints rules that let the services in, for you to read and
run; it changes nothing itself.`,
		Example: `  deskside ports
  deskside ports --ports sms12
  deskside ports --firewall nftables | sudo nft -f -`,
	}, e, f.run)
	c.Flags().StringVar(&f.ports, "ports", "sp2", "sp2, sms12 (the table from before SP2), or four numbers with commas between")
	c.Flags().StringVar(&f.firewall, "firewall", "", "print rules for nftables, ufw, firewalld or windows")
	return c
}

// portRow is one service of the table.
type portRow struct {
	Service  deskside.Service `json:"service"`
	Function string           `json:"function"`
	Port     uint16           `json:"port"`
	IANAName string           `json:"iana_name,omitempty"` // what the registry calls Port
	Here     []sockets.Socket `json:"listening"`
}

func (f *portsFlags) run(_ context.Context, e *env, _ []string) error {
	ports, err := deskside.ParsePorts(f.ports)
	if err != nil {
		return usagef("deskside ports", "%w", err)
	}
	if f.firewall != "" {
		return f.rules(e, ports)
	}
	rows, err := portTable(ports)
	if err != nil {
		return err
	}
	return e.show(map[string]any{"ports": rows}, func(w io.Writer) error { return writePorts(w, rows) })
}

func (f *portsFlags) rules(e *env, ports deskside.Ports) error {
	write, ok := firewalls[f.firewall]
	if !ok {
		return oneOf("deskside ports", "firewall", f.firewall, "nftables", "ufw", "firewalld", "windows")
	}
	for _, p := range ports {
		if p == 0 {
			return usagef("deskside ports", "--ports %s: a rule needs the number of each port", ports)
		}
	}
	rules := write(ports)
	return e.show(map[string]any{"firewall": f.firewall, "rules": rules}, func(w io.Writer) error {
		_, err := io.WriteString(w, rules)
		return err
	})
}

func portTable(ports deskside.Ports) ([]portRow, error) {
	here, err := sockets.Listening(ports[:]...)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	rows := []portRow{}
	for _, s := range deskside.Services {
		row := portRow{Service: s, Function: s.Function(), Port: ports.Of(s), Here: []sockets.Socket{}}
		for _, other := range deskside.Services {
			if other.IANA() == row.Port {
				row.IANAName = other.String()
			}
		}
		for _, l := range here {
			if l.Local.Port() == row.Port {
				row.Here = append(row.Here, l)
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func writePorts(w io.Writer, rows []portRow) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "SERVICE\tPORT\tFUNCTION\tIANA CALLS THE PORT\tTCP HERE\tUDP HERE")
	for _, r := range rows {
		iana := r.IANAName
		if iana == "" {
			iana = "-"
		}
		fmt.Fprintf(tab, "%s\t%d\t%s\t%s\t%s\t%s\n", r.Service, r.Port, r.Function, iana,
			holders(r.Here, deskside.TCP), holders(r.Here, deskside.UDP))
	}
	return tab.Flush()
}

// holders names who listens, once each, however many addresses it has.
func holders(list []sockets.Socket, t deskside.Transport) string {
	names := []string{}
	for _, s := range list {
		name := fmt.Sprintf("somebody (user %d)", s.UID)
		if s.PID != 0 {
			name = fmt.Sprintf("%s (%d)", plain.Text(s.Program), s.PID)
		}
		if s.Transport == t && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}
