// How the page talks to the console. The bearer comes with the page after a
// login and is kept for this browser tab alone.
import type { Fault } from "./types";

const kept = "deskside.bearer";

function takeBearer(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="bearer"]');
  const given = meta?.content ?? "";
  if (given && meta) {
    sessionStorage.setItem(kept, given);
    meta.content = "";
    history.replaceState(null, "", "/");
  }
  return given || (sessionStorage.getItem(kept) ?? "");
}

const bearer = takeBearer();

export const loggedIn = (): boolean => bearer !== "";

/** Refusal is an error the console answered with. */
export class Refusal extends Error {
  constructor(readonly fault: Fault) { super(fault.words); }
}

/** faultOf gives what to show for anything that was thrown. */
export function faultOf(e: unknown): Fault {
  if (e instanceof Refusal) return e.fault;
  if (e instanceof TypeError) {
    return { code: "unreachable", words: "the console does not answer", do: "See whether deskside console is still running." };
  }
  return { code: "internal", words: e instanceof Error ? e.message : String(e) };
}

async function refusal(r: Response): Promise<Refusal> {
  try {
    return new Refusal(await r.json() as Fault);
  } catch {
    return new Refusal({ code: "internal", words: `the console answered ${r.status}` });
  }
}

/** raw sends a GET whose answer the caller reads. */
export async function raw(path: string, init: RequestInit = {}): Promise<Response> {
  const r = await fetch(path, { ...init, headers: { Authorization: `Bearer ${bearer}` }, cache: "no-store" });
  if (!r.ok) throw await refusal(r);
  return r;
}

/** call sends a request and reads the JSON it is answered with, null if there is
 *  no content. */
export async function call<T>(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<T> {
  const headers: Record<string, string> = { Authorization: `Bearer ${bearer}` };
  const json = body !== undefined && !(body instanceof Blob);
  if (json) headers["Content-Type"] = "application/json";
  const r = await fetch(path, {
    ...init, method, headers, cache: "no-store",
    ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body as Blob }),
  });
  if (!r.ok) throw await refusal(r);
  return r.status === 204 ? null as T : await r.json() as T;
}

/** socket opens a WebSocket of one of the console's protocols. */
export function socket(path: string, protocol: string): WebSocket {
  const ws = new WebSocket(`ws://${location.host}${path}`, [protocol, `deskside.bearer.${bearer}`]);
  ws.binaryType = "arraybuffer";
  return ws;
}

/** tabPath is the address of something of a tab. */
export const tabPath = (id: string, rest = ""): string => `/api/tabs/${encodeURIComponent(id)}${rest}`;
