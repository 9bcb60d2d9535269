package score

// Row is one line of the table: a number that every server is measured by.
type Row struct {
	ID    string  // as measured, "key.idle.p50"
	Name  string  // for people
	Unit  string  // "ms"
	Goal  float64 // what ours must reach; 0 is nothing
	Best  float64 // that of the better scraper when the goal was set; 0 is none
	Up    bool    // more is better
	Whole bool    // shown without decimals
	Info  bool    // said beside the table: no goal and no ratio
}

// Rows are all of them, in the order of the table. Goals and the scrapers' values
// are those of the issue that asked for the bench.
var Rows = []Row{
	{ID: "key.idle.p50", Name: "key press to pixels decoded, idle desktop, p50", Unit: "ms", Goal: 2, Best: 4.5},
	{ID: "key.idle.p95", Name: "the same, p95", Unit: "ms", Goal: 4, Best: 5.8},
	{ID: "key.video.q8.p50", Name: "the same while 720p30 video plays (JPEG q8), p50", Unit: "ms", Goal: 5, Best: 8.1},
	{ID: "key.video.q8.p95", Name: "the same, p95", Unit: "ms", Goal: 15, Best: 21.5},
	{ID: "key.video.lossless.p50", Name: "the same while lossless video plays, p50", Unit: "ms", Goal: 15, Best: 109},
	{ID: "key.video.lossless.p95", Name: "the same, p95", Unit: "ms", Goal: 40, Best: 155},
	{ID: "connect", Name: "connect to first full frame, q8, p50", Unit: "ms", Goal: 15, Best: 21},
	{ID: "setup", Name: "session set-up (`deskside vnc` from its start to its port)", Unit: "ms"},
	{ID: "photo.lossless", Name: "1280x720 photo replaced on a key, lossless, p50", Unit: "ms", Goal: 25, Best: 86},
	{ID: "photo.q8", Name: "the same, q8, p50", Unit: "ms", Goal: 12, Best: 19},
	{ID: "xterm.kbs", Name: "xterm scrolling 90 lines/s, lossless", Unit: "kB/s", Goal: 40, Best: 483, Whole: true},
	{ID: "xterm.lag", Name: "its lag, p50", Unit: "ms", Goal: 10, Best: 17},
	{ID: "drag.fps", Name: "800x600 window dragged at 60 Hz over a photo, lossless", Unit: "fps", Goal: 60, Best: 51, Up: true},
	{ID: "drag.kbs", Name: "its bytes", Unit: "kB/s", Goal: 1300, Best: 2308, Whole: true},
	{ID: "chromium.fps", Name: "Chromium scrolling text and photos at 30 Hz, lossless", Unit: "fps", Goal: 30, Best: 30, Up: true},
	{ID: "chromium.kbs", Name: "its bytes", Unit: "kB/s", Goal: 1000, Best: 7136, Whole: true},
	{ID: "video.q8.fps", Name: "720p30 noisy video, q8", Unit: "fps", Goal: 30, Best: 30, Up: true},
	{ID: "video.q8.cpu", Name: "its CPU, server and X", Unit: "% of a core", Goal: 35, Best: 27},
	{ID: "video.q8.kbs", Name: "its bytes", Unit: "kB/s", Goal: 5000, Best: 6929, Whole: true},
	{ID: "video.lossless.fps", Name: "the same video lossless", Unit: "fps", Goal: 30, Best: 14, Up: true},
	{ID: "sharp", Name: "exact picture after motion ends (q8)", Unit: "ms", Goal: 300, Whole: true},
	{ID: "idle.cpu", Name: "idle desktop with a blinking cursor, server CPU", Unit: "% of a core", Goal: 0.5, Best: 0.6},
	{ID: "memory", Name: "resident memory after video, server", Unit: "MiB", Goal: 60, Best: 22, Whole: true},

	{ID: "xterm.fps", Name: "xterm: lines seen", Unit: "fps", Up: true, Info: true},
	{ID: "drag.lag", Name: "window dragged: moved to decoded, p50", Unit: "ms", Info: true},
	{ID: "chromium.cpu.server", Name: "Chromium scrolling: CPU of the server alone", Unit: "% of a core", Info: true},
	{ID: "idle.updates", Name: "blinking cursor: updates", Unit: "fps", Info: true},
	{ID: "video.q8.lag", Name: "video q8: frame drawn to decoded, p50", Unit: "ms", Info: true},
	{ID: "video.q8.psnr", Name: "video q8: frames while they move, worst PSNR", Unit: "dB", Up: true, Info: true},
	{ID: "video.q8.cpu.server", Name: "video q8: CPU of the server alone", Unit: "% of a core", Info: true},
	{ID: "video.q8.cpu.relay", Name: "video q8: CPU of the operator's `deskside vnc`", Unit: "% of a core", Info: true},
	{ID: "video.q8.cpu.viewer", Name: "video q8: CPU of the measuring viewer", Unit: "% of a core", Info: true},
	{ID: "video.lossless.kbs", Name: "video lossless: bytes", Unit: "kB/s", Whole: true, Info: true},
	{ID: "video.lossless.lag", Name: "video lossless: frame drawn to decoded, p50", Unit: "ms", Info: true},
	{ID: "video.lossless.cpu.server", Name: "video lossless: CPU of the server alone", Unit: "% of a core", Info: true},
	{ID: "video.lossless.cpu.relay", Name: "video lossless: CPU of the operator's `deskside vnc`", Unit: "% of a core", Info: true},
	{ID: "video.lossless.cpu.viewer", Name: "video lossless: CPU of the measuring viewer", Unit: "% of a core", Info: true},
	{ID: "memory.relay", Name: "resident memory after video, operator's `deskside vnc`", Unit: "MiB", Whole: true, Info: true},
}
