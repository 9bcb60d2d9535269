package agent

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/chat"
	"deskside/internal/await"
	"deskside/raster"
	"deskside/rcinfo"
	"deskside/rfb"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// good are the first words of good peers.
var good = map[string][]byte{
	rcinfo.ControlProtocol: []byte("{\"do\":\"beat\"}\n{\"do\":\"beat\"}\n"),
	rcinfo.MeetProtocol:    []byte("{\"commit\":\"" + strings.Repeat("A", 43) + "=\"}\n"),
	chat.Protocol:          []byte("{\"type\":\"join\"}\n{\"type\":\"say\",\"id\":\"a\",\"text\":\"hello\"}\n"),
	"rfb": bytes.Join([][]byte{[]byte("RFB 003.008\n\x01\x01"),
		rfb.SetPixelFormat{Format: raster.RGB888}.Append(nil),
		rfb.KeyEvent{Down: true, Sym: 'a'}.Append(nil), rfb.PointerEvent{X: 3, Y: 3, Buttons: 1}.Append(nil),
		rfb.FramebufferUpdateRequest{Rect: raster.XYWH(0, 0, 320, 200)}.Append(nil),
	}, nil),
}

// Each of the eight endpoints, inside the authenticated stream of an operator
// with a live ticket.
func TestHostileOperators(t *testing.T) {
	t.Setenv("TMPDIR", "/dev/shm") // each try is a session, whose audit would wait for a disk
	for _, over := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		for _, svc := range deskside.Services {
			t.Run(string(over)+"/"+svc.String(), func(t *testing.T) {
				d := openDesk(t, Settings{Transports: []string{string(over)}}, ann)
				d.redial(over)
				files := t.TempDir()
				d.share(t, files)
				transporttest.Hostile(t, d.target(t, svc, files))
				d.endAll()
				await.True(t, "nothing is held", func() bool {
					keys, buttons := d.screen.Held()
					return keys == 0 && buttons == 0 && len(d.Sessions()) == 0
				})
				if list, err := os.ReadDir(files); err != nil || len(list) != 0 {
					t.Errorf("half a file is left: %v, %v", list, err)
				}
			})
		}
	}
}

// target is one service of the agent.
func (d *desk) target(t *testing.T, svc deskside.Service, files string) transporttest.Target {
	x := transporttest.Target{
		Dial: d.wire(svc).Dial,
		End:  d.endAll,
		Ticket: func() deskside.Ticket {
			d.endAll()
			a, err := d.setup(t)
			if err != nil {
				t.Fatal(err)
			}
			return a.Tickets[svc.String()]
		},
	}
	x.Works = func(t *testing.T) { d.works(t, svc, x.Ticket()) }
	upgrade := func(request, protocol string) {
		x.Upgrades = append(x.Upgrades, transporttest.Upgrade{
			Request: request, Protocol: protocol, Good: good[protocol], Alone: protocol == rcinfo.MeetProtocol,
		})
	}
	switch svc {
	case deskside.RCInfo:
		x.Bodies = []string{"POST /session", "POST /session/resume"}
		upgrade("POST /session/control", rcinfo.ControlProtocol)
		upgrade("POST /meet", rcinfo.MeetProtocol)
	case deskside.RemCtrl:
		upgrade("POST /rfb", "rfb")
	case deskside.Chat:
		upgrade("POST "+chat.Path, chat.Protocol)
	case deskside.Xfer:
		x.Bodies = []string{"PUT /file?path=" + files + "/h.txt&size=5"}
	}
	return x
}

// share lets the operator reach a folder.
func (d *desk) share(t *testing.T, files string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(d.dir, PolicyFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "\n[[files]]\nname = \"test\"\npath = %q\nwrite = true\n", files); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the folder is shared", func() bool {
		p, _ := d.authority.Policy()
		return p.Files[len(p.Files)-1].Path == files
	})
}

func (d *desk) endAll() {
	for _, s := range d.Sessions() {
		d.authority.End(s.ID, deskside.CausePerson)
	}
}

// works does something small on a service, as a good operator.
func (d *desk) works(t *testing.T, svc deskside.Service, ticket deskside.Ticket) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	c := d.wire(svc)
	defer c.Close()
	var err error
	switch svc {
	case deskside.RCInfo:
		err = c.JSON(ctx, "GET", "/session", ticket, nil, new(rcinfo.Status))
	case deskside.Xfer:
		err = c.JSON(ctx, "GET", "/roots", ticket, nil, nil)
	case deskside.RemCtrl:
		err = d.firstLine(ctx, c, "/rfb", "rfb", ticket, "")
	case deskside.Chat:
		err = d.firstLine(ctx, c, chat.Path, chat.Protocol, ticket, "{\"type\":\"join\"}\n")
	}
	if err != nil {
		t.Errorf("the service no longer works: %v", err)
	}
}

// firstLine upgrades, says words and waits for a line.
func (d *desk) firstLine(ctx context.Context, c *wire.Client, path, protocol string, ticket deskside.Ticket, words string) error {
	conn, err := c.Upgrade(ctx, "POST", path, protocol, ticket)
	if err != nil {
		return err
	}
	defer conn.Abort()
	conn.SetDeadline(time.Now().Add(await.Limit))
	io.WriteString(conn, words)
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}
