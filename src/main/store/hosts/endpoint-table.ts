import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { SERVED_RULES } from "#shared/model/served.ts";
import { isAddress } from "#shared/model/target.ts";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import { placeTable, type SeenPlace } from "#store/certificates/place-table.ts";
import type { FindingWriter } from "#store/findings/finding-writer.ts";
import type { probeTable } from "#store/scans/probe-table.ts";
import type { EndpointProbe, SeenCertificate } from "#store/visit.ts";
import { addressTable } from "./address-table.ts";
import { endpointKeeper } from "./endpoint-keeper.ts";
import type { HostNames } from "./host-name-table.ts";

type Deps = {
  certificates: CertificateMemory;
  findings: FindingWriter;
  names: HostNames;
  probes: ReturnType<typeof probeTable>;
};

/** The places where TLS is spoken. */
export function endpointTable(db: Database, { certificates, findings, names, probes }: Deps) {
  const places = placeTable(db);
  const addresses = addressTable(db);
  const keep = endpointKeeper(db);
  const dropChains = db.prepare("DELETE FROM endpoint_chain WHERE endpoint = ?");
  const addChain = db.prepare("INSERT OR IGNORE INTO endpoint_chain (endpoint, chain) VALUES (?, ?)");

  return {
    /** Remembers a visit. Unless the endpoint showed a chain, what is known of it stays as it was. */
    visit({ target, presented, ...probe }: EndpointProbe): void {
      probes.record({ ...probe, target, hostKey: null, jumpHost: null });
      const name = names.idOf(target.host);
      const { host, port, protocol, serverName } = target;
      const row = { ...probe, host, port, protocol, serverName: serverName ?? "", name };
      const endpoint = keep({ ...row, ...toColumns(presented, probe.at) });
      if (!presented) return;
      const { scanId, at } = probe;
      const remember = (chain: SeenChain) => placesIn(chain, (one) => certificates.remember(one, at));
      keepChains(endpoint, presented, remember);
      const { seen, stays } = followAddresses({ endpoint, host, at, remember }, presented);
      places.follow({ name, endpoint }, seen, { scanId, isWhole: true, couldSee: () => true, stays });
      findings.replace(
        { name, endpoint, at },
        presented.findings,
        ({ rule, kind, id }) => !SERVED_RULES.has(rule) && !(kind === "certificate" && stays.has(id)),
      );
    },
  };

  function keepChains(endpoint: number, { chain, others }: Presented, remember: Followed["remember"]): void {
    dropChains.run(endpoint);
    if (others.length === 0) return;
    for (const one of [chain, ...others])
      addChain.run(endpoint, JSON.stringify(remember(one).map(({ certificate }) => certificate)));
  }

  /** What is seen at all addresses that were looked at, and which certificates may still be at those that showed none. */
  function followAddresses(
    { endpoint, host, at, remember }: Followed,
    { chain, others, facts, addresses: looked }: Presented,
  ): { seen: SeenPlace[]; stays: ReadonlySet<number> } {
    const own = [chain, ...others].flatMap(remember);
    // Of an endpoint that is an address by itself there are no others.
    if (isAddress(host)) return { seen: own, stays: NONE };
    const showed = looked?.map((one) => ({ ...one, places: remember(one.chain) })) ?? [];
    const spoken = remember(chain);
    const first = facts.address === undefined ? [] : [{ ...FIRST, address: facts.address, places: spoken }];
    const seen = (showed.length > 0 ? showed : first).map(({ address, outcome, message, places: shown }) => ({
      address,
      outcome,
      message,
      chain: shown.map(({ certificate }) => certificate),
    }));
    const stays = addresses.follow(endpoint, { seen, isAll: looked !== null, at });
    return { seen: [...own, ...showed.flatMap((one) => one.places)], stays };
  }
}

type Presented = NonNullable<EndpointProbe["presented"]>;
type SeenChain = Presented["chain"];
type Followed = { endpoint: number; host: string; at: Instant; remember: (chain: SeenChain) => SeenPlace[] };

const NONE: ReadonlySet<number> = new Set();
const FIRST = { outcome: "presented", message: "" } as const;

const placesIn = (chain: SeenChain, remember: (one: SeenCertificate) => number): SeenPlace[] =>
  chain.flatMap((one, position) => (one ? { certificate: remember(one), path: null, position } : []));

/** What an endpoint showed, as it is written down; null for what there is not. */
function toColumns(presented: EndpointProbe["presented"], at: Instant) {
  const { staple = null, timestamps = null, authorities = null, offers = null } = presented?.beside ?? {};
  return {
    facts: presented && JSON.stringify(presented.facts),
    staple,
    timestamps,
    authorities: authorities && JSON.stringify(authorities),
    offers: offers && JSON.stringify({ at, ...offers }),
  };
}
