package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"deskside"
	"deskside/internal/toml"
)

// Settings are what config.toml in the agent's folder says: where the agent
// listens and which display it shows. Who may do what is in policy.toml.
// The zero Settings listen everywhere, on both transports, on 2701 to 2704.
type Settings struct {
	Listen     []string `toml:"listen"`     // hosts or addresses; none means all, IPv4 and IPv6
	Ports      string   `toml:"ports"`      // "sp2", "sms12", or four numbers
	Transports []string `toml:"transports"` // "tcp", "udp"; none means both
	Display    string   `toml:"display"`    // X11 display; empty takes DISPLAY; "none" is no screen, and nobody before it
	Name       string   `toml:"name"`       // what operators see; empty takes the host name
	User       string   `toml:"user"`       // whose desktop the display is, for root's agent; empty finds it out
}

// The files of an agent's folder.
const (
	ConfigFile = "config.toml"
	PolicyFile = "policy.toml"
	KeyFile    = "agent.key"
	AuditDir   = "audit"
)

// ReadSettings reads config.toml of a folder. A file that is not there is an
// error: agent init makes it. So is one that others could change.
func ReadSettings(dir string) (s Settings, err error) {
	path := filepath.Join(dir, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return s, deskside.Errorf(deskside.CodeNotFound, "this is no agent's folder: %s", err).
			Hint("Make one: deskside agent init --dir %s", dir)
	}
	if err := checkFile(path); err != nil {
		return s, err
	}
	if err := toml.Decode(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// FromEnvironment overrides s by variables, as containers set them:
// DESKSIDE_LISTEN, DESKSIDE_PORTS, DESKSIDE_TRANSPORTS, DESKSIDE_DISPLAY,
// DESKSIDE_NAME and DESKSIDE_USER, in the forms of config.toml with commas between.
func (s *Settings) FromEnvironment(getenv func(string) string) {
	for name, set := range map[string]func(string){
		"DESKSIDE_LISTEN":     func(v string) { s.Listen = strings.Split(v, ",") },
		"DESKSIDE_PORTS":      func(v string) { s.Ports = v },
		"DESKSIDE_TRANSPORTS": func(v string) { s.Transports = strings.Split(v, ",") },
		"DESKSIDE_DISPLAY":    func(v string) { s.Display = v },
		"DESKSIDE_NAME":       func(v string) { s.Name = v },
		"DESKSIDE_USER":       func(v string) { s.User = v },
	} {
		if v := getenv(name); v != "" {
			set(v)
		}
	}
}

// carriers says which transports s names.
func (s *Settings) carriers() (tcp, udp bool, err error) {
	if len(s.Transports) == 0 {
		return true, true, nil
	}
	for _, t := range s.Transports {
		switch deskside.Transport(strings.TrimSpace(t)) {
		case deskside.TCP:
			tcp = true
		case deskside.UDP:
			udp = true
		default:
			return false, false, deskside.Errorf(deskside.CodeBadRequest, "transports: unknown transport %q: want tcp or udp", t)
		}
	}
	return tcp, udp, nil
}

// name gives the name operators see.
func (s *Settings) name() string {
	if s.Name != "" {
		return s.Name
	}
	host, err := os.Hostname()
	if err != nil {
		return "unnamed machine"
	}
	return host
}
