import type { Duplex } from "node:stream";
import type { ParsedKey } from "ssh2";
import type { Deadline } from "./deadline.ts";
import type { Identity, UnusableIdentity } from "./identities.ts";
import type { Progress, Reason, SshFailure, Where } from "./ssh-failure.ts";
import type { ClientLogin } from "./client/client-login.ts";
import type { TakeHostKeys } from "./tuned-ssh2.ts";
import type { TypedLogins } from "./typed-logins.ts";

/** What is to be done with a host key. A sentence goes with every refusal. */
export type HostKeyAnswer =
  | { kind: "trusted" }
  | {
      kind: "refused";
      outcome: "host-key-unknown" | "host-key-changed";
      message: string;
      passing?: SshFailure["passing"];
    };

/** Asked once for each connection, before anything of ours is sent. */
export type VerifyHostKey = (question: {
  host: string;
  port: number;
  blob: Uint8Array;
}) => HostKeyAnswer | Promise<HostKeyAnswer>;

/** By TCP to one of these addresses, or through what the jump host before it has opened. */
export type Way = { addresses: readonly string[] } | StreamWay;
export type StreamWay = { stream: Duplex };

export type LoginOptions = {
  /** As it is named to people. */
  target: Where;
  /** How it is reached; without one, its name is looked up here. */
  way?: Way;
  user: string;
  /** In the order to offer them; at most five are, for sshd counts each against MaxAuthTries (6). */
  identities: readonly Identity[];
  /** What there is beside them and cannot be used, to be said where none is left. */
  unusable?: readonly UnusableIdentity[];
  /** What is typed where no key lets us in; without it, nobody is asked. */
  typed?: TypedLogins | null;
  /** A key that the host is asked about before any is offered: nothing is signed with it. */
  askedAbout?: { key: ParsedKey; answer(isTaken: boolean): void };
  verifyHostKey: VerifyHostKey;
  /** Has the host prove all keys that it names once we are in; without it, they are let pass. */
  takeHostKeys?: TakeHostKeys;
  /** The keys that it would take, as far as they are known beforehand: OpenSSH's client is told them. */
  trustedKeys?: readonly Uint8Array[];
  /** Opens the way once more. */
  reopen?: () => Promise<Way | SshFailure>;
  /** What OpenSSH's client needs to know beside; ssh2 has no use for it. */
  client?: ClientLogin;
  /** Host key algorithms in the order of preference. */
  hostKeyTypes: readonly string[];
  limits: {
    /** Until the TCP connection stands, name look-up and all. */
    connectMs: number;
    /** Until the login is done, from the very start; not while somebody is asked. */
    readyMs: number;
    /** Of the whole visit, from the very start; not while somebody is asked, however often that is. */
    visitMs?: number;
  };
  signal: AbortSignal;
};

/** How a login tells what it met. */
export type Ends = {
  progress: Progress;
  fail(reason: Reason): void;
  reject(error: unknown): void;
  /** To be held while somebody is asked. */
  deadline: Deadline;
  /** Aborted once the login has come to its end, well or not. */
  ended: AbortSignal;
};
