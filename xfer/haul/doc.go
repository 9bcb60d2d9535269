// Package haul moves trees of files: Walk and Send are how one leaves a disk,
// Landing how one arrives. Both ends of a transfer use it, whichever sends.
//
// # How a tree arrives
//
// Each file goes to a draft of package disk, a file of its own folder without a
// name, and its hash is compared; short files are written by several writers. Files
// get their names in groups: of a group all that was written is flushed to the
// disk, then the group is handed to Record, which for an agent is the audit, then
// each file gets its name in one step, while the next group is flushed. Names last
// with a later flush, or the one at the end. So at any moment at which the machine
// might stop, a file is there whole or not at all, and ten thousand small files cost
// some dozens of flushes, of the whole file system each; a few files are flushed one
// by one, and so are those where another file system is mounted in the tree. Folders are recorded before they are made, many
// at once: what is small and comes behind one waits in memory for that. They are made
// with their permissions, and what their owner needs to fill
// them; the rest of their permissions, their owners and their times come last, when
// nothing more is put into them, or when all is stopped. So a folder that a stopped
// machine leaves differs by what its owner may do there at most, and the next copy
// tells it by that.
//
// Nothing is written through a link. A folder on the way to a file must be a
// folder itself, at this moment; a link arrives as a link, and only if where it
// leads is in the tree, by tree.Inside. What cannot be made, on this file system
// or by what Allow says, is noted, and the rest goes on.
//
// The package does not decide which files are wanted, and knows nothing of the
// wire or of policy.
package haul
