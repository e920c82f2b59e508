import { hash } from "node:crypto";
import type { ServedProof } from "#shared/model/pair.ts";
import type { TlsProber } from "./probe-endpoint.ts";

type Point = Pick<ServedProof, "address" | "port" | "serverName" | "dialogue">;

/** The leaves that are shown, one for each address of a name; `silent`: none could be read at one of them. */
type Shown = { kind: "shown"; leaves: string[] } | { kind: "silent"; message: string };

export type LeavesAt = (point: Point, signal: AbortSignal) => Promise<Shown>;

/** Asks a place which certificate it shows. Rejects only when `signal` says stop. */
export function createLeavesAt({ probeEndpoint }: Pick<TlsProber, "probeEndpoint">): LeavesAt {
  return async ({ address: host, port, serverName, dialogue }, signal) => {
    const target = { kind: "tls", host, port, serverName, protocol: dialogue ?? "tls" } as const;
    const reading = await probeEndpoint(target, signal, { everyAddress: true });
    const all = reading.addresses?.length ? reading.addresses : [reading];
    const silent = all.find(({ chain }) => chain.length === 0);
    if (silent) return { kind: "silent", message: silent.message || "it shows no certificate" };
    return {
      kind: "shown",
      leaves: all.flatMap(({ chain: [leaf] }) => (leaf ? [hash("sha256", leaf, "hex")] : [])),
    };
  };
}
