package raster

import "math"

// PSNR says how near b comes to a within r, in decibels over the three
// colours: +Inf if they are equal, above 35 if few would see a difference.
// Both pictures must contain r.
func PSNR(a, b *Image, r Rect) float64 {
	sum := 0.0
	for y := r.Y0; y < r.Y1; y++ {
		p, q := a.Row(y, r.X0, r.X1), b.Row(y, r.X0, r.X1)
		for i := range p {
			if i%BytesPerPixel != 3 {
				d := float64(p[i]) - float64(q[i])
				sum += d * d
			}
		}
	}
	return 10 * math.Log10(255*255*3*float64(r.Area())/sum)
}
