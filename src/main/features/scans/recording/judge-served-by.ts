import { evaluateServed, type ServedVerdict } from "#domain/deployment-status/evaluate-served.ts";
import type { Sight } from "#domain/deployment-status/host-map.ts";
import { findServedProblems } from "#domain/deployment-status/served-findings.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { SERVED_RULES } from "#shared/model/served.ts";
import { isAddress, type SshTarget, type TlsTarget } from "#shared/model/target.ts";
import { formatEndpoint } from "#shared/text/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { SeenEndpoint, ServedSight } from "#store/serving/served-table.ts";
import type { EndpointProbe, HostProbe } from "#store/visit.ts";
import { createHostViews, type HostView, toHeld } from "./host-views.ts";

type Served = RecordingStore["served"];
type ViewOf = (host: number) => HostView;

export type ServedEvaluator = ReturnType<typeof createServedEvaluator>;

/**
 * Lays what endpoints show beside what their hosts say, after a visit to either has been written and within its transaction:
 * whichever came last, the other one is known by then.
 */
export function createServedEvaluator({ served }: Pick<RecordingStore, "served">) {
  const viewOf = createHostViews(served);

  return {
    after(visit: EndpointProbe | HostProbe): void {
      if ("presented" in visit) {
        if (visit.presented) judgeEndpointAt(visit.target);
      } else if (visit.collected) {
        judgeHostAt(visit.target);
      }
    },
    judgeEndpointAt,
    judgeHostAt,
  };

  function judgeEndpointAt(target: Pick<TlsTarget, "host" | "port" | "serverName">): void {
    if (served.hasMap()) evaluateEndpoints(served, viewOf, served.endpoints(target));
  }

  /** All endpoints that are known to be on this host. One that says nothing of what it serves any more is judged as well. */
  function judgeHostAt(target: Pick<SshTarget, "host" | "port">): void {
    const seen = served.endpointsOf(target);
    if (seen.length > 0) evaluateEndpoints(served, remembering(viewOf), seen);
  }
}

/** Hosts stay as they are while the endpoints of one of them are judged. */
function remembering(viewOf: ViewOf): ViewOf {
  const views = new Map<number, HostView>();
  return (host) => {
    const view = views.get(host) ?? viewOf(host);
    views.set(host, view);
    return view;
  };
}

/** An endpoint stands there once for each leaf that its addresses show. */
function evaluateEndpoints(served: Served, viewOf: ViewOf, seen: readonly SeenEndpoint[]): void {
  for (const leaves of Map.groupBy(seen, ({ id }) => id).values()) {
    const judged = leaves.map((leaf) => evaluateLeaf(served, viewOf, leaf));
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

function evaluateLeaf(
  served: Served,
  viewOf: ViewOf,
  endpoint: SeenEndpoint,
): { sights: ServedSight[]; drafts: FindingDraft[] } {
  const judged = served.hostsOf(endpoint).flatMap((host) => {
    const view = viewOf(host);
    return listSights(served, host, endpoint).flatMap((sight) => {
      const found = evaluateServed(view.map, view.files, sight);
      return found ? [{ view, sight, judged: found }] : [];
    });
  });
  const said = {
    ...endpoint,
    endpoint: formatEndpoint({ ...endpoint, serverName: endpoint.serverName || null }),
  };
  return {
    sights: judged.flatMap((one) =>
      toRows(one).map((row) => ({ ...row, certificate: endpoint.certificate })),
    ),
    // Several addresses may show the same.
    drafts: [
      ...new Map(
        judged.flatMap((one) =>
          findServedProblems(one.judged, said).map((draft) => [JSON.stringify(draft), draft] as const),
        ),
      ).values(),
    ],
  };
}

const WHERE =
  "which of its addresses was reached is not known, for what leads there does not say: scan one of them";

function toRows({ view, sight, judged }: { view: HostView; sight: Sight; judged: ServedVerdict }) {
  const rows = view.rowsAt(sight.port)(judged, sight);
  const isOpen = sight.address === null && new Set(rows.map(({ address }) => address)).size > 1;
  const state = isOpen ? ("cannot-tell" as const) : judged.state;
  const evidence = isOpen ? [...judged.evidence, WHERE] : judged.evidence;
  return rows.map(({ id: serving }) => ({ serving, state, evidence }));
}

/**
 * One for each address of this host that showed the leaf. A name of a host is the server name that is asked for where no other one is
 * given; an address is none.
 */
function listSights(served: Served, host: number, endpoint: SeenEndpoint): Sight[] {
  const { host: text, port, serverName, askedAt, addresses, ...leaf } = endpoint;
  const isByAddress = isAddress(text);
  const seen = isByAddress ? [text] : addresses;
  const own = seen.filter((address) => [host, null].includes(served.ownerOf(address)));
  const readAt = served.readAt(host);
  return (seen.length > 0 ? own : [null]).map((address) => ({
    address,
    port,
    leaf: toHeld(leaf),
    probedAt: Date.parse(askedAt) / 1_000,
    readAt: readAt === null ? Number.POSITIVE_INFINITY : Date.parse(readAt) / 1_000,
    name: serverName || (isByAddress ? null : text),
  }));
}
