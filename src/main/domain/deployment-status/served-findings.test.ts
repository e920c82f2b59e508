import { expect, test } from "vitest";
import type { Configuration, Deployment } from "#domain/server-configs/configuration.ts";
import type { ServedVerdict } from "./evaluate-served.ts";
import type { Difference } from "./explain-difference.ts";
import { findServedProblems } from "./served-findings.ts";

const PATH = "/srv/shop.pem";
const nginx: Configuration = {
  server: "nginx",
  root: "/etc/nginx/nginx.conf",
  bindings: [],
  incomplete: null,
  alsoNamed: [],
  unknown: [],
};
const shop: Deployment = {
  certificate: { path: PATH, directive: "ssl_certificate", at: { file: "/etc/nginx/nginx.conf", line: 3 } },
  key: null,
};

const problems = (
  state: ServedVerdict["state"],
  difference: Difference | null,
  more: Partial<ServedVerdict> = {},
) =>
  findServedProblems(
    {
      configuration: nginx,
      bindings: [],
      deployments: [shop],
      evidence: [],
      blocked: [],
      concerns: [],
      state,
      difference,
      ...more,
    },
    { endpoint: "web1:443/shop", sha256: "0", subject: "CN=shop" },
  );

const remedy = (difference: Difference, more: Partial<ServedVerdict> = {}) =>
  problems("differs", difference, more)[0]?.remedy;

const RELOAD =
  "let nginx test its configuration first (nginx -t), which loads its certificates and keys as well; where that passes, have it reload (nginx -s reload)";

test("of one that was renewed and not reloaded it is said that the server is to be reloaded, once its own test has passed", () => {
  expect(problems("not-reloaded", null)).toMatchObject([
    {
      rule: "certificate-not-reloaded",
      severity: "high",
      sentence: `web1:443/shop still serves this certificate, though ${PATH} holds a later one: it was renewed, and nginx has not reloaded it`,
      evidence: [`ssl_certificate in /etc/nginx/nginx.conf:3`],
      remedy: `${RELOAD}. Have whatever renews the certificate do so each time. None of it was tried here`,
    },
  ]);
});

test("where a reload would serve what may not be meant, nobody is told to reload without having looked", () => {
  expect(remedy("rolled-back")).toBe(
    `if the later certificate is meant, which is still served, put it and its key back into ${PATH}. If the earlier one is, and it has not expired, ${RELOAD}`,
  );
  expect(remedy("replaced")).toMatch(/^find out which certificate is meant\. /);
  expect(remedy("other-names")).toMatch(
    /before anything reloads the server: it would serve the one in \/srv\/shop.pem then, which is for other names$/,
  );
  expect(remedy("renewed")).toBe(
    `scan the host and the endpoint once more. If the earlier one is served still, ${RELOAD}`,
  );
  expect(remedy("earlier")).toMatch(
    /^if \/srv\/shop.pem was not renewed since the server was started, find out /,
  );
  expect(remedy("elsewhere")).toMatch(/^find out where the server has it from: /);
  const copied = { ...shop, copiedBy: "postmap -F hash:/etc/postfix/sni" };
  expect(remedy("copied", { deployments: [copied] })).toBe(
    "have postmap -F hash:/etc/postfix/sni run, and scan the endpoint once more",
  );
});

test("of a certificate that is served instead of another one it is said how that came about", () => {
  const sentence = (difference: Difference | null) => problems("differs", difference)[0]?.sentence;
  const before = `web1:443/shop serves this certificate, though ${PATH}, which held it before, holds`;
  expect(sentence("rolled-back")).toBe(`${before} an earlier one: it was rolled back`);
  expect(sentence("renewed")).toBe(`${before} a later one`);
  expect(sentence("replaced")).toBe(`${before} another one`);
  expect(sentence("other-names")).toBe(`${before} one for other names`);
  expect(sentence("elsewhere")).toBe(
    `web1:443/shop serves this certificate, and not the one in ${PATH}, which its configuration names`,
  );
});

test("a server that could not reload is never told to, whatever the difference", () => {
  const blocked = ["/srv/mail.key, the key of /srv/mail.pem, is not there any more"];
  for (const difference of ["rolled-back", "replaced", "renewed", "earlier"] as const)
    expect(remedy(difference, { blocked })).toContain(
      `do not reload it yet, for it would fail or lose TLS: ${blocked[0]}`,
    );
  expect(problems("not-reloaded", null, { blocked })[0]?.remedy).toMatch(
    /^do not reload it yet, .* Put that right, and then let nginx test/,
  );
});

test("nobody is told to have a server take up a certificate that is not valid, or is of another issuer than the one that is served", () => {
  const concerns = [
    { kind: "not-yet-valid", from: "2026-07-01T00:00:00Z" },
    { kind: "expired", since: "2026-05-01T00:00:00Z" },
    { kind: "other-issuer", issuer: "CN=shop", served: "O=An authority", isOwn: true },
    { kind: "other-issuer", issuer: "O=Staging", served: "O=An authority", isOwn: false },
  ] as const;
  const LOOK = `check the certificate in ${PATH} first, for it would be served then`;
  for (const [index, said] of [
    "it is not valid before 2026-07-01T00:00:00Z",
    "it expired at 2026-05-01T00:00:00Z",
    "it names itself as its issuer (CN=shop), and the one that is served is by O=An authority",
    "it is by O=Staging, and the one that is served by O=An authority",
  ].entries()) {
    const [found] = problems("not-reloaded", null, { concerns: concerns.slice(index, index + 1) });
    expect(found?.sentence).toBe(
      `web1:443/shop still serves this certificate, though ${PATH} holds a later one, which nginx has not taken up`,
    );
    expect(found?.remedy).toBe(
      `before anything reloads nginx, ${LOOK}: ${said}. If it is not meant, put the right one and its key there. Nothing was tried here`,
    );
  }
  for (const difference of ["rolled-back", "replaced", "renewed", "earlier"] as const) {
    const said = remedy(difference, { concerns });
    expect(said).toContain(`before anything reloads nginx, ${LOOK}: it is not valid before 2026-07-01`);
    expect(said).not.toMatch(/have it reload|nginx -s/);
  }
  const [blocked] = problems("not-reloaded", null, { concerns, blocked: ["/srv/mail.pem is not there"] });
  expect(blocked?.remedy).toMatch(
    /^do not reload it yet, for .*: \/srv\/mail.pem is not there\. Put that right, and before anything reloads nginx, check /,
  );
  expect(blocked?.remedy).not.toMatch(/have it reload/);
});
