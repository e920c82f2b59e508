import { type PathEntry, readEntry } from "./path-entry.ts";
import type { Record } from "./record.ts";

/** A file that a configuration names, or a link to a certificate. */
export type DiskFile = {
  path: string;
  /** The path with all links resolved; null if it could not be resolved. */
  realPath: string | null;
  entry: PathEntry;
  /** When its content was last written, seconds since the epoch; null if not told. */
  writtenAt: number | null;
};

/** A store of keys on a host. It never leaves it; of one that opens with a password that everybody knows the certificates do. */
export type Keystore = {
  path: string;
  entry: PathEntry;
  kind: "jks" | "jceks" | "pkcs12" | "bcfks" | "unknown";
  /** `open`: by no password. `default`: by `password`. `certificates`: its certificates lie open, its keys do not. */
  state: "open" | "default" | "certificates" | "locked" | "not-opened";
  /** The password that everybody knows; null unless it is one. */
  password: string | null;
  /** Why it was not opened; null where it was, or where no known password fits. */
  why: string | null;
};

const KINDS: readonly Keystore["kind"][] = ["jks", "jceks", "pkcs12", "bcfks"];

const WHY: { [opened: string]: string } = {
  "no-tool": "the host has no openssl to open it with",
  "too-large": "it is too large to be opened there",
  "too-late": "the collector ran out of time for keystores",
};

export function readDiskFiles(records: readonly Record[]): ReadonlyMap<string, DiskFile> {
  return new Map(
    records.flatMap((record) => {
      const path = record.kind === "file" ? record.say("path") : null;
      const listed = path === null ? null : readEntry(path, record.say("e") ?? "");
      if (path === null || !listed) return [];
      const { linkCount: _, size: __, ...entry } = listed;
      const written = record.say("mtime");
      const writtenAt = written !== null && /^\d{1,12}$/.test(written) ? Number(written) : null;
      return [[path, { path, realPath: record.say("real"), entry, writtenAt }] as const];
    }),
  );
}

export function readKeystores(records: readonly Record[]): Keystore[] {
  return records.flatMap((record) => {
    const path = record.kind === "keystore" ? record.say("path") : null;
    const listed = path === null ? null : readEntry(path, record.say("e") ?? "");
    if (path === null || !listed) return [];
    const { linkCount: _, size: __, ...entry } = listed;
    const opened = record.say("opened") ?? "";
    return {
      path,
      entry,
      kind: KINDS.find((kind) => kind === record.say("kind")) ?? "unknown",
      state: readState(opened),
      password: opened === "default" ? record.say("password") : null,
      why: WHY[opened] ?? null,
    };
  });
}

function readState(opened: string): Keystore["state"] {
  switch (opened) {
    case "open":
    case "default":
    case "certificates":
    case "locked":
      return opened;
    default:
      return opened in WHY ? "not-opened" : "locked";
  }
}
