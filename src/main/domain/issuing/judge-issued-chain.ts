import { type CertificateIndex, indexCertificates } from "#domain/x509/path/certificate-index.ts";
import { labelOf } from "#domain/x509/path/chain-reason.ts";
import { ANY_POLICY_WILL_DO, judgeChain } from "#domain/x509/path/judge-chain.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { ChainReasonCode, Judgement } from "#shared/model/chain.ts";
import type { Clock } from "./check-dates.ts";
import type { IssuedFault } from "./issued-fault.ts";
import type { OrderedChain } from "./order-chain.ts";

type Judged = { faults: IssuedFault[]; notes: string[] };

/** No root is known for it; which is no fault of the chain. */
const UNROOTED: ReadonlySet<ChainReasonCode> = new Set(["no-path", "untrusted-root", "self-signed"]);
/** Told by themselves, of the leaf. */
const OF_LEAF: ReadonlySet<ChainReasonCode> = new Set([
  "expired",
  "not-yet-valid",
  "dates-unreadable",
  "malformed",
]);

/**
 * Whether the chain leads from its leaf to a root by itself. Where its root is not known here, it is judged as far as it goes
 * by the highest one that came, and that nobody knows that one is told.
 */
export function judgeIssuedChain(
  { chain, root, isMisnamed }: Omit<OrderedChain, "notes">,
  { roots, clocks: [clock] }: { roots: CertificateIndex; clocks: readonly [Clock, ...Clock[]] },
): Judged {
  const [leaf] = chain;
  const top = root ?? chain.at(-1);
  if (!leaf || !top) return { faults: [], notes: [] };
  const judge = (anchors: CertificateIndex) =>
    judgeChain({
      leaf: leaf.der,
      pool: indexCertificates(chain.slice(1).map(({ der }) => der)),
      roots: anchors,
      wish: { at: clock.now, purpose: null, name: null, policy: ANY_POLICY_WILL_DO, mostIntermediates: null },
      profile: "clients",
      revocationLists: null,
    });
  const known = judge(roots);
  if (!known.reasons.some(({ code }) => UNROOTED.has(code))) return sayJudgement(known, leaf);
  if (isMisnamed)
    return fault("chain-invalid", `${labelOf(top)} is not signed by what came under its issuer's name`);
  if (top === leaf) return sayAlone(leaf);
  const upToTop = sayJudgement(judge(indexCertificates([top.der])), leaf);
  return { ...upToTop, notes: [...upToTop.notes, sayUnknownRoot(top, root)] };
}

function sayJudgement({ reasons, state }: Judgement, leaf: PathCertificate): Judged {
  const others = reasons.filter(({ code, sha256 }) => !(OF_LEAF.has(code) && sha256 === leaf.sha256));
  if (state === "unsupported" || state === "valid-for-clients")
    return { faults: [], notes: others.map(({ sentence }) => sentence) };
  return {
    faults: others.map(({ sentence }) => ({ code: "chain-invalid", sentence })),
    notes: [],
  };
}

function sayAlone(leaf: PathCertificate): Judged {
  if (leaf.isSelfIssued)
    return fault("self-signed", `${labelOf(leaf)} is signed by itself, and by no issuer`);
  const issuer = readCertificate(leaf.der)?.issuer || "whoever signed it";
  return fault(
    "chain-incomplete",
    `${labelOf(leaf)} came without ${issuer}, which signed it and is not among the roots that are known here; add it below the certificate, or trust it as a root`,
  );
}

const fault = (code: IssuedFault["code"], sentence: string): Judged => ({
  faults: [{ code, sentence }],
  notes: [],
});

const sayUnknownRoot = (top: PathCertificate, root: PathCertificate | null): string =>
  root
    ? `the root ${labelOf(root)} is not among those that are known here; trust it in Settings, where it is yours`
    : `the root above ${labelOf(top)} is not known here, so that nobody here can tell whether the chain is whole`;
