package main

import "deskside/bench/eye"

// workloads are all of them, in the order in which they are played. The ones of
// the same name as rows of the table make those.
var workloads = []workload{
	{"key.idle", keysIdle(presses)},
	{"key.video.q8", keysVideo("key.video.q8", 8)},
	{"key.video.lossless", keysVideo("key.video.lossless", eye.Lossless)},
	{"connect", connect},
	{"photo.lossless", photo("photo.lossless", eye.Lossless)},
	{"photo.q8", photo("photo.q8", 8)},
	{"xterm", xterm},
	{"drag", drag},
	{"chromium", chromium},
	{"video.q8", video("video.q8", 8)},
	{"video.lossless", video("video.lossless", eye.Lossless)},
	{"idle", idle},
}
