/**
 * Whatever this process makes from now on, nobody but its user may write: a user's umask of 000 opens nothing of ours.
 * A narrower one stays. To be called in a main thread, before anything is written.
 */
export function narrowUmask(): void {
  const before = process.umask(0o077);
  process.umask(before | 0o022);
}
