package wire

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"deskside"
	"deskside/transport"
)

// Server makes the HTTP server for the streams of one service.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           guard(h),
		ReadHeaderTimeout: HeaderTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeader,
		ConnContext:       connContext,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),

		DisableGeneralOptionsHandler: true, // it reads a body without a deadline
	}
}

// guard bounds the time of a request's body, whether the handler reads it or
// net/http does after it, before the next request. http.Server.ReadTimeout would
// also end the request of a handler that waits for something else. What is no
// path, or only nearly one, is refused: an http.ServeMux would redirect it.
func guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(BodyTimeout))
		}
		if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
			Refuse(w, deskside.Errorf(deskside.CodeNotFound, "there is no %.100q", r.URL.Path))
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Admit passes the request's ticket and stream to the gate. When it reports
// false, the refusal has been written.
func Admit(g deskside.Gate, w http.ResponseWriter, r *http.Request) (deskside.Pass, bool) {
	stream := transport.FromContext(r.Context())
	if stream == nil {
		Refuse(w, deskside.Errorf(deskside.CodeInternal, "the request came on no authenticated stream"))
		return nil, false
	}
	ticket, err := ticketOf(r)
	if err != nil {
		g.Admit(deskside.Ticket{}, stream) // for the audit
		Refuse(w, err)
		return nil, false
	}
	pass, err := g.Admit(ticket, stream)
	if err != nil {
		Refuse(w, err)
		return nil, false
	}
	return pass, true
}

// ticketOf reads the Authorization header. A request without one has the zero
// ticket, which opens nothing but is audited as an attempt.
func ticketOf(r *http.Request) (t deskside.Ticket, err error) {
	text := r.Header.Get("Authorization")
	if text == "" {
		return t, nil
	}
	text, ok := strings.CutPrefix(text, scheme)
	if !ok {
		return t, deskside.Errorf(deskside.CodeBadRequest, "the Authorization header does not begin with %q", strings.TrimSpace(scheme))
	}
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return t, deskside.Errorf(deskside.CodeBadRequest, "%s", err)
	}
	return t, nil
}

// statusOf maps codes to HTTP statuses, for the eyes of HTTP tools alone: our
// clients read the code.
var statusOf = map[deskside.Code]int{
	deskside.CodeBadRequest:   http.StatusBadRequest,
	deskside.CodeWrongService: http.StatusMisdirectedRequest,
	deskside.CodeNoTicket:     http.StatusUnauthorized,
	deskside.CodeNotFound:     http.StatusNotFound,
	deskside.CodeExists:       http.StatusConflict,
	deskside.CodeConflict:     http.StatusConflict,
	deskside.CodeEnded:        http.StatusGone,
	deskside.CodeBusy:         http.StatusServiceUnavailable,
	deskside.CodeNoAudit:      http.StatusServiceUnavailable,
	deskside.CodePolicyBroken: http.StatusServiceUnavailable,
	deskside.CodeTooMany:      http.StatusTooManyRequests,
	deskside.CodeUnsupported:  http.StatusNotImplemented,
	deskside.CodeNoDesktop:    http.StatusNotImplemented,
	deskside.CodeInternal:     http.StatusInternalServerError,
}

// Refuse writes err as JSON with the status of its code, 403 where none fits
// better. An error that is not a deskside.Error is sent as a fault of ours.
func Refuse(w http.ResponseWriter, err error) {
	status, ok := statusOf[deskside.AsError(err).Code]
	if !ok {
		status = http.StatusForbidden
	}
	RefuseAs(w, status, err)
}

// RefuseAs is Refuse with a status that a standard asks for.
func RefuseAs(w http.ResponseWriter, status int, err error) {
	e := *deskside.AsError(err)
	if e.By == "" {
		e.By = deskside.ByAgent
	}
	text, err := json.Marshal(e)
	if err != nil { // of strings alone, so it cannot be
		text = []byte(`{"code":"internal","words":"the refusal cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	// The length lets a client that is still sending read the refusal to its
	// end, which otherwise comes only when the handler returns.
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text)
}

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// ReadJSON reads a body of one JSON object of at most limit bytes into v.
// Unknown keys, trailing bytes and other media types are refused; the refusal
// has then been written.
func ReadJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	err := readJSON(w, r, limit, v)
	if err != nil {
		Refuse(w, err)
	}
	return err
}

func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return deskside.Errorf(deskside.CodeBadRequest, "the body's type is %q: want application/json", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil { // now that all of it is there, the handler may take its time
		http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return deskside.Errorf(deskside.CodeBadRequest, "the body has more than %d bytes", limit)
	}
	if err != nil {
		return deskside.Errorf(deskside.CodeBadRequest, "the body broke off: %s", err)
	}
	return Decode(body, v)
}

// Decode reads one JSON object, strictly: unknown keys and trailing bytes are
// errors.
func Decode(text []byte, v any) error {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return deskside.Errorf(deskside.CodeBadRequest, "not the JSON that is expected: %s", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return deskside.Errorf(deskside.CodeBadRequest, "there is more after the JSON object")
	}
	return nil
}

// Conn is a stream that was upgraded to raw bytes. What had been read beyond
// the HTTP header is not lost.
type Conn struct {
	transport.Stream
	r io.Reader // of the same stream
}

// Read reads raw bytes.
func (c *Conn) Read(p []byte) (int, error) { return c.r.Read(p) }

// rest reads a stream of which some was read ahead.
type rest struct {
	ahead  *bufio.Reader // nil once nothing is left in it
	stream io.Reader
}

func (r *rest) Read(p []byte) (int, error) {
	if r.ahead != nil && r.ahead.Buffered() > 0 {
		return r.ahead.Read(p[:min(len(p), r.ahead.Buffered())])
	}
	r.ahead = nil
	return r.stream.Read(p)
}

// Upgrade answers 101 and takes the stream over from HTTP. When it fails, the
// refusal has been written. The caller closes the Conn.
func Upgrade(w http.ResponseWriter, r *http.Request, protocol string) (*Conn, error) {
	if !upgrades(r, protocol) {
		err := deskside.Errorf(deskside.CodeBadRequest, "the request does not ask to upgrade to %q", protocol)
		Refuse(w, err)
		return nil, err
	}
	stream := transport.FromContext(r.Context())
	hijacker, ok := w.(http.Hijacker)
	if stream == nil || !ok {
		err := deskside.Errorf(deskside.CodeInternal, "this stream cannot be upgraded")
		Refuse(w, err)
		return nil, err
	}
	conn, rw, err := hijacker.Hijack()
	if err != nil {
		return nil, fmt.Errorf("upgrade to %q: %w", protocol, err)
	}
	if err = rw.Writer.Flush(); err == nil {
		_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
	}
	stream.SetWriteDeadline(time.Time{})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("upgrade to %q: %w", protocol, err)
	}
	return &Conn{Stream: stream, r: &rest{rw.Reader, stream}}, nil
}

// upgrades reports whether a request asks for the protocol. One with a body
// does not: where the body ends and the raw bytes begin could be read in two
// ways.
func upgrades(r *http.Request, protocol string) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), protocol) &&
		strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade") &&
		r.ContentLength == 0
}

// Serve runs srv on l until the context ends, and then closes both. Streams
// that were upgraded are their handlers' to end.
func Serve(ctx context.Context, srv *http.Server, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	err := srv.Serve(pacing{l})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
