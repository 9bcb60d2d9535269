package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"deskside/bench/troupe"
)

// program is one that copies.
type program struct {
	needs   []string // other programs
	bbr     bool     // the kernel's TCP is told to be BBR
	serve   func(ctx context.Context, a *arena) error
	command func(a *arena, j *job) []string
}

// programs are all of them, by the names of the table.
var programs = map[string]program{
	"deskside":     {serve: serveAgent, command: ours("tcp")},
	"deskside-udp": {serve: serveAgent, command: ours("udp")},
	"scp":          overSSH(scp()),
	"scp-gcm":      overSSH(scp("-c", "aes128-gcm@openssh.com")),
	"scp-bbr":      withBBR(overSSH(scp())),
	"rsync":        overSSH(rsync("-a")),
	"rsync-W":      overSSH(rsync("-a", "-W")),
	"rsync-z":      overSSH(rsync("-a", "-z")),
	"tar":          overSSH(tar("")),
	"tar-z":        overSSH(tar("z")),
	"croc":         {needs: []string{"croc"}, serve: serveCroc, command: croc},
	"tls":          {serve: serveTLS(false), command: sendTLS},
	"tls-fsync":    {serve: serveTLS(true), command: sendTLS},
	"cp":           {serve: nobody, command: func(_ *arena, j *job) []string { return []string{"cp", "-a", j.source, j.into} }},
}

// missing says what keeps a program from being measured.
func (p *program) missing(*workload) string {
	for _, name := range p.needs {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is not installed"
		}
	}
	return ""
}

func nobody(context.Context, *arena) error { return nil }

// serveAgent runs an agent of ours at the far end.
func serveAgent(ctx context.Context, a *arena) error {
	operator := troupe.OperatorAt(filepath.Join(a.dir, "operator"))
	a.near.Env = append(a.near.Env, operator)
	a.far.Env = append(a.far.Env, operator, "HOME="+a.far.Dir)
	g, err := a.far.Agent(ctx, troupe.AgentConfig{
		Program: a.setting.Program, Dir: filepath.Join(a.far.Dir, "agent"), Listen: a.addr,
		Policy: fmt.Sprintf("[[files]]\nname = \"bench\"\npath = %q\nwrite = true\ndot-files = true\nexecutables = true\n", a.target),
		Flags:  []string{"--display", "none"},
	})
	if err != nil {
		return err
	}
	a.server, a.where = g.Program, g.Host
	return a.near.Trust(ctx, a.setting.Program, g)
}

func ours(transport string) func(*arena, *job) []string {
	return func(a *arena, j *job) []string {
		argv := []string{a.setting.Program, "cp", "--json", "--reason", "bench", "--transport", transport, "--replace"}
		if j.folder {
			argv = append(argv, "--recursive")
		}
		return append(argv, j.source, a.where+":"+j.into+"/")
	}
}

// remote is what copies over ssh: config is a file of ssh's, in which the far end
// is called "bench".
type remote func(config string, j *job) []string

func overSSH(r remote) program {
	return program{
		needs: []string{"/usr/sbin/sshd", "ssh"}, serve: serveSSH,
		command: func(a *arena, j *job) []string { return r(a.where, j) },
	}
}

func withBBR(p program) program {
	p.bbr = true
	return p
}

func scp(flags ...string) remote {
	return func(config string, j *job) []string {
		argv := append([]string{"scp", "-q", "-F", config}, flags...)
		if j.folder {
			argv = append(argv, "-r")
		}
		return append(argv, j.source, "bench:"+j.into+"/")
	}
}

func rsync(flags ...string) remote {
	return func(config string, j *job) []string {
		argv := append([]string{"rsync", "-e", "ssh -F " + config}, flags...)
		return append(argv, j.source, "bench:"+j.into+"/")
	}
}

func tar(flags string) remote {
	return func(config string, j *job) []string {
		return []string{
			"sh", "-c", `tar -C "$1" -c` + flags + `f - "$2" | ssh -F "$3" bench "tar -C '$4' -x` + flags + `f -"`,
			"sh", filepath.Dir(j.source), filepath.Base(j.source), config, j.into,
		}
	}
}

// serveSSH runs an sshd of our own with keys of its own, and writes the client's
// configuration.
func serveSSH(ctx context.Context, a *arena) error {
	port, err := troupe.FreePort()
	if err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(a.dir, name) }
	for _, key := range []string{"host", "user"} {
		if _, err := a.near.Run(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", in(key)); err != nil {
			return err
		}
	}
	host, err := os.ReadFile(in("host.pub"))
	if err != nil {
		return err
	}
	server := fmt.Sprintf("ListenAddress %s:%s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nStrictModes no\nUsePAM no\n"+
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nUseDNS no\nPrintMotd no\nPrintLastLog no\n"+
		"Subsystem sftp /usr/lib/openssh/sftp-server\n", a.addr, port, in("host"), in("user.pub"))
	client := fmt.Sprintf("Host bench\n HostName %s\n Port %s\n IdentityFile %s\n IdentitiesOnly yes\n BatchMode yes\n"+
		" UserKnownHostsFile %s\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n", a.addr, port, in("user"), in("known"))
	for name, text := range map[string]string{"sshd_config": server, "ssh_config": client, "known": fmt.Sprintf("[%s]:%s %s", a.addr, port, host)} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if os.Geteuid() == 0 { // where it separates privileges; the system's service makes it otherwise
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	a.where = in("ssh_config")
	if a.server, err = a.far.Start("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", in("sshd_config")); err != nil {
		return err
	}
	return a.answers(ctx, port)
}

// serveCroc runs croc's relay at the far end.
func serveCroc(ctx context.Context, a *arena) (err error) {
	list := []string{}
	for range 5 {
		port, err := troupe.FreePort()
		if err != nil {
			return err
		}
		list = append(list, port)
	}
	a.where = a.addr + ":" + list[0]
	if a.server, err = a.far.Start("croc-relay", "croc", "relay", "--host", a.addr, "--ports", strings.Join(list, ",")); err != nil {
		return err
	}
	return a.answers(ctx, list...)
}

// croc sends and receives; the receiver begins when the sender has said its code.
func croc(a *arena, j *job) []string {
	const script = `export CROC_SECRET=1234-bench-bench-bench
croc --yes --ignore-stdin --disable-clipboard --no-compress --relay "$1" send --no-local "$2" 2>"$4" &
until grep -q "$CROC_SECRET" "$4"; do kill -0 $! || exit 1; sleep 0.01; done
croc --yes --ignore-stdin --overwrite --no-compress --relay "$1" --out "$3" && wait $!`
	return []string{"sh", "-c", script, "sh", a.where, j.source, j.into, filepath.Join(a.dir, "croc.log")}
}

// answers waits until all ports of the far end take connections: the far end's
// own programs are asked, since the bench is in another network.
func (a *arena) answers(ctx context.Context, ports ...string) error {
	for _, port := range ports {
		if _, err := strconv.Atoi(port); err != nil {
			return err
		}
		script := "until (exec 3<>/dev/tcp/" + a.addr + "/" + port + ") 2>/dev/null; do sleep 0.01; done"
		if _, err := a.near.Run(ctx, "timeout", "20", "bash", "-c", script); err != nil {
			return fmt.Errorf("%w: %w", err, a.far.Dead())
		}
	}
	return nil
}
