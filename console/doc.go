// Package console is the operator's local web server: the page in which an
// engineer finds a machine, sets a session up and works in it. The page's
// sources are in web/src, what script/web built of them in web/dist, embedded.
//
// Package loopback serves it, to the user of the process alone: who may come
// in, with which bearer, from which page, is written there.
//
// # Tabs
//
// A tab is one setup and the session that comes of it; its phases are drawn at
// Phase. Its goroutine is the only one that moves it on. Tabs belong to the
// console, not to the page: a page that is loaded again finds them all. When
// no page has listened for Config.Linger every session is ended, since nobody
// is at the console any more.
//
// # The API
//
// Bodies are JSON of at most 64 KiB without unknown fields. A refusal is a
// deskside.Error as JSON: 400 bad-request, 404 not-found, 409 exists, conflict,
// ended and suspended, 429 too-many and busy, 502 unreachable, 500 internal,
// else 403.
//
//	GET    /api/machines                          the address book
//	POST   /api/machines  {old name address group note}   adds one, or changes old
//	DELETE /api/machines/{name}
//	POST   /api/kept      {name: text ...}        what the page keeps of the operator's habits
//	POST   /api/look      {address}               who answers there; three groups of the ID are masked
//	POST   /api/pin       {address agent filled}  remembers its key, if filled is its ID
//	POST   /api/tabs      {machine rights reason transport}   begins a setup
//	POST   /api/tabs/{tab}/end                    cancels it, or ends its session
//	DELETE /api/tabs/{tab}                        closes a tab that is over
//	POST   /api/tabs/{tab}/picture   {screen view_only name}   makes the open picture of that name be so
//	GET    /api/tabs/{tab}/screens                lists the machine's screens, as remctrl.Screens; 204 if the session ends
//	GET    /api/tabs/{tab}/health?name=&decode_ms=&busy=&others=1   how the open picture of that name fares,
//	                                              with what the page measured of its own decoding, and who else has
//	                                              a session with the machine; 204 while the session is not open
//	GET    /api/tabs/{tab}/files?path=            lists a far folder
//	GET    /api/tabs/{tab}/preview?path=          what of a far file is shown, as package glance decides: a text's
//	                                              beginning or a picture, of that type, with Deskside-Size; else
//	                                              {words do} says why nothing is
//	GET    /api/tabs/{tab}/search?path=&name=     looks for a name below a far folder: a line of find.News for each
//	                                              of the news, until one has over
//	POST   /api/tabs/{tab}/files     {do path to} do is mkdir, rename, delete or discard; gives {to}
//	PUT    /api/tabs/{tab}/files?path=&size=&changed=&replace=1   the body becomes a far file
//	POST   /api/tabs/{tab}/downloads {path}       gives {url}: see below
//	POST   /api/tabs/{tab}/transfers/{id}/cancel
//	GET    /api/here/files?path=                  lists a folder of this machine's
//	GET    /api/here/preview?path=                as for the far one
//	GET    /api/here/search?path=&name=           as for the far one
//	POST   /api/here/files           {do path to} as for the far one; delete only in the trash
//	POST   /api/queue {tab up move replace items: [{here there tree size page}]}   puts copies into the queue
//	PUT    /api/queue/{id}/file?path=&size=&changed=&before=&nth=&last=1   the body is the next file of a copy that has
//	                                              page and runs; gives {more error}
//	POST   /api/queue/{id}           {do}         an order for one, as queue.Order
//
// Three addresses are WebSockets, each of its own subprotocol:
//
//	GET /api/events              deskside.events   text, from the console only: a
//	                             hello with machines, tabs and queue, then
//	                             "machines", "tab", "gone", "queue" and "job" as
//	                             each changes. A page that reads too slowly is cut off and begins anew.
//	GET /api/tabs/{tab}/picture  deskside.picture  binary: the bytes of an RFB
//	                             3.8 server, as a viewer of its own each time;
//	                             ?screen=ID shows that screen alone,
//	                             &view_only=1 has the agent drop what is typed,
//	                             &name= is for POST
//	GET /api/tabs/{tab}/chat     deskside.chat     text: ChatEvent from the
//	                             console; {do: "send", id, text}, {do: "typing",
//	                             on} and {do: "seen", seq} from the page
//
// # Downloads
//
// A browser saves a large file well only if it fetches it itself, and then it
// sends no bearer. So the page asks for an address, /download/{ticket}, of 32
// random bytes, good for one file, one fetch and 30 seconds. What remains of
// it in the browser's history opens nothing. The last byte of a file is kept
// back until its hash was found right; a file that breaks off breaks the
// connection off, so that the browser says so and keeps no half of it.
//
// # Previews
//
// A preview is read by the ordinary way of a download, the far one under policy,
// consent and audit as any: only its first bytes are asked for, and all of it if
// it is a picture. What is sent to the page has a type of ours, and a policy of
// its own that lets nothing in it run.
//
// # Two sides
//
// Where the operator chose a folder of this machine (Config.Folder), the page
// shows it beside the far machine's files, and copies go between the two by
// package queue, which belongs to the console and is kept in Config.Queue: a page
// that is loaded again finds it as it is, and one that is closed stops nothing. A
// path of this machine begins at the top of that folder and is walked through
// os.Root by package here. What is dropped on the page from the desktop is a copy
// of the queue too, for which the page has the bytes (package feed). What is discarded, on either side, goes into a folder
// "Deskside trash" at the top of the root that it lies in; a rename brings it
// back. So the far side needs no operation for it, and its rules hold.
//
// The package knows nothing of keys, policy or the wire: its Backend does. It
// draws nothing on this machine's screen and opens no browser.
package console
