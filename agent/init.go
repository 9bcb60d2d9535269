package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"

	"deskside"
	"deskside/access"
	"deskside/identity"
	"deskside/internal/atomicfile"
)

const configText = `# Where this Deskside agent listens and what it shows. Unknown keys are errors.
# The environment overrides: DESKSIDE_LISTEN, DESKSIDE_PORTS and so on.

# Addresses to listen on. None means all of them, IPv4 and IPv6.
listen = []

# "sp2" is 2701 to 2704, "sms12" is 1761 to 1764; or four numbers: "2701,2702,2703,2704".
ports = "sp2"

# "tcp", "udp". None means both.
transports = []

# The X11 display to show. Empty takes DISPLAY; "none" says that this machine has
# no screen, and so nobody before it who could be asked.
display = ""

# What operators see. Empty takes the host name.
name = ""

# Whose desktop the display is, by login name, when the agent runs as root: the
# chat's window opens as that user. Empty takes the owner of the display's cookie.
# "root" is a person who works as root; no window opens as root otherwise.
user = ""
`

const policyText = `# Who may help at this machine, and how. It is read again whenever it changes:
# what narrows takes effect at once, what widens at the next session.
# Nobody is permitted until an operator is named here:
#
#   deskside operator permit --dir DIR KEY --name "Ann Admin"
#
# That adds an [[operator]] at the end: rights is "all" or some of them with
# commas between, and consent is "ask" or "allow".

# Operators whose key is not named below: "deny", or "ask" the person, with
# six digits, every time.
unknown-operators = "deny"

# The most that such an operator may be given.
unknown-rights = "view,control,chat,info"

# When consent is needed and nobody can give it: "deny"; "allow" while nobody
# is logged on; "allow-if-locked" also while the screen is locked, as far as that
# can be told surely: by i3lock, xsecurelock or xscreensaver. It holds for the
# operators below alone, and not while a session is open that the person allowed. An operator with control can lock the screen by hand, end the
# session, and then be let in unasked: allow it where you trust them with that.
nobody-logged-on = "deny"

# A second operator beside the first: "ask" the person, or "deny".
join = "ask"

# How many sessions may be open at once.
max-sessions = 4

# Whether the audit keeps what is said in chats. That there was a chat, and how
# many messages it had, is always in it.
audit-chat = false

# In whole seconds. An operator below may have limits of their own, as in
# limits = { idle = "5m" }: the shorter of the two holds.
[limits]
idle = "15m"     # without operator activity
absolute = "8h"  # from its beginning
grace = "2m"     # a session that the network lost may return within
ask = "60s"      # how long a question stands; no answer is no

# Clipboard text, for operators with the right "clipboard".
[clipboard]
to-agent = false
to-operator = false

# Folders that files-read and files-write reach. Out of reach of files-write stay
# names that begin with a dot, unless dot-files is true, and what runs by itself
# or by its name, such as ~/bin, unless startup-files names it. Writing to a
# whole home still comes near running programs: a folder of its own, such as
# "~/Helpdesk", is safer. A file that arrives is not executable, unless executables
# is true and its source was.
[[files]]
name = "home"
path = "~/"
write = true
dot-files = false
executables = false
startup-files = []
`

const operatorText = `
[[operator]]
key = {{printf "%q" .Key}}
name = {{quote .Name}}
rights = {{printf "%q" .Rights.String}}
consent = {{printf "%q" .Consent}}
`

// Init makes an agent's folder: a key, config.toml, and a policy that permits
// nobody. It fails if the folder already has a key.
func Init(dir string) (deskside.AgentID, error) {
	id, err := identity.Create(filepath.Join(dir, KeyFile))
	if errors.Is(err, fs.ErrExist) {
		return deskside.AgentID{}, deskside.Errorf(deskside.CodeExists, "there is an agent in %q already", dir).
			Hint("Run it: deskside agent run --dir %s", dir)
	}
	if err != nil {
		return deskside.AgentID{}, err
	}
	for name, text := range map[string]string{ConfigFile: configText, PolicyFile: policyText} {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if err := atomicfile.Write(path, []byte(text), 0o600); err != nil {
			return deskside.AgentID{}, err
		}
	}
	return id.ID(), nil
}

// The escapes of a JSON string are those of a TOML basic string.
var operatorEntry = template.Must(template.New("operator").Funcs(template.FuncMap{
	"quote": func(text string) (string, error) {
		quoted, err := json.Marshal(text)
		return string(quoted), err
	},
}).Parse(operatorText))

// Permit adds an operator to the policy of an agent's folder. The policy must
// parse before and after; a key it already names is an error.
func Permit(dir string, rule access.OperatorRule) error {
	path := filepath.Join(dir, PolicyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return deskside.Errorf(deskside.CodeNotFound, "this is no agent's folder: %s", err).
			Hint("Make one: deskside agent init --dir %s", dir)
	}
	if err := checkFile(path); err != nil {
		return err // written anew it would be closed to others, with whatever they put into it
	}
	p, err := access.ParsePolicy(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if have, ok := p.Operators[rule.Key]; ok {
		return deskside.Errorf(deskside.CodeExists, "policy already names this key, as %q", have.Name).
			Hint("Change its entry in %s.", path)
	}
	if rule.Name == "" {
		rule.Name = "operator " + rule.Key.LastGroup()
	}
	var entry bytes.Buffer
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		entry.WriteByte('\n')
	}
	if err := operatorEntry.Execute(&entry, rule); err != nil {
		return err
	}
	text = append(text, entry.Bytes()...)
	after, err := access.ParsePolicy(text)
	if err != nil {
		return fmt.Errorf("the name cannot be written into %s: %w", path, err)
	}
	if got := after.Operators[rule.Key]; got.Rights != rule.Rights || got.Consent != rule.Consent {
		return fmt.Errorf("the entry in %s would not say what was asked for", path)
	}
	return atomicfile.Write(path, text, 0o600)
}
