import type { KnownHosts } from "#domain/ssh/known-hosts.ts";

/** Reads the known_hosts of this computer; a file that has not changed is the same object as before. */
export type ReadKnownHosts = () => Promise<{
  files: readonly KnownHosts[];
  /** Those that exist but cannot be read. */
  unread: readonly { path: string; why: string }[];
}>;
