import type { PresentedKey } from "#net/ssh/ssh-failure.ts";
import type { ClientKey } from "#net/ssh/client/client-login.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { Transport } from "#shared/model/transport.ts";

/** One question to a host: `do_VERB WORD...` of resources/rotation. */
export type HandRequest = {
  /** Lower-case letters and dashes. */
  verb: string;
  /** No line breaks, no NUL. */
  words: readonly string[];
};

/** `no`: it will not, and nothing was changed; `fail`: it began, and may be done. The first word says why. */
export type HandAnswer =
  | {
      kind: "answered";
      status: "ok" | "no" | "fail";
      words: readonly string[];
      /** What it told before, by name: one list of words for each time. */
      told: ReadonlyMap<string, readonly (readonly string[])[]>;
      data: ReadonlyMap<string, Uint8Array>;
    }
  | Lost;

/**
 * Nothing is known of what was done or not: the connection broke, a deadline passed, or what came made no sense. This
 * hand is of no more use; whoever wants to know opens another, and looks.
 */
export type Lost = { kind: "lost"; message: string };

/** A shell on a host that does one thing after the other, over one channel that stays open. */
export type Hand = AsyncDisposable & {
  /** The login. */
  user: string;
  /** Who acts there: 0 as root or by sudo. */
  uid: number;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  /** Fingerprint of the key of the certificate that let us in; null: none did. No line of that key has then. */
  loginCertificate: string | null;
  /** What OpenSSH's client had to offer in this very login, in its order; empty where ssh2 carries it. */
  clientKeys: readonly ClientKey[];
  /** Something was typed, too: the key by itself lets nobody in. */
  isTyped: boolean;
  hostKey: PresentedKey;
  transport: Transport;
  /** To what the host itself reaches, over this login; null: what carries it has none. */
  way: Way | null;
  /** One at a time: a second request waits for the first. */
  ask(request: HandRequest, limits: { deadlineMs: number }): Promise<HandAnswer>;
  /** Once the session has ended, for whatever reason. */
  ended: Promise<Lost>;
};
