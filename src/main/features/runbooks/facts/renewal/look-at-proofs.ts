import type { Point } from "#domain/rotation/plan/certificates/choose-points.ts";
import type { ProofFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { ChainsAt, ShownAt } from "#net/tls/chains-at.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import { Sha256 } from "#shared/model/certificate.ts";
import type { ServedProof } from "#shared/model/pair.ts";

/** `others`: the certificates that other places of the host are for. */
type EndpointQuery = { points: readonly Point[]; others: ReadonlySet<string> };

/** `way`: through the host itself; null: its login has none. */
type EndpointDeps = { chainsAt: ChainsAt; way: Way | null; signal: AbortSignal };

type SeenAt = ShownAt & Pick<ServedProof, "from">;

/**
 * What is served now wherever the new certificate will be. Each address is looked at from here, and where nothing is seen
 * of it, from the host itself.
 */
export async function lookAtProofs(deps: EndpointDeps, { points, others }: EndpointQuery): Promise<ProofFacts[]> {
  const seen = await Promise.all(
    points.map(async (point) => toProofs(point, await lookAt(deps, point), others)),
  );
  return seen.flat();
}

async function lookAt(deps: EndpointDeps, point: Point): Promise<SeenAt[]> {
  const { chainsAt, way, signal } = deps;
  if (point.from === "host") return [await lookFromHost(deps, point, point.address)];
  const shown = await chainsAt(point, null, signal);
  return Promise.all(
    shown.map(async (at): Promise<SeenAt> => {
      if (at.chain.length > 0 || way === null) return { ...at, from: "here" };
      const again = await lookFromHost(deps, point, at.address);
      return again.chain.length > 0 ? again : { ...at, from: "here" };
    }),
  );
}

async function lookFromHost(
  { chainsAt, way, signal }: EndpointDeps,
  point: Point,
  address: string,
): Promise<SeenAt> {
  const none: SeenAt = { address, chain: [], message: UNREACHED, from: "host" };
  if (way === null) return none;
  const [shown] = await chainsAt({ ...point, addresses: [address] }, way, signal);
  return shown ? { ...shown, from: "host" } : none;
}

const UNREACHED =
  "only its host reaches it, and OpenSSH's own client, which carries the login, leads nowhere else";

/** One for all addresses that show the same to the same side, and one for each of which nothing is seen. */
function toProofs(point: Point, seen: readonly SeenAt[], others: ReadonlySet<string>): ProofFacts[] {
  const alike = Map.groupBy(seen, ({ address, chain: [leaf], from }) =>
    JSON.stringify(leaf === undefined ? [address] : [from, leaf]),
  );
  return [...alike.values()].flatMap((all): ProofFacts[] => {
    const [{ from, address, chain, message }] = all as [SeenAt];
    const [leaf] = chain;
    if (leaf === undefined) return [{ ...point, address, from, before: null, message, isOthers: false }];
    const addresses = all.map((one) => one.address);
    const isItself = addresses.length === 1 && addresses[0] === point.address;
    return [
      {
        ...point,
        from,
        before: Sha256.parse(leaf),
        message: "",
        isOthers: others.has(leaf),
        ...(!isItself && { addresses }),
      },
    ];
  });
}
