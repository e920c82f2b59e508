import { expect, test } from "vitest";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { planRenewal } from "#domain/runs/renewal/plan-renewal.ts";
import type { DeploymentFacts, RenewalFacts } from "#domain/runs/renewal/renewal-facts.ts";
import { requestOfChange, reviewRenewal } from "#domain/runs/renewal/review-renewal.ts";
import { SAME_TRUST } from "#domain/runs/testdata/make-change.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { type ChallengeMethod, Issuer } from "#shared/model/issuers/issuer.ts";
import { RenewalOptions } from "#shared/model/runs/plan-options.ts";

const AT = "2026-06-01T00:00:00Z";

const acme = (id: number, challenge: ChallengeMethod | null) =>
  Issuer.parse({
    kind: "acme",
    id,
    name: `acme${id}`,
    createdAt: AT,
    directory: "https://ca.example/dir",
    challenge,
    account: null,
    contacts: [],
    agreesToTerms: true,
    eabKeyId: null,
    profile: null,
    hasRoots: false,
  });

const makePair = (sha: string, issuer: Issuer, more: Partial<DeploymentFacts> = {}): DeploymentFacts => ({
  sha256: sha.repeat(64),
  subject: `CN=${sha}`,
  names: ["DNS:a.example"],
  purposes: null,
  notAfter: AT,
  keyType: "EC",
  keyBits: null,
  curve: "P-256",
  hostsInCommon: 1,
  whyNoIssuer: "",
  issuer,
  challenge: null,
  whyNoChallenge: "",
  trust: SAME_TRUST,
  obstacle: null,
  wonders: [],
  failing: [],
  settings: [],
  files: (["key", "chain"] as const).map((holds) => ({
    path: `/${sha}/${holds}`,
    real: `/${sha}/${holds}`,
    holds,
    refusal: null,
    managed: null,
    heldBy: null,
    stat: { owner: "root", uid: 0, gid: 0, mode: "0600", before: "b".repeat(64), sizeBytes: 9 },
  })),
  services: [{ server: "nginx", where: "/etc/nginx/site:3", config: null, test: "staged", reload: "HUP" }],
  verificationEndpoints: [],
  ...more,
});

const HOST = {
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
} as HostFacts;

const makeFacts = (pairs: DeploymentFacts[]): RenewalFacts => ({
  now: AT,
  options: RenewalOptions.parse({}),
  vault: "open",
  leftOut: [],
  said: [],
  request: RenewalRequest.parse({ kind: "rotate-certificate" }),
  hosts: [{ host: HOST, scanned: { at: AT, changed: [] }, deployments: pairs }],
});

const HOOK = { kind: "dns-hook", program: "/home/jo/repo/.hook" } as const;

test("a plan from elsewhere never says which program this computer runs", () => {
  const bare = makeFacts([makePair("a", acme(1, null), { challenge: HOOK })]);
  const plan = planRenewal(bare);
  expect(plan.checks.find(({ id }) => id === "hook")).toMatchObject({
    state: "acknowledge",
    text: "CN=a: this computer runs /home/jo/repo/.hook to show that its names are yours",
  });
  expect(reviewRenewal(plan, bare)).toEqual({
    refused: expect.stringContaining(
      "by DNS, by the program /home/jo/repo/.hook, which the issuer acme1 is not set to",
    ),
  });
  const set = makeFacts([makePair("a", acme(1, HOOK), { challenge: HOOK })]);
  expect(reviewRenewal(plan, set)).toMatchObject({ kind: "rotate-certificate" });
  expect(planRenewal(set).checks.map(({ id }) => id)).not.toContain("hook");
});

test("a plan of several issuers and several ways is what each of its changes was wished to be", () => {
  const webroot = (path: string) => ({ kind: "webroot", path, of: "site" }) as const;
  const facts = makeFacts([
    makePair("a", acme(1, null), { challenge: webroot("/a") }),
    makePair("b", acme(2, null), { challenge: webroot("/b") }),
  ]);
  const plan = planRenewal(facts);
  const requests = plan.hosts.flatMap(({ certificates = [] }) => certificates.map(requestOfChange));
  expect(requests).toMatchObject([
    { issuer: "acme1", challenge: webroot("/a"), certificates: ["a".repeat(64)] },
    { issuer: "acme2", challenge: webroot("/b"), certificates: ["b".repeat(64)] },
  ]);
  expect(reviewRenewal(plan, facts)).toEqual(plan);
});

test("what nobody could have wished is no request: a command of several lines", () => {
  const [change] = planRenewal(makeFacts([makePair("a", acme(1, HOOK), { challenge: HOOK })])).hosts.flatMap(
    ({ certificates = [] }) => certificates,
  );
  if (!change) throw new Error("one certificate is renewed");
  const described = (reload: string) => ({
    ...change,
    services: change.services.map((one) => ({ ...one, described: { test: null, reload } })),
  });
  expect(requestOfChange(described("reload it"))).toMatchObject({ described: { reload: "reload it" } });
  expect(requestOfChange(described("reload it\nand more"))).toBeNull();
});
