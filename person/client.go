package person

import (
	"context"
	"encoding/json"
	"fmt"
	"net"

	"deskside"
	"deskside/chat"
	"deskside/loopback"
)

// maxOverview caps what Rooms takes, in bytes.
const maxOverview = 1 << 20

// Rooms asks at a person's socket which chats there are.
func Rooms(ctx context.Context, socket string) (o Overview, err error) {
	conn, err := loopback.Dial(ctx, socket, "/rooms", roomsProtocol, maxOverview)
	if err != nil {
		return o, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := json.NewDecoder(conn).Decode(&o); err != nil {
		return o, fmt.Errorf("read the rooms at %q: %w", socket, err)
	}
	return o, nil
}

// NewClient joins a session's chat as the person, from a program of theirs,
// through a person's socket.
func NewClient(socket string, id deskside.SessionID) *chat.Client {
	return chat.NewClient(chat.ClientConfig{
		Side: deskside.ByPerson,
		Open: func(ctx context.Context) (net.Conn, error) {
			return loopback.Dial(ctx, socket, "/chat/"+id.String(), chat.Protocol, chat.MaxLine)
		},
	})
}
