// Package keyboard knows the keys of an X server: which symbol each gives in
// which group and with which modifiers, by the X Keyboard Extension or, where
// a server lacks that, by the core protocol's map; the keysyms, as of
// keysymdef.h; and the scan codes, as of the QEMU extended key event.
//
// It presses no keys, and changes no map.
package keyboard
