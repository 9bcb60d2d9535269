package loopback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"

	"github.com/coder/websocket"

	"deskside"
)

// Socket is a WebSocket to the page. One goroutine may read and any may write
// at a time.
type Socket struct {
	ws     *websocket.Conn
	server *Server
}

type serverKey struct{}

// Upgrade turns a request that a Server passed on into a WebSocket. The page
// must offer protocol besides its bearer; limit caps a message from the page
// in bytes. On an error the refusal is written already. The caller must Close.
func Upgrade(w http.ResponseWriter, r *http.Request, protocol string, limit int64) (*Socket, error) {
	s, ok := r.Context().Value(serverKey{}).(*Server)
	if !ok {
		return nil, errors.New("upgrade: the request did not come through a loopback server")
	}
	if !slices.Contains(subprotocols(r), protocol) {
		err := deskside.Errorf(deskside.CodeBadRequest, "the WebSocket does not offer the protocol %q", protocol)
		refuse(w, http.StatusBadRequest, err)
		return nil, err
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:    []string{protocol},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	ws.SetReadLimit(limit)
	c := &Socket{ws: ws, server: s}
	if !s.hold(c) {
		ws.CloseNow()
		return nil, errors.New("upgrade: the server is closing")
	}
	return c, nil
}

// hold notes an open socket, unless the server is closing.
func (s *Server) hold(c *Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sockets[c] = struct{}{}
	return true
}

// Read gives the page's next text message. A binary one ends the socket.
func (c *Socket) Read(ctx context.Context) ([]byte, error) {
	kind, b, err := c.ws.Read(ctx)
	if err == nil && kind != websocket.MessageText {
		c.Close("only text")
		return nil, errors.New("the page sent a binary message, want text")
	}
	return b, err
}

// Write sends the page a text message.
func (c *Socket) Write(ctx context.Context, text []byte) error {
	return c.ws.Write(ctx, websocket.MessageText, text)
}

// Ping asks the page's browser for a sign of life and waits for it. Somebody
// must be reading.
func (c *Socket) Ping(ctx context.Context) error { return c.ws.Ping(ctx) }

// NetConn gives the socket as a byte stream until ctx ends; each Write is a
// message, of text or binary. Read and Write must not be used besides. The
// Socket still has to be closed.
func (c *Socket) NetConn(ctx context.Context, text bool) net.Conn {
	kind := websocket.MessageBinary
	if text {
		kind = websocket.MessageText
	}
	return websocket.NetConn(ctx, c.ws, kind)
}

// Dial connects a program of the user to a Server's Unix socket: a WebSocket to
// path with the protocol, as a byte stream of text messages of at most limit
// bytes each.
func Dial(ctx context.Context, socket, path, protocol string, limit int64) (net.Conn, error) {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	ws, resp, err := websocket.Dial(ctx, "ws://deskside"+path, &websocket.DialOptions{
		HTTPClient:   client,
		Subprotocols: []string{protocol},
	})
	if err != nil {
		return nil, dialError(socket, resp, err)
	}
	ws.SetReadLimit(limit)
	// The context bounds the handshake alone.
	return websocket.NetConn(context.WithoutCancel(ctx), ws, websocket.MessageText), nil
}

// dialError gives the refusal, if there was one.
func dialError(socket string, resp *http.Response, err error) error {
	if resp != nil {
		var refusal deskside.Error
		if json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&refusal) == nil && refusal.Code != "" {
			return &refusal
		}
	}
	return fmt.Errorf("connect to %q: %w", socket, err)
}

// Close ends the socket and tells the page why, in at most 120 bytes.
func (c *Socket) Close(why string) error {
	defer c.forget()
	return c.ws.Close(websocket.StatusNormalClosure, why[:min(len(why), 120)])
}

// abort ends the socket without a word.
func (c *Socket) abort() {
	defer c.forget()
	c.ws.CloseNow()
}

func (c *Socket) forget() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.server.sockets, c)
}
