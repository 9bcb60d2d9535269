package serve

import (
	"path"
	"slices"
	"strings"

	"deskside/xfer"
	"deskside/xfer/disk"
)

// startupFiles are what runs by itself: when its owner logs on, opens a shell
// or starts a program that asks it what to do. Whoever may write one may run
// anything, which is the right to execute; so files-write leaves them out. Each
// line is a path of which the elements must follow one another anywhere in a
// file's real path; a leading slash ties it to the top of the file system, a
// leading ~/ to somebody's home. A star stands for any part of a name, a dollar
// for a space.
//
// The wall is the rule about hidden names, in hidden. This list has what is not
// hidden, and is a hedge where policy opens what is: a program may be told in
// many more places to run another.
var startupFiles = split(`
	.bashrc .bash_profile .bash_login .bash_logout .bash_aliases .bash_completion .profile .inputrc
	.zshrc .zshenv .zprofile .zlogin .zlogout .kshrc .mkshrc .cshrc .tcshrc .login .logout
	.config/fish .config/powershell .config/environment.d .pam_environment
	.xinitrc .xsession .xsessionrc .xprofile .xserverrc .Xclients .Xresources .Xdefaults .dmrc .gnomerc
	.config/autostart .config/autostart-scripts .config/plasma-workspace .kde/Autostart .kde4/Autostart
	.config/openbox .config/i3 .i3 .config/sway .config/hypr .config/awesome .fluxbox .icewm .config/labwc
	.config/lxsession .config/xfce4 .config/bspwm .config/sxhkd .config/qtile .config/xmonad .xmonad
	.config/herbstluftwm .config/river .fvwm .fvwm2rc .config/fvwm .twmrc .jwmrc .vnc .config/conky .conkyrc
	.config/systemd .local/share/systemd .config/upstart .local/share/dbus-1 .config/dconf
	.local/share/applications .config/mimeapps.list .mailcap .local/share/gnome-shell .local/share/kwin .config/pulse
	.ssh .rhosts .shosts .forward .procmailrc .gnupg
	.local/bin .local/lib .config/cron .crontab .cargo .nvm .npm-global .pyenv .rbenv
	.gitconfig .config/git .git .hgrc .config/direnv .envrc .tmux.conf .config/tmux .screenrc
	.vim .vimrc .gvimrc .exrc .config/nvim .emacs .emacs.d .config/emacs .vscode .config/Code .gdbinit
	.pythonrc .npmrc .mozilla .thunderbird .config/chromium .config/chromium-flags.conf .config/google-chrome
	sitecustomize.py usercustomize.py *.pth *.desktop
	~/bin ~/sbin ~/go/bin ~/Library ~/Applications AppData NTUSER.DAT
	Library/LaunchAgents Library/LaunchDaemons Library/StartupItems
	/etc /boot /var/spool/cron /var/spool/at /usr /lib /lib32 /lib64 /bin /sbin /opt /Library /System
	ProgramData/Microsoft/Windows/Start$Menu/Programs/StartUp
	Documents/WindowsPowerShell Documents/PowerShell
`)

// homes are where people's homes are on the systems there are; the agent's own
// is in Config.
var homes = [][]string{{"home", "*"}, {"Users", "*"}, {"*:", "Users", "*"}, {"root"}}

// pattern is one line of the list, taken apart.
type pattern struct {
	anchored bool
	home     bool // anchored to each home
	elems    []string
}

// split reads a list of patterns. A dollar stands for a space in a name.
func split(text string) []pattern {
	var list []pattern
	for _, word := range strings.Fields(text) {
		list = append(list, newPattern(strings.ReplaceAll(word, "$", " ")))
	}
	return list
}

func newPattern(text string) pattern {
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		return pattern{anchored: true, home: true, elems: disk.SplitNative(rest)}
	}
	return pattern{anchored: strings.HasPrefix(text, "/"), elems: disk.SplitNative(text)}
}

// at gives the pattern as it is anchored: once for each home, where it is to
// those.
func (p pattern) at(own []string) []pattern {
	if !p.home {
		return []pattern{p}
	}
	all := homes
	if len(own) > 0 {
		all = append(slices.Clip(homes), own)
	}
	list := make([]pattern, len(all))
	for i, home := range all {
		list[i] = pattern{anchored: true, elems: slices.Concat(home, p.elems)}
	}
	return list
}

// covers reports whether abs is what the pattern names or lies below it.
func (p pattern) covers(abs []string) bool {
	for at := 0; at+len(p.elems) <= len(abs); at++ {
		if matches(p.elems, abs[at:]) {
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
		return len(abs) <= len(p.elems) && matches(p.elems[:len(abs)], abs)
	}
	for n := 1; n < len(p.elems) && n <= len(abs); n++ {
		if matches(p.elems[:n], abs[len(abs)-n:]) {
			return true
		}
	}
	return false
}

// matches reports whether names begins with what the pattern's elements say,
// without regard to case: see cutFold.
func matches(elems, names []string) bool {
	if len(names) < len(elems) {
		return false
	}
	for i, e := range elems {
		if !matchesName(e, names[i]) {
			return false
		}
	}
	return true
}

func matchesName(elem, name string) bool {
	if !strings.Contains(elem, "*") {
		return sameLoosely(elem, name)
	}
	ok, err := path.Match(strings.ToLower(elem), strings.ToLower(bare(name)))
	return ok || err != nil
}

// sameLoosely compares names without regard to case and to dots and spaces at
// the end: a file system may not regard them either, on any system (Linux mounts
// those of Windows), and a list that protects too much does little harm.
func sameLoosely(a, b string) bool { return strings.EqualFold(bare(a), bare(b)) }

func bare(name string) string { return strings.TrimRight(name, ". ") }

// cutFold is cutPrefix by sameLoosely.
func cutFold(elems, top []string) ([]string, bool) {
	if len(elems) < len(top) {
		return nil, false
	}
	for i := range top {
		if !sameLoosely(elems[i], top[i]) {
			return nil, false
		}
	}
	return elems[len(top):], true
}

// named reports whether policy names abs among the files that may be written
// although they are hidden or run by themselves.
func named(r xfer.Root, abs, home []string) bool {
	return slices.ContainsFunc(r.AllowStartup, func(text string) bool {
		return slices.ContainsFunc(newPattern(text).at(home), func(p pattern) bool { return p.covers(abs) })
	})
}

// startup reports whether abs, in the root at top, must be left alone as a
// start-up file. A root that policy laid into one of the protected folders is
// allowed by that. With tree, abs is a folder that is moved or removed with
// everything in it.
func (s *Service) startup(abs, top []string, tree bool) bool {
	guards := func(p pattern) bool { return (p.covers(abs) || tree && p.holds(abs)) && !p.covers(top) }
	if tree {
		return slices.ContainsFunc(s.guarded, guards)
	}
	if slices.ContainsFunc(s.starred, guards) {
		return true
	}
	for _, name := range abs {
		if slices.ContainsFunc(s.byLast[disk.Fold(bare(name))], guards) {
			return true
		}
	}
	return false
}

// guard puts the patterns where startup finds them: all of them, and for the
// question about one file by their last name, of which few have the file's.
func (s *Service) guard(list []pattern) {
	s.guarded = append(s.guarded, list...)
	for _, p := range list {
		last := ""
		if len(p.elems) > 0 {
			last = p.elems[len(p.elems)-1]
		}
		if last == "" || strings.Contains(last, "*") {
			s.starred = append(s.starred, p)
			continue
		}
		key := disk.Fold(bare(last))
		s.byLast[key] = append(s.byLast[key], p)
	}
}

// home gives the elements of the agent's own home.
func (s *Service) home() []string {
	if s.config.Home == "" {
		return nil
	}
	return disk.SplitNative(s.config.Home)
}

// hidden reports whether abs, in the root at top, is hidden: whether it or a
// folder on the way to it from the root has a name that begins with a dot. Such
// files are programs' settings, and there are always more of them that say what
// to run than a list can have.
func hidden(abs, top []string) bool {
	return slices.ContainsFunc(abs[min(len(top), len(abs)):], func(name string) bool { return strings.HasPrefix(name, ".") })
}
