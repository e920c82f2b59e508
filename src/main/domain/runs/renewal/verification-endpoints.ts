import { readPem } from "#codec/pem.ts";
import { labelOf } from "#domain/x509/path/chain-reason.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { isAddress, StartTls } from "#shared/model/hosts/target.ts";
import type { VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import type { ServerUse } from "./deployments.ts";

/**
 * An address at which a server must show the new certificate, the name it is asked for, and from where it is probed
 * first.
 */
export type ProbeAddress = Pick<
  VerificationEndpoint,
  "address" | "port" | "serverName" | "startTls" | "from"
>;

/** How many are probed for one certificate. */
const MOST_ENDPOINTS = 64;

/**
 * Every listener under every name of the servers that read a deployment. `host`: how the host is reached. `names`:
 * those of the certificate, without `DNS:`; one of them stands for a pattern.
 */
export function chooseEndpoints(
  uses: readonly ServerUse[],
  { host, names }: { host: string; names: readonly string[] },
): { endpoints: ProbeAddress[]; wonders: string[] } {
  const endpoints = new Map<string, ProbeAddress>();
  const wonders: string[] = [];
  for (const use of uses) {
    const startTls = use.protocol === "tls" ? null : (StartTls.safeParse(use.protocol).data ?? undefined);
    if (startTls === undefined) {
      wonders.push(`how ${use.protocol} is spoken at ${use.where} is not known`);
      continue;
    }
    for (const { address, port, isDefault } of use.listens) {
      const isByHost = address !== null && isItsOwn(address) && !isItsOwn(host);
      for (const serverName of namesOf(use, names, isDefault)) {
        const from = isByHost ? "host" : "here";
        const endpoint: ProbeAddress = {
          address: reachable(address, host),
          port,
          serverName,
          startTls,
          from,
        };
        endpoints.set(JSON.stringify(endpoint), endpoint);
      }
    }
  }
  const all = [...endpoints.values()];
  if (all.length > MOST_ENDPOINTS)
    wonders.push(`${all.length} addresses show it, and ${MOST_ENDPOINTS} of them are checked`);
  return { endpoints: all.slice(0, MOST_ENDPOINTS), wonders };
}

/** Loopback and link-local: from here they would be this computer's, or a neighbour's. */
const isItsOwn = (address: string): boolean =>
  /^(?:127\.|169\.254\.|localhost$|::1$|::ffff:127\.|fe[89ab][0-9a-f]:)/i.test(address);

const EVERY: ReadonlySet<string | null> = new Set([null, "0.0.0.0", "::", "*"]);

const reachable = (address: string | null, host: string): string =>
  address === null || EVERY.has(address) ? host : address;

function namesOf(use: ServerUse, names: readonly string[], isDefault: boolean): (string | null)[] {
  const concrete = names.filter((name) => !name.includes("*") && !isAddress(name));
  const written = use.names.flatMap((name) => nameFor(name, concrete));
  const own = use.names.length === 0 ? [concrete[0] ?? null] : written;
  return [...new Set([...own, ...(isDefault || own.length === 0 ? [null] : [])])];
}

/** The name that a configuration means; none if it says too little. */
function nameFor(written: string, concrete: readonly string[]): string[] {
  if (written.startsWith("~") || written === "_" || written === "") return concrete.slice(0, 1);
  if (isAddress(written)) return [];
  const plain = written.replace(/\.$/, "").toLowerCase();
  if (!plain.includes("*") && !plain.startsWith(".")) return /^[a-z0-9_.-]+$/.test(plain) ? [plain] : [];
  const suffix = plain.replace(/^\*?/, "");
  if (suffix.includes("*") || !suffix.startsWith(".")) return concrete.slice(0, 1);
  return [concrete.find((name) => name.endsWith(suffix)) ?? `latchkey${suffix}`];
}

/**
 * The server name in a ClientHello. A verification of a name without addresses is one of an older program, which named
 * it whenever no other name was set: that is how it saw what was there before.
 */
export const helloName = ({
  address,
  addresses,
  serverName,
}: Pick<VerificationEndpoint, "address" | "addresses" | "serverName">): string | null =>
  serverName ?? (addresses === undefined && !isAddress(address) ? address : null);

/** What must be seen at an endpoint. */
export type ExpectedCertificates = {
  /** Any of these, by their SHA-256; null: what was shown there before is not known, and anything will do. */
  leaves: readonly string[] | null;
  /** All of these, anywhere behind the leaf. */
  intermediates: readonly { sha256: string; name: string }[];
};

/** The new certificate as a run has it: the SHA-256, and the PEM of its chain; null if there is none yet. */
type Fresh = { sha256: string | null; chain: string | null };

/**
 * Going forward it is the new certificate, with the intermediates from it to its root. In a roll-back, a server that
 * had not been reloaded reads the old files when it is reloaded: what these contain is as right as what it showed, and
 * which intermediates it sent is not known.
 */
export function expectedLeaves(
  { before }: { before: string | null },
  which: "new" | "old",
  { fresh, old }: { fresh: Fresh; old: string },
): ExpectedCertificates {
  if (which === "old") return { leaves: before === null ? null : [before, old], intermediates: [] };
  return {
    leaves: fresh.sha256 === null ? [] : [fresh.sha256],
    intermediates: intermediatesOf(fresh.chain),
  };
}

function intermediatesOf(chain: string | null): ExpectedCertificates["intermediates"] {
  const [, ...ders] = chain === null ? [] : readPem(Buffer.from(chain)).ders;
  return ders.flatMap((der) => {
    const opened = openCertificate(der);
    return opened ? [{ sha256: opened.sha256, name: labelOf(opened) }] : [];
  });
}

type Shown = {
  chain: readonly string[];
  message: string;
  isLeafAlone?: boolean;
  isRefused?: boolean;
  /** How the server ended the connection without an alert: equal values mean the same way. */
  closedBy?: string;
};

/**
 * Whether waiting is of no use any more: where a certificate was shown before, the server now refuses the handshake by
 * an alert, so it has read the new files and cannot use them with its settings. One that has not read them yet shows
 * the certificate from before; one that restarts accepts no connection, or closes it.
 */
export const isUnusable = (before: string | null, { isRefused = false }: Shown): boolean =>
  before !== null && isRefused;

/** How many probes one after the other, each after a longer pause: two seconds in all. */
export const READ_CLOSED = 4;

/**
 * Whether a server that was reloaded and still listens has shown by now that it cannot use the new files: it accepts
 * each connection and ends it in the handshake, without an alert, in this many probes and in the same way. A single one
 * may be an old process that ends.
 */
export const closesForGood = (before: string | null, readings: readonly Shown[]): boolean =>
  before !== null &&
  readings.length >= READ_CLOSED &&
  readings
    .slice(-READ_CLOSED)
    .every(({ closedBy }) => closedBy !== undefined && closedBy === readings.at(-1)?.closedBy);

/**
 * Why what is shown verifies nothing, as a phrase; null: it is what is expected. `before`: what was shown there when it
 * was planned. If only the leaf could be read, the intermediates are not checked: what could not be read may be there.
 */
export function evaluateShown(
  before: string | null,
  { leaves, intermediates }: ExpectedCertificates,
  { chain: [leaf, ...others], message, isLeafAlone = false }: Shown,
): string | null {
  if (leaf === undefined) return message;
  if (leaves !== null && !leaves.includes(leaf))
    return `serves ${leaf.slice(0, 12)}..., which is ${leaf === before ? "the one before" : "neither the one before nor the new one"}`;
  if (isLeafAlone) return null;
  const missing = intermediates.filter(({ sha256 }) => !others.includes(sha256));
  if (missing.length === 0) return null;
  return `serves the new one without what leads to its root: ${missing.map(({ name }) => name).join(", ")}`;
}
