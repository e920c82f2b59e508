import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { readKnownHosts } from "#domain/ssh/known-hosts.ts";
import { openStore, type Store } from "#store/store.ts";
import { START, visitHost } from "#store/testing/make-visit.ts";
import { sshfpOf, startDnsServer } from "#testing/dns-server.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { tryHashed } from "./snapshot.ts";

function makeKey() {
  const [keyType = "", base64 = ""] = makeKeyPair().public.split(" ");
  const blob = Uint8Array.from(Buffer.from(base64, "base64"));
  const key = readKeyBlob(blob);
  if (!key) throw new Error("no key");
  return { ...key, line: `${keyType} ${base64}` };
}

const own = makeKey();
const other = makeKey();

/** An app over a database that was filled before, on a computer with these files. */
async function open({
  fill,
  ...files
}: {
  fill?: (store: Store) => void;
  known_hosts?: string;
  config?: string;
}) {
  const folder = await makeTemporaryFolder();
  await mkdir(join(folder.path, ".ssh"));
  const write = (name: string, text: string) => writeFile(join(folder.path, ".ssh", name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const databasePath = join(folder.path, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  fill?.(store);
  store.close();
  const workstation = { user: "jo", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath, workstation, now: () => new Date(START) });
  return {
    hostKeys: app.client.hostKeys,
    hosts: app.client.hosts,
    write,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

const unknown = { collected: null, outcome: "host-key-unknown", isKeyRefused: true } as const;
const byName = { sort: { by: "name", descending: false } } as const;

test("a new key is listed, trusted and then matched; its pin is a line of known_hosts that ssh finds", async () => {
  await using world = await open({
    config: "Host web1\nHostName 10.1.1.1\nPort 2222\n",
    fill: (store) => visitHost(store, "web1", { ...unknown, hostKey: own }),
  });
  const { hostKeys, hosts } = world;
  expect(await hostKeys.list(byName)).toMatchObject({
    rows: [{ name: "web1", state: "new", presentedAt: START, host: { host: "web1", port: 22 } }],
    total: 1,
    next: null,
  });
  await hosts.trustKey({ host: "web1", port: 22, fingerprint: own.fingerprint });
  const { rows } = await hostKeys.list(byName);
  expect(rows).toMatchObject([{ state: "matched", isPinned: true, why: "presented, and pinned" }]);
  expect(await hostKeys.find({ id: rows[0]?.id ?? "" })).toEqual(rows[0]);

  const { text, count } = await hostKeys.knownHosts();
  expect(count).toBe(1);
  const [entry] = readKnownHosts(text, "printed").find("10.1.1.1");
  expect(entry?.key.fingerprint).toBe(own.fingerprint);
});

test("known_hosts is read when it is asked, and what cannot be read of it is told", async () => {
  await using world = await open({
    known_hosts: `web1 ${other.line}\nweb1 ssh-ed25519 AAAA\n`,
    fill: (store) => visitHost(store, "web1", { ...unknown, hostKey: own }),
  });
  const { hostKeys } = world;
  const states = async () => (await hostKeys.list(byName)).rows.map(({ state }) => state);
  expect(await states()).toEqual(["changed", "changed"]);
  expect((await hostKeys.sources()).files).toMatchObject([
    { lines: 1, hashed: 0, broken: { total: 1, first: [{ line: 2 }] } },
  ]);
  await world.write("known_hosts", `web1 ${own.line}\n`);
  expect(await states()).toEqual(["matched"]);
});

test("a host is known by the name that ssh_config gives it", async () => {
  await using world = await open({
    config: "Host web1\nHostKeyAlias the-web\n",
    known_hosts: `the-web ${own.line}\n`,
    fill: (store) => visitHost(store, "web1", { ...unknown, hostKey: own }),
  });
  expect((await world.hostKeys.list(byName)).rows).toMatchObject([{ name: "web1", state: "matched" }]);
});

test("a list is filtered, ordered either way, and read page by page", async () => {
  const count = 25;
  await using world = await open({
    known_hosts: `old.corp ${other.line}\n`,
    fill: (store) => {
      for (let index = 0; index < count; index++)
        visitHost(store, `web${index}`, {
          hostKey: index < 2 ? own : makeKey(),
          collected: {
            hostKeys: [{ keyType: "ssh-rsa", keyBits: 1024, fingerprint: `SHA256:rsa${index}` }],
          },
        });
    },
  });
  const { hostKeys } = world;
  for (const by of ["name", "state", "keyType", "fingerprint"] as const)
    for (const descending of [false, true]) {
      const wish = { sort: { by, descending }, limit: 7 };
      const ids = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof hostKeys.list>> = await hostKeys.list({ ...wish, after });
        ids.push(...page.rows.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      const whole = await hostKeys.list({ ...wish, limit: 1_000 });
      expect(ids).toEqual(whole.rows.map(({ id }) => id));
      expect(new Set(ids).size).toBe(2 * count + 1);
    }
  const total = async (filter: object) => (await hostKeys.list({ ...byName, ...filter })).total;
  expect(await total({ state: "unused" })).toBe(1);
  expect(await total({ shared: true })).toBe(2);
  expect(await total({ weak: true })).toBe(count);
  expect(await total({ host: "web7" })).toBe(2);
  expect(await total({ search: "WEB7 ssh-rsa" })).toBe(1);
  await expect(hostKeys.list({ ...byName, after: "made up" })).rejects.toThrow("is not the next of a page");
  await expect(hostKeys.find({ id: "nothing" })).rejects.toThrow("there is no host key");
});

test("DNS is asked for the names that were chosen and for nothing else, and says what it publishes", async () => {
  await using world = await open({
    fill: (store) => {
      for (const name of ["web1.example", "web2.example", "web3.example", "web4", "10.0.0.1"])
        visitHost(store, name, { ...unknown, hostKey: own });
    },
  });
  await using server = await startDnsServer({
    validates: true,
    names: {
      "web1.example": [sshfpOf("web1.example", 4, own.fingerprint)],
      "web2.example": [sshfpOf("web2.example", 4, other.fingerprint)],
    },
  });
  const { hostKeys } = world;
  const { address, port } = server.resolver;
  const resolver = `${address}:${port}`;
  const { rows } = await hostKeys.list(byName);
  const ids = rows.filter(({ name }) => name !== "web3.example").map(({ id }) => id);
  const { names } = await hostKeys.compareSshfp({ ids, resolver });
  expect(names).toMatchObject([
    { name: "10.0.0.1", answer: "not-queried", keys: [] },
    { name: "web1.example", answer: "records", isValidated: true, keys: [{ result: "match" }] },
    { name: "web2.example", answer: "records", isValidated: true, keys: [{ result: "mismatch" }] },
    { name: "web4", answer: "not-queried", keys: [] },
  ]);
  expect(server.asked.toSorted()).toEqual(["udp SSHFP web1.example", "udp SSHFP web2.example"]);
  await expect(hostKeys.compareSshfp({ ids, resolver: "dns.example" })).rejects.toThrow("is no resolver");
});

test("a pin whose name would mean more in known_hosts is left out of it, and named", async () => {
  const pin = { port: 22, ...own, source: "accepted" as const, pinnedAt: START };
  await using world = await open({
    fill: (store) => {
      for (const host of ["*", "a,b", "@revoked", "x y", "line\nbreak", "good.corp"])
        store.pins.put({ ...pin, host });
      store.pins.put({ ...pin, host: "broken.corp", blob: new Uint8Array([1]) });
    },
  });
  const { text, leftOut } = await world.hostKeys.knownHosts();
  expect(text).toBe(`good.corp ${own.line}\n`);
  expect(leftOut).toHaveLength(6);
});

test("more hashed names than can be tried are left, and which is told", async () => {
  const salt = Buffer.alloc(20).toString("base64");
  const known = readKnownHosts(`|1|${salt}|${salt} ${own.line}\n`.repeat(10), "kh");
  expect(await tryHashed(["a", "b", "c"], [known], 20)).toEqual(new Set(["c"]));
  expect(await tryHashed(["a"], [readKnownHosts(`a ${own.line}`, "kh")], 0)).toEqual(new Set());
});
