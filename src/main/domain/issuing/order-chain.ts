import { labelOf } from "#domain/x509/path/chain-reason.ts";
import { openCertificate, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { verifySignature } from "#domain/x509/path/verify-signature.ts";
import { sayCount } from "#shared/text/count.ts";

/** More than any issuer sends. */
export const MOST_CAME = 32;

export type OrderedChain = {
  /** The leaf first; without the root. */
  chain: PathCertificate[];
  /** A root that came with it, where the chain leads to one. */
  root: PathCertificate | null;
  /** One that came has the name of the highest one's issuer, and has not signed it. */
  isMisnamed: boolean;
  /** What was put right, each a sentence. */
  notes: string[];
};

/**
 * Certificates that came, as servers send them: from the leaf to what its root has signed. Each stands above the one before
 * it by its name and by its signature, so that nothing is guessed. `came` has the leaf.
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
  return { chain, root, isMisnamed, notes: sayChanges(path, came, root) };
}

const isRoot = (certificate: PathCertificate): boolean =>
  certificate.isSelfIssued && verifySignature(certificate.signed, certificate.spki) === "valid";

/** An algorithm that this runtime does not know is no reason to say that the name is wrong. */
const hasSigned = (above: PathCertificate, below: PathCertificate): boolean =>
  above.subject.key === below.issuer.key &&
  above.extensions.basicConstraints?.isCa === true &&
  ["valid", "unsupported"].includes(verifySignature(below.signed, above.spki));

function sayChanges(
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
          `${sayCount(left, "certificate")} that came ${left === 1 ? "is" : "are"} no part of the chain, and left out`,
        ]
      : []),
    ...(root ? [`the root ${labelOf(root)} came with it, and is left out: clients have their own`] : []),
  ];
}

/** Each once, in the order in which they came; what is no certificate is counted. */
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
