/** What a scan and the database are tried against, each with the outcome that is promised for it. */

type Fault = {
  fault: string;
  /** In short; the tests hold the whole of it. */
  required: string;
};

export const FAULTS = {
  S1: {
    fault: "nobody listens, or the packet filter resets",
    required: "refused within 1 s, no retry storm",
  },
  S2: { fault: "black hole", required: "timed out at the connect limit; other hosts unaffected" },
  S3: { fault: "silent accept; sshd is stopped", required: "no answer at 10 s; socket freed" },
  S4: { fault: "one byte every 100 ms", required: "ended at an absolute deadline" },
  S5: { fault: "banner flood without a newline", required: "stopped within 64 KiB: protocol error" },
  S6: { fault: "random bytes, HTTP, SSH-1, a huge packet length", required: "classified, no crash" },
  S7: { fault: "cut at every byte", required: "never complete unless nonce, length and hash fit" },
  S8: {
    fault: "exec never replies, never exits, or sends 1 GB",
    required: "deadline and cap; marked partial",
  },
  S9: { fault: "wrong or changed host key", required: "stopped before auth; alarm; pins untouched" },
  S10: { fault: "penalty box of the default sshd", required: "told as refusing us; 0 penalties by our scan" },
  S11: { fault: "MaxStartups", required: "queued for each host; complete in the end" },
  S12: { fault: "large packets are dropped (MTU)", required: "times out in the key exchange, with the hint" },
  S13: { fault: "30 % loss; 16 kbit/s", required: "complete or timed out; nothing partial shown as full" },
  S14: {
    fault: "restricted and foreign shells, dropbear, busybox, noise",
    required: "read, or told why not",
  },
  S15: { fault: "huge, endless, odd and hanging key files", required: "caps; only regular files are opened" },
  S16: { fault: "bad clocks", required: "nothing expired is valid; the skew is shown" },
  S17: {
    fault: "DNS: none, slow, 200 addresses, loopback",
    required: "8 addresses at most; loopback only if asked",
  },
  S18: { fault: "64 file descriptors", required: "queued, no crash" },
  S19: { fault: "kill -9 at a write of the database", required: "consistent; shown interrupted; resumes" },
  T12: { fault: "traps of authorized_keys' syntax and modes", required: "each told as sshd takes it" },
  B1: { fault: "disk full", required: "said; nothing acknowledged is lost" },
  B2: { fault: "a second writer", required: "waits for its turn, or says who writes" },
  B3: { fault: "EIO on fsync", required: "not committed; reopened, never retried on the same handle" },
  B4: { fault: "corrupt page, or no database", required: "read-only rescue; last good backup offered" },
  B5: { fault: "power cut", required: "no acknowledged commit is lost" },
  B6: { fault: "kill -9 in a migration", required: "old or new schema, backup first" },
  B7: { fault: "network folder, link, wrong owner or mode", required: "refused, with the reason" },
  B8: { fault: "WAL deleted, stale shm, copied while open", required: "detected and said" },
  B9: { fault: "two processes for a long time", required: "one writes; integrity ok" },
  B10: { fault: "a newer schema", required: "refused, nothing written" },
} as const satisfies Record<string, Fault>;

export type FaultId = keyof typeof FAULTS;
