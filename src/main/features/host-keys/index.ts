import { implement } from "@orpc/server";
import { createSshfp } from "#connect/sshfp.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { type KnownHosts, nameInKnownHosts } from "#domain/ssh/known-hosts.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { hostKeys } from "#shared/contract/hosts.ts";
import type { HostKeyRow } from "#shared/model/hosts/host-key.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import type { Store } from "#store/store.ts";
import { createSnapshots, knownAsBy, type ReadKnownHosts, type Snapshot } from "./snapshot.ts";
import { createWindows } from "./window.ts";

type Deps = {
  store: Store;
  workstation: Workstation;
  readKnownHosts: ReadKnownHosts;
  loadSshConfig: (workstation: Workstation, file: null) => Promise<{ config: SshConfig }>;
};

const BROKEN_LINES_SHOWN = 20;

/** Host keys: pins, known_hosts, what hosts presented and what was found on them, compared with each other. */
export function createHostKeyList(deps: Deps) {
  const os = implement(hostKeys);
  const takeSnapshot = createSnapshots(deps);
  const compareSshfp = createSshfp();
  const windows = new WeakMap<Snapshot, ReturnType<typeof createWindows>>();
  return {
    list: os.list.handler(async ({ input }) => (await window(input.after !== null))(input)),
    find: os.find.handler(({ input }) => find(input.id)),
    sources: os.sources.handler(sources),
    compareSshfp: os.compareSshfp.handler(async ({ input: { ids, resolver }, signal }) =>
      compareSshfp(await listNamedKeys(new Set(ids)), resolver, signal),
    ),
    knownHosts: os.knownHosts.handler(async () => {
      const { config } = await deps.loadSshConfig(deps.workstation, null);
      const knownAs = knownAsBy(config, deps.workstation);
      return printPins(deps.store.hostKeys.pins(), (pin) => knownAs({ ...pin, user: null }));
    }),
  };

  async function window(isGoingOn: boolean) {
    const snapshot = await takeSnapshot({ isGoingOn });
    const made = windows.get(snapshot) ?? createWindows(snapshot.rows, snapshot.ownNameOf);
    windows.set(snapshot, made);
    return made;
  }

  async function find(id: string): Promise<HostKeyRow> {
    const { rows } = await takeSnapshot();
    const row = rows.find((one) => one.id === id);
    if (!row) throw new Refusal("not-found", `there is no host key ${id}`);
    return row;
  }

  async function listNamedKeys(ids: ReadonlySet<string>) {
    const { rows, knownHosts } = await takeSnapshot();
    const { presented, pins } = deps.store.hostKeys.all();
    const inFiles = knownHosts.files.flatMap(({ lines }) => lines.map(({ entry }) => entry.key));
    const blobs = new Map(
      [...inFiles, ...presented, ...pins].map(({ fingerprint, blob }) => [fingerprint, blob]),
    );
    return rows
      .filter(({ id }) => ids.has(id))
      .map((row) => ({ ...row, blob: blobs.get(row.fingerprint) ?? null }));
  }

  async function sources() {
    const { knownHosts, untried } = await takeSnapshot();
    const note = `${formatCount(untried, "name")} of the inventory not tried with the hashed names in known_hosts: together they are too many`;
    return {
      files: knownHosts.files.map(describe),
      unreadable: [...knownHosts.unreadable],
      notes: untried > 0 ? [note] : [],
    };
  }
}

const describe = ({ source, lines, hashed, problems }: KnownHosts) => ({
  path: source,
  lines: lines.length,
  hashed,
  broken: { total: problems.length, first: problems.slice(0, BROKEN_LINES_SHOWN) },
});

type Pin = { host: string; port: number; blob: Uint8Array };
type Address = { host: string; port: number };

/** A name that a line can begin with: without characters that separate names or lines, or that have a meaning there. */
const PLAIN_NAME = /^[^\s,*?!|@#[\]\p{C}][^\s,*?!|[\]\p{C}]*$/u;

/** The pins as lines of known_hosts. A pin whose name would mean more there is left out. */
function printPins(pins: readonly Pin[], knownAs: (pin: Address) => Address) {
  const lines: string[] = [];
  const leftOut: string[] = [];
  for (const { host, port, blob } of pins) {
    const key = readKeyBlob(blob);
    const known = knownAs({ host, port });
    if (!PLAIN_NAME.test(known.host)) leftOut.push(`${host} port ${port}: no line can hold its name`);
    else if (!key) leftOut.push(`${host} port ${port}: the key in its pin cannot be read`);
    else
      lines.push(
        `${nameInKnownHosts(known.host, known.port)} ${key.keyType} ${Buffer.from(blob).toString("base64")}`,
      );
  }
  const unique = [...new Set(lines)];
  return { text: unique.map((line) => `${line}\n`).join(""), count: unique.length, leftOut };
}
