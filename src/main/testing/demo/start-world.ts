import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { makeKeys, writePeopleSources } from "./demo-keys.ts";
import { type Endpoint, startEndpoints } from "./endpoints.ts";
import { startHosts } from "./hosts.ts";

type Options = {
  /** A folder of the caller's, which becomes a home with the key of an audit. */
  folder: string;
  /** Whether real hosts can be made here. */
  hasHosts: boolean;
};

/** A world to inspect: hosts and endpoints that live as long as this value, and how to log in to them. */
export type DemoWorld = AsyncDisposable & {
  /** In the form that a scan takes. */
  targets: string[];
  /** A private key that can log in to every host; null without hosts. */
  identity: string | null;
  /** Sources of the company's people and their keys: a table, and a folder of keys. None without hosts. */
  peopleSources: string[];
};

/** What is outside of the demo's inventory, which is complete otherwise. */
export const OUTSIDE = "laptops, whose keys are in team-keys";

export async function startWorld({ folder, hasHosts }: Options): Promise<DemoWorld> {
  await using stack = new AsyncDisposableStack();
  const endpoints = await startEndpoints();
  for (const endpoint of endpoints) stack.use(endpoint);
  const login = hasHosts ? await startAll(folder, endpoints, stack) : null;
  const owned = stack.move();
  return {
    targets: [...endpoints.map(({ target }) => target), ...(login?.targets ?? [])],
    identity: login?.identity ?? null,
    peopleSources: login?.peopleSources ?? [],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startAll(folder: string, endpoints: readonly Endpoint[], stack: AsyncDisposableStack) {
  const keyFolder = join(folder, "keys");
  await mkdir(keyFolder, { recursive: true, mode: 0o700 });
  const keys = await makeKeys(keyFolder);
  const hosts = await startHosts({ keys, endpoints });
  for (const { host } of hosts) stack.use(host);
  return {
    targets: hosts.map(({ host, user }) => `${user}@${host.address}`),
    identity: join(keyFolder, "auditor"),
    peopleSources: await writePeopleSources(folder, keys),
  };
}
