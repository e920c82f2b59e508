/** What the stand-in and the test that drives it say to each other, over the channel of a forked process. */

export type Answered = { status: number; headers: Record<string, string>; base64: string };

/** The test asks, with a number that the answer repeats. */
export type Ask =
  /** A request of the page for one of its files. */
  | { kind: "fetch"; url: string; initiatorOrigin: string | null }
  /** The preload invokes. */
  | { kind: "invoke"; channel: string; args: unknown[] }
  /** The operating system tells the app something. */
  | { kind: "emit"; event: string; args: unknown[] }
  | { kind: "choose"; item: string };

export type ToStandIn =
  | (Ask & { id: number })
  | { kind: "to-port"; port: number; data: unknown }
  /** The window is closed by its user. */
  | { kind: "close" }
  /** The core falls. */
  | { kind: "fall" };

export type FromStandIn =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "failure"; id: number; message: string }
  /** The window has loaded its page. */
  | { kind: "load"; url: string }
  /** The window tells its page. */
  | { kind: "said"; channel: string; message: unknown }
  | { kind: "port"; channel: string; port: number }
  | { kind: "from-port"; port: number; data: unknown }
  | { kind: "port-closed"; port: number }
  /** Something was asked of Electron that a test may want to know of. */
  | { kind: "called"; name: string; args: unknown[] };
