// Package glance decides what of a file is shown in the page, and as what: the
// beginning of a text, or a whole picture of one of five kinds.
//
// A file says nothing of itself that is believed. Its name is not looked at; its
// first bytes decide, by the signatures of the WHATWG's MIME Sniffing Standard
// made stricter, so that what is called a picture is one that a browser only
// draws. SVG and HTML hold scripts and are shown as the text that they are.
//
// The package reads no file and knows no page: it is given a beginning, and says
// whether it needs the rest.
package glance
