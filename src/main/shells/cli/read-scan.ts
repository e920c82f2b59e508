import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Endpoint } from "#shared/model/endpoint.ts";
import type { Probe } from "#shared/model/probe.ts";
import type { Scan, ScanId } from "#shared/model/scan.ts";
import { listRows } from "./all-rows.ts";

export type ProbedScan = { scan: Scan; failures: Probe[] };

/** What the endpoints that showed a chain in a scan said beside it. */
export const readEndpoints = async (client: LatchkeyClient, scanId: ScanId): Promise<Endpoint[]> =>
  (await listRows(undefined, (page) => client.endpoints.ofScan({ scanId, ...page }))).rows;

/** A scan at its end, with the visits that did not bring home what they were sent for. */
export async function readScan(client: LatchkeyClient, scanId: ScanId): Promise<ProbedScan> {
  const scan = await client.scans.find({ scanId });
  const probesThatAre = async (state: "failed" | "partial") =>
    (await listRows(undefined, (page) => client.scans.probes({ scanId, state, ...page }))).rows;
  const cutShort = (await probesThatAre("partial")).filter(({ outcome }) => outcome !== "collected");
  return { scan, failures: [...(await probesThatAre("failed")), ...cutShort] };
}
