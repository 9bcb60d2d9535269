package disk

import (
	"strings"
	"unicode/utf8"

	"deskside"
)

// WindowsName refuses the names that Windows cannot hold, or that mean
// something else there than the file of that name. It is asked on Windows
// alone: a side refuses what it cannot hold itself, and nothing on behalf of
// the other, so that between two Linux machines every name can be copied.
func WindowsName(e string) error {
	switch {
	case reserved(e):
		return noWindowsName(e, "is the name of a device")
	case strings.HasSuffix(e, ".") || strings.HasSuffix(e, " "):
		return noWindowsName(e, "ends in a dot or a space, which are taken away")
	case strings.ContainsRune(e, ':'):
		return noWindowsName(e, "holds a colon, which names a stream")
	case strings.ContainsAny(e, `<>"|?*\/`) || strings.ContainsFunc(e, func(r rune) bool { return r < ' ' }):
		return noWindowsName(e, "holds a character that no name may have")
	case short(e):
		return deskside.Errorf(deskside.CodeBadRequest, "%q may be the short form of another name", Text(e)).Hint("Use the long name.")
	}
	return nil
}

func noWindowsName(e, why string) error {
	return deskside.Errorf(deskside.CodeBadRequest, "%q %s on Windows", Text(e), why).Hint("Use another name on that side.")
}

// short reports whether a name may be the short form of a long one (PROGRA~1),
// which would pass by the rules about start-up and private files.
func short(e string) bool {
	base, _, _ := strings.Cut(e, ".")
	at := strings.LastIndexByte(base, '~')
	return at >= 0 && strings.Trim(base[at+1:], "0123456789") == "" && len(base) <= 8
}

// reserved reports whether name is one of the device names of Windows, with or
// without an extension and in any case ("Naming Files, Paths, and Namespaces",
// learn.microsoft.com). The superscript digits count as digits there.
func reserved(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range [...]string{"COM", "LPT"} {
		if rest, ok := strings.CutPrefix(base, port); ok && utf8.RuneCountInString(rest) == 1 {
			return strings.Contains("123456789¹²³", rest)
		}
	}
	return false
}
