import {
  checkList,
  checkRootPolicies,
  createProfileChecker,
  type ProfileChecker,
  type Role,
} from "#domain/x509/path/profile/check-profile.ts";
import { checkRevocation } from "#domain/x509/revocation/check-revocation.ts";
import type { RevocationList } from "#domain/x509/revocation/read-crl.ts";
import type { ChainReason, ChainState, Evaluation, Profile } from "#shared/model/certificates/chain.ts";
import { type Budget, buildPaths, createBudget, type DeadEnd, type SharedWork } from "./build-paths.ts";
import { clientsOf, reasonAbout, stateOf } from "./chain-reason.ts";
import {
  type CertificateIndex,
  MOST_BYTES,
  openCertificate,
  type PathCertificate,
} from "./path-certificate.ts";
import { checkCertificates, type PathRequest, validatePath } from "./validate-path.ts";

type ChainQuery = {
  /** DER. */
  leaf: Uint8Array;
  /** Candidates for the certificates between it and a root, in any order. */
  pool: CertificateIndex;
  roots: CertificateIndex;
  options: PathRequest;
  profile: Profile;
  /** The role of the certificate itself: if it is meant to sign others, the rules for authorities apply. */
  role?: Role;
  /** Results and costs of earlier evaluations; this one adds its own. */
  work?: SharedWork;
  /** With lists, every certificate below the root has to be known as not revoked; null: revocation is not checked. */
  revocationLists: readonly RevocationList[] | null;
};

/** Accepts every policy and demands none. */
export const ANY_POLICY_WILL_DO = {
  policies: [],
  requireExplicit: false,
  inhibitMapping: false,
  inhibitAny: false,
} as const;

type World = Omit<ChainQuery, "leaf" | "profile" | "role" | "work"> & {
  budget: Budget;
  /** Null for signers of revocation lists, whose paths are validated without a profile. */
  checkProfile: ProfileChecker | null;
};

/** The path that is closest to a valid one. */
type Attempt = { path: readonly PathCertificate[]; reasons: readonly ChainReason[] };

/**
 * Whether a certificate is valid against a profile, and if not, why not: by the best of the paths that lead from it to
 * one of the roots. Takes bounded time for any input, and never throws.
 */
export function evaluateChain({ leaf, role = "leaf", work, ...query }: ChainQuery): Evaluation {
  const { profile } = query;
  const certificate = openCertificate(leaf);
  if (!certificate && leaf.length > MOST_BYTES)
    return conclude(profile, "unsupported", { path: [], reasons: [TOO_LARGE] });
  if (!certificate) return conclude(profile, "invalid", { path: [], reasons: [NO_CERTIFICATE] });
  const world = {
    ...query,
    budget: createBudget(work),
    checkProfile: createProfileChecker(profile, role),
  };
  const { path, reasons } = findBestPath(certificate, world, []);
  const state = stateOf(reasons);
  const isFinal = state === "valid" || state === "valid-for-clients" || !world.budget.isSpent();
  if (isFinal) return conclude(profile, state, { path, reasons });
  return conclude(profile, "unsupported", { path, reasons: [gaveUp(certificate), ...reasons] });
}

/** Under the profile `clients`, what a client ignores becomes a note, and does not change the verdict. */
function conclude(profile: Profile, state: ChainState, { path, reasons }: Attempt): Evaluation {
  const acceptedBy = state === "valid-for-clients" ? clientsOf(reasons) : [];
  const isPassedOver = (reason: ChainReason) => (reason.acceptedBy ?? []).length > 0;
  const areNotes = profile === "clients" && (acceptedBy.length > 0 || !reasons.every(isPassedOver));
  return {
    profile,
    state: areNotes && acceptedBy.length > 0 ? "valid" : state,
    acceptedBy,
    reasons: reasons.filter((reason) => !areNotes || !isPassedOver(reason)),
    notes: reasons.filter((reason) => areNotes && isPassedOver(reason)),
    path: path.map(({ sha256 }) => sha256),
  };
}

const NO_CERTIFICATE: ChainReason = {
  code: "not-a-certificate",
  sentence: "what is to be evaluated cannot be read as a certificate",
};

const TOO_LARGE: ChainReason = {
  code: "too-much-work",
  sentence: `what is to be evaluated has more than ${MOST_BYTES.toLocaleString("en")} bytes, and this program evaluates nothing larger`,
};

const gaveUp = (leaf: PathCertificate): ChainReason =>
  reasonAbout(leaf, "too-much-work", "has more possible paths above it than this program follows");

/**
 * `under`: the signers of revocation lists that are being evaluated, so that none is evaluated in order to evaluate
 * itself.
 */
function findBestPath(leaf: PathCertificate, world: World, under: readonly PathCertificate[]): Attempt {
  let best: Attempt | null = null;
  let longest: DeadEnd = { path: [leaf], namesake: null };
  const noteDeadEnd = (end: DeadEnd) => {
    if (end.path.length >= longest.path.length) longest = end;
  };
  const sources = { ...world, at: world.options.at };
  for (const path of buildPaths(leaf, sources, noteDeadEnd)) {
    if (!world.budget.spend("paths")) break;
    const reasons = evaluatePath(path, world, under);
    if (reasons.length === 0) return { path, reasons };
    if (!best || weigh(reasons) < weigh(best.reasons)) best = { path, reasons };
  }
  return best ?? explainDeadEnd(longest, world);
}

const WEIGHTS: Record<ChainState, number> = {
  valid: 0,
  "valid-for-clients": 1,
  unsupported: 2,
  invalid: 3,
};

/**
 * What clients accept weighs less than what cannot be determined, and that less than what is wrong; then fewer reasons
 * are better.
 */
const weigh = (reasons: readonly ChainReason[]): number =>
  WEIGHTS[stateOf(reasons)] * 1_000_000 + reasons.length;

function evaluatePath(
  path: readonly PathCertificate[],
  world: World,
  under: readonly PathCertificate[],
): ChainReason[] {
  const reasons = validatePath(path, world.options, world.budget.verifyCertificate);
  const { checkProfile } = world;
  if (!checkProfile) return reasons.length > 0 ? reasons : evaluateRevocation(path, world, under, () => {});
  const ofProfile = [...checkProfile(path), ...checkRootPolicies(path, world.options.policy)];
  if (reasons.length > 0) return [...reasons, ...ofProfile];
  const ofLists: ChainReason[] = [];
  const noteList = (certificate: PathCertificate, list: RevocationList) =>
    ofLists.push(...checkList(certificate, list));
  return [...evaluateRevocation(path, world, under, noteList), ...ofProfile, ...ofLists];
}

/** A list counts only for a path that is sound otherwise: if it is not, the list's signer may be an impostor. */
function evaluateRevocation(
  path: readonly PathCertificate[],
  world: World,
  under: readonly PathCertificate[],
  onRelied: (certificate: PathCertificate, list: RevocationList) => void,
): ChainReason[] {
  const { revocationLists } = world;
  if (!revocationLists) return [];
  return checkRevocation(path, {
    lists: revocationLists,
    signers: [...world.pool.all, ...world.roots.all],
    at: world.options.at,
    verify: world.budget.verify,
    isTrusted: (signer) => isSignerTrusted(signer, path, world, under),
    onRelied,
  });
}

/** A signer has to lead to the same root (RFC 5280, section 6.3.3 (f)), and must not be revoked itself. */
function isSignerTrusted(
  signer: PathCertificate,
  path: readonly PathCertificate[],
  world: World,
  under: readonly PathCertificate[],
): boolean {
  const isSigner = ({ sha256 }: PathCertificate) => sha256 === signer.sha256;
  if (path.slice(1).some(isSigner) || under.some(isSigner)) return true;
  const options = { ...world.options, name: null, purpose: null, policy: ANY_POLICY_WILL_DO };
  const found = findBestPath(signer, { ...world, options, checkProfile: null }, [...under, signer]);
  return found.reasons.length === 0 && found.path.at(-1)?.sha256 === path.at(-1)?.sha256;
}

/** Why there is no path at all, and what else is wrong with the longest dead end. */
function explainDeadEnd({ path, namesake }: DeadEnd, { options, budget }: World): Attempt {
  const top = path.at(-1);
  if (!top) return { path, reasons: [NO_CERTIFICATE] };
  return {
    path,
    reasons: [toDeadEndReason(top, { path, namesake }, budget), ...checkCertificates(path, options)],
  };
}

function toDeadEndReason(top: PathCertificate, { path, namesake }: DeadEnd, budget: Budget): ChainReason {
  if (top.isSelfIssued && budget.verifyCertificate(top, top.spki) === "valid")
    return path.length === 1
      ? reasonAbout(top, "self-signed", "is signed by itself, and is not among the roots")
      : reasonAbout(top, "untrusted-root", "is where the chain ends, and it is not among the roots");
  if (namesake)
    return reasonAbout(
      top,
      "signature-invalid",
      "is not signed by the certificate that has its issuer's name",
    );
  return reasonAbout(top, "no-path", "has an issuer that is neither in the chain nor among the roots");
}
