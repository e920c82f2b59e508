/** The messages between the stand-in and the test that drives it, over the channel of a forked process. */

export type Answered = { status: number; headers: Record<string, string>; base64: string };

/** A request of the test, with a number that the answer repeats. */
export type Ask =
  /** The page requests one of its files. */
  | { kind: "fetch"; url: string; initiatorOrigin: string | null }
  /** The preload invokes. */
  | { kind: "invoke"; channel: string; args: unknown[] }
  /** The operating system notifies the app. */
  | { kind: "emit"; event: string; args: unknown[] }
  | { kind: "choose"; item: string };

export type ToStandIn =
  | (Ask & { id: number })
  | { kind: "to-port"; port: number; data: unknown }
  /** The window is closed by its user. */
  | { kind: "close" }
  /** The core crashes. */
  | { kind: "fall" };

export type FromStandIn =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "failure"; id: number; message: string }
  /** The window has loaded its page. */
  | { kind: "load"; url: string }
  /** The window sends a message to its page. */
  | { kind: "said"; channel: string; message: unknown }
  | { kind: "port"; channel: string; port: number }
  | { kind: "from-port"; port: number; data: unknown }
  | { kind: "port-closed"; port: number }
  /** A call to Electron that a test may want to know of. */
  | { kind: "called"; name: string; args: unknown[] };
