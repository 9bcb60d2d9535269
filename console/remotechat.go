package console

import (
	"context"
	"errors"

	"deskside"
	"deskside/chat"
)

// Chat opens the session's conversation, which holds over every loss of the
// network.
func (r *remote) Chat(context.Context) (Chat, error) {
	if err := r.Reaches(deskside.Chat); err != nil {
		return nil, err
	}
	return talk{r.Session.Chat()}, nil
}

// talk is a Chat over the network.
type talk struct{ c *chat.Client }

var errTalkOver = errors.New("the conversation is over")

// Next passes over what the page has no use for.
func (t talk) Next(ctx context.Context) (ChatEvent, error) {
	for {
		select {
		case f, ok := <-t.c.Updates():
			if !ok {
				return ChatEvent{}, errors.Join(errTalkOver, t.c.Err())
			}
			if e, shown := chatEvent(f); shown {
				return e, nil
			}
		case <-ctx.Done():
			return ChatEvent{}, ctx.Err()
		}
	}
}

// chatEvent says what a frame is to the page.
func chatEvent(f chat.Frame) (e ChatEvent, shown bool) {
	switch f.Type {
	case chat.Welcome:
		return ChatEvent{Kind: ChatJoined, Name: f.Peer, First: f.First}, true
	case chat.Offline:
		return ChatEvent{Kind: ChatLost, Error: f.Error}, true
	case chat.Message:
		return ChatEvent{Kind: ChatLine, ID: f.ID, Seq: f.Seq, From: f.From, Name: f.Name, Text: f.Text, At: f.Time}, true
	case chat.Ack:
		return ChatEvent{Kind: ChatLine, ID: f.ID, Seq: f.Seq, From: deskside.ByOperator}, true
	case chat.Refused:
		return ChatEvent{Kind: ChatRefused, ID: f.ID, Error: f.Error}, true
	case chat.Marks:
		return ChatEvent{Kind: ChatMarks, Got: f.Got, Read: f.Seen}, f.From == deskside.ByPerson
	case chat.Typing:
		return ChatEvent{Kind: ChatTyping, From: f.From, On: f.On}, f.From == deskside.ByPerson
	}
	return ChatEvent{}, false
}

func (t talk) Send(id, text string) error { return t.c.SendAs(id, text) }
func (t talk) Typing(on bool)             { t.c.Typing(on) }
func (t talk) Seen(seq uint64)            { t.c.Seen(seq) }

// Close waits for the client, whose updates must be read until then.
func (t talk) Close() error { return t.c.Close() }
