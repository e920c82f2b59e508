import { z } from "zod";

/** The words with which the scripts of a run refuse on a host (resources/rotation). */
export const HostRefusal = z.enum([
  "absent",
  "append-only",
  "attributes",
  "armed",
  "bad-bytes",
  "ended",
  "fired",
  "firing",
  "beside-occupied",
  "changed",
  "changing",
  "hard-linked",
  "held",
  "immutable",
  "path-occupied",
  "io-error",
  "keygen",
  "late-edit",
  "linked-file",
  "linked-elsewhere",
  "linked-folder",
  "locked-key",
  "lock-lost",
  "managed",
  "mounted",
  "new-occupied",
  "no-answer",
  "no-before",
  "no-rollback-timer",
  "no-entry",
  "no-folder",
  "no-hash-tool",
  "no-key",
  "no-log",
  "no-keytool",
  "no-library",
  "no-sense",
  "no-space",
  "no-ssh",
  "no-ssh-keygen",
  "no-store",
  "no-tool",
  "cannot-drop-privileges",
  "no-session",
  "no-signing",
  "not-a-file",
  "not-kept",
  "not-owner",
  "not-permitted",
  "not-signed",
  "not-staged",
  "not-there",
  "not-writable",
  "odd-path",
  "odd-words",
  "old-occupied",
  "open-folder",
  "other-kind",
  "other-key-passphrase",
  "owner-changed",
  "others-group",
  "others-folder",
  "deployment-locked",
  "read-only",
  "store-has-more",
  "store-not-made",
  "too-large",
  "shared-folder",
  "state-folder",
  "unfinished",
  "unknown",
  "unknown-request",
  "wrong-passphrase",
  "work-folder-occupied",
]);
export type HostRefusal = z.infer<typeof HostRefusal>;

/** Who holds the lease of a folder, as the lock there says. `leaseEnd`: in seconds of that host's clock. */
export const LeaseOwner = z.object({ who: z.string(), leaseEnd: z.int() });
export type LeaseOwner = z.infer<typeof LeaseOwner>;

/** What a host would not or could not do. `detail`: a path, or the words of a tool; `leaseOwner`: of `held`. */
export const RefusedByHost = z.object({
  why: HostRefusal,
  detail: z.string(),
  leaseOwner: LeaseOwner.nullable(),
});
export type RefusedByHost = z.infer<typeof RefusedByHost>;

const WORDS: ReadonlySet<string> = new Set(HostRefusal.options);

export const isHostRefusal = (word: string): word is HostRefusal => WORDS.has(word);
