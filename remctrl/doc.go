// Package remctrl is the service on 2702: remote control. It shows the desktop
// to viewers and passes on what they type and point at.
//
// # Protocol
//
// A viewer opens a stream, presents its ticket, and asks for RFB:
//
//	POST /rfb?screen=1&view-only=1&name=left
//	Upgrade: rfb
//
// "screen" is the ID of one screen, or "all" for the whole layout, which is the
// default. "view-only" is 0 or 1; with 1 the agent drops what the viewer types.
// "name" is what the session calls this viewer from now on: 1 to 32 letters,
// digits, - and _. After the answer 101 the stream carries RFB 3.8 as package
// rfb describes it, the agent speaking first.
//
// A viewer that runs is steered by a request beside its stream, which therefore
// stays one that any RFB viewer understands:
//
//	POST /rfb/left?screen=7&view-only=0
//
// What the query leaves out stays. The answer is 204: from then on nothing of a
// viewer that only looks reaches the desktop, and what it held is let go of; its
// picture follows with the next update, by a change of size where the screens
// differ. The name stands for all viewers of this session that have it, so that
// one whose stream is broken, but not yet found to be, is in nobody's way.
//
// How a viewer fares, and where the time of its last updates went, is told to a
// session that holds View. It is no activity, and not in the audit:
//
//	GET /rfb/left
//	{"viewers":[{"over_ms":2000,"frames_per_s":29.5,"updates_per_s":31,"bytes_per_s":812345,
//	  "rects_per_s":220,"photos_per_s":90,"copies_per_s":2,"idle_ms":12,"held_ms":0,
//	  "path":{"round_trip_ms":1.2,"last_trip_ms":3.1,"bytes_per_s":5300000,"under_way_bytes":40211},
//	  "quality":79,"may_quality":79,"of_updates":62,
//	  "stages":[{"stage":"capture","mean_ms":0.4,"p95_ms":0.9},{"stage":"compare",...},
//	    {"stage":"encode",...},{"stage":"wait",...},{"stage":"send",...}],
//	  "w":1920,"h":1080,"began":"2026-11-03T09:12:00Z","view_only":false,"controls":true}],
//	 "others":[{"operator":"...","name":"Ben","began":"2026-11-03T09:10:00Z","view_only":true,"controls":false}]}
//
// There is one in "viewers" for each that has the name. "wait" is the time in
// which something had changed and the path had no room for it, "send" that in
// which the stream did not take what was written; "held_ms" is for how long
// something has waited by now. "path" is what fences tell, so it ends behind the
// viewer's decoder. "controls" is who acted last. "others" are the viewers of
// other sessions. Package gauge says what each figure is of, and judges them.
//
// Which screens there are is told to a session that holds View:
//
//	GET /screens
//	{"w":3840,"h":1080,"screens":[{"id":1,"name":"HDMI-1","x":0,"y":0,"w":1920,"h":1080,"primary":true},...]}
//
// A viewer of a screen that goes away is shown the whole layout. Refusals are
// those of the gate, and:
//
//	bad-request   the query is wrong or the upgrade missing
//	not-found     another path, no such screen, or no viewer of that name
//	busy          MaxViewers are watching
//	no-desktop    there is no screen to show
//
// Encodings are Tight, ZRLE, CopyRect and Raw; pseudo-encodings Cursor,
// DesktopSize, ExtendedDesktopSize, DesktopName, LastRect, Fence,
// ContinuousUpdates, QEMU's extended keys, extended mouse buttons and the
// Extended Clipboard. SetDesktopSize is answered "prohibited". A wrong message
// ends that viewer alone, with the reason in the log and the audit.
//
// # Rights
//
// They are asked for at each operation. Without View the picture is black, and what
// was still to be sent of it is not.
// Without Control, and for a view-only viewer, input is dropped. Without
// Clipboard, cut text is dropped in both directions. Input and a taken
// clipboard count as activity, updates do not. The audit has the begin of each
// viewer before it sees anything, what it chooses anew before it is so, its end
// with the cause, and every clipboard that was passed on, by size and direction
// and not by content.
//
// One viewer controls at a time: whoever acted last, but nobody else while keys
// or buttons of the present one are down. The person's clipboard goes to the
// controller alone. What a viewer holds is let go of when its stream ends for
// whatever reason.
//
// # Picture
//
// One loop takes the desktop's picture, as long as anybody watches. Each viewer
// has a picture of what its other end shows; damage is compared with that tile
// by tile, and only what differs is sent. Of a large difference the parts that
// were elsewhere before are found and copied by the other end: pages that
// scroll, windows that are dragged. With a quality setting, areas of more
// than 256 colours may go as JPEG. Once they have been at rest for 75 to 150 ms
// they are sent again exactly, as soon as nothing else changes and the path has
// room; after 225 to 300 ms they have a share of each update. They are encoded by
// the viewer's own goroutine and by the workers that all viewers share, one for
// each processor but one.
//
// An area that keeps changing all over plays, as a film does: it is sent after
// all else that changed, and exactly once all of it is at rest, or a part of it
// for long enough to have its share. Where the path is full for much of the time
// photographs are sent in a lower quality than the viewer allows.
//
// An update is made when it can be sent, of the newest picture. Within it small
// changes go first, and a small change that comes up between two parts of a large
// one, or right after it, goes before the rest. A picture that is half sent is
// finished before the next, as long as it is not older than 250 ms. What is sent
// again exactly waits for all else.
//
// # Pace
//
// A picture is never queued. What is under way to a viewer is bounded by what its
// path holds in one round trip, plus 25 ms of queue so that the path never runs
// dry; and one update has at most what the path carries in 25 ms, so that what is
// newer waits no longer than that. What is left of a large picture follows in
// further updates. An area that a viewer asks for as it is, changed or not, comes
// whole.
//
// How quick the path is, and how much it carries, is found by when updates
// arrive. Each is followed by a fence; viewers without fences tell by asking for
// the next. That counts all there is on the way: the queues of TLS, the kernel
// and QUIC, routers, a relay, and a viewer that is slow to decode. At first 64
// KiB may go out at once, on a path of less than 10 ms 256 KiB; once such a path
// has carried 4 MiB/s, half a MiB always may. A viewer that
// takes continuous updates without fences is paced by its stream alone.
//
// Each viewer has a pace, a picture and goroutines of its own, and nobody waits
// for another. One that does not read loses its own connection after the write
// time-out.
//
// The package does not open a desktop, ask the person or decide what is allowed.
// That input is dropped while a question is open is the work of desktop.Hold.
package remctrl
