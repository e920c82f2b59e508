import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostRefusal } from "#shared/model/runs/host-refusal.ts";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { begin, end, write } from "./host-files.ts";
import { inspectFile } from "./inspect-host.ts";
import { openSessionIn } from "./testing/open-session-in.ts";
import { beginOn, insertLine, TOKEN } from "./testing/session-requests.ts";

const lab = test.skipIf(!canStartHosts());

type Trap = {
  why: HostRefusal;
  /** POSIX sh, as root; the account's file is $file in $ssh, its home is $home. */
  make: string;
  /** The path to inspect, if it is not the usual file. */
  path?: string;
  /** Undoes it, so that the host can be removed. */
  clear?: string;
};

/** Paths that are not written to; the name is the account's. */
const TRAPS: Record<string, Trap> = {
  filelink: { why: "linked-file", make: "mv $file /srv/filelink; ln -s /srv/filelink $file" },
  folderlink: { why: "linked-folder", make: "mv $ssh /srv/folderlink; ln -s /srv/folderlink $ssh" },
  homelink: { why: "linked-folder", make: "mv $ssh $home/real; ln -s real $ssh; chown -h homelink: $ssh" },
  pipe: { why: "not-a-file", make: "rm $file; mkfifo $file" },
  folder: { why: "not-a-file", make: "rm $file; mkdir $file" },
  device: { why: "not-a-file", make: "rm $file; mknod $file c 1 5" },
  missing: { why: "absent", make: "rm $file" },
  twice: { why: "hard-linked", make: "ln $file $home/also" },
  bound: {
    why: "mounted",
    make: "echo other > /srv/bound; mount --bind /srv/bound $file",
    clear: "umount $file",
  },
  fixed: { why: "immutable", make: "chattr +i $file", clear: "chattr -i $file" },
  fixedfolder: { why: "immutable", make: "chattr +i $ssh", clear: "chattr -i $ssh" },
  growing: { why: "append-only", make: "chattr +a $file", clear: "chattr -a $file" },
  frozen: {
    why: "read-only",
    make: "mount --bind $ssh $ssh; mount -o remount,ro,bind $ssh",
    clear: "umount $ssh",
  },
  full: {
    why: "no-space",
    make: "mount -t tmpfs -o size=128k tmpfs $ssh; echo hello > $file; head -c 100000 /dev/zero > $ssh/filler; chown full: $ssh $file",
    clear: "umount $ssh",
  },
  crowded: {
    why: "no-space",
    make: "mount -t tmpfs -o size=4m,nr_inodes=8 tmpfs $ssh; echo hello > $file; chown crowded: $ssh $file",
    clear: "umount $ssh",
  },
  roots: { why: "not-owner", make: "chown root:root $file" },
  group: { why: "others-group", make: "chown group:root $file" },
  others: { why: "others-folder", make: "chown daemon: $home" },
  huge: { why: "too-large", make: "head -c 5000000 /dev/zero > $file; chown huge: $file" },
  sealed: { why: "not-writable", make: "chmod 500 $ssh" },
  open: {
    why: "open-folder",
    make: "mkdir -p /etc/ssh/open; chmod 777 /etc/ssh/open; echo hello > /etc/ssh/open/open; chown open: /etc/ssh/open/open",
    path: "/etc/ssh/open/open",
  },
};

const usual = (account: string): string =>
  `account=${account} home=/srv/home/${account}; ssh=$home/.ssh file=$ssh/authorized_keys`;

const BEFORE = Buffer.from("hello\n");
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  // /srv is a file system of its own, because an overlay keeps no attributes such as chattr's.
  host = await startHost({
    name: "traps",
    prepare: `
      mount -t tmpfs -o mode=755 tmpfs /srv; mkdir /srv/home
      ${Object.entries(TRAPS)
        .map(
          ([account, { make }]) => `
            ${usual(account)}
            useradd --create-home --home-dir $home $account; mkdir -m 700 $ssh; echo hello > $file
            chmod 600 $file; chown -R $account: $ssh
            ${make}`,
        )
        .join("\n")}
    `,
  });
});
afterAll(async () => {
  if (!host) return;
  for (const [account, { clear }] of Object.entries(TRAPS))
    if (clear) await host.run(`${usual(account)}; ${clear}`);
  await host.run("umount /srv");
  await host[Symbol.asyncDispose]();
});

const pathOf = (account: string): string =>
  TRAPS[account]?.path ?? `/srv/home/${account}/.ssh/authorized_keys`;

lab.each(SOME_SHELLS.slice(0, 1))("what must not be replaced is looked at as that, by %s", async (shell) => {
  await using hand = await openSessionIn(startShellIn(host, { shell }));
  for (const [account, { why }] of Object.entries(TRAPS)) {
    const looked = await inspectFile(hand, pathOf(account));
    expect(looked, account).toMatchObject({ kind: "seen", file: { refusal: { why } } });
  }
});

lab.each(SOME_SHELLS)("what must not be replaced is not, whoever asks, by %s", async (shell) => {
  const listing = "find /srv /etc/ssh/open -type f ! -name filler ! -size +1000k -exec sha256sum {} + | sort";
  const atFirst = await host.run(listing);
  for (const [account, { why }] of Object.entries(TRAPS)) {
    const path = pathOf(account);
    const { after: _, ...wish } = insertLine(path, BEFORE, { at: 0, line: "new\n" });
    for (const user of [undefined, account]) {
      await using hand = await openSessionIn(startShellIn(host, { shell, ...(user && { user }) }));
      const begun = await begin(hand, beginOn(path));
      const tried = begun.kind === "begun" ? await write(hand, wish) : begun;
      const isOther = user !== undefined && account === "open";
      expect(tried, `${account} by ${user ?? "root"}`).toMatchObject({
        kind: "refused",
        why: isOther ? expect.stringMatching(/not-owner|open-folder/) : why,
      });
      if (begun.kind === "begun") expect(await end(hand, { path, token: TOKEN })).toEqual({ kind: "ended" });
    }
  }
  expect(await host.run(listing)).toBe(atFirst);
  expect(await host.run("find /srv /etc/ssh -name .latchkey")).toBe("");
});

lab("an account does not touch another's file, and root's way in does not go through odd paths", async () => {
  await using hand = await openSessionIn(startShellIn(host, { user: "pipe" }));
  expect(await begin(hand, beginOn(pathOf("twice")))).toMatchObject({ kind: "refused", why: "not-owner" });
  await using root = await openSessionIn(startShellIn(host));
  for (const path of [
    "/srv/../etc/passwd",
    "relative",
    "/srv//home/x",
    "/srv/home/./pipe",
    "/srv/home/twice/..",
  ])
    expect(await begin(root, beginOn(path)), path).toMatchObject({ kind: "refused", why: "odd-path" });
});

lab("names that a shell would take for something else are files like others", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  const folder = "/srv/home/twice/-n '\"$(touch ran)`touch ran`;&|*?[a] é";
  const path = `${folder}/-rf %s\\n`;
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  await host.run(`mkdir ${quote(folder)}; echo hello > ${quote(path)}; chown -R twice: ${quote(folder)}`);
  expect(await inspectFile(hand, path)).toMatchObject({
    file: { real: path, refusal: null, content: Uint8Array.from(BEFORE) },
  });
  await begin(hand, beginOn(path));
  const { after, ...wish } = insertLine(path, BEFORE, { at: 0, line: "new\n" });
  expect(await write(hand, wish)).toEqual({ kind: "written", already: false });
  expect(await end(hand, { path, token: TOKEN })).toEqual({ kind: "ended" });
  expect(await host.run(`cat ${quote(path)}; ls -A ${quote(folder)} | wc -l`)).toBe(`${after}1\n`);
});

lab(
  "a link that the system itself is laid out by is followed, and the plan gets the path behind it",
  async () => {
    await using hand = await openSessionIn(startShellIn(host));
    await host.run("ln -s srv/home /home2; rm /srv/home/twice/also");
    expect(await inspectFile(hand, "/home2/twice/.ssh/authorized_keys")).toMatchObject({
      file: {
        path: "/home2/twice/.ssh/authorized_keys",
        real: pathOf("twice"),
        refusal: null,
        content: Uint8Array.from(BEFORE),
      },
    });
    await host.run("ln /srv/home/twice/.ssh/authorized_keys /srv/home/twice/also");
  },
);

lab("a disk with more room than a shell can count is not full, and a small one still is", async () => {
  for (const shell of ["mksh", "dash", "busybox sh", "ksh"]) {
    await using hand = await openSessionIn(startShellIn(host, { shell }));
    for (const size of ["64k", "900m", "3g", "6g", "90g"]) {
      await host.run(`mkdir -p /mnt/disk; mount -t tmpfs -o mode=755,size=${size} tmpfs /mnt/disk
        echo hello > /mnt/disk/file`);
      const refusal = size === "64k" ? { why: "no-space" } : null;
      expect(await inspectFile(hand, "/mnt/disk/file"), `${shell} ${size}`).toMatchObject({
        file: { refusal },
      });
      await host.run("umount /mnt/disk");
    }
  }
});
