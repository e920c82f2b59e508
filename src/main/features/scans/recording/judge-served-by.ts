import type { HostMap } from "#domain/serving/host-map.ts";
import { type Files, type Held, type Judged, judgeServed, type Sight } from "#domain/serving/judge-served.ts";
import { findRows } from "#domain/serving/list-servings.ts";
import { findServedProblems } from "#domain/serving/served-findings.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { SERVED_RULES } from "#shared/model/served.ts";
import { isAddress, type SshTarget, type TlsTarget } from "#shared/model/target.ts";
import { sayEndpoint } from "#shared/text/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { SeenEndpoint, ServedSight } from "#store/serving/served-table.ts";
import type { EndpointVisit, HostVisit } from "#store/visit.ts";

type Store = Pick<RecordingStore, "served">;

/**
 * Lays what endpoints show beside what their hosts say, after a visit to either has been written and within its transaction:
 * whichever came last, the other one is known by then.
 */
export function judgeServedBy(store: Store, visit: EndpointVisit | HostVisit): void {
  if ("presented" in visit) {
    if (visit.presented) judgeEndpointAt(store, visit.target);
  } else if (visit.collected) {
    judgeHostAt(store, visit.target);
  }
}

export function judgeEndpointAt(
  { served }: Store,
  target: Pick<TlsTarget, "host" | "port" | "serverName">,
): void {
  if (served.hasMap()) judgeEndpoints(served, served.endpoints(target));
}

/** All endpoints that are known to be on this host. One that says nothing of what it serves any more is judged as well. */
export function judgeHostAt({ served }: Store, target: Pick<SshTarget, "host" | "port">): void {
  judgeEndpoints(served, served.endpointsOf(target));
}

/** An endpoint stands there once for each leaf that its addresses show. */
function judgeEndpoints(served: Store["served"], seen: readonly SeenEndpoint[]): void {
  for (const leaves of Map.groupBy(seen, ({ id }) => id).values()) {
    const judged = leaves.map((leaf) => judgeLeaf(served, leaf));
    const [first] = leaves;
    if (!first) continue;
    served.keep(
      first,
      judged.flatMap(({ sights }) => sights),
      {
        drafts: judged.flatMap(({ drafts }) => drafts),
        isOurs: (rule) => SERVED_RULES.has(rule),
        at: first.lastSeen,
      },
    );
  }
}

function judgeLeaf(
  served: Store["served"],
  endpoint: SeenEndpoint,
): { sights: ServedSight[]; drafts: FindingDraft[] } {
  const sight = toSight(endpoint);
  const judged = served.hostsOf(endpoint).flatMap((host) => {
    const map = readMap(served.mapOf(host));
    const found = judgeServed(map, filesOf(served, host), sight);
    return found ? [{ host, judged: found, sight }] : [];
  });
  const said = {
    ...endpoint,
    endpoint: sayEndpoint({ ...endpoint, serverName: endpoint.serverName || null }),
  };
  return {
    sights: judged.flatMap((one) =>
      toRows(served, one).map((row) => ({ ...row, certificate: endpoint.certificate })),
    ),
    drafts: judged.flatMap((one) => findServedProblems(one.judged, said)),
  };
}

/** The map that was read last: the endpoints of one host come one after the other, and its map may be large. */
let last: { text: string; map: HostMap } | null = null;

function readMap(text: string): HostMap {
  if (last?.text !== text) last = { text, map: JSON.parse(text) as HostMap };
  return last.map;
}

function toRows(
  served: Store["served"],
  { host, judged, sight }: { host: number; judged: Judged; sight: Sight },
) {
  const rows = served
    .rowsAt(host, sight.port)
    .map((row) => ({ ...row, at: { file: row.file, line: row.line } }));
  const { state, evidence } = judged;
  return findRows(rows, judged, sight).map(({ id: serving }) => ({ serving, state, evidence }));
}

function filesOf(served: Store["served"], host: number): Files {
  return {
    heldNow(path) {
      const held = served.heldNow(host, path);
      return held && toHeld(held);
    },
    heldBefore(path, sha256) {
      const until = served.heldBefore(host, path, sha256);
      return until && `until after the scan of ${until}`;
    },
    alsoIn: (sha256) => served.alsoIn(host, sha256),
  };
}

/** A name of a host is the server name that is asked for where no other one is given; an address is none. */
function toSight({ host, port, serverName, askedAt, ...leaf }: SeenEndpoint): Sight {
  const isByAddress = isAddress(host);
  return {
    address: isByAddress ? host : null,
    port,
    name: serverName || (isByAddress ? null : host),
    leaf: toHeld(leaf),
    askedAt: Date.parse(askedAt) / 1_000,
  };
}

const toHeld = ({
  sha256,
  names,
  notBefore,
}: Pick<SeenEndpoint, "sha256" | "names" | "notBefore">): Held => ({
  ...{ sha256, notBefore },
  names: JSON.parse(names) as string[],
});
