// What this browser needs to make pixels of what arrives.
//
// noVNC works in two steps. It takes messages in and decodes them at once: zlib,
// palettes, and the copying into a canvas that is not seen. Photographs it hands
// to the browser, which decodes them beside the page; what follows in the update
// waits behind them in a queue. With an update's end the canvas that is seen gets
// all of it.
//
// So the browser is busy from when noVNC begins with a message until the queue is
// empty again. That is what is counted: the whole of the decoding, and, where the
// page has other things to do meanwhile, what those delay it by. What is not
// counted is how long a message lay in the browser before the page got it, and
// how long the screen takes to show what the canvas has, which is a frame of the
// monitor at most. While an update is only half here, nothing is busy: that is
// the network's time.
import type RFB from "@novnc/novnc";

export interface Eyes {
  updates: number; // that the times are of
  mean: number; // milliseconds for an update
  p95: number;
  busy: number; // the part of the time since the last reading, 0 to 1
}

// What is used of noVNC's inside. Its version is pinned.
interface Inside {
  _normalMsg(): boolean; // handles a message, false if some of it is missing
  _framebufferUpdate(): boolean; // the same of an update: true at its end
  _display: { pending(): boolean; flush(): Promise<unknown> };
}

const span = 2000; // milliseconds that figures are of, as at the far side

/** few is of how many updates the figures are at least, however old. Fewer say
 *  nothing: the first ones of a picture take longest. */
export const few = 8;
const kept = 512;

export class Meter {
  private done: { at: number; ms: number }[] = []; // updates
  private begun = 0; // when the present work began; 0 is none
  private ended = 0; // updates that ended in it
  private carried = 0; // milliseconds of an update that has not ended
  private spent = 0; // milliseconds since the last reading
  private readAt = performance.now();
  private of: Inside | null = null; // whom it watches
  private waits = false; // for what is queued there

  /** watch measures what a viewer does, until it is told to watch another. */
  watch(rfb: RFB): void {
    const inside = rfb as unknown as Inside;
    const message = inside._normalMsg.bind(rfb), update = inside._framebufferUpdate.bind(rfb);
    this.of = inside;
    this.waits = false;
    this.begun = this.ended = this.carried = 0;
    inside._normalMsg = () => {
      if (this.of === inside) this.begun ||= performance.now();
      try { return message(); } finally { this.settle(inside); }
    };
    inside._framebufferUpdate = () => {
      const whole = update();
      if (whole && this.of === inside) this.ended++;
      return whole;
    };
  }

  /** settle ends the present work, once nothing waits to be drawn. */
  private settle(of: Inside): void {
    if (!this.begun || this.of !== of) return;
    if (of._display.pending()) {
      if (!this.waits) void of._display.flush().then(() => { if (this.of === of) this.waits = false; this.settle(of); });
      this.waits = true;
      return;
    }
    const now = performance.now(), took = now - this.begun;
    this.begun = 0;
    this.spent += took;
    this.carried += took;
    if (!this.ended) return;
    for (let i = 0; i < this.ended; i++) this.done.push({ at: now, ms: this.carried / this.ended });
    this.done.splice(0, this.done.length - kept);
    this.ended = this.carried = 0;
  }

  /** read gives the figures of late. */
  read(): Eyes {
    const now = performance.now();
    if (this.begun) { // so far
      this.spent += now - this.begun;
      this.carried += now - this.begun;
      this.begun = now;
    }
    const busy = Math.min(this.spent / Math.max(now - this.readAt, 1), 1);
    this.spent = 0;
    this.readAt = now;
    const late = this.done.filter((d) => now - d.at <= span).length;
    const list = this.done.slice(-Math.max(late, few)).map((d) => d.ms).sort((a, b) => a - b);
    const mean = list.reduce((sum, v) => sum + v, 0) / Math.max(list.length, 1);
    return { updates: list.length, mean, p95: list[Math.ceil(list.length * 0.95) - 1] ?? 0, busy };
  }
}
