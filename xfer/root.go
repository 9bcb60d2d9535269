package xfer

// Root is one folder that policy opens to file transfer, with all below it.
type Root struct {
	Name  string `json:"name"` // what people call it, "home"
	Path  string `json:"path"` // absolute, in the agent's own form
	Write bool   `json:"write,omitempty"`

	// DotFiles opens what is hidden to files-write: files and folders whose
	// name begins with a dot, and all below them. The path of the root itself
	// does not count.
	DotFiles bool `json:"-"`

	// Executables keeps the permission to execute of a file that arrives. Without
	// it none has that.
	Executables bool `json:"executables,omitempty"`

	// AllowStartup names files that files-write may change in this root
	// although they run by themselves or are hidden, in the form of the list
	// that is protected otherwise: ".bashrc", ".config/autostart", "~/bin",
	// "/etc/cron.d".
	AllowStartup []string `json:"-"`
}
