// Package tree is the form in which many files cross the wire in one body: a
// sequence of records, each of which says its length, so that nothing in it
// depends on what a name or a file holds.
//
// # The body
//
// Every number is an unsigned varint (as in encoding/binary) unless said
// otherwise. A record begins with one byte.
//
//	'e'  an entry: the length of its head and the head. In a body with files a
//	     file's bytes follow, and after them its end
//	'n'  a note: the length of what follows, then a path as in a head, and to the
//	     end of the record why it is not here, a deskside.Error as JSON
//	'w'  a path alone, as in a head: a file that is wanted
//	'z'  the end, and how many records were before it. A body without it was cut off
//
// A head has in this order: a byte that is the kind, 'f' file, 'd' folder or 'l'
// link; the flags; the path, its length and its bytes; the size; the permissions;
// the time, seconds as a signed varint and nanoseconds; then what the flags say is
// there:
//
//	1  target   of a link: length and bytes
//	2  owner    user and group, two numbers
//	4  attrs    extended attributes: their number, then for each the length and
//	            bytes of its name (without "user.") and of its value
//	8  extents  a file with holes: the number of stretches that hold data, then for
//	            each how far behind the last it begins, and how long it is
//	16 hash     of a file in a list: 32 bytes
//
// In a list, which has no files' bytes, no extents say that the file may have
// holes, and one attribute without a value that a large file has some.
//
// A path is relative to the folder the body is about: elements between single
// slashes, none of them empty, "." or "..". The folder itself has the empty path.
// A folder comes before what is in it; entries of a folder come in the order of
// their names' bytes.
//
// A file's bytes are all of them, or those of its extents one after another. Its
// end is a byte: 0, with the BLAKE3 of the bytes; or 1, with the length and the
// text of an Error as JSON, when the source could not be read to the end as it
// was, and what came is worth nothing. The hash of a file with holes is over its
// size and its extents, each number as eight bytes, the highest first, and then
// the bytes.
//
// # Limits
//
// A head has 192 KiB, a path 4096 bytes, a name 255, a file 32 attributes of 64
// KiB together and 4096 extents. More is refused, and so are a flag that is not
// known, a byte left over in a head, and extents that overlap or lie outside.
//
// # Links
//
// Where a link leads is said as the link says it. Inside tells whether that stays
// in the tree: a relative path that climbs only at its beginning, and not above
// the tree. A path that climbs later could leave it through another link.
//
// The package does no input or output of its own, and makes no file.
package tree
