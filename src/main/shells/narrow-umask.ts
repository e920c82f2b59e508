import { isMainThread } from "node:worker_threads";

/**
 * Whatever this process makes from now on, nobody but its user may write: a user's umask of 000 opens nothing of ours.
 * A narrower one stays. To be called before anything is written; in a thread it is the main one's, who called it before.
 */
export function narrowUmask(): void {
  if (!isMainThread) return;
  const before = process.umask(0o077);
  process.umask(before | 0o022);
}
