// What the page uses of noVNC 1.7.0, which has no types of its own.
declare module "@novnc/novnc" {
  interface Sock { readonly readyState: string }

  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: WebSocket, options?: { shared?: boolean });
    viewOnly: boolean;
    scaleViewport: boolean;
    clipViewport: boolean;
    background: string;
    focusOnClick: boolean;
    qualityLevel: number;
    compressionLevel: number;
    showDotCursor: boolean;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    blur(): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    sendCtrlAltDel(): void;
    clipboardPasteFrom(text: string): void;
    static messages: {
      clientEncodings(sock: Sock, encodings: number[]): void;
      extendedClipboardRequest(sock: Sock, formats: number[]): void;
    };
  }
}
