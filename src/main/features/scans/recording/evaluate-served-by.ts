import { evaluateServed, type ServedVerdict } from "#domain/deployment-status/evaluate-served.ts";
import {
  chosenNames,
  type Files,
  type Held,
  type HostMap,
  indexMap,
  type MapIndex,
  type Sight,
} from "#domain/deployment-status/host-map.ts";
import { createRowFinder } from "#domain/deployment-status/list-bindings.ts";
import { findServedProblems } from "#domain/deployment-status/served-findings.ts";
import { SERVED_RULES } from "#shared/model/certificates/served.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { isAddress, type SshTarget, type TlsTarget } from "#shared/model/hosts/target.ts";
import { formatEndpoint } from "#shared/text/hosts/target.ts";
import type { BindingKey, HeldRow, SeenEndpoint, ServedSight } from "#store/bindings/served-table.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";

type Served = RecordingStore["served"];
type ViewOf = (host: number) => HostView;

export type ServedEvaluator = ReturnType<typeof createServedEvaluator>;

/**
 * Compares what endpoints show with the configurations of their hosts, after a probe of either has been written and
 * within its transaction: whichever came last, the other one is known by then.
 */
export function createServedEvaluator({ served }: Pick<RecordingStore, "served">) {
  const viewOf = createHostViews(served);

  return {
    after(probe: EndpointProbe | HostProbe): void {
      if ("presented" in probe) {
        if (probe.presented) evaluateEndpointAt(probe.target);
      } else if (probe.collected) {
        evaluateHostAt(probe.target);
      }
    },
    evaluateEndpointAt,
    evaluateHostAt,
  };

  function evaluateEndpointAt(target: Pick<TlsTarget, "host" | "port" | "serverName">): void {
    if (served.hasMap()) evaluateEndpoints(served, viewOf, served.endpoints(target));
  }

  /**
   * Evaluates all endpoints that are known to be on this host, also where its configuration no longer says what it
   * serves.
   */
  function evaluateHostAt(target: Pick<SshTarget, "host" | "port">): void {
    const seen = served.endpointsOf(target);
    if (seen.length > 0) evaluateEndpoints(served, remembering(viewOf), seen);
  }
}

/** Keeps the views of hosts for as long as the endpoints of one host are evaluated. */
function remembering(viewOf: ViewOf): ViewOf {
  const views = new Map<number, HostView>();
  return (host) => {
    const view = views.get(host) ?? viewOf(host);
    views.set(host, view);
    return view;
  };
}

/** `seen` has an endpoint once for each leaf that its addresses show. */
function evaluateEndpoints(served: Served, viewOf: ViewOf, seen: readonly SeenEndpoint[]): void {
  for (const leaves of Map.groupBy(seen, ({ id }) => id).values()) {
    const evaluated = leaves.map((leaf) => evaluateLeaf(served, viewOf, leaf));
    const [first] = leaves;
    if (!first) continue;
    served.keep(
      first,
      evaluated.flatMap(({ sights }) => sights),
      {
        drafts: evaluated.flatMap(({ drafts }) => drafts),
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
  const evaluated = served.hostsOf(endpoint).flatMap((host) => {
    const view = viewOf(host);
    return listSights(served, host, endpoint).flatMap((sight) => {
      const found = evaluateServed(view.map, view.files, sight);
      return found ? [{ view, sight, evaluated: found }] : [];
    });
  });
  const said = {
    ...endpoint,
    endpoint: formatEndpoint({ ...endpoint, serverName: endpoint.serverName || null }),
  };
  return {
    sights: evaluated.flatMap((one) =>
      toRows(one).map((row) => ({ ...row, certificate: endpoint.certificate })),
    ),
    // Several addresses may have the same problem.
    drafts: [
      ...new Map(
        evaluated.flatMap((one) =>
          findServedProblems(one.evaluated, said).map((draft) => [JSON.stringify(draft), draft] as const),
        ),
      ).values(),
    ],
  };
}

const WHERE =
  "which of its addresses was reached is not known, for what leads there does not say: scan one of them";

function toRows({ view, sight, evaluated }: { view: HostView; sight: Sight; evaluated: ServedVerdict }) {
  const rows = view.rowsAt(sight.port)(evaluated, sight);
  const isOpen = sight.address === null && new Set(rows.map(({ address }) => address)).size > 1;
  const state = isOpen ? ("unknown" as const) : evaluated.state;
  const evidence = isOpen ? [...evaluated.evidence, WHERE] : evaluated.evidence;
  return rows.map(({ id: binding }) => ({ binding, state, evidence }));
}

/**
 * One for each address of this host that showed the leaf. Without a server name, the host's name is what the client
 * asked for (SNI); an address is no such name.
 */
function listSights(served: Served, host: number, endpoint: SeenEndpoint): Sight[] {
  const { host: text, port, serverName, scanBegan, addresses, ...leaf } = endpoint;
  const isByAddress = isAddress(text);
  const seen = isByAddress ? [text] : addresses;
  const own = seen.filter((address) => [host, null].includes(served.ownerOf(address)));
  const readAt = served.readAt(host);
  return (seen.length > 0 ? own : [null]).map((address) => ({
    address,
    port,
    leaf: toHeld(leaf),
    probedAt: Date.parse(scanBegan) / 1_000,
    readAt: readAt === null ? Number.POSITIVE_INFINITY : Date.parse(readAt) / 1_000,
    name: serverName || (isByAddress ? null : text),
  }));
}

type ServedConfig = RecordingStore["served"];

/** What the endpoints of one host are evaluated by, as it was when the host was last read. */
type HostView = {
  map: MapIndex;
  files: Files;
  rowsAt: (port: number) => ReturnType<typeof createRowFinder<Row>>;
};

type Row = Omit<BindingKey, "isDefault"> & { at: { file: string; line: number }; isDefault: boolean };

/** The views of so many hosts are kept. Endpoints of one host come one after the other, those of several alternate. */
const MOST_VIEWS = 8;

/** Returns the views of hosts, and makes one again only where the host has been read meanwhile. */
function createHostViews(served: ServedConfig): (host: number) => HostView {
  const views = new Map<number, { reading: string; view: HostView }>();

  return (host) => {
    const reading = served.readingOf(host);
    const known = views.get(host);
    views.delete(host);
    const view = known?.reading === reading ? known.view : viewHost(served, host);
    // A host that an earlier version of this program read last has no such value, so its view is not kept.
    if (reading !== null) views.set(host, { reading, view });
    const [oldest] = views.keys();
    if (views.size > MOST_VIEWS && oldest !== undefined) views.delete(oldest);
    return view;
  };
}

function viewHost(served: ServedConfig, host: number): HostView {
  const files = readFiles(served, host);
  const map = JSON.parse(served.mapOf(host)) as HostMap;
  return {
    files,
    map: indexMap(
      map,
      (path) => chosenNames(files.heldNow(path)),
      (path) => served.wasSeen(host, path),
    ),
    rowsAt: once((port: number) =>
      createRowFinder(
        served.rowsAt(host, port).map((row) => ({
          ...row,
          at: { file: row.file, line: row.line },
          isDefault: row.isDefault === 1,
        })),
      ),
    ),
  };
}

const readFiles = (served: ServedConfig, host: number): Files => ({
  heldNow: once((path: string) => {
    const held = served.heldNow(host, path);
    return held && toHeld(held);
  }),
  holding: (sha256) => served.holding(host, sha256),
  heldUntil: (sha256) =>
    new Map([...served.heldUntil(host, sha256)].map(([path, at]) => [path, `at the scan of ${at}`])),
  alsoIn: (sha256) => served.alsoIn(host, sha256),
});

function once<Key, Value>(find: (key: Key) => Value): (key: Key) => Value {
  const found = new Map<Key, Value>();
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const value = find(key);
    found.set(key, value);
    return value;
  };
}

const toHeld = ({ names, sha256, keyType, subject, issuer, notBefore, notAfter }: HeldRow): Held => ({
  sha256,
  keyType,
  subject,
  issuer,
  notBefore,
  notAfter,
  names: JSON.parse(names) as string[],
});
