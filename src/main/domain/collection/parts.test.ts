import fc from "fast-check";
import { expect, test } from "vitest";
import { dropSecrets } from "./drop-secrets.ts";
import { pathsUpFrom, readEntry, readMode, readWalk } from "./paths.ts";
import { readAccounts } from "./read-accounts.ts";
import { readAuthorizedKeysFiles } from "./read-sshd.ts";
import { decodeRecord, nameOf } from "./stream.ts";

const record = (kind: string, text: string, attributes: [string, string][] = []) =>
  decodeRecord({ kind, encoding: "text", attributes, payload: Buffer.from(text, "latin1") });

test("the letters of ls are permission bits, special ones included", () => {
  const modes = [
    "-rw-------",
    "drwxr-xr-x",
    "drwxrwxrwt",
    "-rwsr-sr-T",
    "-rwSr-Sr-t",
    "-rw-r--r--+",
    "lrwxrwxrwx.",
  ];
  expect(modes.map((mode) => readMode(mode)?.toString(8) ?? null)).toEqual([
    "600",
    "755",
    "1777",
    "7754",
    "7645",
    "644",
    "777",
  ]);
  expect(["", "total 4", "-rw", "?rw-------"].map(readMode)).toEqual([null, null, null, null]);
});

test("any permission bits are read back from the letters that ls writes for them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0o777 }), (mode) => {
      const letters = [...mode.toString(2).padStart(9, "0")].map((bit, place) =>
        bit === "1" ? "rwx"[place % 3] : "-",
      );
      expect(readMode(`-${letters.join("")}`)).toBe(mode);
    }),
  );
});

test("an entry says type, owner, links and whether an ACL stands beside the mode", () => {
  expect(readEntry("/k", "-rw-r-----+,2,1000,4,12")).toEqual({
    path: "/k",
    type: "file",
    mode: 0o640,
    uid: 1000,
    gid: 4,
    hasAcl: true,
    linkCount: 2,
    size: 12,
  });
  expect(readEntry("/k", "-rw-r-----,x,0,0,1")).toBe(null);
});

test("StrictModes' walk goes from the file to the root, or is empty when an entry is missing", () => {
  expect(pathsUpFrom("/home/a/.ssh")).toEqual(["/home/a/.ssh", "/home/a", "/home", "/"]);
  const entries = ["drwxr-xr-x,1,0,0,1", "drwxr-xr-x,1,0,0,1", "-rw-------,1,7,0,1"];
  expect(readWalk("/a/k", entries).map(({ path, uid }) => [path, uid])).toEqual([
    ["/a/k", 7],
    ["/a", 0],
    ["/", 0],
  ]);
  expect(readWalk("/a/k", entries.slice(1))).toEqual([]);
});

test("an account joins its groups, its shell and the class of its password; of two of one name the first counts", () => {
  const accounts = readAccounts([
    record(
      "accounts",
      "root:0:0:/root:/bin/bash\nalice:7:70:/home/alice:\nalice:8:80:/home/other:/bin/zsh\nodd:x:1:/:/bin/sh\n",
    ),
    record("groups", "root:0:\nstaff:70:bob\nwheel:10:bob,alice\n"),
    record("shells", "", [
      ["yes", "/bin/bash"],
      ["no", "/bin/sh"],
    ]),
    record("password-states", "root:starred::\nalice:locked:20000:20100:20000,0,90,7,10\nalice:set::\n"),
  ]);
  expect(accounts).toMatchObject([
    {
      name: "root",
      groups: ["root"],
      isShellUsable: true,
      passwordState: "locked",
      isLockedForSshd: false,
      expiresOnDay: null,
      passwordAge: null,
    },
    {
      name: "alice",
      shell: "/bin/sh",
      groups: ["staff", "wheel"],
      isShellUsable: false,
      passwordState: "locked",
      isLockedForSshd: true,
      expiresOnDay: 20_000,
      agedOnDay: 20_100,
      passwordAge: { changedDay: 20_000, leastDays: 0, mostDays: 90, warningDays: 7, graceDays: 10 },
    },
  ]);
});

test.each([
  ["alice P 2026-01-01 0 99999 7 -1\nAccount expires\t\t: never\n", "set", false, null],
  [
    "alice PS 2026-01-01 0 99999 7 -1 (Password set, SHA512 crypt.)\nAccount expires\t: Jan 02, 2030\n",
    "set",
    false,
    21_916,
  ],
  ["alice L 2026-01-01\n", "locked", null, "unknown"],
  ["alice LK 2026-01-01\nAccount expires : Feb 30\n", "locked", null, "unknown"],
  ["alice NP 2026-01-01\n", "none", false, "unknown"],
  ["", "unknown", null, "unknown"],
])(
  "what passwd -S and chage -l print of oneself is understood: %j",
  (text, passwordState, isLockedForSshd, expiresOnDay) => {
    const accounts = readAccounts([
      record("accounts", "alice:7:70:/home/alice:/bin/sh\n"),
      record("own-password", text, [["account", "alice"]]),
    ]);
    expect(accounts).toMatchObject([
      { passwordState, isLockedForSshd, expiresOnDay, groups: null, isShellUsable: null },
    ]);
  },
);

test("names that are not UTF-8 stay different from each other", () => {
  expect(nameOf(Buffer.from("café\n", "utf8"))).toBe("café\n");
  expect(nameOf(Buffer.from("caf\xe9\\", "latin1"))).toBe("caf\\xe9\\\\");
  expect(nameOf(Buffer.from("DOMAIN\\user"))).toBe("DOMAIN\\user");
});

test("the day on which a file was written is told by ls with a year, or without one within the last half year", () => {
  const today = Date.UTC(2026, 0, 10) / 86_400_000;
  const file = (written: string) =>
    record("authorized-keys", "k\n", [
      ["path", `/home/${written}/keys`],
      ["account", "ann"],
      ["written", written],
    ]);
  const texts = ["Jan,9", "Nov,25", "Feb,29,2024", "Mar,1,2027", "Feb,30,2024", "25,Nov", ""];
  const files = readAuthorizedKeysFiles(texts.map(file), today);
  const days = files.map(({ writtenDay }) =>
    writtenDay === null ? null : new Date(writtenDay * 86_400_000).toISOString().slice(0, 10),
  );
  expect(days).toEqual(["2026-01-09", "2025-11-25", "2024-02-29", "2027-03-01", null, null, null]);
});

test("of one host so many lines are taken, and a file that is cut says so", () => {
  const file = (account: string, lines: number) =>
    record("authorized-keys", "k\n".repeat(lines), [
      ["path", `/home/${account}/keys`],
      ["account", account],
    ]);
  const records = [file("ann", 159_999), file("ben", 2), file("cat", 1), file("dan", 0)];
  const files = readAuthorizedKeysFiles(records, null);
  const limit = "160,000 lines of a host are taken";
  expect(
    files.map(({ bytes, whyUnreadable, isCut }) => [(bytes?.length ?? 0) / 2, whyUnreadable, isCut]),
  ).toEqual([
    [159_999, null, undefined],
    [1, `left out from line 2 on: ${limit}`, true],
    [0, `left out from line 1 on: ${limit}`, true],
    [0, null, undefined],
  ]);
});

test("the days of an account that expires are no line of shadow to the second wall", () => {
  const states = record(
    "password-states",
    "ann:set:18262:20100:20000,0,90,7,10\nbob:locked:18262::20000,0,99999,7,\n",
  );
  expect(dropSecrets([states])).toEqual({ records: [states], dropped: [] });
});
