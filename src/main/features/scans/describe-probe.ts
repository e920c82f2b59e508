import type { Unreadable } from "#domain/collection/collection.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { findAddressProblems } from "#domain/findings/address-findings.ts";
import { findCertificateProblems, findEndpointProblems } from "#domain/findings/certificate-findings.ts";
import { findChainProblems, findMissingIssuer } from "#domain/findings/chain-findings.ts";
import { readAuthorities } from "#domain/x509/names.ts";
import { findSigner } from "#domain/x509/path/find-issuer.ts";
import { createCertificateCache, readCertificate } from "#domain/x509/read-certificate.ts";
import type { WireBytes } from "#net/tls/server-flight-reader.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { Capabilities } from "#shared/model/hosts/endpoint.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { BesideChain, EndpointProbe, HostProbe, SeenCertificate } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { describeHost } from "./describe-host.ts";
import { evaluateWithinBudget, toSeen } from "./describe-parts.ts";
import type { ReadProbe } from "./recording/batches.ts";
import type { ChainResult, StreamResult } from "./recording/messages.ts";
import { publicRoots } from "./recording/note-certificates.ts";

type Read = {
  readCertificate: (der: Uint8Array) => Certificate | null;
  /** What earlier scans know of a host. */
  memory: Pick<
    RecordingStore["uses"],
    "knownSince" | "knownAccounts" | "peopleOf" | "recall" | "recallLogins" | "recallOthers"
  >;
  /** Authorities that were seen before. */
  chains: Pick<RecordingStore["chains"], "named">;
};

/** Reads and evaluates the results of probes: each certificate once. */
export function createReader({ uses, chains }: Pick<RecordingStore, "uses" | "chains">): ReadProbe {
  const read: Read = { readCertificate: createCertificateCache(), memory: uses, chains };
  return (home) => {
    switch (home.kind) {
      case "met":
        return home.probe;
      case "chain":
        return describeChain(home, read);
      case "stream":
        return describeStream(home, read);
      default:
        return assertNever(home);
    }
  };
}

function describeChain(home: ChainResult, { readCertificate, chains }: Read): EndpointProbe {
  const { identity, facts, capabilities } = home;
  const unreadable: string[] = [];
  const readChain = (ders: readonly Uint8Array[], of: string) =>
    ders.map((der, position) => {
      const certificate = readCertificate(der);
      if (!certificate) unreadable.push(`certificate ${position} of ${of} cannot be read`);
      return certificate && toSeen(certificate, der);
    });
  const addresses =
    home.addresses?.map((one) => ({ ...one, chain: readChain(one.chain, `the chain at ${one.address}`) })) ??
    null;
  // Where all addresses were probed, the chain of the endpoint is one of theirs.
  const spoken = addresses?.find(({ address }) => address === facts.address);
  const chain = spoken?.chain ?? readChain(home.chain, "the chain");
  const elsewhere = addresses?.filter((one) => one !== spoken) ?? [];
  const others = home.others.map((one) => readChain(one, "the chain for another kind of key"));
  return {
    ...identity,
    state: unreadable.length > 0 ? "partial" : "ok",
    outcome: "presented",
    message: unreadable.join("; "),
    presented: {
      chain,
      others,
      facts,
      addresses,
      beside: describeWire(home.wire, capabilities),
      findings: [
        ...[chain, ...others, ...elsewhere.map((one) => one.chain)].flatMap((one) => [
          ...findPresentedProblems(identity.target, one),
          ...evaluateSentChain(identity.target, one, chains),
        ]),
        ...findAddressProblems(identity.target, addresses ?? []),
      ],
    },
  };
}

function findPresentedProblems(target: TlsTarget, chain: readonly (SeenCertificate | null)[]) {
  const certificates = chain.flatMap((seen) => seen?.certificate ?? []);
  return [...findEndpointProblems(target, chain), ...certificates.flatMap(findCertificateProblems)];
}

/** The outcomes of a host behind a jump host that has ended. */
const CUTS = new Set<HostProbe["outcome"]>(["reset", "timed-out", "throttled", "truncated"]);

/** Blames the jump host for such an outcome, where it has ended meanwhile. */
export function blame<Probe extends HostProbe>(probe: Probe, lost: StreamResult["lost"]): Probe {
  if (!lost || !CUTS.has(probe.outcome)) return probe;
  return { ...probe, outcome: "jump-failed", message: lost.message, jumpHost: lost.jumpHost };
}

/**
 * A stream is whole only if its own trailer says so, whatever the connection looked like; a host only if the collector
 * left nothing out.
 */
function describeStream(
  { identity, nonce, reading, lost }: StreamResult,
  { readCertificate, memory }: Read,
): HostProbe {
  const { hostKey, stream } = reading;
  const base = { ...identity, hostKey, isKeyRefused: false, jumpHost: null };
  const collection = readCollection(stream, { nonce });
  if (!collection) {
    const message = "the host answered without running what it was asked to run";
    const nothing = { collected: null, findings: [] };
    return { ...base, ...nothing, state: "failed", outcome: "restricted-shell", message };
  }
  const { host, findings, unreadable } = evaluateWithinBudget(collection, (evaluated) =>
    describeHost(evaluated, new Date(identity.at), {
      readCertificate,
      name: identity.target.host,
      recallUse: (seen) => ({
        ...memory.recall(identity.target, seen),
        others: memory.recallOthers(identity.target, seen.others),
      }),
      recallAges: () => memory.knownSince(identity.target),
      recallAccounts: () => memory.knownAccounts(identity.target),
      peopleOf: memory.peopleOf,
      recallLogins: (windows) => memory.recallLogins(identity.target, windows),
    }),
  );
  const described = { ...base, collected: host, findings };
  if (reading.state === "partial") {
    const { state, outcome, message } = reading;
    return blame({ ...described, state, outcome, message }, lost);
  }
  if (!host.isPartial) return { ...described, state: "ok", outcome: "collected", message: "" };
  const cuts = collection.incomplete
    ? [collection.incomplete, reading.ending]
    : formatLeftOut(unreadable.filter(({ kind }) => kind === "limit"));
  const message = cuts.filter(Boolean).join("; ");
  return blame({ ...described, state: "partial", outcome: "truncated", message }, lost);
}

/** So many things that were left out are named in a sentence; the coverage of the host names them all. */
const MOST_NAMED = 5;

function formatLeftOut(leftOut: readonly Unreadable[]): string[] {
  const named = leftOut.slice(0, MOST_NAMED).map(({ path, why }) => `${path}: ${why}`);
  const more = leftOut.length - named.length;
  return more > 0 ? [...named, `and ${more} more, which its coverage names`] : named;
}

/** What an endpoint sent beside its chain, as the store takes it. */
const describeWire = (
  { staple, timestamps, authorities }: WireBytes,
  capabilities: Capabilities | null,
): BesideChain => ({
  staple,
  timestamps,
  capabilities,
  authorities: authorities && readAuthorities(authorities),
});

type Chains = RecordingStore["chains"];
type Chain = readonly (SeenCertificate | null)[];

/** What is wrong with a chain as it was sent, including a missing intermediate. */
export function evaluateSentChain(
  target: TlsTarget,
  chain: Chain,
  chains: Pick<Chains, "named">,
): FindingDraft[] {
  const missing = findMissing(target, chain, chains);
  return missing ? [...findChainProblems(target, chain), missing] : findChainProblems(target, chain);
}

/**
 * Reports only what is certain: an authority that was seen elsewhere has signed the last certificate of the chain, and
 * neither it nor any certificate with its name is a root, which clients would have. A chain below a private root that
 * was never seen is left alone.
 */
function findMissing(target: TlsTarget, chain: Chain, { named }: Pick<Chains, "named">): FindingDraft | null {
  const sent = chain.flatMap((each) => each ?? []);
  const top = sent.length === chain.length ? topOf(sent) : null;
  if (!top || top.certificate.isSelfIssued || top.certificate.issuer === "") return null;
  const known = named(top.certificate.issuer);
  if (known.length === 0) return null;
  const issuer = findIssuer(top, known);
  return issuer
    ? findMissingIssuer(
        target,
        sent.map(({ certificate }) => certificate),
        issuer,
      )
    : null;
}

type KnownIssuers = { known: readonly Uint8Array[]; issuer: Certificate | null };

/**
 * A fleet sends few intermediates from many endpoints, and a cache returns each as one object: each is verified once
 * against the known issuers.
 */
const issuersOf = new WeakMap<Certificate, KnownIssuers>();

function findIssuer({ certificate, der }: SeenCertificate, known: readonly Uint8Array[]): Certificate | null {
  const before = issuersOf.get(certificate);
  if (before && isSame(before.known, known)) return before.issuer;
  const signer = findSigner(der, known, publicRoots());
  const issuer = signer && readCertificate(signer);
  issuersOf.set(certificate, { known, issuer });
  return issuer;
}

const isSame = (some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean =>
  some.length === others.length &&
  some.every((one, at) => Buffer.compare(one, others[at] ?? new Uint8Array()) === 0);

/** The last certificate above the leaf, by names. */
function topOf(sent: readonly SeenCertificate[]): SeenCertificate | null {
  let top = sent[0] ?? null;
  for (let height = 0; top && height < sent.length; height++) {
    const { certificate } = top;
    const above: SeenCertificate | undefined = sent.find(
      ({ certificate: { subject, sha256 } }) =>
        subject === certificate.issuer && sha256 !== certificate.sha256,
    );
    if (!above) return top;
    top = above;
  }
  return top;
}
