package xfer

import (
	"strings"
)

// startupFiles are what runs by itself: when its owner logs on, opens a shell
// or at a time of day. Whoever may write one may run anything, which is the
// right to execute; so files-write leaves them out. Each line is a path of
// which the elements must follow one another anywhere in a file's real path; a
// leading slash ties it to the top of the file system. The list is a hedge, not
// a wall: a program may be told in many more places to run another.
var startupFiles = split(`
	.bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .inputrc
	.zshrc .zshenv .zprofile .zlogin .zlogout .kshrc .mkshrc .cshrc .tcshrc .login .logout
	.config/fish .config/powershell .config/environment.d .pam_environment
	.xinitrc .xsession .xsessionrc .xprofile .xserverrc .Xclients .Xresources .dmrc .gnomerc
	.config/autostart .config/autostart-scripts .config/plasma-workspace .kde/Autostart .kde4/Autostart
	.config/openbox .config/i3 .config/sway .config/hypr .config/awesome .fluxbox .icewm .config/labwc
	.config/systemd .local/share/systemd .config/upstart .local/share/dbus-1
	.ssh .rhosts .shosts .forward .procmailrc
	.local/bin .config/cron .crontab
	Library/LaunchAgents Library/LaunchDaemons Library/StartupItems
	/etc /boot /var/spool/cron /var/spool/at /usr /lib /lib32 /lib64 /bin /sbin /opt /Library /System
	AppData/Roaming/Microsoft/Windows/Start~Menu/Programs/Startup
	ProgramData/Microsoft/Windows/Start~Menu/Programs/StartUp
	Documents/WindowsPowerShell Documents/PowerShell
`)

// pattern is one line of the list, taken apart.
type pattern struct {
	anchored bool
	elems    []string
}

// split reads a list of patterns. A tilde stands for a space in a name.
func split(text string) []pattern {
	var list []pattern
	for _, word := range strings.Fields(text) {
		list = append(list, newPattern(strings.ReplaceAll(word, "~", " ")))
	}
	return list
}

func newPattern(text string) pattern {
	return pattern{strings.HasPrefix(text, "/"), splitNative(text)}
}

// covers reports whether abs is what the pattern names or lies below it.
func (p pattern) covers(abs []string) bool {
	for at := 0; at+len(p.elems) <= len(abs); at++ {
		if _, ok := cutFold(abs[at:], p.elems); ok {
			return true
		}
		if p.anchored {
			break
		}
	}
	return false
}

// holds reports whether what the pattern names could lie below abs, so that
// moving or removing a folder of that name moves or removes it.
func (p pattern) holds(abs []string) bool {
	if p.anchored {
		_, ok := cutFold(p.elems, abs)
		return ok
	}
	for n := 1; n < len(p.elems) && n <= len(abs); n++ {
		if _, ok := cutFold(abs[len(abs)-n:], p.elems[:n]); ok {
			return true
		}
	}
	return false
}

// cutFold is cutPrefix without regard to case: a file system may not regard it
// either, and a list that protects too much does little harm.
func cutFold(elems, top []string) ([]string, bool) {
	if len(elems) < len(top) {
		return nil, false
	}
	for i := range top {
		if !strings.EqualFold(elems[i], top[i]) {
			return nil, false
		}
	}
	return elems[len(top):], true
}

// startup reports whether abs, in the root at top, must be left alone as a
// start-up file. A root that policy laid into one of the protected folders is
// allowed by that. With tree, abs is a folder that is moved or removed with
// everything in it.
func startup(abs, top []string, tree bool, root Root) bool {
	for _, text := range root.AllowStartup {
		if newPattern(text).covers(abs) {
			return false
		}
	}
	for _, p := range startupFiles {
		if (p.covers(abs) || tree && p.holds(abs)) && !p.covers(top) {
			return true
		}
	}
	return false
}
