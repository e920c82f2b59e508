/** The certificate and key files of a running server, and its listeners, as a scan as root finds them. */

import { createPublicKey, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { rename, rm, utimes, writeFile } from "node:fs/promises";
import { listListening } from "#testing/servers/server.ts";
import type { MadeCertificate } from "./certificates.ts";
import type { Running } from "./start-generated.ts";

type FoundListener = {
  address: string;
  port: number;
  /** `isFirst`: the process that was started by the server's command. */
  processes: { name: string; startedAt: number; isFirst: boolean }[];
};

export type HostFiles = ReturnType<typeof createHostFiles>;

/** The first of these servers is the one whose files are changed. */
export function createHostFiles(all: readonly [Running, ...Running[]]) {
  const [first] = all;
  const known = new Map(
    all.flatMap(({ made }) => [...made.values()].map((one) => [one.sha256, one] as const)),
  );
  const renewed = new Set<string>();
  const held = (path: string): MadeCertificate | null => {
    const pem = firstPem(path);
    return pem === null ? null : (known.get(sha256Of(pem)) ?? null);
  };
  return {
    held,
    known: (sha256: string): MadeCertificate | null => known.get(sha256) ?? null,
    /** Paths of files that by now hold a later certificate for the same names. */
    renewed: (): ReadonlySet<string> => new Set(renewed),
    /** Replaces a certificate and its key by others, dated between the start of the server and now. */
    async replace(path: string, made: MadeCertificate): Promise<void> {
      const before = held(path);
      const isRenewal = before !== null && made.notBefore > before.notBefore && hasSameNames(before, made);
      if (isRenewal) renewed.add(path);
      else renewed.delete(path);
      known.set(made.sha256, made);
      await rename(`${made.base}.${path.endsWith(".crt") ? "crt" : "pem"}`, path);
      await removeFiles(made);
      // The clocks of files and processes differ by some hundredths of a second.
      const started = lookAtProcess(first.server.pid)?.startedAt ?? nowS();
      await utimes(path, (started + nowS()) / 2, (started + nowS()) / 2);
    },
    /** Puts the key of `made` into a file, and leaves the certificates there. */
    async replaceKey(path: string, made: MadeCertificate): Promise<void> {
      const [, ...certificates] = readFileSync(path, "latin1").split(/^(?=-----BEGIN CERTIFICATE-----)/m);
      await writeFile(path, [readFileSync(`${made.base}.key`, "latin1"), ...certificates].join(""));
      await removeFiles(made);
    },
  };
}

async function removeFiles({ base }: MadeCertificate): Promise<void> {
  for (const ending of ["pem", "crt", "key"]) await rm(`${base}.${ending}`, { force: true });
}

const hasSameNames = ({ names: some }: MadeCertificate, { names: others }: MadeCertificate): boolean =>
  some.toSorted().join() === others.toSorted().join();

const sha256Of = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();

const nowS = (): number => Date.now() / 1_000;

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "latin1") : "");

const firstPem = (path: string): string | null =>
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(textOf(path))?.[0] ?? null;

/** When it was written, seconds since the epoch; null: it does not exist. */
export const writtenAtOf = (path: string): number | null =>
  existsSync(path) ? statSync(path).mtimeMs / 1_000 : null;

/** The public key, as DER, of the first certificate of a file, or of the key there; null if there is none. */
export function spkiOf(path: string, what: "certificate" | "key"): Buffer | null {
  const pem =
    what === "certificate"
      ? firstPem(path)
      : (/-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----/.exec(textOf(path))?.[0] ?? null);
  if (pem === null) return null;
  const key = what === "certificate" ? new X509Certificate(pem).publicKey : createPublicKey(pem);
  return key.export({ format: "der", type: "spki" });
}

/** Each socket of the server that listens, with the processes that have it open. */
export function findListeners({ server: { pid } }: Running): FoundListener[] {
  const processes = [pid, ...descendantsOf(pid)].flatMap((one) => {
    const found = lookAtProcess(one);
    return found ? [{ sockets: socketsOf(one), process: { ...found, isFirst: one === pid } }] : [];
  });
  return listListening().flatMap(({ address, port, socket }) => {
    const own = processes.filter(({ sockets }) => sockets.has(socket)).map(({ process }) => process);
    return own.length > 0 ? [{ address, port, processes: own }] : [];
  });
}

/** What the kernel reports of a server's processes. */

/** All processes that it has started, and those that they have started. */
export function descendantsOf(pid: number): number[] {
  const own = readOf(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...descendantsOf(child)]);
}

const TICKS = 100;

/** `startedAt`: seconds since the epoch. Null if it has ended. */
export function lookAtProcess(pid: number): { name: string; startedAt: number } | null {
  const text = readOf(pid, "stat");
  const end = text.lastIndexOf(")");
  if (end < 0 || /^[ZX]/.test(text.slice(end + 2))) return null;
  const ticks = Number(text.slice(end + 2).split(" ")[19]);
  const up = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return {
    name: text.slice(text.indexOf("(") + 1, end),
    startedAt: Date.now() / 1_000 - up + ticks / TICKS,
  };
}

/** The numbers of the sockets that it has open. */
function socketsOf(pid: number): Set<string> {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`));
    return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  } catch {
    return new Set();
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** Empty for a process that has ended meanwhile, as those that answer one connection do. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
