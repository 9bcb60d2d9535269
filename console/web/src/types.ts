// The shapes of the console's API, as package console writes them.

export type Phase = "reaching" | "asking" | "open" | "suspended" | "ended" | "failed";

export interface Fault { code: string; words: string; by?: string; do?: string }

export interface Leg { up: boolean; rtt_ms?: number; code?: string; words?: string }

export interface Machine {
  name: string;
  address: string;
  group?: string;
  note?: string;
  agent?: string;
  used?: string;
  reach?: { tcp: Leg; udp: Leg };
}

export interface Limits { idle_s: number; absolute_s: number; grace_s: number }

export interface SessionInfo {
  id: string;
  state: string;
  rights: string;
  reason?: string;
  limits: Limits;
  began?: string;
  until?: string;
  cause?: string;
}

export interface Transfer {
  id: string;
  name: string;
  path: string;
  up: boolean;
  done: number;
  size: number;
  state: "running" | "done" | "failed" | "cancelled";
  error?: Fault;
}

export interface Tab {
  id: string;
  machine: Machine;
  phase: Phase;
  reason: string;
  wanted: string;
  transport?: string;
  digits?: string;
  asked_until?: string;
  session?: SessionInfo;
  path?: { transport: string; local: string; remote: string };
  rtt_ms?: number;
  quiet_s?: number; // nothing was heard for so long, longer than it should be
  error?: Fault;
  cause_words?: string;
  do?: string;
  ended?: string;
  transfers?: Transfer[];
}

/** Job is a copy in the queue, as package queue has it. */
export interface Job {
  id: string;
  machine: string;
  up?: boolean;
  here: string;
  there: string;
  tree?: boolean;
  move?: boolean;
  page?: string; // what the page calls it that has the bytes
  state: "waiting" | "running" | "paused" | "done" | "failed" | "cancelled";
  done: number;
  size?: number;
  files?: number;
  same?: number; // there already
  left?: number; // left out
  hash?: string;
  error?: Fault;
}

export interface Notice {
  type: "hello" | "machines" | "tab" | "gone" | "queue" | "job";
  here?: string;
  queue?: Job[];
  job?: Job;
  version?: string;
  operator?: string;
  open?: Opening;
  kept?: Record<string, string>;
  machines?: Machine[];
  tabs?: Tab[];
  tab?: Tab;
  id?: string;
}

export interface Opening { machine: string; reason?: string; transport?: string; ask?: boolean }

export interface Look {
  agent: string;
  name?: string;
  version?: string;
  pinned: boolean;
  masked: string;
}

export interface Entry {
  name: string;
  path: string;
  dir?: boolean;
  size?: number;
  changed?: string;
  words?: string;
}

export interface Listing { path: string; roots?: Entry[]; entries: Entry[]; more?: boolean }

export interface Screen { id: number; name: string; x: number; y: number; w: number; h: number; primary?: boolean }

export interface Screens { w: number; h: number; screens: Screen[] }

export type Stage = "capture" | "compare" | "encode" | "wait" | "send" | "decode";

export interface StageTime { stage: Stage; mean_ms: number; p95_ms: number }

export interface Figures {
  frames_per_s: number;
  updates_per_s: number;
  bytes_per_s: number;
  photos_per_s: number;
  rects_per_s: number;
  idle_ms: number;
  held_ms: number;
  path: { round_trip_ms: number; last_trip_ms: number; bytes_per_s: number; under_way_bytes: number };
  quality: number; // of the last photographs, 0 for exact pixels
  may_quality: number;
  of_updates: number;
  stages: StageTime[];
  w: number;
  h: number;
}

export interface Verdict {
  state: "measuring" | "idle" | "well" | "far" | "slow";
  stage: Stage | "";
  words: string;
  do?: string;
}

export interface Other {
  name: string;
  key: string;
  you?: boolean;
  state: string;
  rights: string;
  began?: string;
  looks: boolean;
  controls: boolean;
}

export interface Health { figures?: Figures; verdict?: Verdict; others: Other[] | null; more?: number }

export interface ChatEvent {
  kind: "joined" | "lost" | "line" | "refused" | "marks" | "typing";
  id?: string;
  seq?: number;
  from?: string;
  name?: string;
  text?: string;
  at?: string;
  on?: boolean;
  got?: number;
  read?: number;
  first?: number;
  error?: Fault;
}

export const over = (t: Tab): boolean => t.phase === "ended" || t.phase === "failed";
export const has = (t: Tab, right: string): boolean =>
  (t.session?.rights ?? "").split(",").includes(right);

const rightWords: Record<string, string> = {
  view: "see the screen", control: "use mouse and keyboard", clipboard: "exchange clipboard text", chat: "chat",
  "files-read": "fetch files", "files-write": "change files", info: "read facts",
};

/** rightsWords says in words what a list of rights is for. */
export const rightsWords = (list: string): string => list.split(",").map((r) => rightWords[r] ?? r).join(", ");
