import { hash } from "node:crypto";
import { type ClosedBy, isFailure } from "#net/connect-failure.ts";
import { findAddresses } from "#net/find-addresses.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import type { TlsProber } from "./probe-endpoint.ts";

/** Where it is asked. `addresses`: those that are dialled; not there: all that its name has now. */
export type AskedPlace = Pick<
  VerificationEndpoint,
  "address" | "addresses" | "port" | "serverName" | "dialogue"
>;

/**
 * What one address shows: the SHA-256 of each certificate as it was sent, the leaf first. None: `message` says why.
 * `isLeafAlone`: what else was sent could not be read. `isRefused`: the server itself answered, and refused the handshake by an alert.
 * `closedBy`: how it ended the connection without a word.
 */
export type ShownAt = {
  address: string;
  chain: string[];
  message: string;
  isLeafAlone?: boolean;
  isRefused?: boolean;
  closedBy?: ClosedBy;
};

/** At least one, for each address one. `way`: what leads there, and knows its name; null: it is dialled from here. */
export type ChainsAt = (place: AskedPlace, way: Way | null, signal: AbortSignal) => Promise<ShownAt[]>;

/** To resolve a name. */
const LOOK_UP_MS = 3_000;

/** Asks a place which certificates it shows, each address by itself. Rejects only when `signal` says stop. */
export function createChainsAt(
  { probeEndpoint }: Pick<TlsProber, "probeEndpoint">,
  lookUp = findAddresses,
): ChainsAt {
  return async (place, way, signal) => {
    const { address, port, serverName, dialogue } = place;
    const known = place.addresses ?? (way && [address]);
    const found = known ?? (await lookUp(address, { timeoutMs: LOOK_UP_MS, signal }));
    if (isFailure(found)) return [{ address, chain: [], message: found.message }];
    if (found.length === 0) return [{ address, chain: [], message: "the name has no address" }];
    return Promise.all(
      found.map(async (host) => {
        // By an address, so that a hello that is to name nobody names nobody.
        const target = { kind: "tls", host, port, serverName, protocol: dialogue ?? "tls" } as const;
        const { outcome, chain, message, isLeafAlone, closedBy } = await probeEndpoint(target, signal, {
          way,
        });
        const said = chain.length > 0 ? "" : message || "it shows no certificate";
        return {
          address: host,
          chain: chain.map((der) => hash("sha256", der, "hex")),
          message: said,
          ...(isLeafAlone && { isLeafAlone }),
          ...(outcome === "alert" && { isRefused: true }),
          ...(closedBy && { closedBy }),
        };
      }),
    );
  };
}
