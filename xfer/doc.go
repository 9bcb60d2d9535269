// Package xfer copies files between an operator and an agent: the protocol of
// the service on 2704 and the operator's side of it. Its promise is never half
// and never wrong: a file has its name only when all of its bytes are there, and
// their hash is the sender's. How a file arrives is in package xfer/disk, which
// both sides use; the agent's side, with what policy opens, in xfer/serve.
//
// # The protocol
//
// The operator asks, the agent answers, by HTTP on a stream with a ticket as
// package wire has it. What is asked is in the query, because a name may hold
// bytes that JSON cannot; every field at most once, an unknown one is refused.
//
//	GET    /roots                                          the folders policy opens
//	GET    /list    path after limit                       a page of a folder
//	GET    /stat    path follow sums                       one entry, with sums its hash
//	POST   /file    path size mtime                        a file as records
//	GET    /chunks  path size mtime replace                what is there of a file to come
//	PUT    /file    path size mtime mode replace have      a file to come, as records
//	GET    /file    path offset prefix size mtime          a file's bytes
//	GET    /partial path size mtime                        how much of it has arrived
//	PUT    /file    path size mtime mode offset prefix replace
//	GET    /tree    path sums owners                       everything in a folder, as a list
//	POST   /fetch   path owners                            files of a tree; the body names them
//	PUT    /tree    path replace owners                    a tree, in one body
//	POST   /folder  path mode                              make a folder
//	POST   /rename  path to replace
//	DELETE /file    path tree
//
// The answers are JSON (a list of Root, a Page, an Entry, {"offset": n}, a
// Receipt, {}) but for those with a file in them, which come after the headers
// Deskside-Size, Deskside-Mtime and Deskside-Mode, and that of chunks. size and
// mtime say which file is meant, also in a get.
//
// # Only what changed
//
// Who receives says what it has: in place, what arrived before the way broke,
// and behind it the older file that is to be replaced. That is a manifest as
// package chunk has it, of type application/x-deskside-manifest: the body of
// POST /file, or the answer to chunks, whose header Deskside-Have names the state it
// was made of. A manifest without a piece is one too, and then that header is
// not there. Who sends cuts its own file in the same way and at the end of what
// lies in place, and answers that post, or puts with have and what the header
// said, with records as package frame has them, of type
// application/x-deskside-records: what the receiver has it copies, all else is
// sent, packed where that gets there sooner. Offsets count through the manifest.
// What lies in place may be copied to its own place alone. The hash in the last
// record is the BLAKE3 of the whole file, or there is the fault, an Error, for
// which the sender could not go on, as when the file changed meanwhile.
//
// When what was there has changed since, or the hash comes out wrong, the answer
// is conflict, nothing is kept, and the same put without have sends everything.
// The agent tells what is there of the older file only to who may read it; of
// what arrived, to the operator who sent it. Asking for the chunks ends a put of
// the same file by the same operator, which goes on with what arrived.
//
// # Bytes alone
//
// A program that needs none of this gets and puts a file as it is, of any other
// type. Such bodies are chunked in both directions and end in a trailer:
// Deskside-Hash or Deskside-Fault. A body without the hash is not accepted.
// offset says that the receiver has that many bytes, and prefix is their hash. A
// sender whose own bytes hash otherwise answers with the code conflict, and the
// transfer begins again.
//
// # Paths and refusals
//
// A path is absolute in the agent's own form with slashes, or relative to the
// first root: "/home/ann/docs/x", "C:/Users/Ann/x", "docs/x". It may have 4096
// bytes, 255 in a name and 200 folders, and holds neither "..", a backslash nor
// NUL. A side on Windows refuses the names that are devices there, end in a dot or
// a space, hold a colon or another character that Windows does not take, or may be
// the short form of another name; no other side does.
//
// # Trees
//
// A tree is sent to be added to what is there. The sender first asks for what is:
// GET /tree answers with a body of package tree that has every entry below the
// folder, without the files' bytes, and with sums their hashes. So it is known
// without a question for each file which are there already, by size and time or by
// hash. Then PUT /tree carries all that differ in one body; its answer is a
// TreeReceipt, once all of them have their names. To the operator, POST /fetch
// asks for files by their paths in the tree, 16,384 at most and 4 MiB of them, and
// is answered by a body with those files, or a note for one, in that order. The list
// may have 1 GiB, and 32 MiB as the operator's side keeps it, packed. A file
// of 4 MiB and more goes by itself, so that it can go on after a break, unless it
// has holes or owners are kept.
//
// Such a body may be packed: cut anywhere into records as package frame has them,
// of bytes or packed bytes alone, and of type application/x-deskside-packed. The
// operator sends it so, and takes it so who accepts that type.
//
// How a body is made is in package tree; how a tree arrives, and why no file of it
// is ever there in part, in package haul. A body that ends early leaves what had
// arrived whole; the same copy then goes on from there.
//
// From one agent to another a tree goes as from this machine, but that what comes
// in the body of a fetch goes on in the one of the put, as it is; and a file as the
// body of a get goes on in that of a put. The agents know nothing of each other.
//
// Refusals: bad-request, denied (outside the roots, read only, hidden, a start-up
// file, the agent's own), refused (the person stopped it: nothing of it is kept, and
// for half a minute the same is refused again), no-right, not-found, exists,
// conflict (changed, damaged, not empty), no-access and no-space from the file
// system, no-audit, and those of the ticket. A body that stands still for a minute
// is ended.
//
// The package sends no difference of a file inside a tree.
package xfer
