import type { AccessHost, Proof } from "#shared/model/plan.ts";

export type AccountVerification = AccessHost["proofs"][number];

/** One proof an account: of those of its files the one that is the surest. */
export function addVerification(
  { proofs }: { proofs: AccountVerification[] },
  { account, proof }: AccountVerification,
): void {
  const known = proofs.find((one) => one.account === account);
  if (known) known.proof = surer(known.proof, proof);
  else proofs.push({ account, proof });
}

const SURE: Record<Proof["kind"], number> = {
  none: 0,
  "by-log": 1,
  "by-hand": 1,
  "from-holder": 2,
  "from-here": 2,
};

/** Nothing is run where any file forces a command: which line sshd will take is not known. */
function surer(one: Proof, other: Proof): Proof {
  const best = SURE[other.kind] > SURE[one.kind] ? other : one;
  const isForced = [one, other].some((proof) => "runs" in proof && proof.runs === "nothing");
  return isForced && "runs" in best ? { ...best, runs: "nothing" } : best;
}
