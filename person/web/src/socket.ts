// A WebSocket to the agent on this machine that opens again when it is lost.

// bearer is what the login put into the page, kept for when it is loaded again.
function takeBearer(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="bearer"]');
  const fresh = meta?.content ?? "";
  if (meta) meta.content = "";
  if (fresh !== "") {
    sessionStorage.setItem("bearer", fresh);
    history.replaceState(null, "", "/");
  }
  return fresh !== "" ? fresh : sessionStorage.getItem("bearer") ?? "";
}

const bearer = takeBearer();

const firstPause = 300, longestPause = 5000;

export class Socket {
  private ws: WebSocket | null = null;
  private pause = firstPause;
  private timer = 0;
  private over = false;

  constructor(
    private readonly path: string,
    private readonly protocol: string,
    private readonly on: { open(): void; message(text: string): void; lost(): void },
  ) {
    this.connect();
  }

  private connect(): void {
    const ws = new WebSocket(`ws://${location.host}${this.path}`, [this.protocol, `deskside.bearer.${bearer}`]);
    this.ws = ws;
    ws.onopen = () => {
      this.pause = firstPause;
      this.on.open();
    };
    ws.onmessage = e => { if (typeof e.data === "string") this.on.message(e.data); };
    ws.onclose = () => {
      if (this.ws !== ws || this.over) return;
      this.ws = null;
      this.on.lost();
      this.timer = window.setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(2 * this.pause, longestPause);
    };
  }

  // send reports whether the text is on its way; when it is lost, lost() tells.
  send(text: string): boolean {
    if (this.ws?.readyState !== WebSocket.OPEN) return false;
    this.ws.send(text);
    return true;
  }

  close(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.ws?.close();
  }
}
