/** The faults that a scan, a rotation and the database are tested with, each with its promised outcome. */

type Fault = {
  fault: string;
  /** In short; the tests check all of it. */
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
  R1: {
    fault: "kill -9 of Latchkey at a step of a run",
    required: "old or new; one resume or roll-back ends it",
  },
  R2: { fault: "the host's shell is killed at a system call", required: "old or new; one re-run cleans up" },
  R3: { fault: "power cut of the host around the rename", required: "old or new file" },
  R4: { fault: "no space, no inodes", required: "refused; or the old file intact, nothing left beside it" },
  R5: { fault: "immutable, append-only, read-only", required: "refused, with the reason" },
  R6: { fault: "EIO on write, fsync, rename, close", required: "old file intact, said" },
  R7: { fault: "short writes", required: "the read-back catches it" },
  R8: {
    fault: "connection cut between rename and verification",
    required: "resume verifies, or the dead-man reverts",
  },
  R9: { fault: "sshd stopped, crashed, restarted", required: "waits, then reverts through the open session" },
  R10: { fault: "the new key is refused", required: "rolled back; old key untouched; the reason" },
  R11: { fault: "AuthorizedKeysFile elsewhere, several, none", required: "the effective file, or refused" },
  R12: { fault: "somebody edits meanwhile", required: "nobody's line is lost: kept, or refused" },
  R13: { fault: "links and owners are swapped meanwhile", required: "nothing is written elsewhere" },
  R14: { fault: "the host key changes within a run", required: "stopped; rolled back by the open session" },
  R15: { fault: "two Latchkeys", required: "one waits or is told who; no lost update" },
  R16: { fault: "penalty box during a verification", required: "inconclusive; nothing is removed" },
  R17: { fault: "the database fails within a run", required: "this host is finished or reverted, then stop" },
  R18: { fault: "the clock jumps, or the machine sleeps", required: "monotonic deadlines; looked at anew" },
  R19: {
    fault: "dead-man late, early, or none",
    required: "after the end it does nothing; said in the plan",
  },
  R20: { fault: "one host of many fails", required: "stopped at max-failures; the others consistent" },
  R21: {
    fault: "a reload fails, or the configuration was broken before",
    required: "refused; or the old one stays in use",
  },
  R23: { fault: "a host that says ok to everything", required: "a login verifies it, not its word" },
  R24: { fault: "the rollback itself fails", required: "needs attention; the commands to do by hand" },
  R25: { fault: "root, the last key, the session's own", required: "consent, or refused" },
  R26: { fault: "odd bytes: CRLF, BOM, no last newline, 8 KiB", required: "all other bytes identical" },
  R27: {
    fault: "the host, its homes and disks change under a run",
    required: "no untrue end; nobody's line is lost; a resume or a new plan ends it",
  },
  R28: {
    fault: "kill -9 of Latchkey at a step of an undo",
    required: "nobody shut out; one more undo leaves every byte as it was",
  },
  R29: {
    fault: "kill -9 of Latchkey at a step of disabling accounts",
    required: "nobody else shut out; one resume disables them, one roll-back restores every byte",
  },
  R30: {
    fault: "kill -9 of Latchkey at a step of removing accounts",
    required: "nobody else shut out; one resume removes them, one undo or roll-back restores every byte",
  },
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
