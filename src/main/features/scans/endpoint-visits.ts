import { createEndpointWays, type Kept, routeToJump } from "#connect/endpoint-ways.ts";
import type { JumpHost } from "#connect/jump-hosts.ts";
import type { HostsOfWay } from "#connect/plan-hosts.ts";
import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import { readWay } from "#domain/targets/read-way.ts";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import type { Patience } from "#net/retries.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { isJumpHost } from "#shared/model/endpoint-way.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import type { KeyKindsAt } from "#store/serving/key-kind-reader.ts";
import type { Visits } from "./run-scan.ts";
import { visitEndpoint } from "./visit-endpoint.ts";
import type { Preparation, VisitOptions } from "./visits.ts";

type Deps = {
  prober: TlsProber;
  patience: Patience;
  now: () => Date;
  /** Of this workstation. */
  user: string;
  /** The kinds of keys of which certificates stand side by side there: each is asked for alone. */
  keyKindsAt: KeyKindsAt;
  keepOpen: (hops: readonly Hop[]) => Promise<JumpHost<Hop> | null>;
};

/** How the endpoints of one scan are visited, each by its way. */
export function createEndpointVisits(
  { prober, patience, now, user, keepOpen, keyKindsAt }: Deps,
  { asked, sshConfig, everyAddress, asksForOffers }: VisitOptions,
  { scanId, ask, signal }: Preparation,
): Pick<Visits, "visitEndpoint" | "endpointWays"> {
  const { routeTo, portOf } = sshConfig;
  const { keep } = createEndpointWays({ ask, routeTo, portOf, user, keepOpen, signal });
  const ways = new Map(asked.map(({ target, way = "" }) => [target, way]));
  const wayOf = (target: TlsTarget) => ways.get(target) ?? "";
  const wish = { everyAddress, asksForOffers };
  return {
    visitEndpoint: (target, onReached) =>
      visitEndpoint(
        { prober, patience, now, keepWay: () => keep(wayOf(target)) },
        {
          scanId,
          target,
          signal,
          wish: {
            ...wish,
            keyKinds: keyKindsAt(target),
            ...(onReached && { onReached }),
          },
        },
      ),
    endpointWays: { of: wayOf, keepOpen: async (way) => toDisposable(await keep(way)) },
  };
}

/** The jump hosts that lead to endpoints: they need keys and host keys as those of hosts do. */
export function findJumps({ asked, sshConfig }: VisitOptions, user: string): HostsOfWay[] {
  const texts = new Set(asked.map(({ way = "" }) => way).filter(isJumpHost));
  return [...texts].flatMap((text) => {
    const way = readWay(text);
    const route = way.kind === "jump" ? routeToJump(way, { ...sshConfig, user }) : null;
    return route && "hops" in route ? { jumps: route.hops, hosts: [] } : [];
  });
}

const toDisposable = (kept: Kept | Failure): AsyncDisposable | null => (isFailure(kept) ? null : kept);
