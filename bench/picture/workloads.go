package main

import "deskside/bench/eye"

// workloads are all of them, in the order in which they are played. The ones of
// the same name as rows of the table make those.
var workloads = []workload{
	{"key.idle", keysIdle},
	{"key.video.q8", keysVideo("key.video.q8", 8)},
	{"key.video.lossless", keysVideo("key.video.lossless", eye.Lossless)},
	{"video.q8", video("video.q8", 8)},
	{"video.lossless", video("video.lossless", eye.Lossless)},
}
