import type { KnownHosts } from "#domain/ssh/known-hosts.ts";
import type { HostKeyRow } from "#shared/model/host-key.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { HostKeyView } from "#shared/model/probe.ts";

export type HostPlace = NonNullable<HostKeyRow["host"]>;

type PresentedKey = HostKeyView & {
  blob: Uint8Array;
  at: Instant;
  /** The visit ended at it: nobody trusted it then. */
  isRefused: boolean;
};

type HeldKey = HostKeyView & { keyBits: number | null; at: Instant };

/** A machine with a name of its own, of which host keys are known. */
export type KeyedHost = {
  name: string;
  port: number;
  /** What known_hosts is asked for: ssh_config may give it another name. */
  knownAs: { host: string; port: number };
  /** Its row in the inventory; null for a jump host that nobody visits, and for what only has a pin. */
  id: number | null;
  pin: (HostKeyView & { blob: Uint8Array }) | null;
  presented: PresentedKey | null;
  held: readonly HeldKey[];
  /** Those that signed its bundles, where it was never met. */
  bundleKeys: readonly HostKeyView[];
};

export type HostKeyFacts = {
  hosts: readonly KeyedHost[];
  /** Names as known_hosts would write them, by which hashed ones may be told: all that the inventory has. */
  otherNames: readonly string[];
  knownHosts: readonly KnownHosts[];
  /** Whether a name was tried with every hashed one; where not, what only a hashed line knows of it is not known. */
  wasTried: (name: string) => boolean;
};

/** A row before it is known who else has the key. */
export type RowDraft = Omit<HostKeyRow, "id" | "sharedWith">;
