import { isFailure } from "#net/connect-failure.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { ServedProof } from "#shared/model/pair.ts";
import { sayPoint } from "#shared/text/pair.ts";

export type Unled<Proof> = { proof: Proof; why: string };

/**
 * The places that only their host reaches, and to which its login does not lead now: nothing that is done to a server changes
 * that, or is told by it. A server that does not listen is none of them. Rejects only when `signal` says stop.
 */
export async function findUnled<Proof extends ServedProof>(
  proofs: readonly Proof[],
  way: Way | null,
  signal: AbortSignal,
): Promise<Unled<Proof>[]> {
  const found = await Promise.all(
    proofs.map(async (proof) => {
      if (proof.from !== "host") return [];
      const why = await whyUnled(proof, way, signal);
      return why === null ? [] : [{ proof, why: `${sayPoint(proof)}: ${why}` }];
    }),
  );
  return found.flat();
}

async function whyUnled(
  { address, addresses = [address], port }: ServedProof,
  way: Way | null,
  signal: AbortSignal,
): Promise<string | null> {
  if (way === null) return "this login leads to nothing beyond its host";
  for (const host of addresses) {
    const reached = await way.reach({ host, port }, signal);
    if (!isFailure(reached)) reached.stream.destroy();
    else if (reached.outcome === "jump-failed") return reached.message;
  }
  return null;
}
