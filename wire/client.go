package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"

	"deskside"
	"deskside/transport"
)

// Client asks one service of one agent. Streams are kept for further requests.
// The zero Client with Dial set is ready; its methods may be called from any
// goroutine.
type Client struct {
	// Dial opens an authenticated stream to the service.
	Dial func(context.Context) (transport.Stream, error)

	once sync.Once
	http *http.Transport
}

func (c *Client) transport() *http.Transport {
	c.once.Do(func() {
		c.http = &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return c.Dial(ctx)
			},
			DisableCompression:     true,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        IdleTimeout / 2,
			MaxResponseHeaderBytes: MaxHeader,
			ExpectContinueTimeout:  HeaderTimeout / 2, // then a body goes off that was to wait for the agent's word
		}
	})
	return c.http
}

// NewRequest makes a request for a path with its query, "/file?path=x". A
// ticket that is not zero is put into it.
func NewRequest(ctx context.Context, method, target string, ticket deskside.Ticket, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://agent"+target, body)
	if err != nil {
		return nil, err
	}
	if ticket != (deskside.Ticket{}) {
		text, _ := ticket.MarshalText()
		r.Header.Set("Authorization", scheme+string(text))
	}
	return r, nil
}

// Do sends a request and returns its answer. An answer that is a refusal comes
// back as its deskside.Error, with the body closed. Where no answer came the
// error is CodeUnreachable, unless the caller gave up.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	answer, err := c.transport().RoundTrip(r)
	if err != nil {
		return nil, lost(err)
	}
	if answer.StatusCode/100 != 2 {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	return answer, nil
}

// lost says that no answer came. The causes of a dial are said already.
func lost(err error) error {
	if _, said := errors.AsType[*deskside.Error](err); said || errors.Is(err, context.Canceled) {
		return err
	}
	words := "the connection to the agent broke"
	if errors.Is(err, context.DeadlineExceeded) {
		words = "no answer from the agent in time"
	}
	return &deskside.Error{
		Code: deskside.CodeUnreachable, Words: words, Err: err,
		Do: "Check that the agent runs, and that no firewall on the way keeps its port shut.",
	}
}

// refusal reads the Error of an answer.
func refusal(answer *http.Response) error {
	e := &deskside.Error{}
	text, err := io.ReadAll(io.LimitReader(answer.Body, MaxRefusal))
	if err == nil {
		err = json.Unmarshal(text, e)
	}
	if err != nil || e.Code == "" {
		return deskside.Errorf(deskside.CodeInternal, "the agent answered %s without saying why", answer.Status)
	}
	if e.By == "" {
		e.By = deskside.ByAgent
	}
	return e
}

// JSON sends in (nil for no body) and reads the answer into out (nil to leave
// it). The answer may have 1 MiB.
func (c *Client) JSON(ctx context.Context, method, target string, ticket deskside.Ticket, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := NewRequest(ctx, method, target, ticket, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, MaxRefusal))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(out); err != nil {
		return deskside.Errorf(deskside.CodeBadRequest, "the agent's answer to %s %s cannot be read: %s", method, target, err)
	}
	return nil
}

// Upgrade opens a stream of its own, asks for the protocol on it, and returns
// the raw bytes. The context bounds the handshake alone.
func (c *Client) Upgrade(ctx context.Context, method, target, protocol string, ticket deskside.Ticket) (*Conn, error) {
	stream, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, stream.Abort)
	conn, err := upgrade(ctx, stream, method, target, protocol, ticket)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		stream.Abort()
		return nil, err
	}
	return conn, nil
}

func upgrade(ctx context.Context, stream transport.Stream, method, target, protocol string, ticket deskside.Ticket) (*Conn, error) {
	r, err := NewRequest(ctx, method, target, ticket, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", protocol)
	if err := r.Write(stream); err != nil {
		return nil, err
	}
	bound := &io.LimitedReader{R: stream, N: MaxHeader}
	br := bufio.NewReader(bound)
	answer, err := http.ReadResponse(br, r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		defer answer.Body.Close()
		bound.N = MaxRefusal
		return nil, refusal(answer)
	}
	return &Conn{Stream: stream, r: &rest{br, stream}}, nil
}

// UpgradeKept is Upgrade on a stream that is kept from an earlier request, where
// there is one: without a handshake. It is for peers that are known to be there
// still, since a kept stream may be broken without anybody having noticed.
func (c *Client) UpgradeKept(ctx context.Context, method, target, protocol string, ticket deskside.Ticket) (*Conn, error) {
	var stream transport.Stream
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		stream, _ = got.Conn.(transport.Stream)
	}})
	r, err := NewRequest(ctx, method, target, ticket, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", protocol)
	r.Header["Idempotency-Key"] = nil // not sent: it lets another stream be tried where the kept one was closed
	answer, err := c.transport().RoundTrip(r)
	if err != nil {
		return nil, lost(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	return &Conn{Stream: stream, r: answer.Body}, nil
}

// Close lets go of the streams that are kept.
func (c *Client) Close() { c.transport().CloseIdleConnections() }
