// Package strangers holds tests alone: what our encoders write is given to
// decoders that others wrote, and what they make of it is compared with the
// source, pixel by pixel.
//
// The strangers are
//
//   - libvncclient (Debian libvncserver-dev), through testdata/viewer.c, at 8,
//     16 and 32 bits for a pixel: it hands out the very values it decoded.
//   - TigerVNC's viewer (Debian tigervnc-viewer) in an X server of its own, at 32
//     bits and its three low colour levels of 8 bits, by what its window shows.
//   - noVNC in Chromium, at 32 bits, the only ones it knows, by what its canvas
//     holds.
//   - libjpeg in ImageMagick, for JPEG files alone.
//
// Each shows every encoding and every mode of Tight singly, one after the other
// on one connection, so that the streams of compression must go on as well. JPEG
// must come within the PSNR that the test states.
//
// What the strangers need is installed by script/test, noVNC by script/web.
package strangers
