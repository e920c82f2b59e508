import { expect, test } from "vitest";
import { formatRefused, formatRefusedByRoot } from "#shared/text/runs/host-refusal.ts";
import { readTail } from "./remote-session.ts";

test("what is in the way, which file system is full and what a tool says are told by what the host names", () => {
  const say = (why: "path-occupied" | "no-space" | "io-error" | "keygen" | "immutable", detail: string) =>
    formatRefusedByRoot({ why, detail }, "/etc/tls/site.pem");
  expect([
    say("path-occupied", "/var/lib/latchkey"),
    say("path-occupied", "mv: cannot overwrite directory './site.pem.latchkey-part'"),
    say("no-space", "/var"),
    say("no-space", "51200,7"),
    say("io-error", "rm: cannot remove 'x': Device or resource busy"),
    say("io-error", ""),
    say("immutable", "./site.pem"),
  ]).toMatchInlineSnapshot(`
    [
      "/etc/tls/site.pem: /var/lib/latchkey blocks what a run keeps, and no run has made it: check it, then move it away",
      "/etc/tls/site.pem is blocked by something that no run has made: check its folder, then move it away: the host says "mv: cannot overwrite directory './site.pem.latchkey-part'"",
      "/etc/tls/site.pem: the host has no room for what a run keeps: the file system at /var is full, or has no inodes left",
      "/etc/tls/site.pem has no room beside it for a copy: the disk or its inodes are full",
      "/etc/tls/site.pem could not be written or cleared away: the host says "rm: cannot remove 'x': Device or resource busy"",
      "/etc/tls/site.pem could not be written or cleared away, and the host does not say why: check its disk and file system",
      "/etc/tls/site.pem is immutable (chattr +i): take that off first, or leave it out",
    ]
  `);
});

test("what an account answers of its own file sends nobody to a path that it has chosen", () => {
  const say = (why: "path-occupied" | "no-space" | "io-error" | "keygen", detail: string) =>
    formatRefused({ why, detail }, "/home/evil/.ssh/authorized_keys");
  const wayOf = "/home/evil/.ssh/authorized_keys is blocked by something that no run has made";
  const lures = ["/etc/ssh", "/home/evil/.ssh/../../../etc/ssh", "mv: cannot overwrite '/etc/ssh'"];
  for (const lure of [...lures, "mv: ../../../etc/ssh: is a directory", "rm: ./../../../etc/ssh"]) {
    expect(say("path-occupied", lure)).toBe(`${wayOf}: check its folder, then move it away`);
    for (const why of ["no-space", "io-error", "keygen"] as const)
      expect(say(why, lure)).not.toContain("/etc");
  }
  expect([
    say("path-occupied", "/home/evil/.ssh/.latchkey"),
    say("path-occupied", "mv: cannot overwrite directory './authorized_keys'"),
    say("io-error", "rm: cannot remove '.latchkey/t1/held-f1a': Device or resource busy"),
    say("no-space", "/home"),
    say("no-space", "/var/lib"),
  ]).toMatchInlineSnapshot(`
    [
      "/home/evil/.ssh/authorized_keys: /home/evil/.ssh/.latchkey blocks what a run keeps, and no run has made it: check it, then move it away",
      "/home/evil/.ssh/authorized_keys is blocked by something that no run has made: check its folder, then move it away: the host says "mv: cannot overwrite directory './authorized_keys'"",
      "/home/evil/.ssh/authorized_keys could not be written or cleared away: the host says "rm: cannot remove '.latchkey/t1/held-f1a': Device or resource busy"",
      "/home/evil/.ssh/authorized_keys: the host has no room for what a run keeps: the file system at /home is full, or has no inodes left",
      "/home/evil/.ssh/authorized_keys: the host has no room for what a run keeps: the file system at /var/lib is full, or has no inodes left",
    ]
  `);
});

test("a refusal for another run's lock names who holds it and until when, as that lock says", () => {
  const say = (...words: string[]) =>
    formatRefused(
      readTail({
        kind: "answered",
        status: "no",
        facts: new Map(),
        data: new Map(),
        words: ["held", ...words],
      }),
      "/home/ann/.ssh/authorized_keys",
    );
  expect(say("run00000002", "jo__desk@web1", "1", "3600", "2")).toBe(
    "/home/ann/.ssh/.latchkey says that jo__desk@web1 may hold it until 1970-01-01T01:00:00Z: another run may be at work there; run it again when that is over",
  );
  // A name that no run would write is not shown.
  for (const words of [["run00000002", "\u001b[31mjo", "1", "3600", "2"], []])
    expect(say(...words)).toBe(
      "/home/ann/.ssh/authorized_keys lies in a folder with a lock of another run, which may be at work there: run it again when that is over",
    );
});
