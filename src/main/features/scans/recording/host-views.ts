import {
  chosenNames,
  type Files,
  type Held,
  type HostMap,
  indexMap,
  type MapIndex,
} from "#domain/deployment-status/host-map.ts";
import { createRowFinder } from "#domain/deployment-status/list-bindings.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { HeldRow, ServingKey } from "#store/serving/served-table.ts";

type Served = RecordingStore["served"];

/** What the endpoints of one host are judged by, as it was when the host was last read. */
export type HostView = {
  map: MapIndex;
  files: Files;
  rowsAt: (port: number) => ReturnType<typeof createRowFinder<Row>>;
};

type Row = Omit<ServingKey, "isDefault"> & { at: { file: string; line: number }; isDefault: boolean };

/** So many hosts are kept at hand: endpoints of one come one after the other, those of several side by side. */
const MOST_VIEWS = 8;

/** Looks at hosts, each anew only when it has been read meanwhile. */
export function createHostViews(served: Served): (host: number) => HostView {
  const views = new Map<number, { reading: string; view: HostView }>();

  return (host) => {
    const reading = served.readingOf(host);
    const known = views.get(host);
    views.delete(host);
    const view = known?.reading === reading ? known.view : viewHost(served, host);
    // One that was last read by an earlier version of this program cannot be told from itself.
    if (reading !== null) views.set(host, { reading, view });
    const [oldest] = views.keys();
    if (views.size > MOST_VIEWS && oldest !== undefined) views.delete(oldest);
    return view;
  };
}

function viewHost(served: Served, host: number): HostView {
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

const readFiles = (served: Served, host: number): Files => ({
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

export const toHeld = ({ names, sha256, keyType, subject, issuer, notBefore, notAfter }: HeldRow): Held => ({
  sha256,
  keyType,
  subject,
  issuer,
  notBefore,
  notAfter,
  names: JSON.parse(names) as string[],
});
