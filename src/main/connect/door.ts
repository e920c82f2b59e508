/** The way into hosts for whoever has more to do there than to read them. */
import type { Ask } from "#net/ssh/ask.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { ProofKey, ProofRoute } from "#net/ssh/prove/login-proof.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { TransportWish } from "#shared/model/transport.ts";

export type DoorWish = { target: SshTarget; useSudo: boolean; transport: TransportWish };

/** One login that is held. `route`: the same way once more, for a login of its own beside it. */
export type HeldLogin = { hand: Hand; route: ProofRoute };

/** `keys`: all that this login had to offer, in its order; what let us in is among them where a key did. */
export type Inside = HeldLogin & { keys: readonly ProofKey[] };

export type Closed = {
  kind: "closed";
  outcome: SshFailure["outcome"];
  message: string;
  isKeyRefused: boolean;
};

export type Door = {
  /**
   * Logs in and does the work while the login is held. A host is entered by one of this process at a time; others wait
   * for their turn. `hostKey`: who presents another one, or one that is not trusted, is told nothing. Rejects as the
   * work does, and when told to stop.
   */
  enter<T>(
    wish: DoorWish & {
      hostKey: string | null;
      /** The blob of one that a run puts in its place: either is taken then, whatever else is known of the host. */
      alsoHostKey?: Uint8Array | null;
    },
    work: (inside: Inside) => Promise<T>,
  ): Promise<{ kind: "entered"; value: T } | Closed>;
};

export type DoorOptions = {
  /** Whose visits these are, unlike those of any other that goes on. */
  name: string;
  /** All that may be entered. */
  wishes: readonly DoorWish[];
  identityFiles: readonly string[];
  mayAsk: boolean;
  ask: Ask;
  signal: AbortSignal;
};

export type OpenDoor = (options: DoorOptions) => Promise<Door>;
