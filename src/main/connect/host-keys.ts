import type { AgainstKey } from "#domain/findings/host-findings.ts";
import { findKnownBeside } from "#domain/host-keys/known-beside.ts";
import { evaluateHostCertificate, readHostCertificate } from "#domain/ssh/host-certificate.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import {
  evaluateHostKey,
  formatHostKey,
  type HostKeyEvaluation,
  isOnlyVouchedFor,
  type KnownHosts,
  nameInKnownHosts,
  preferHostKeyTypes,
  readKnownHosts,
} from "#domain/ssh/known-hosts.ts";
import type { readKnownHostsFiles } from "#net/local/read-ssh-files.ts";
import type { FetchedCertificate } from "#net/ssh/fetch-host-certificate.ts";
import type { HostKeyAnswer, VerifyHostKey } from "#net/ssh/log-in.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type KnownBeside, MOST_KNOWN_LINES } from "#shared/model/hosts/offered-key.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { Store } from "#store/store.ts";

/** A host key that is trusted from now on, for no other key of this host is known. */
type AcceptedKey = { host: string; port: number; keyType: string; fingerprint: string; blob: Uint8Array };

/** Resolves once the key is pinned. */
export type AcceptHostKey = (key: AcceptedKey, at: Instant) => Promise<unknown>;

type Deps = {
  store: Pick<Store, "bundles" | "pins">;
  accept: AcceptHostKey;
  readKnownHostsFiles: typeof readKnownHostsFiles;
  now: () => Date;
};

/** A machine, by the name of its pin, and by the name that known_hosts has for it. */
export type NamedHost = { name: string; port: number; knownAs: { host: string; port: number } };

/**
 * A host that shows a bad certificate is refused, with `--accept-new` or without; `why` says what is wrong with it. One
 * that did not send its certificate may do so when it is tried again.
 */
type Evaluation = HostKeyEvaluation & { why?: string | undefined; transient?: "refused" | undefined };

type NeedsCertificate = Extract<HostKeyEvaluation, { kind: "needs-certificate" }>;

/** What is known of the key of one machine, and of the certificate that it shows for it. */
export type HostKeyCheck = {
  /** Host key algorithms in the order to offer them, those of keys known for the host first. */
  hostKeyTypes(): string[];
  /**
   * The key types for which a certificate must be fetched before the next login; empty: no certificate is needed. One
   * is needed where only an authority can vouch for the host, and where we refused a key that an authority may vouch
   * for.
   */
  wantsCertificate(): readonly string[];
  /** Takes the result of fetching the host's certificate. */
  takeCertificate(fetched: FetchedCertificate): void;
  verify: VerifyHostKey;
  /** The keys that are trusted, as far as they are known before the host presents one. */
  trustedKeys(): Uint8Array[];
  /** Evidence against the key, for the finding about it. */
  findAgainst(): AgainstKey | null;
  /** What this computer knows beside a key that the host has presented; `addresses`: where it was reached. */
  findBeside(blob: Uint8Array, addresses: readonly string[]): KnownBeside;
};

export type HostKeys = { check(host: NamedHost): HostKeyCheck };

const CERTIFIED_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

/**
 * Decides whether a host is the one that it claims to be, before we send it anything. known_hosts is read once a scan.
 * With `acceptNew` a host that was never seen gets a pin; a changed key is refused all the same.
 */
export async function createHostKeys(deps: Deps, { home, acceptNew }: { home: string; acceptNew: boolean }) {
  const { files } = await deps.readKnownHostsFiles(home);
  const knownHosts: KnownHosts[] = files.map(({ path, text }) => readKnownHosts(text, path));

  return { check } satisfies HostKeys;

  function check({ name, port, knownAs }: NamedHost): HostKeyCheck {
    const knowledge = () => ({
      knownHosts,
      pin: deps.store.pins.find(name, port),
      bundleKeys: deps.store.bundles.keysOf(name, port),
    });
    let evaluation: Evaluation | null = null;
    let fetched: FetchedCertificate | null = null;
    return {
      hostKeyTypes() {
        const types = preferHostKeyTypes(knownAs.host, knownAs.port, knowledge());
        return fetched?.kind === "fetched" ? putFirst(typeIn(fetched.blob), types) : types;
      },
      wantsCertificate() {
        if (fetched) return [];
        if (evaluation?.kind === "needs-certificate") return CERTIFIED_TYPES;
        return evaluation === null && isOnlyVouchedFor(knownAs, knowledge()) ? CERTIFIED_TYPES : [];
      },
      takeCertificate(shown) {
        fetched = shown;
      },
      async verify({ blob }) {
        evaluation = evaluate(blob);
        const isPinned =
          evaluation.kind === "unknown" && acceptNew && (await pin(deps, { host: name, port }, blob));
        return isPinned ? { kind: "trusted" } : toAnswer({ host: name, port, blob }, evaluation);
      },
      trustedKeys: () => listKnownKeys().filter((blob) => evaluate(blob).kind === "trusted"),
      findAgainst: () => evaluation && findAgainst(evaluation),
      findBeside: (blob, addresses) => {
        // Where an alias names the key, others may have the address (as for ssh, which then checks no address).
        const others = knownAs.host === name || addresses.includes(knownAs.host) ? addresses : [];
        return toKnownBeside(evaluate(blob), { blob, port, addresses: [name, ...others] }, knownHosts);
      },
    };

    function listKnownKeys(): Uint8Array[] {
      const { pin } = knowledge();
      const certified = fetched?.kind === "fetched" ? readHostCertificate(fetched.blob)?.key : null;
      const entries = listKnownHosts(knownAs, knownHosts);
      return [...(pin ? [pin.blob] : []), ...(certified ? [certified.blob] : []), ...entries];
    }

    function evaluate(blob: Uint8Array): Evaluation {
      const presented = { ...knownAs, blob };
      const first = evaluateHostKey(presented, knowledge());
      if (first.kind !== "needs-certificate" || !fetched) return first;
      return evaluateByCertificate({ knownHosts, now: deps.now() }, presented, first, fetched);
    }
  }
}

function toKnownBeside(
  evaluation: Evaluation,
  { blob, addresses, port }: { blob: Uint8Array; addresses: readonly string[]; port: number },
  knownHosts: readonly KnownHosts[],
): KnownBeside {
  switch (evaluation.kind) {
    case "revoked":
      return { kind: "revoked", where: evaluation.where };
    case "needs-certificate":
      return { kind: "no-certificate", where: evaluation.authorities[0]?.where ?? "" };
    case "changed": {
      const known = evaluation.known.map((one) => ({ ...one, names: null }));
      return { kind: "mismatch", total: known.length, known: known.slice(0, MOST_KNOWN_LINES) };
    }
    case "trusted":
    case "unknown": {
      const key = readKeyBlob(blob);
      return key ? findKnownBeside({ key, addresses, port }, knownHosts) : { kind: "nothing" };
    }
    default:
      return assertNever(evaluation);
  }
}

/** Under the name with its port and without: the evaluation decides which of them counts. */
const listKnownHosts = ({ host, port }: NamedHost["knownAs"], knownHosts: readonly KnownHosts[]) =>
  [...new Set([nameInKnownHosts(host, port), nameInKnownHosts(host, 22)])].flatMap((name) =>
    knownHosts.flatMap((known) => known.find(name)).map(({ key }) => key.blob),
  );

function evaluateByCertificate(
  { knownHosts, now }: { knownHosts: readonly KnownHosts[]; now: Date },
  { host, port, blob }: { host: string; port: number; blob: Uint8Array },
  evaluation: NeedsCertificate,
  fetched: FetchedCertificate,
): Evaluation {
  if (fetched.kind === "none") return evaluation.otherwise;
  if (fetched.kind !== "fetched") return { ...evaluation, why: fetched.why, transient: "refused" };
  const { authorities } = evaluation;
  const shown = { host, port, blob: fetched.blob, presented: blob, authorities, now };
  const vouched = evaluateHostCertificate(shown, { knownHosts });
  return "why" in vouched ? { ...evaluation, why: vouched.why } : vouched;
}

/** False for a blob that is no key: nobody trusts that. */
async function pin(
  { accept, now }: Deps,
  { host, port }: { host: string; port: number },
  blob: Uint8Array,
): Promise<boolean> {
  const key = readKeyBlob(blob);
  if (!key) return false;
  const { keyType, fingerprint } = key;
  await accept({ host, port, keyType, fingerprint, blob: Uint8Array.from(blob) }, toInstant(now()));
  return true;
}

/** The type of the certified key, as a plain key has it. */
const typeIn = (certificate: Uint8Array): string | null =>
  readHostCertificate(certificate)?.key.keyType ?? null;

function putFirst(keyType: string | null, algorithms: string[]): string[] {
  const isOfType = (name: string) =>
    name === keyType || (keyType === "ssh-rsa" && name.startsWith("rsa-sha2-"));
  return [...algorithms.filter(isOfType), ...algorithms.filter((name) => !isOfType(name))];
}

type PresentedHostKey = Parameters<VerifyHostKey>[0];

function toAnswer(presented: PresentedHostKey, evaluation: Evaluation): HostKeyAnswer {
  const { why, transient = null } = evaluation;
  const message = [formatHostKey(presented, evaluation), why].filter(Boolean).join(": ");
  switch (evaluation.kind) {
    case "trusted":
      return { kind: "trusted" };
    case "needs-certificate":
      if (evaluation.otherwise.kind === "unknown")
        return { kind: "refused", outcome: "host-key-unknown", message, transient };
      return toAnswer(presented, { ...evaluation.otherwise, why, transient: evaluation.transient });
    case "unknown":
      return { kind: "refused", outcome: "host-key-unknown", message, transient };
    case "changed":
    case "revoked":
      return { kind: "refused", outcome: "host-key-changed", message, transient };
    default:
      return assertNever(evaluation);
  }
}

/** Null for a key that is trusted, or merely unknown. */
function findAgainst(evaluation: HostKeyEvaluation): AgainstKey | null {
  switch (evaluation.kind) {
    case "needs-certificate":
      return findAgainst(evaluation.otherwise);
    case "changed":
      return { isRevoked: false, evidence: formatKnown(evaluation) };
    case "revoked":
      return { isRevoked: true, evidence: `revoked at ${evaluation.where}` };
    case "trusted":
    case "unknown":
      return null;
    default:
      return assertNever(evaluation);
  }
}

const formatKnown = ({ known }: Extract<HostKeyEvaluation, { kind: "changed" }>): string =>
  `trusted: ${known.map(({ keyType, fingerprint, where }) => `${keyType} ${fingerprint} (${where})`).join(", ")}`;
