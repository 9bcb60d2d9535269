// Package find looks for names below a folder, on either side.
//
// It walks breadth first, a few folders at a time, since each is a request to a
// far machine: what is near the top is found first, and a folder that cannot be
// listed is counted and passed over. Links are not followed, so that the walk has
// an end; besides, it has limits. A folder is listed by a function of the
// caller's, under whatever rules that keeps.
//
// The package matches names alone, as the page's own filter does, and reads no
// file.
package find
