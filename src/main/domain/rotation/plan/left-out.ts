/** Checks that say that a host, a file or a private half is left as it is: the old key goes on to count there. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  "unread",
  "host-key",
  "clock",
  "file",
  "managed",
  "locked",
  "work-folder",
  "no-proof",
  "authority",
  "holder",
]);
