/** Who trusts a certificate before and after its renewal, in words: for the plan, its check and the run alike. */
import type { TrustStore } from "../../model/certificates/chain.ts";
import { type Check, type HostAddress, hostIdOf } from "../../model/runs/plan.ts";
import type { KnownChain, RenewalTrust } from "../../model/runs/renewal-trust.ts";
import type { RunDetail } from "../../model/runs/run.ts";

/** The check of a plan that the same clients trust the old and the new certificate. */
export const TRUST = "trust";

/** What is acknowledged for a host, by its name or for all hosts at once. */
export const trustCheckOf = (host: HostAddress, text: string): Check => ({
  state: "acknowledge",
  id: TRUST,
  host: hostIdOf(host),
  account: null,
  text,
});

/** What a run that stands still has to have acknowledged before it installs anything. */
export const trustChecksOf = ({ state, orders }: Pick<RunDetail, "state" | "orders">): Check[] =>
  state === "running"
    ? []
    : orders.flatMap(({ trust, names, ...at }) =>
        trust === null ? [] : trustCheckOf(at, `${names[0] ?? ""}: ${formatTrust(trust)}`),
      );

const ROOTS: Record<TrustStore, string> = {
  mozilla: "Mozilla's roots",
  system: "this computer's roots",
  yours: "the roots that you added",
};

const formatStores = (stores: readonly TrustStore[]): string =>
  `clients that trust ${stores.map((store) => ROOTS[store]).join(" or ")}`;

/** Who signed, and where the chain ends; null: nothing of it is known. */
export function formatKnownChain(chain: KnownChain | null): string {
  if (chain === null) return "unknown";
  if (chain.isSelfSigned) return "itself";
  const issuer = chain.issuer || "an issuer without a name";
  return chain.root === null ? `${issuer}; its root is not known here` : `${issuer}; root ${chain.root}`;
}

/** The same of the new one, which may not be known before it is issued. */
export function formatNextChain({ next, by }: RenewalTrust): string {
  if (next === null) return "unknown until it is issued";
  return by === "last-issued"
    ? `${formatKnownChain(next)}, as its issuer signed last`
    : formatKnownChain(next);
}

/** Which clients go on, which will fail, and of which nothing is known. */
export function formatTrust(trust: RenewalTrust): string {
  const { lost, kept, unsure } = trust;
  if (trust.next === null) return formatUnissued(trust);
  const isAlike = trust.root === "same" && lost.length === 0 && unsure.length === 0;
  return [
    formatRoots(trust),
    ...(lost.length > 0 ? [`${formatStores(lost)} trust the old one and will refuse the new one`] : []),
    ...formatOthers(trust),
    ...(kept.length > 0 ? [`${formatStores(kept)} trust both`] : []),
    ...(unsure.length > 0
      ? [`whether ${formatStores(unsure)} will go on is unknown: the chain cannot be verified here`]
      : []),
    ...(isAlike && kept.length === 0 ? ["whoever trusts the old one by that root trusts the new one"] : []),
    ...(trust.by === "last-issued"
      ? ["this is by what its issuer signed last, and is checked again before it is installed"]
      : []),
  ].join("; ");
}

function formatUnissued({ old, root }: RenewalTrust): string {
  if (root === "other")
    return "the old one is signed by itself: clients that were given it will refuse the new one, whose root is unknown until it is issued";
  const led = old?.root == null ? "" : `, where the old one has ${old.root}`;
  return `which root the new one leads to is unknown until it is issued${led}; the run stops before it is installed if clients that trust the old one would refuse it`;
}

function formatRoots({ old, next, root }: RenewalTrust): string {
  const to = next?.root ?? "a root that is not known here";
  if (root === "same") return `both lead to ${old?.root ?? to}`;
  if (old?.isSelfSigned) return `the old one is signed by itself, and the new one leads to ${to}`;
  if (root === "other") return `the root changes from ${old?.root ?? "one that is not known here"} to ${to}`;
  return `whether the root changes is unknown: the old one leads to ${old?.root ?? "a root that is not known here"}, the new one to ${to}`;
}

/** Clients that are in no store: they were given the root, or the certificate, by somebody. */
function formatOthers({ old, root }: RenewalTrust): string[] {
  if (root === "same") return [];
  if (root === "unknown") return ["which of the clients that were given the old root will fail is unknown"];
  return old?.isSelfSigned
    ? ["clients that were given the old one will refuse the new one"]
    : [`clients that were given only ${old?.root ?? "the old root"} will refuse the new one`];
}
