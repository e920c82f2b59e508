import { expect, test } from "vitest";
import type { HostMap } from "#domain/deployment-status/host-map.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { chooseIssuer } from "#domain/runs/renewal/choose-issuer.ts";
import { findDeployments } from "#domain/runs/renewal/deployments.ts";
import { planRenewal } from "#domain/runs/renewal/plan-renewal.ts";
import type { DeploymentFacts, RenewalFacts } from "#domain/runs/renewal/renewal-facts.ts";
import { requestOfChange, reviewRenewal } from "#domain/runs/renewal/review-renewal.ts";
import { chooseEndpoints } from "#domain/runs/renewal/verification-endpoints.ts";
import { SAME_TRUST } from "#domain/runs/testdata/make-change.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { Issuer } from "#shared/model/issuers/issuer.ts";
import { RenewalOptions } from "#shared/model/runs/plan-options.ts";

const OLD = "a".repeat(64);
const HASH = "b".repeat(64);
const AT = "2026-06-01T00:00:00Z";

const csr = (id: number, name: string) => Issuer.parse({ kind: "csr", id, name, createdAt: AT, note: "" });

const named = (path: string, line: number) => ({
  path,
  directive: "",
  at: { file: "/etc/nginx/site", line },
});

const serving = (more: object) => ({
  listens: [{ address: null, port: 443, isDefault: true }],
  names: ["a.example"],
  protocol: "tls",
  namesFromCertificate: false,
  chain: null,
  unsure: null,
  at: { file: "/etc/nginx/site", line: 1 },
  deployments: [{ certificate: named("/tls/live.pem", 3), key: named("/tls/live.key", 4) }],
  ...more,
});

const mapOf = (...configurations: { server: string; root: string; bindings: object[] }[]): HostMap =>
  ({ configurations, files: [{ path: "/tls/live.pem", realPath: "/tls/1.pem" }], listeners: null }) as never;

test("a certificate that two servers read by two paths is one pair with both of them", () => {
  const other = { certificate: named("/tls/1.pem", 9), key: named("/tls/live.key", 10) };
  const map = mapOf(
    { server: "nginx", root: "/etc/nginx/nginx.conf", bindings: [serving({})] },
    {
      server: "mysql",
      root: "/etc/my.cnf",
      bindings: [serving({ deployments: [other], protocol: "mysql" })],
    },
  );
  const [pair, ...others] = findDeployments(map, ["/tls/live.pem"]);
  expect(others).toEqual([]);
  expect(pair?.files).toEqual([
    { path: "/tls/live.key", real: "/tls/live.key", holds: "key" },
    { path: "/tls/live.pem", real: "/tls/1.pem", holds: "chain" },
  ]);
  expect(pair?.uses.map(({ server, where }) => `${server} ${where}`)).toEqual([
    "nginx /etc/nginx/site:3",
    "mariadb /etc/nginx/site:9",
  ]);
});

test("key and certificate in one file are one file, and a chain of its own is the third", () => {
  const path = "/tls/live.pem";
  const both = serving({ deployments: [{ certificate: named(path, 3), key: named(path, 3) }] });
  const chained = serving({ chain: named("/tls/chain.pem", 5) });
  const holds = (one: object) =>
    findDeployments(mapOf({ server: "apache", root: "/etc/apache2", bindings: [one] }), [path])[0]?.files.map(
      (file) => file.holds,
    );
  expect(holds(both)).toEqual(["key+chain"]);
  expect(holds(chained)).toEqual(["key", "leaf", "intermediates"]);
});

test("a pattern is asked for by a name that it is for, and every address by the host's own", () => {
  const use = { server: "nginx", root: "", where: "", protocol: "tls", unsure: null, tls: null } as const;
  const points = (names: string[], address: string | null, isDefault = false) =>
    chooseEndpoints([{ ...use, names, listens: [{ address, port: 443, isDefault }] }], {
      host: "web1",
      names: ["*.shop.example", "www.shop.example"],
    }).endpoints.map(({ address, serverName }) => `${address} ${serverName}`);
  expect(points(["*.shop.example"], "0.0.0.0")).toEqual(["web1 www.shop.example"]);
  expect(points(["*.other.example"], "10.0.0.1")).toEqual(["10.0.0.1 latchkey.other.example"]);
  expect(points(["~^www\\d+"], null)).toEqual(["web1 www.shop.example"]);
  expect(points([], "::", true)).toEqual(["web1 www.shop.example", "web1 null"]);
});

test("a listener that only its host reaches is looked at from there, but on this computer's own addresses", () => {
  const use = {
    server: "nginx",
    root: "",
    where: "/etc/nginx/site:3",
    protocol: "tls",
    unsure: null,
    tls: null,
  } as const;
  const choose = (host: string, address: string) =>
    chooseEndpoints([{ ...use, names: ["a.example"], listens: [{ address, port: 443, isDefault: false }] }], {
      host,
      names: ["a.example"],
    }).endpoints.map(({ from }) => from);
  for (const address of ["127.0.0.1", "::1", "fe80::1"]) expect(choose("web1", address)).toEqual(["host"]);
  expect(choose("127.0.30.1", "127.0.30.1")).toEqual(["here"]);
  expect(choose("web1", "10.0.0.1")).toEqual(["here"]);
});

test("who renews is who was named, or whom a label names, or who did so before", () => {
  const issuers = [csr(1, "Portal"), csr(2, "other")];
  const choose = (wished: string | null, tags: string[] = [], before: number | null = null) => {
    const chosen = chooseIssuer({ issuers, wished, tags, before });
    return chosen.issuer?.name ?? chosen.why;
  };
  expect(choose("portal", ["issuer.other"])).toBe("Portal");
  expect(choose(null, ["blue", "issuer.other"], 1)).toBe("other");
  expect(choose(null, [], 1)).toBe("Portal");
  expect(choose(null)).toMatch(/^nobody is known to renew it/);
  expect(choose("csr")).toMatch(/^2 issuers are meant by csr/);
  expect(choose("acme:https://ca.example/dir")).toMatch(/^there is no issuer acme:https/);
});

const makePair = (more: Partial<DeploymentFacts> = {}): DeploymentFacts => ({
  sha256: OLD,
  subject: "CN=a.example",
  names: ["DNS:a.example", "IP:10.0.0.1"],
  purposes: null,
  notAfter: AT,
  keyType: "RSA",
  keyBits: 2_048,
  curve: null,
  hostsInCommon: 1,
  whyNoIssuer: "",
  issuer: csr(1, "portal"),
  challenge: null,
  whyNoChallenge: "",
  trust: SAME_TRUST,
  obstacle: null,
  wonders: [],
  failing: [],
  settings: [],
  files: (["key", "chain"] as const).map((holds) => ({
    path: `/tls/${holds}`,
    real: `/tls/${holds}`,
    holds,
    refusal: null,
    managed: null,
    heldBy: null,
    stat: { owner: "root", uid: 0, gid: 0, mode: "0600", before: HASH, sizeBytes: 9 },
  })),
  services: [{ server: "nginx", where: "/etc/nginx/site:3", config: null, test: "staged", reload: "HUP" }],
  verificationEndpoints: [
    {
      address: "web1",
      port: 443,
      serverName: "a.example",
      startTls: null,
      before: OLD as never,
      from: "here",
      unreadable: null,
      isOthers: false,
    },
  ],
  ...more,
});

const HOST: HostFacts = {
  host: "web1",
  port: 22,
  user: "root",
  useSudo: false,
  hostKey: "SHA256:pinned",
  labels: [],
  jumpFor: 0,
  unreadable: null,
  asOf: null,
  bundleStanding: null,
  os: null,
  clockOffset: 0,
  logs: null,
  addresses: [],
  logins: [],
  rollbackTimers: ["sleep"],
  accounts: [],
  files: [],
  login: { account: "root", isRoot: true, key: null, certificate: null, from: null },
  unreadableKeys: [],
  privateKeyLocations: [],
  daemon: null,
  disabling: null,
};

const makeFacts = (
  pairs: DeploymentFacts[],
  host: Partial<HostFacts> = {},
  more: object = {},
): RenewalFacts => ({
  now: AT,
  options: RenewalOptions.parse({}),
  vault: "absent",
  leftOut: [],
  said: [],
  request: RenewalRequest.parse({ kind: "rotate-certificate", ...more }),
  hosts: [{ host: { ...HOST, ...host }, scanned: { at: AT, changed: [] }, deployments: pairs }],
});

test("a certificate is asked for anew with its names, by a key of its kind, and verified where it is served", () => {
  const { hosts, checks, leftOut, title } = planRenewal(makeFacts([makePair()]));
  expect(title).toBe("Renew CN=a.example on 1 host");
  expect(leftOut).toEqual([]);
  expect(checks.filter(({ state }) => state !== "ok")).toEqual([]);
  expect(hosts[0]?.certificates).toMatchObject([
    {
      names: ["a.example", "10.0.0.1"],
      key: { kind: "rsa-2048", made: "there" },
      verificationEndpoints: [{ from: "here" }],
    },
  ]);
});

test.each([
  [{ issuer: null, whyNoIssuer: "nobody is known to renew it" }, "nobody is known to renew it"],
  [{ obstacle: "where its private key is is not said by the configuration" }, "where its private key is"],
  [{ names: ["email:a@b.example"] }, "it has no names that a new one could be asked for with"],
])("what cannot be renewed is left as it is, and the plan says why: %o", (more, why) => {
  const { hosts, leftOut, checks } = planRenewal(makeFacts([makePair(more)]));
  expect(hosts).toEqual([]);
  expect(leftOut).toEqual([expect.stringContaining(`web1: `)]);
  expect(leftOut[0]).toContain(why);
  expect(checks).toMatchObject([{ state: "refused", id: "nothing-to-do" }]);
});

test("a file that another program renews, or that cannot be replaced, is left to whoever does", () => {
  const [key, chain] = makePair().files;
  if (!key || !chain) throw new Error("a pair has two files");
  const managed = { ...chain, managed: { by: "certbot", command: "certbot renew" } };
  const linked = { ...key, refusal: "/tls/key has more than one name" };
  const why = (file: typeof key) => planRenewal(makeFacts([makePair({ files: [key, file] })])).leftOut[0];
  expect(why(managed)).toContain("/tls/chain is renewed by certbot (certbot renew)");
  expect(why(linked)).toContain("/tls/key has more than one name");
});

test("what nobody can see served needs a consent, and so does a host that is not changed", () => {
  const silent = {
    ...makePair().verificationEndpoints[0],
    before: null,
    unreadable: "nobody listens",
  } as DeploymentFacts["verificationEndpoints"][0];
  const { checks } = planRenewal(makeFacts([makePair({ verificationEndpoints: [silent] })]));
  expect(checks.map(({ state, id }) => `${state} ${id}`)).toEqual([
    "acknowledge unverified",
    "warning unseen",
    "ok trust",
    "ok scanned",
    "ok rollback-timer",
  ]);
  const notRoot = planRenewal(makeFacts([makePair()], { login: { ...HOST.login, isRoot: false } }));
  expect(notRoot.checks.map(({ state, id }) => `${state} ${id}`)).toEqual([
    "refused nothing-to-do",
    "acknowledge root",
  ]);
});

test("how challenges are answered is refused where nobody asks any, and said where some do not", () => {
  const challenge = { kind: "webroot", path: "/srv", of: "site" } as const;
  const acme = Issuer.parse({
    kind: "acme",
    id: 2,
    name: "ca",
    createdAt: AT,
    directory: "https://ca.example/dir",
    challenge: null,
    account: null,
    contacts: [],
    agreesToTerms: true,
    eabKeyId: null,
    profile: null,
    hasRoots: false,
  });
  const say = (...pairs: DeploymentFacts[]) =>
    planRenewal(makeFacts(pairs, {}, { challenge }))
      .checks.filter(({ id }) => id === "challenge")
      .map(({ state, text }) => `${state}: ${text}`);
  expect(say(makePair())).toEqual([
    "refused: portal: no ACME directory, and asks for no challenge; leave --challenge out",
  ]);
  const other = makePair({ sha256: "c".repeat(64), issuer: acme, challenge });
  expect(say(makePair(), other)).toEqual([
    "warning: --challenge is not used for what is had of portal, which asks for none",
  ]);
  expect(say(other)).toEqual([]);
});

test("an address that nobody reaches is said once for all of its names, and the others verify it", () => {
  const [seen] = makePair().verificationEndpoints;
  if (!seen) throw new Error("it is verified at one place");
  const unseen = ["a.example", "b.example", null].map((serverName) => ({
    ...seen,
    address: "2001:db8::1",
    serverName,
    before: null,
    unreadable: "there is no way to it",
  }));
  const { checks, hosts } = planRenewal(
    makeFacts([
      makePair({ verificationEndpoints: [{ ...seen, addresses: ["192.0.2.1", "192.0.2.2"] }, ...unseen] }),
    ]),
  );
  expect(checks.filter(({ id }) => id === "unseen").map(({ text }) => text)).toEqual([
    "CN=a.example: what is served at [2001:db8::1]:443/a.example (and by 2 other names) cannot be seen: there is no way to it",
  ]);
  expect(checks.find(({ id }) => id === "verification")?.text).toContain("verified at 2 addresses");
  expect(hosts[0]?.certificates?.[0]?.verificationEndpoints).toMatchObject([
    { addresses: ["192.0.2.1", "192.0.2.2"] },
  ]);
});

test("a plan from elsewhere is planned once more, and is refused where that comes to something else", () => {
  const facts = makeFacts([makePair()]);
  const plan = planRenewal(facts);
  expect(plan.hosts.flatMap(({ certificates = [] }) => certificates.map(requestOfChange))).toMatchObject([
    { certificates: [OLD], issuer: "portal", keyKind: "rsa-2048" },
  ]);
  expect(reviewRenewal(plan, facts)).toEqual(plan);
  const other = makePair();
  const moved = makeFacts([
    { ...other, files: other.files.map((file) => ({ ...file, real: "/elsewhere" })) },
  ]);
  expect(reviewRenewal(plan, moved)).toEqual({
    refused: expect.stringMatching(/^web1 is not as the plan has it/),
  });
});

test("what a new certificate may be less than the old one needs a consent, and what can be asked for is asked for", () => {
  const [server, client, mail] = ["1", "2", "4"].map((last) => `1.3.6.1.5.5.7.3.${last}`);
  const planned = (more: Partial<DeploymentFacts>) => {
    const { checks, hosts } = planRenewal(makeFacts([makePair(more)]));
    const { forClients, narrower } = hosts[0]?.certificates?.[0] ?? {};
    return { forClients, narrower, said: checks.find(({ id }) => id === "narrower")?.text };
  };
  const ofOwn = { sha256: OLD, subject: "CN=own", notAfter: AT };
  const own = Issuer.parse({
    kind: "local",
    id: 3,
    name: "own",
    createdAt: AT,
    permitted: ["a.example"],
    daysValid: 90,
    root: ofOwn,
    intermediate: ofOwn,
    issued: 0,
    revoked: 0,
  });
  const purposes = [server, client].flatMap((oid) => oid ?? []);
  expect(planned({ purposes, issuer: own })).toEqual({ forClients: true });
  expect(planned({ purposes })).toEqual({
    forClients: true,
    narrower: ["purpose-narrower"],
    said: "CN=a.example: the new one may not be for TLS clients, which its issuer decides",
  });
  const names = ["DNS:a.example", "DNS:10.0.0.5", "email:a@b.example"];
  expect(planned({ names, purposes: [mail ?? ""], issuer: own })).toEqual({
    narrower: ["names-fewer", "purpose-narrower"],
    said: "CN=a.example: the new one is not for DNS:10.0.0.5, email:a@b.example, which cannot be asked for; it may not be for mail, which its issuer decides",
  });
});
