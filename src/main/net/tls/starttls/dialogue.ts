/**
 * What is said in plain text before TLS, as a machine without clock or socket: bytes in, what to do out. A dialogue is
 * made anew for each connection; `next` never throws, whatever is heard.
 */
export type Negotiation = {
  /** Said before anything is heard; empty where the server speaks first. */
  opening: Uint8Array;
  /** What follows from the bytes that were heard and are not used up. */
  next(heard: Buffer): Step;
};

/**
 * `more`: what was heard is not whole yet. `go`: so many bytes, at least one, are used up, and this is said. `ready`:
 * as `go`, and all that the server sends from here on is TLS.
 */
export type Step =
  | { kind: "more" }
  | { kind: "go"; used: number; say?: Uint8Array }
  | { kind: "ready"; used: number; say?: Uint8Array }
  | Failing;

/**
 * Why TLS is not come to. `not-offered`: the server knows no TLS here; `refused`: it was asked for TLS and said no;
 * `turned-away`: it wants nothing of us at all; `other`: what it says is not of this protocol. `said`: what it said
 * of it, and empty where that is nothing for people.
 */
export type Failing =
  | { kind: "not-offered" | "refused" | "turned-away"; said: string }
  | { kind: "other"; heard: Uint8Array }
  | { kind: "flooded"; what: string };

export const MORE: Step = { kind: "more" };

export const NOTHING: Uint8Array = new Uint8Array();

/** So many bytes are listened to before TLS; no server has so much to say. */
export const MOST_BYTES = 64 * 1024;
