import { labelOf } from "#domain/x509/path/chain-reason.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import {
  type CertificateIndex,
  indexCertificates,
  openCertificate,
  type PathCertificate,
} from "#domain/x509/path/path-certificate.ts";
import { verifySignature } from "#domain/x509/path/verify-signature.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { ChainReasonCode, Evaluation } from "#shared/model/certificates/chain.ts";
import { formatCount } from "#shared/text/count.ts";
import type { Clock, IssuedFault } from "./issued-checks.ts";

type IssuedChainVerdict = { faults: IssuedFault[]; notes: string[] };

/** Its root is not known, which is no fault of the chain. */
const UNROOTED: ReadonlySet<ChainReasonCode> = new Set(["no-path", "untrusted-root", "self-signed"]);
/** Checks of the leaf report these themselves. */
const OF_LEAF: ReadonlySet<ChainReasonCode> = new Set([
  "expired",
  "not-yet-valid",
  "dates-unreadable",
  "malformed",
]);

/**
 * Whether the chain leads from its leaf to a root without other certificates. If its root is not known here, it is
 * evaluated up to the highest certificate that was sent, and a note says that the root is not known.
 */
export function evaluateIssuedChain(
  { chain, root, isMisnamed }: ChainAsSent,
  { roots, clocks: [clock] }: { roots: CertificateIndex; clocks: readonly [Clock, ...Clock[]] },
): IssuedChainVerdict {
  const [leaf] = chain;
  const top = root ?? chain.at(-1);
  if (!leaf || !top) return { faults: [], notes: [] };
  const evaluate = (anchors: CertificateIndex) =>
    evaluateChain({
      leaf: leaf.der,
      pool: indexCertificates(chain.slice(1).map(({ der }) => der)),
      roots: anchors,
      options: {
        at: clock.now,
        purpose: null,
        name: null,
        policy: ANY_POLICY_WILL_DO,
        mostIntermediates: null,
      },
      profile: "clients",
      revocationLists: null,
    });
  const known = evaluate(roots);
  if (!known.reasons.some(({ code }) => UNROOTED.has(code))) return toChainVerdict(known, leaf);
  if (isMisnamed)
    return fault("chain-invalid", `${labelOf(top)} is not signed by what came under its issuer's name`);
  if (top === leaf) return evaluateAlone(leaf);
  const upToTop = toChainVerdict(evaluate(indexCertificates([top.der])), leaf);
  return { ...upToTop, notes: [...upToTop.notes, formatUnknownRoot(top, root)] };
}

function toChainVerdict({ reasons, state }: Evaluation, leaf: PathCertificate): IssuedChainVerdict {
  const others = reasons.filter(({ code, sha256 }) => !(OF_LEAF.has(code) && sha256 === leaf.sha256));
  if (state === "unsupported" || state === "valid-for-clients")
    return { faults: [], notes: others.map(({ sentence }) => sentence) };
  return {
    faults: others.map(({ sentence }) => ({ code: "chain-invalid", sentence })),
    notes: [],
  };
}

function evaluateAlone(leaf: PathCertificate): IssuedChainVerdict {
  if (leaf.isSelfIssued)
    return fault("self-signed", `${labelOf(leaf)} is signed by itself, and by no issuer`);
  const issuer = readCertificate(leaf.der)?.issuer || "whoever signed it";
  return fault(
    "chain-incomplete",
    `${labelOf(leaf)} came without ${issuer}, which signed it and is not among the roots that are known here; add it below the certificate, or trust it as a root`,
  );
}

const fault = (code: IssuedFault["code"], sentence: string): IssuedChainVerdict => ({
  faults: [{ code, sentence }],
  notes: [],
});

const formatUnknownRoot = (top: PathCertificate, root: PathCertificate | null): string =>
  root
    ? `the root ${labelOf(root)} is not among those that are known here; trust it in Settings, where it is yours`
    : `the root above ${labelOf(top)} is not known here, so that it is not known whether the chain is whole`;

/** More than any issuer sends. */
export const MOST_CAME = 32;

type ChainAsSent = {
  /** The leaf first; without the root. */
  chain: PathCertificate[];
  /** A root that was sent as well, if the chain leads to one. */
  root: PathCertificate | null;
  /** A certificate that was sent has the name of the highest one's issuer, and has not signed it. */
  isMisnamed: boolean;
};

type OrderedChain = ChainAsSent & {
  /** What was corrected, each a sentence. */
  notes: string[];
};

/**
 * Puts certificates in the order that servers send them in: from the leaf up to the one that its root has signed. Each
 * has to match the one before it by name and by signature, so that nothing is guessed. `came` contains the leaf.
 */
export function orderChain(leaf: PathCertificate, came: readonly PathCertificate[]): OrderedChain {
  const path = [leaf];
  for (let top = leaf; !isRoot(top); ) {
    const above = came.find((each) => !path.includes(each) && hasSigned(each, top));
    if (!above) break;
    path.push(above);
    top = above;
  }
  const top = path.at(-1);
  const root = top && path.length > 1 && isRoot(top) ? top : null;
  const chain = root ? path.slice(0, -1) : path;
  const isMisnamed =
    top !== undefined &&
    !root &&
    came.some((each) => !path.includes(each) && each.subject.key === top.issuer.key);
  return { chain, root, isMisnamed, notes: formatChanges(path, came, root) };
}

const isRoot = (certificate: PathCertificate): boolean =>
  certificate.isSelfIssued && verifySignature(certificate.signed, certificate.spki) === "valid";

/** An algorithm that this runtime does not know is no evidence that the name is wrong. */
const hasSigned = (above: PathCertificate, below: PathCertificate): boolean =>
  above.subject.key === below.issuer.key &&
  above.extensions.basicConstraints?.isCa === true &&
  ["valid", "unsupported"].includes(verifySignature(below.signed, above.spki));

function formatChanges(
  path: readonly PathCertificate[],
  came: readonly PathCertificate[],
  root: PathCertificate | null,
): string[] {
  const kept = came.filter((each) => path.includes(each));
  const isMixed = kept.some((each, at) => each !== path[at]);
  const left = came.length - path.length;
  return [
    ...(isMixed ? ["the chain came in another order than servers send it in, and was put right"] : []),
    ...(left > 0
      ? [
          `${formatCount(left, "certificate")} that came ${left === 1 ? "is" : "are"} no part of the chain, and left out`,
        ]
      : []),
    ...(root ? [`the root ${labelOf(root)} came with it, and is left out: clients have their own`] : []),
  ];
}

/** Each once, in the order in which they were sent; what is no certificate is counted. */
export function openCame(ders: readonly Uint8Array[]): { came: PathCertificate[]; unreadable: number } {
  const bySha = new Map<string, PathCertificate>();
  let unreadable = 0;
  for (const der of ders.slice(0, MOST_CAME)) {
    const opened = openCertificate(der);
    if (opened) bySha.set(opened.sha256, bySha.get(opened.sha256) ?? opened);
    else unreadable++;
  }
  return { came: [...bySha.values()], unreadable };
}
