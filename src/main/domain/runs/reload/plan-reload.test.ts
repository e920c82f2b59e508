import { expect, test } from "vitest";
import type { Held } from "#domain/deployment-status/host-map.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { makeHostFacts } from "#domain/runs/testdata/make-facts.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { ReloadRequest } from "#shared/contract/runs.ts";
import { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { findServers } from "./find-servers.ts";
import { planReload, reviewReload } from "./plan-reload.ts";
import { evaluatePresented } from "./presented.ts";
import type { ReloadFacts, ServerFacts } from "./reload-facts.ts";

const [OLD, NEW, OTHER] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [string, string, string];
const NOW = "2026-06-01T00:00:00Z";
const ROOT = "/etc/nginx/nginx.conf";

const ROOT_LOGIN = { account: "root", isRoot: true, key: null, certificate: null, from: null };

const makeHeld = (sha256: string, more: Partial<Held> = {}): Held => ({
  sha256,
  names: ["DNS:shop.example"],
  notBefore: "2026-01-01T00:00:00Z",
  notAfter: "2027-01-01T00:00:00Z",
  keyType: "EC",
  subject: "CN=shop.example",
  issuer: "CN=Corp CA",
  ...more,
});

const named = (path: string) => ({
  path,
  directive: "ssl_certificate",
  at: { file: "/etc/nginx/site", line: 3 },
});

const makeBinding = (name: string, path: string, isDefault = false): Configuration["bindings"][number] => ({
  listens: [{ address: "0.0.0.0", port: 443, isDefault }],
  names: [name],
  namesFromCertificate: false,
  protocol: "tls",
  deployments: [{ certificate: named(path), key: named(path.replace("pem", "key")) }],
  chain: null,
  unsure: null,
  at: { file: "/etc/nginx/site", line: 1 },
});

const makeConfiguration = (more: Partial<Configuration> = {}): Configuration => ({
  server: "nginx",
  root: ROOT,
  bindings: [
    makeBinding("shop.example", "/tls/shop.pem", true),
    makeBinding("mail.example", "/tls/mail.pem"),
  ],
  incomplete: null,
  alsoNamed: [],
  unknown: [],
  ...more,
});

test("what is presented after a reload is what the file on disk holds that the configuration names for that name", () => {
  const files = new Map([
    ["/tls/shop.pem", makeHeld(NEW)],
    ["/tls/mail.pem", makeHeld(OTHER)],
  ]);
  const ask = (name: string | null, configuration = makeConfiguration()) =>
    evaluatePresented(
      configuration,
      { addresses: ["192.0.2.1"], port: 443, name },
      (path) => files.get(path) ?? null,
    ).after;
  expect(ask("shop.example")).toEqual({ kind: "known", leaves: [NEW] });
  expect(ask("mail.example")).toEqual({ kind: "known", leaves: [OTHER] });
  expect(ask("nobody.example")).toEqual({ kind: "known", leaves: [NEW] });
  files.delete("/tls/mail.pem");
  expect(ask("mail.example")).toMatchObject({
    kind: "unknown",
    why: expect.stringContaining("/tls/mail.pem"),
  });
  expect(ask("shop.example", makeConfiguration({ bindings: [] }))).toMatchObject({ kind: "unknown" });
  const [binding] = makeConfiguration().bindings;
  const unsure = {
    ...binding,
    unsure: "a variable names its certificate",
  } as Configuration["bindings"][number];
  expect(ask("shop.example", makeConfiguration({ bindings: [unsure] }))).toEqual({
    kind: "unknown",
    why: "a variable names its certificate",
  });
});

const makeServer = (more: Partial<ServerFacts> = {}): ServerFacts => ({
  service: { server: "nginx", where: ROOT, config: ROOT, test: "staged", reload: "HUP to its master" },
  obstacle: null,
  problems: [],
  test: { kind: "configuration", said: "" },
  files: [{ path: "/tls/shop.pem", leaf: NEW as never }],
  deployments: [],
  endpoints: [
    {
      address: "web1",
      port: 443,
      serverName: "shop.example",
      startTls: null,
      from: "here",
      before: OLD as never,
      after: { kind: "known", leaves: [NEW as never] },
      unreadable: null,
      isOthers: false,
    },
  ],
  held: new Map([OLD, NEW].map((sha256) => [sha256, makeHeld(sha256)])),
  wonders: [],
  ...more,
});

const makeFacts = (
  servers: ServerFacts[],
  host: Partial<HostFacts> = {},
  changed: readonly string[] = [],
): ReloadFacts => ({
  now: NOW,
  options: PlanOptions.parse({}),
  said: [],
  hosts: [
    {
      host: makeHostFacts("web1", "", { login: ROOT_LOGIN, ...host }),
      scanned: { at: NOW, changed },
      servers,
    },
  ],
});

const unsettled = (facts: ReloadFacts) =>
  planReload(facts)
    .checks.filter(({ state }) => state !== "ok")
    .map(({ state, id, text }) => `${state} ${id}: ${text}`);

test("a plan shows for each endpoint what is served now and then, and says that nothing of it can be undone", () => {
  const plan = planReload(makeFacts([makeServer()]));
  expect(plan.title).toBe("Reload nginx on web1");
  expect(plan.hosts[0]?.servers[0]?.endpoints).toEqual([
    expect.objectContaining({ before: OLD, after: { kind: "known", leaves: [NEW] } }),
  ]);
  expect(plan.hosts[0]?.servers[0]?.certificates.map(({ sha256 }) => sha256)).toEqual([OLD, NEW]);
  expect(plan.checks.map(({ state, id }) => `${state} ${id}`)).toEqual([
    "warning no-undo",
    "ok server-test",
    "ok verification",
    "ok scanned",
  ]);
});

test("a server that fails its own test is left out with its words, as is one that nobody can reload, and a plan without any other is refused", () => {
  const broken = makeServer({ test: { kind: "failed", said: 'unknown directive "no_such"' } });
  const plan = planReload(makeFacts([broken]));
  expect(plan.hosts).toEqual([]);
  expect(plan.checks).toMatchObject([
    { state: "refused", text: expect.stringContaining('unknown directive "no_such"') },
  ]);
  const stuck = makeServer({
    service: {
      server: "haproxy",
      where: "/etc/haproxy/haproxy.cfg",
      config: null,
      test: "staged",
      reload: "not at all",
    },
    obstacle: "it has no master process",
  });
  const both = planReload(makeFacts([stuck, makeServer()]));
  expect(both.leftOut).toEqual([
    "web1: haproxy (/etc/haproxy/haproxy.cfg) cannot be reloaded: it has no master process",
  ]);
  expect(both.hosts[0]?.servers.map(({ service }) => service.server)).toEqual(["nginx"]);
});

test("what would be served and may not be meant has to be acknowledged: expired, not valid yet, of another issuer, for other names", () => {
  const then = (more: Partial<Held>) =>
    unsettled(
      makeFacts([
        makeServer({
          held: new Map([
            [OLD, makeHeld(OLD)],
            [NEW, makeHeld(NEW, more)],
          ]),
        }),
      ]),
    ).slice(1);
  const said = (phrase: string) => [
    `acknowledge certificate: nginx (${ROOT}): CN=shop.example would be served: ${phrase}`,
  ];
  expect(then({})).toEqual([]);
  expect(then({ notAfter: "2026-05-31T00:00:00Z" })).toEqual(said("it expired at 2026-05-31T00:00:00Z"));
  expect(then({ notBefore: "2026-06-02T00:00:00Z" })).toEqual(
    said("it is not valid before 2026-06-02T00:00:00Z"),
  );
  expect(then({ issuer: "CN=Evil" })).toEqual(
    said("it is by CN=Evil, and the one that is served by CN=Corp CA"),
  );
  expect(then({ names: ["DNS:other.example"] })).toEqual(
    said("it is not for shop.example, and the one that is served is"),
  );
  expect(then({ names: ["DNS:*.example"] })).toEqual([]);
});

test("a configuration that changed since the host was read, a restart, and a server that nothing shows have to be acknowledged", () => {
  const [, changed] = unsettled(makeFacts([makeServer()], {}, ["/etc/nginx/site"]));
  expect(changed).toMatch(/^acknowledge changed-configuration: \/etc\/nginx\/site changed since/);
  const slow = makeServer();
  const restarted = {
    ...slow,
    service: { ...slow.service, reload: "systemctl restart, which ends its connections" },
  };
  expect(unsettled(makeFacts([restarted]))[1]).toMatch(/^acknowledge restart/);
  expect(unsettled(makeFacts([makeServer({ endpoints: [] })]))[1]).toMatch(/^acknowledge unverified/);
});

test("a server that could not be tested, one whose certificates alone were tried, and one whose configuration would not load as it was read have to be acknowledged, and none of them is called tested", () => {
  const untested = makeServer({ test: { kind: "nothing", said: "no second one can be started here" } });
  expect(unsettled(makeFacts([untested])).slice(1)).toEqual([
    `acknowledge untested: nginx (${ROOT}): it could not be tested: no second one can be started here`,
  ]);
  expect(planReload(makeFacts([untested])).hosts[0]?.servers[0]?.tested).toBe("nothing");
  const alone = makeServer({ test: { kind: "certificates", said: "doveconf is not here" } });
  expect(unsettled(makeFacts([alone])).slice(1)).toEqual([
    `acknowledge configuration-untested: nginx (${ROOT}): its certificates were tried, and they alone: its configuration could not be tested: doveconf is not here`,
  ]);
  expect(planReload(makeFacts([alone])).hosts[0]?.servers[0]?.tested).toBe("certificates");
  const checked = makeServer({ service: { ...makeServer().service, server: "postgresql" } });
  const { checks, hosts } = planReload(makeFacts([checked]));
  expect(hosts[0]?.servers[0]?.tested).toBe("configuration");
  expect(checks.find(({ id }) => id === "server-test")).toMatchObject({
    state: "ok",
    text: expect.stringContaining("pg_hba.conf is not tested"),
  });
  const broken = makeServer({ problems: ["/etc/ssl/mail.key is not there"] });
  expect(unsettled(makeFacts([broken])).slice(1)).toEqual([
    `acknowledge broken-configuration: nginx (${ROOT}): as it was last read, a reload may fail or end its TLS: /etc/ssl/mail.key is not there`,
  ]);
});

test("a host without a pinned key, or that is not logged in to as root, is left as it is", () => {
  for (const host of [{ hostKey: null }, { login: { ...ROOT_LOGIN, isRoot: false } }]) {
    const plan = planReload(makeFacts([makeServer()], host));
    expect(plan.hosts).toEqual([]);
    expect(plan.leftOut).toHaveLength(1);
  }
});

test("an imported plan is refused where its files hold another certificate by now, or where it was edited", () => {
  const plan = planReload(makeFacts([makeServer()]));
  expect(reviewReload(plan, makeFacts([makeServer()]))).toMatchObject({ kind: "reload" });
  const renewed = makeServer({ files: [{ path: "/tls/shop.pem", leaf: OTHER as never }] });
  expect(reviewReload(plan, makeFacts([renewed]))).toMatchObject({
    refused: expect.stringContaining("web1 is not as"),
  });
  const edited = structuredClone(plan);
  const [server] = edited.hosts[0]?.servers ?? [];
  if (server) server.service.reload = "rm -rf /";
  expect(reviewReload(edited, makeFacts([makeServer()]))).toHaveProperty("refused");
});

const find = (request: object, known: { state: "not-reloaded" | "agrees"; host: number }[] = []) => {
  const serving = known.map(({ state, host }) => ({ state, host, server: "nginx", root: ROOT }));
  return findServers(ReloadRequest.parse({ kind: "reload", ...request }), {
    hostAt: (host) => (host === "web1" ? 1 : null),
    nameOf: (id) => `web${id}`,
    configurationsOf: () => [
      makeConfiguration(),
      makeConfiguration({ server: "sshd", root: "/etc/ssh/sshd_config" }),
    ],
    serversAt: () => serving,
    serversPresenting: () => serving,
  });
};

test("servers are named by themselves, by where they serve or by what they still serve, and each is reloaded once", () => {
  const nginx = { host: 1, servers: [{ server: "nginx", config: ROOT }] };
  const at = { host: "shop.example", port: 443 };
  const servers = [{ server: "nginx", host: "web1" }];
  expect(find({ servers }).targets).toEqual([nginx]);
  const stale = [{ certificate: OLD }];
  expect(find({ servers, endpoints: [at], stale }, [{ state: "not-reloaded", host: 1 }]).targets).toEqual([
    nginx,
  ]);
  const both = find({ endpoints: [at] }, [
    { state: "agrees", host: 2 },
    { state: "not-reloaded", host: 1 },
  ]);
  expect(both.targets).toEqual([nginx]);
  expect(both.said[0]?.text).toBe("shop.example:443 is served by nginx on web1");
});

test("what is not known is refused with what to do, and sshd is no server that is reloaded so", () => {
  expect(() => find({ servers: [{ server: "haproxy", host: "web1" }] })).toThrow(
    "no configuration of haproxy was read on web1; it has nginx; scan web1 (--ssh)",
  );
  expect(() => find({ servers: [{ server: "nginx", host: "web9" }] })).toThrow("web9 is not a known host");
  expect(() => find({ endpoints: [{ host: "shop.example", port: 443 }] })).toThrow(
    "which server of which host serves shop.example:443 is not known",
  );
  expect(() => find({})).toThrow("name servers");
});
