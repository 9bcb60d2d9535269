// Package score is what the bench makes of its numbers: medians over rounds,
// ratios to the best scraping server, whether a target is met, and the tables
// that are kept. It measures nothing itself.
package score
