// Package raster is the arithmetic of pictures: rectangles, regions, images of
// 32-bit pixels, the pixel formats of remote viewers, exact comparison by
// tiles and the search for moved areas.
//
// It does no I/O, starts no goroutine and knows neither screens nor protocols.
package raster
