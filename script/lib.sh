# Shared by the scripts here; sourced, not run.
# Expects bash with -eu, and that the repository's top is the present folder.

# What each script needs from Debian 12 besides Go and git, and what for. Where
# the program behind a colon is there from elsewhere, the package is not needed.
demo_packages=(
	xvfb           # a virtual display
	openbox        # its window manager
	xterm          # a terminal to help with
	mousepad       # an editor to help with
	dbus-x11       # mousepad wants a session bus
	x11-xserver-utils  # xsetroot, xrandr
	fonts-dejavu-core
)
test_packages=(
	"${demo_packages[@]}"
	gcc libc6-dev      # the race detector
	x11-apps           # xwd: the server's own pixels
	x11-utils          # xwininfo, xprop
	x11-xkb-utils      # setxkbmap: keyboard layouts
	xdotool            # a person's clicks
	xclip              # a person's clipboard
	imagemagick        # import: the display as the person sees it
	tigervnc-viewer    # a stranger's VNC viewer
	libvncserver-dev   # another's library, for a viewer at 16 bits
	chromium           # the browser of the end-to-end tests
	nodejs:node npm:npm  # rebuilds the page
	iproute2:ip        # the congestion control of a link in tests
	nftables           # checks the firewall rules
)

picture_packages=(
	xvfb xterm chromium fonts-dejavu-core
	tigervnc-scraping-server    # x0vncserver
	x11vnc
	tigervnc-standalone-server  # Xtigervnc
)

transfer_packages=(
	openssh-server openssh-client  # scp, and a private sshd
	rsync
	iproute2:ip
)

say() { printf '\n== %s\n' "$*"; }

# as_root runs a command as root, by sudo where we are not.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "This needs root or sudo: $*" >&2
		return 1
	fi
}

# install_packages installs those of its arguments that are missing, and asks
# the network for nothing when none is.
install_packages() {
	local missing=() p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "${p%:*}" 2>/dev/null)" = installed ] && continue
		case $p in *:*) command -v "${p#*:}" >/dev/null && continue ;; esac
		missing+=("${p%:*}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
	as_root "${apt[@]}" update </dev/null
	as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# set_up_go finds Go, and keeps the build from asking git about a checkout that
# belongs to somebody else than who builds it.
set_up_go() {
	: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
	export HOME
	command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
	if ! command -v go >/dev/null; then
		echo "Go is missing: install Go 1.26 or newer from https://go.dev/dl/, with its bin folder in PATH." >&2
		return 1
	fi
	export CGO_ENABLED=0 GOFLAGS="-buildvcs=false ${GOFLAGS-}"
}
