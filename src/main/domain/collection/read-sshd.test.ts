import { expect, test } from "vitest";
import { readChrootFolders, readRealHomes, readSshdFiles } from "./read-sshd.ts";
import { decodeRecord, type RawRecord } from "./stream.ts";

const record = (kind: string, attributes: Record<string, string | string[]>, payload = "") =>
  decodeRecord({
    kind,
    encoding: payload === "" ? "-" : "b64",
    attributes: Object.entries(attributes).flatMap(([name, values]) =>
      [values].flat().map((value): RawRecord["attributes"][number] => [name, value]),
    ),
    payload: Buffer.from(Buffer.from(payload).toString("base64")),
  });

const FOLDER = "drwxr-xr-x,2,0,0,4096";
const CLOSED = "drwx------,2,0,0,4096";

test("a file that sshd's settings name is its bytes with its walk, or the reason why it was not read", () => {
  const files = readSshdFiles([
    record("sshd-file", { path: "/e/ca", real: "/e/ca", e: [FOLDER, FOLDER, "-rw-r--r--,1,0,0,3"] }, "key"),
    record("sshd-file", { path: "/e/none", why: "no-such-file" }),
    record("sshd-file", { path: "/e/folder", why: "is-folder" }),
    record("sshd-file", { path: "/e/shut", real: "/e/shut", why: "not-permitted" }),
    record("sshd-file", { path: "/e/ca", real: "/e/ca", why: "account-cannot-read" }),
    record("config", { path: "/e/other" }, "text"),
  ]);
  expect(
    [...files.values()].map(({ path, bytes, whyUnreadable, isAbsent, walk }) => [
      path,
      bytes && Buffer.from(bytes).toString(),
      whyUnreadable,
      isAbsent,
      walk.map(({ mode }) => mode.toString(8)).join(" "),
    ]),
  ).toEqual([
    ["/e/ca", "key", null, false, "644 755 755"],
    ["/e/none", null, "no such file", true, ""],
    ["/e/folder", null, "it is a folder", true, ""],
    ["/e/shut", null, "it may not be read without more rights", false, ""],
  ]);
});

test("the folders of a chroot are told from the root on, and a home only where links lead to it", () => {
  const folders = readChrootFolders([
    record("folder", { path: "/srv/jail", e: [FOLDER, CLOSED, FOLDER] }),
    record("folder", { path: "/srv/gone", why: "no-such-file" }),
    record("folder", { path: "/srv/jail/more", e: [FOLDER] }),
  ]);
  expect(
    [...folders].map(([path, { walk, isAbsent }]) => [path, walk.map((entry) => entry.path), isAbsent]),
  ).toEqual([
    ["/srv/jail", ["/srv/jail", "/srv", "/"], false],
    ["/srv/gone", [], true],
    ["/srv/jail/more", [], false],
  ]);
  expect(
    readRealHomes([record("home", { account: "alice", real: "/srv/alice" }), record("home", {})]),
  ).toEqual(new Map([["alice", "/srv/alice"]]));
});
