package rfb

import (
	"fmt"
	"io"

	"deskside/raster"
)

// version is a minor version of protocol 3: 3, 7 or 8.
type version int

const (
	versionLength = 12
	securityNone  = 1
)

func (v version) String() string { return fmt.Sprintf("RFB 003.%03d\n", int(v)) }

// readVersion reads the other side's greeting and gives the version to speak.
func (r *Reader) readVersion() (version, error) {
	text := string(r.take(versionLength))
	if err := r.done("version"); err != nil {
		return 0, err
	}
	var major, minor int
	if n, err := fmt.Sscanf(text, "RFB %03d.%03d\n", &major, &minor); n != 2 || err != nil {
		return 0, fmt.Errorf("version %q: want one such as %q", text, version(8).String())
	}
	switch {
	case major == 3 && minor == 7:
		return 7, nil
	case major > 3, major == 3 && minor >= 8:
		return 8, nil
	}
	return 3, nil
}

// ServerInit tells the client what it will see (RFC 6143 section 7.3.2).
type ServerInit struct {
	W, H   int
	Format raster.Format // of pixels until the client sets another
	Name   string        // UTF-8, cut to MaxText bytes
}

// Append appends the message.
func (m ServerInit) Append(dst []byte) []byte {
	name := m.Name[:min(len(m.Name), MaxText)]
	dst = be.AppendUint16(be.AppendUint16(dst, uint16(m.W)), uint16(m.H))
	dst = appendFormat(dst, m.Format)
	return append(be.AppendUint32(dst, uint32(len(name))), name...)
}

func (r *Reader) serverInit() (m ServerInit, err error) {
	m.W, m.H = int(r.u16()), int(r.u16())
	m.Format = r.format()
	m.Name = r.reason()
	return m, r.done("ServerInit")
}

// Accept does the server's part of the handshake, r reading what w's other side
// sends, up to and including ServerInit. It reports whether the client wants to
// share the screen with others.
func Accept(w io.Writer, r *Reader, init ServerInit) (shared bool, err error) {
	if _, err := io.WriteString(w, version(8).String()); err != nil {
		return false, err
	}
	v, err := r.readVersion()
	if err != nil {
		return false, err
	}
	if err := acceptSecurity(w, r, v); err != nil {
		return false, err
	}
	shared = r.u8() != 0
	if err := r.done("ClientInit"); err != nil {
		return false, err
	}
	_, err = w.Write(init.Append(nil))
	return shared, err
}

// acceptSecurity offers the type None, which each version does in its own way.
func acceptSecurity(w io.Writer, r *Reader, v version) error {
	if v == 3 {
		_, err := w.Write([]byte{0, 0, 0, securityNone})
		return err
	}
	if _, err := w.Write([]byte{1, securityNone}); err != nil {
		return err
	}
	chosen := r.u8()
	if err := r.done("security type"); err != nil {
		return err
	}
	if chosen != securityNone {
		err := fmt.Errorf("security type %d: only %d was offered", chosen, securityNone)
		if v == 8 {
			w.Write(appendReason([]byte{0, 0, 0, 1}, err.Error()))
		}
		return err
	}
	if v == 8 {
		_, err := w.Write([]byte{0, 0, 0, 0})
		return err
	}
	return nil
}

// Refuse does as much of the server's part of the handshake as it takes to turn
// a client away with the reason, which a viewer shows (RFC 6143 sections 7.1.2
// and 7.1.3; in version 3.3 the offer of type 0 does the same). The reason is
// cut to MaxText bytes.
func Refuse(w io.Writer, r *Reader, reason string) error {
	if _, err := io.WriteString(w, version(8).String()); err != nil {
		return err
	}
	v, err := r.readVersion()
	if err != nil {
		return err
	}
	none := []byte{0} // security types
	if v == 3 {
		none = []byte{0, 0, 0, 0}
	}
	_, err = w.Write(appendReason(none, reason[:min(len(reason), MaxText)]))
	return err
}

func appendReason(dst []byte, text string) []byte {
	return append(be.AppendUint32(dst, uint32(len(text))), text...)
}

// Connect does the client's part of the handshake.
func Connect(w io.Writer, r *Reader, shared bool) (ServerInit, error) {
	v, err := r.readVersion()
	if err != nil {
		return ServerInit{}, err
	}
	if _, err := io.WriteString(w, v.String()); err != nil {
		return ServerInit{}, err
	}
	if err := connectSecurity(w, r, v); err != nil {
		return ServerInit{}, err
	}
	if _, err := w.Write(appendBool(nil, shared)); err != nil {
		return ServerInit{}, err
	}
	return r.serverInit()
}

func connectSecurity(w io.Writer, r *Reader, v version) error {
	if v == 3 {
		return r.securityResult("security type", securityNone)
	}
	n := int(r.u8())
	if r.err == nil && n == 0 {
		return r.refusal()
	}
	offered := r.text(n)
	if err := r.done("security types"); err != nil {
		return err
	}
	found := false
	for i := range len(offered) {
		found = found || offered[i] == securityNone
	}
	if !found {
		return fmt.Errorf("security types % x: want %d, none", offered, securityNone)
	}
	if _, err := w.Write([]byte{securityNone}); err != nil {
		return err
	}
	if v == 8 {
		return r.securityResult("security result", 0)
	}
	return nil
}

// securityResult reads a number that should be want; where it tells of a refusal
// a reason follows.
func (r *Reader) securityResult(what string, want uint32) error {
	got := r.u32()
	if err := r.done(what); err != nil {
		return err
	}
	switch {
	case got == want:
		return nil
	case got <= 1:
		return r.refusal()
	}
	return fmt.Errorf("%s %d: want %d", what, got, want)
}

func (r *Reader) refusal() error {
	reason := r.reason()
	if err := r.done("refusal"); err != nil {
		return err
	}
	return fmt.Errorf("refused: %q", reason)
}
