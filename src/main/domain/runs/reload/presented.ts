/** What a server presents once it has read its configuration and its files again. */
import { chosenNames, type Held } from "#domain/deployment-status/host-map.ts";
import { type BindingQuery, chooseBinding } from "#domain/server-configs/choose-binding.ts";
import type { Configuration, Deployment } from "#domain/server-configs/configuration.ts";
import { describeClash, findClashAt, oneOfEachKind } from "#domain/server-configs/deployments-for-client.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import { isAddress } from "#shared/model/hosts/target.ts";
import type { PresentedAfter } from "#shared/model/runs/deployment.ts";

/** The first certificate in a file of the host as it is now; null: none was read. */
export type HeldNow = (path: string) => Held | null;

/** `deployments`: those of which it presents one; none where that is not known. */
export type Presented = { after: PresentedAfter; deployments: readonly Deployment[] };

/** `name`: the server name that is asked for; null: none. */
type PresentedQuery = { addresses: readonly string[]; port: number; name: string | null };

/** What handshakes get after a reload, by the server's own rules: the same at each of these addresses, or unknown. */
export function evaluatePresented(
  configuration: Configuration,
  { addresses, port, name }: PresentedQuery,
  heldNow: HeldNow,
): Presented {
  const all = addresses.map((address) =>
    evaluateAt(configuration, { address: isAddress(address) ? address : null, port, name }, heldNow),
  );
  const [first, ...others] = all;
  if (!first) return unknown("no address of it is known");
  const isSame = others.every(({ after }) => JSON.stringify(after) === JSON.stringify(first.after));
  return isSame ? first : unknown("its addresses are meant to serve different certificates");
}

function evaluateAt(configuration: Configuration, query: BindingQuery, heldNow: HeldNow): Presented {
  const choice = chooseBinding(configuration, query, (path) => chosenNames(heldNow(path)));
  if (choice.kind === "none") return unknown("by its configuration nothing speaks TLS there");
  if (choice.kind === "unsure") return unknown(choice.why);
  const kindOf = (path: string) => heldNow(path)?.keyType ?? null;
  const clash = findClashAt(configuration, choice.bindings, kindOf);
  if (clash !== null) return unknown(describeClash(clash));
  const deployments = oneOfEachKind(configuration, choice.deployments, kindOf);
  const copied = deployments.find(({ copiedBy }) => copiedBy !== undefined);
  if (copied)
    return unknown(`it is served from a copy of ${copied.certificate.path}, which ${copied.copiedBy} makes`);
  const lost = deployments.find(({ certificate: { path } }) => heldNow(path) === null);
  if (lost) return unknown(`no certificate in ${lost.certificate.path} could be read`);
  const leaves = deployments.flatMap(({ certificate: { path } }) => heldNow(path)?.sha256 ?? []);
  if (leaves.length === 0) return unknown("its configuration names no certificate there");
  return {
    after: { kind: "known", leaves: [...new Set(leaves)].map((leaf) => Sha256.parse(leaf)) },
    deployments,
  };
}

const unknown = (why: string): Presented => ({ after: { kind: "unknown", why }, deployments: [] });

/** Whether a reload changes what is presented. */
export const isStale = (before: string | null, after: PresentedAfter): boolean =>
  after.kind === "known" && !after.leaves.some((leaf) => leaf === before);
