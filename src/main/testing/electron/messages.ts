/** The messages between the stand-in and the test that drives it, over the channel of a forked process. */

export type Answered = { status: number; headers: Record<string, string>; base64: string };

/** A request of the test, with a number that the answer repeats. */
export type Ask =
  /** The page requests one of its files. */
  | { kind: "fetch"; url: string; initiatorOrigin: string | null }
  /** The preload of a window invokes; of the first one unless it says another. */
  | { kind: "invoke"; window?: number; channel: string; args: unknown[] }
  /** The operating system notifies the app. */
  | { kind: "emit"; event: string; args: unknown[] }
  | { kind: "choose"; item: string };

export type ToStandIn =
  | (Ask & { id: number })
  | { kind: "to-port"; port: number; data: unknown }
  /** A window is closed by its user, or gets the focus: the first one unless it says another. */
  | { kind: "close"; window?: number }
  | { kind: "focus"; window: number }
  /** The core crashes. */
  | { kind: "fall" };

export type FromStandIn =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "failure"; id: number; message: string }
  /** A window has loaded its page. Windows are numbered from 1, as they were opened. */
  | { kind: "load"; window: number; url: string }
  /** A window sends a message to its page. */
  | { kind: "said"; window: number; channel: string; message: unknown }
  | { kind: "port"; window: number; channel: string; port: number }
  | { kind: "from-port"; port: number; data: unknown }
  | { kind: "port-closed"; port: number }
  /** A call to Electron that a test may want to know of. */
  | { kind: "called"; name: string; args: unknown[] };
