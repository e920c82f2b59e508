import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { nameNode } from "#shared/text/access/graph.ts";
import { fingerprintOf, START } from "#store/testing/make-visit.ts";
import { file, grant, type Host, openGraph, rule, say, visit } from "./testing/open-graph.ts";

/** web's root has a key for deploy on db, who can become root there, where there is the key of a backup. */
const CHAIN: Record<string, Host> = {
  web: { keyFiles: [file("web-key", "root")] },
  db: {
    grants: [grant("web-key", "deploy", {}, "no-pty")],
    escalations: [rule("deploy")],
    keyFiles: [file("backup-key", "ci")],
  },
  store: { grants: [grant("backup-key", "root")] },
};

test("a host reaches what its keys open, what is root there, and what the keys beyond open", async () => {
  const graph = openGraph(CHAIN);
  expect(await graph.reach("web")).toEqual([
    "root@web root ci@web 1",
    "root@web root deploy@web 1",
    "root@web opens deploy@db 1",
    "deploy@db sudo root@db 2",
    "root@db root ci@db 3",
    "ci@db opens root@store 4",
    "root@store root ci@store 5",
    "root@store root deploy@store 5",
  ]);
});

test("the shortest path between two hosts names keys, files, rules and options", async () => {
  const graph = openGraph(CHAIN);
  const { steps, isCertain, isCut } = await graph.client.path({ from: "web", to: "store" });
  expect({ isCertain, isCut, steps: steps?.map(say) }).toEqual({
    isCertain: true,
    isCut: false,
    steps: [
      "root@web opens deploy@db 1",
      "deploy@db sudo root@db 2",
      "root@db root ci@db 3",
      "ci@db opens root@store 4",
    ],
  });
  expect(steps?.[0]).toMatchObject({
    fingerprint: fingerprintOf("web-key"),
    heldAt: "/home/root/.ssh/web-key",
    where: "/home/deploy/.ssh/authorized_keys:1",
    options: "no-pty",
  });
  expect(steps?.[1]).toMatchObject({ where: "/etc/sudoers:1", fingerprint: null });
  expect(await graph.path("store", "web")).toBe(null);
});

test("what reaches a thing is told from its end, with the first step that each takes", async () => {
  const graph = openGraph(CHAIN);
  expect((await graph.reach("root@store", { direction: "to" })).toSorted()).toEqual([
    "ci@db opens root@store 1",
    "deploy@db sudo root@db 3",
    "root@db root ci@db 2",
    "root@web opens deploy@db 4",
  ]);
});

test("a key and an account of one's choice are starts, too", async () => {
  const graph = openGraph(CHAIN);
  expect(await graph.path(fingerprintOf("backup-key"), "store")).toEqual([
    `${fingerprintOf("backup-key")} opens root@store 1`,
  ]);
  expect(await graph.reach("ci@db")).toContain("ci@db opens root@store 1");
});

test("a way that is certain is told before a shorter one that is only possible", async () => {
  const graph = openGraph({
    web: { keyFiles: [file("locked", "root", { isEncrypted: true }), file("open", "ci")] },
    db: { grants: [grant("locked", "root"), grant("open", "root")] },
  });
  expect(await graph.path("web", "db")).toEqual(["root@web root ci@web 1", "ci@web opens root@db 2"]);
});

test("a grant that sshd refuses, and one that has gone, lead nowhere", async () => {
  const refused = {
    web: { keyFiles: [file("key", "root")] },
    db: { grants: [grant("key", "root", { state: "no" })] },
  };
  const graph = openGraph(refused);
  expect(await graph.path("web", "db")).toBe(null);
  visit(graph.store, "db", { grants: [grant("key", "root")] });
  expect(await graph.path("web", "db")).toHaveLength(1);
  visit(graph.store, "db", {});
  expect(await graph.path("web", "db")).toBe(null);
});

test("an open agent lends keys that are not known: the way ends there, and says so", async () => {
  const agents = [{ account: "deploy", kind: "forwarded" as const, path: "/tmp/ssh-1/agent" }];
  const graph = openGraph({ web: { agents } });
  expect(await graph.reach("deploy@web")).toEqual(["deploy@web agent? forwarded agent of deploy@web 1"]);
  expect((await graph.client.reach({ start: "deploy@web" })).rows[0]?.notes).toEqual([
    "open when the host was last read; which keys it lends is not known",
  ]);
  expect(await graph.reach("web", { onlyCertain: true })).not.toContain("agent");
});

test("a key file whose owner is no account of the host is root's", async () => {
  const graph = openGraph({
    web: { keyFiles: [file("key", "4711")] },
    db: { grants: [grant("key", "deploy")] },
  });
  expect(await graph.path("web", "db")).toEqual(["root@web opens deploy@db 1"]);
  expect(await graph.reach("deploy@db", { direction: "to" })).toContain("root@web opens deploy@db 1");
});

test("hosts that log in to each other are a pair; one way alone is none", async () => {
  const graph = openGraph({
    a: { keyFiles: [file("a-key", "root")], grants: [grant("b-key", "ci")] },
    b: { keyFiles: [file("b-key", "deploy")], grants: [grant("a-key", "root")] },
    c: { grants: [grant("a-key", "root")] },
  });
  const { rows, total, isCut } = await graph.client.mutual({});
  expect(rows.map(({ there, back }) => [say(there), say(back)])).toEqual([
    ["root@a opens root@b", "deploy@b opens ci@a"],
  ]);
  expect([total, isCut]).toEqual([1, false]);
});

test("keys of several people and host keys of several hosts are told; two entries of one person are one", async () => {
  const hostKeys = [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: "SHA256:host" }];
  const graph = openGraph({ a: { hostKeys }, b: { hostKeys }, c: {} });
  const person = (name: string, logins: string[]) => ({
    handle: name,
    name,
    email: null,
    logins,
    said: "nothing" as const,
    leftOn: null,
    keys: [{ fingerprint: "SHA256:team", keyType: "ssh-ed25519" }],
  });
  const people = [person("ann", ["ann"]), person("bob", ["bob"])];
  graph.store.people.replaceSource({ name: "team", kind: "keys", isWhole: false, people, at: START });
  const again = [person("Ann Moore", ["ann"])];
  graph.store.people.replaceSource({ name: "staff", kind: "keys", isWhole: false, people: again, at: START });
  graph.store.people.settle(settleStandings(graph.store.people.entries(), START.slice(0, 10), []), START);
  expect((await graph.client.shared({})).rows).toMatchObject([
    { kind: "people", fingerprint: "SHA256:team", sharedBy: ["Ann Moore", "bob"], sharedByCount: 2 },
    { kind: "hosts", fingerprint: "SHA256:host", sharedBy: ["a", "b"], sharedByCount: 2 },
  ]);
});

test("pairs and shared keys are narrowed by words, host, kind and certainty, and go page by page", async () => {
  const locked = { isEncrypted: true };
  const graph = openGraph({
    a: {
      keyFiles: [file("a-key", "root")],
      grants: [grant("b-key", "ci"), { ...grant("c-key", "ci"), line: 2 }],
    },
    b: { keyFiles: [file("b-key", "deploy")], grants: [grant("a-key", "root")] },
    c: { keyFiles: [file("c-key", "root", locked)], grants: [grant("a-key", "root")] },
  });
  const pairs = async (asked: object) => {
    const { rows, total, next } = await graph.client.mutual(asked);
    return { rows: rows.map(({ there }) => say(there)), total, next };
  };
  const [first, second] = ["root@a opens root@b", "root@a opens root@c"];
  expect(await pairs({})).toEqual({ rows: [first, second], total: 2, next: null });
  expect(await pairs({ host: "c" })).toEqual({ rows: [second], total: 1, next: null });
  expect(await pairs({ onlyCertain: true })).toEqual({ rows: [first], total: 1, next: null });
  expect(await pairs({ search: "DEPLOY b" })).toEqual({ rows: [first], total: 1, next: null });
  expect(await pairs({ limit: 1 })).toEqual({ rows: [first], total: 2, next: "1" });
  expect(await pairs({ limit: 1, after: "1" })).toEqual({ rows: [second], total: 2, next: null });

  const hostKeys = [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: "SHA256:host" }];
  visit(graph.store, "d", { hostKeys });
  visit(graph.store, "e", { hostKeys });
  const shared = async (asked: object) => (await graph.client.shared(asked)).rows.map(({ id }) => id);
  expect(await shared({ kind: "hosts", search: "e host" })).toEqual(["hosts SHA256:host"]);
  expect(await shared({ kind: "people" })).toEqual([]);
});

test("steps are narrowed to one person, by name or login, and to people who have left", async () => {
  const graph = openGraph({ web: { grants: [grant("ann-key", "deploy"), grant("bob-key", "ci")] } });
  const person = (name: string, said: "nothing" | "gone") => ({
    handle: name,
    name: `${name} X`,
    email: null,
    logins: [name],
    said,
    leftOn: null,
    keys: [{ fingerprint: fingerprintOf(`${name}-key`), keyType: "ssh-ed25519" }],
  });
  const people = [person("ann", "nothing"), person("bob", "gone")];
  graph.store.people.replaceSource({ name: "team", kind: "csv", isWhole: false, people, at: START });
  const entries = graph.store.people.entries();
  graph.store.people.settle(settleStandings(entries, START.slice(0, 10), []), START);
  const [ann, bob] = ["person:ann X opens deploy@web", "person:bob X opens ci@web"];
  expect((await graph.links()).toSorted()).toEqual([ann, bob]);
  expect(await graph.links({ person: "ann X" })).toEqual([ann]);
  expect(await graph.links({ person: "BOB" })).toEqual([bob]);
  expect(await graph.links({ standing: "gone" })).toEqual([bob]);
  expect(await graph.links({ standing: "gone", by: "key-file" })).toEqual([]);
});

test("the list goes page by page through every kind of holder, each row once", async () => {
  const graph = openGraph({
    ...CHAIN,
    many: {
      grants: Array.from({ length: 5 }, (_, line) => ({ ...grant("web-key", "deploy"), line: line + 2 })),
    },
  });
  graph.store.people.holdHere(
    [{ location: "~/.ssh/id", fingerprint: fingerprintOf("web-key"), kind: "file" }],
    () => true,
    START,
  );
  const whole = await graph.client.links({});
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const page: typeof whole = await graph.client.links({ limit: 2, after });
    expect(page.total).toBe(whole.total);
    ids.push(...page.rows.map(({ id }) => id));
    after = page.next;
  } while (after !== null);
  expect(ids).toEqual(whole.rows.map(({ id }) => id));
  expect([new Set(ids).size, whole.total]).toEqual([ids.length, ids.length]);
});

test("the list is filtered by what it begins with, by host, by root and by words", async () => {
  const graph = openGraph(CHAIN);
  expect(await graph.links({ by: "account" })).toEqual(["deploy@db sudo root@db"]);
  expect(await graph.links({ host: "store" })).toEqual(["ci@db opens root@store"]);
  expect(await graph.links({ onlyRoot: true })).toEqual(["ci@db opens root@store", "deploy@db sudo root@db"]);
  expect(await graph.links({ search: "WEB deploy" })).toEqual(["root@web opens deploy@db"]);
  expect(await graph.reach("web", { host: "db", onlyRoot: true })).toEqual(["deploy@db sudo root@db 2"]);
  await expect(graph.client.links({ after: "x" })).rejects.toThrow("after is not the next of a page");
});

test("a diagram has the nearest things that lead on, what is between them, and says when there are more", async () => {
  const graph = openGraph(CHAIN);
  const all = await graph.client.diagram({ start: "web" });
  expect(all.isCut).toBe(false);
  expect(all.edges.map(({ how }) => how)).toContain("sudo");
  expect(all.nodes.map(nameNode)).toEqual([
    "root@web",
    fingerprintOf("web-key"),
    "deploy@db",
    "root@db",
    "ci@db",
    fingerprintOf("backup-key"),
    "root@store",
  ]);
  const few = await graph.client.diagram({ start: "web", most: 3 });
  expect([few.nodes.length, few.isCut]).toEqual([3, true]);
  const ids = new Set(few.nodes.map(({ id }) => id));
  expect(few.edges.every(({ from, to }) => ids.has(from) && ids.has(to))).toBe(true);
});

test.each([
  ["nowhere", "no host nowhere was scanned; latchkey hosts lists those that were"],
  ["nobody@web", "web has no account nobody that was seen"],
  ["SHA256:none", "no key SHA256:none was seen; write its whole fingerprint"],
  ["person:nobody", "no people source has a person called nobody; latchkey people list names them"],
])("%s as a start is refused with a reason", async (start, sentence) => {
  await expect(openGraph(CHAIN).client.reach({ start })).rejects.toThrow(sentence);
});

/** Ann is in three sources, by two names and with one key in two of them; Bob, and somebody else of her name, in one. */
function openPersons() {
  const graph = openGraph({
    web: { grants: [grant("ann-key", "deploy"), grant("old-key", "ci"), grant("bob-key", "root")] },
    db: { grants: [grant("namesake-key", "deploy")], escalations: [rule("deploy")] },
  });
  const source = (name: string, ...people: [string, string, string[]][]) =>
    graph.store.people.replaceSource({
      name,
      kind: "csv",
      isWhole: false,
      at: START,
      people: people.map(([shown, login, keys]) => ({
        handle: `${shown} ${login}`,
        name: shown,
        email: null,
        logins: [login],
        said: "nothing" as const,
        leftOn: null,
        keys: keys.map((key) => ({ fingerprint: fingerprintOf(key), keyType: "ssh-ed25519" })),
      })),
    });
  source("github", ["amoore", "amoore", ["ann-key"]]);
  source("hr.csv", ["Ann Moore", "amoore", []], ["Bob X", "bob", ["bob-key"]]);
  source("keys.csv", ["Ann M.", "amoore", ["ann-key", "old-key"]]);
  const settle = () => {
    const { entries, decisions } = graph.store.people;
    graph.store.people.settle(settleStandings(entries(), START.slice(0, 10), decisions()), START);
  };
  settle();
  return { ...graph, source, settle };
}

test("a person begins each of their steps once, by one name, over the keys of all their entries", async () => {
  const graph = openPersons();
  const { rows, total } = await graph.client.links({ by: "person" });
  expect(rows.map(say).toSorted()).toEqual([
    "person:Ann Moore opens ci@web",
    "person:Ann Moore opens deploy@web",
    "person:Bob X opens root@web",
  ]);
  expect(total).toBe(3);
  expect(rows.find(({ to }) => nameNode(to) === "deploy@web")?.heldAt).toBe("github, keys.csv");
  const reached = ["person:Ann Moore opens ci@web 1", "person:Ann Moore opens deploy@web 1"];
  expect((await graph.reach("person:amoore")).toSorted()).toEqual(reached);
  expect(await graph.reach("ci@web", { direction: "to" })).toContain("person:Ann Moore opens ci@web 1");
  const drawn = await graph.client.diagram({ start: "person:Ann M." });
  expect(drawn.nodes.filter(({ kind }) => kind === "person").map(nameNode)).toEqual(["person:Ann Moore"]);
  expect(drawn.starts).toHaveLength(1);
});

test("a person is found by any of their names, logins and sources, and by the number of any entry", async () => {
  const graph = openPersons();
  const ofAnn = ["person:Ann Moore opens ci@web", "person:Ann Moore opens deploy@web"];
  for (const person of ["Ann Moore", "Ann M.", "amoore", "AMOORE"])
    expect((await graph.links({ person })).toSorted(), person).toEqual(ofAnn);
  for (const search of ["amoore", "Ann M.", "moore ANN", "github"])
    expect((await graph.links({ search, by: "person" })).toSorted(), search).toEqual(ofAnn);
  expect(await graph.links({ search: "amoore", host: "web", onlyRoot: true })).toEqual([]);
  const ids = graph.store.people.entries().filter(({ logins }) => logins.includes("amoore"));
  expect(ids).toHaveLength(3);
  for (const { id } of ids) {
    const reached = (await graph.reach(`person:#${id}`)).toSorted();
    expect(reached).toEqual(ofAnn.map((step) => `${step} 1`));
    expect((await graph.links({ person: `#${id}` })).toSorted()).toEqual(ofAnn);
    expect((await graph.reach(`person:Ann Moore #${id}`)).toSorted()).toEqual(reached);
  }
  await expect(graph.client.reach({ start: `person:Bob X #${ids[0]?.id}` })).rejects.toThrow("no people");
});

test("two people of one name are told apart by number, and their name alone is refused as a start", async () => {
  const graph = openPersons();
  graph.source("other.csv", ["Ann Moore", "ann2", ["namesake-key"]]);
  graph.settle();
  const names = (await graph.links({ person: "Ann Moore" })).map((step) => step.split(" opens ")[0]);
  expect(new Set(names).size).toBe(2);
  await expect(graph.client.reach({ start: "person:Ann Moore" })).rejects.toThrow(
    /2 people are called Ann Moore; write person:Ann Moore #\d+ or person:Ann Moore #\d+/,
  );
  const [namesake] = await graph.links({ search: "ann2" });
  const name = namesake?.split(" opens ")[0] ?? "";
  expect(name).toMatch(/^person:Ann Moore #\d+$/);
  expect(await graph.reach(name)).toEqual([
    `${name} opens deploy@db 1`,
    "deploy@db sudo root@db 2",
    "root@db root ci@db 3",
  ]);
  const entry = graph.store.people.entries().find(({ logins }) => logins.includes("ann2"));
  graph.store.people.join(entry?.id ?? 0, graph.store.people.entries()[0]?.id ?? 0, START);
  graph.settle();
  expect((await graph.links({ by: "person", person: "Ann Moore" })).toSorted()).toEqual([
    "person:Ann Moore opens ci@web",
    "person:Ann Moore opens deploy@db",
    "person:Ann Moore opens deploy@web",
  ]);
});

test("what leads from people goes page by page by person, and holds when an entry goes that led", async () => {
  const graph = openPersons();
  const { rows } = await graph.client.links({ by: "person" });
  const paged: string[] = [];
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof graph.client.links>> = await graph.client.links({
      by: "person",
      limit: 1,
      after,
    });
    paged.push(...page.rows.map(({ id }) => id));
    after = page.next;
    if (after === null) break;
  }
  expect(paged).toEqual(rows.map(({ id }) => id));
  graph.store.people.removeSource("hr.csv");
  graph.settle();
  expect((await graph.links({ by: "person" })).toSorted()).toEqual([
    "person:Ann M. opens ci@web",
    "person:Ann M. opens deploy@web",
  ]);
});
