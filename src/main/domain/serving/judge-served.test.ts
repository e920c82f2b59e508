import { expect, test } from "vitest";
import type { Configuration, Serving } from "#domain/server-configs/configuration.ts";
import type { HostMap } from "./host-map.ts";
import { dnsNames, type Files, type Held, judgeServed, type Sight } from "./judge-served.ts";
import { indexMap } from "./map-index.ts";

const at = (line: number) => ({ file: "/etc/nginx/nginx.conf", line });

const pair = (name: string) => ({
  certificate: { path: `/srv/${name}.pem`, directive: "ssl_certificate", at: at(3) },
  key: { path: `/srv/${name}.key`, directive: "ssl_certificate_key", at: at(4) },
});

const serving = (name: string, more: Partial<Serving> = {}): Serving => ({
  listens: [{ address: null, port: 443, isDefault: name === "shop" }],
  names: [name],
  namesFromCertificate: false,
  protocol: "tls",
  pairs: [pair(name)],
  chain: null,
  unsure: null,
  at: at(1),
  ...more,
});

const nginx = (more: Partial<Configuration> = {}): Configuration => ({
  server: "nginx",
  root: "/etc/nginx/nginx.conf",
  servings: [serving("shop"), serving("mail")],
  mayLack: null,
  alsoNamed: [],
  unknown: [],
  ...more,
});

const listening = (name: string, startedAt: number) => [
  { address: "0.0.0.0", port: 443, processes: [{ name, startedAt }] },
];

const map = (more: Partial<HostMap> = {}): HostMap => ({
  configurations: [nginx()],
  files: ["shop", "mail"].map((name) => ({ path: `/srv/${name}.pem`, realPath: null, writtenAt: 1_000 })),
  listeners: listening("nginx", 2_000),
  ...more,
});

const held = (sha256: string, notBefore = "2026-05-01T00:00:00Z", name = sha256): Held => ({
  ...{ sha256, notBefore },
  names: [`DNS:${name}`],
});

/** Each file holds a certificate of its own name; what they held before is told by path and certificate. */
const files = (before: Record<string, string> = {}, elsewhere: Record<string, string> = {}): Files => ({
  heldNow: (path) => {
    const name = /^\/srv\/(shop|mail)\.pem$/.exec(path)?.[1];
    return name ? held(name) : null;
  },
  holding: (sha256) => ["shop", "mail"].filter((name) => name === sha256).map((name) => `/srv/${name}.pem`),
  heldUntil: (sha256) =>
    new Map(
      Object.entries(before).flatMap(([key, until]) => {
        const [path = "", held] = key.split(" ");
        return held === sha256 ? [[path, until] as const] : [];
      }),
    ),
  alsoIn: (sha256) => elsewhere[sha256] ?? null,
});

/** After all that the files of the map tell of. */
const NOW = 10_000;

const sight = (leaf: Held, name: string | null = "shop", askedAt = NOW): Sight => ({
  ...{ address: null, port: 443, name, leaf, askedAt },
});

const index = (known: HostMap, told: Files = files()) =>
  indexMap(known, (path) => dnsNames(told.heldNow(path)));

const judge = (
  known: HostMap,
  leaf: Held,
  { known: told = files(), name = "shop" as string | null, askedAt = NOW } = {},
) => {
  const judged = judgeServed(index(known, told), told, sight(leaf, name, askedAt));
  return judged && [judged.state, ...judged.evidence];
};

test("what its file holds is served, by name and where no name fits", () => {
  expect(judge(map(), held("shop"))).toEqual(["agrees", "it is the first certificate in /srv/shop.pem"]);
  expect(judge(map(), held("mail"), { name: "mail" })?.[0]).toBe("agrees");
  expect(judge(map(), held("shop"), { name: null })?.[0]).toBe("agrees");
  expect(judgeServed(index(map()), files(), { ...sight(held("shop")), port: 8_443 })).toBe(null);
});

test("one that an earlier scan saw in the file was renewed and not reloaded", () => {
  const known = files({ "/srv/shop.pem old": "until after the scan of 2026-05-30" });
  expect(judge(map(), held("old"), { known })).toEqual([
    "not-reloaded",
    "/srv/shop.pem held the certificate that is served until after the scan of 2026-05-30",
  ]);
});

test("an earlier one for the same names was not reloaded where all that listens is older than the file", () => {
  const early = held("old", "2026-02-01T00:00:00Z", "shop");
  const older = map({ listeners: listening("nginx", 900) });
  expect(judge(older, early)).toEqual([
    "not-reloaded",
    "what is served is for the same names as what /srv/shop.pem holds, and was issued earlier",
    "/srv/shop.pem was written at 1970-01-01T00:16:40Z, and no process that listens there has started since 1970-01-01T00:15:00Z",
  ]);
  // A process that is younger than the file has read it; one that is not seen may have.
  expect(judge(map(), early)?.[0]).toBe("unknown");
  expect(judge(map({ listeners: null }), early)?.[0]).toBe("unknown");
  expect(judge(older, held("old", "2026-06-01T00:00:00Z", "shop"))?.[0]).toBe("unknown");
  expect(judge(older, held("old", "2026-02-01T00:00:00Z", "another"))?.[0]).toBe("unknown");
});

test("of an endpoint that was last asked before its file was written nothing is claimed, unless no process can have read it", () => {
  const known = files({ "/srv/shop.pem old": "until after the scan of 2026-05-30" });
  expect(judge(map(), held("old"), { known, askedAt: 100 })).toEqual([
    "cannot-tell",
    "/srv/shop.pem was written at 1970-01-01T00:16:40Z, and the endpoint was last asked before that, at 1970-01-01T00:01:40Z: ask it again",
  ]);
  expect(judge(map(), held("stranger"), { askedAt: 100 })?.[0]).toBe("cannot-tell");
  expect(judge(map(), held("shop"), { askedAt: 100 })?.[0]).toBe("agrees");
  // The clocks of two machines do not agree to the minute.
  expect(judge(map(), held("old"), { known, askedAt: 900 })?.[0]).toBe("not-reloaded");
  const older = { listeners: listening("nginx", 900) };
  expect(judge(map(older), held("old"), { known, askedAt: 100 })?.[0]).toBe("not-reloaded");
  const postgresql = map({
    configurations: [nginx({ server: "postgresql" })],
    listeners: listening("postgres", 900),
  });
  expect(judge(postgresql, held("old"), { known, askedAt: 100 })?.[0]).toBe("cannot-tell");
});

test("one that is meant for another name, one in another file and one from nowhere are told apart", () => {
  expect(judge(map(), held("mail"))).toEqual([
    "other-listed",
    "it is what nginx is to serve for mail by /etc/nginx/nginx.conf:1, from /srv/mail.pem",
    "/srv/shop.pem holds another one",
  ]);
  expect(judge(map(), held("stray"), { known: files({}, { stray: "/etc/ssl/stray.pem" }) })?.[1]).toBe(
    "the certificate that is served is in /etc/ssl/stray.pem, which no configuration that was read serves",
  );
  expect(judge(map(), held("stranger"))).toEqual([
    "unknown",
    "no file that was read on this host holds the certificate that is served",
    "/srv/shop.pem holds another one",
  ]);
});

test("where another program listens, that is the reason; systemd only keeps the socket", () => {
  expect(judge(map({ listeners: listening("haproxy", 2_000) }), held("stranger"))).toEqual([
    "other-process",
    "haproxy listens there, and not nginx",
  ]);
  expect(judge(map({ listeners: listening("systemd", 2_000) }), held("stranger"))?.[0]).toBe("unknown");
});

test("of two servers that are set up for a port the one that listens is asked, and else nothing is claimed", () => {
  const apache = nginx({ server: "apache", root: "/etc/apache2/apache2.conf", servings: [serving("mail")] });
  const configurations = [apache, nginx()];
  expect(judge(map({ configurations }), held("mail"))?.[0]).toBe("other-listed");
  expect(judge(map({ configurations, listeners: null }), held("stranger"))).toEqual([
    "cannot-tell",
    "more than one server is set up for this port, and it is not known which of them listens",
  ]);
});

test("where what is to be served is not known, nothing is called a mismatch", () => {
  const claims = (configuration: Configuration) =>
    judge(map({ configurations: [configuration] }), held("stranger"))?.[0];
  expect(claims(nginx({ servings: [serving("shop", { unsure: "a variable" })] }))).toBe("cannot-tell");
  expect(claims(nginx({ servings: [serving("shop", { pairs: [pair("unread")] })] }))).toBe("cannot-tell");
  expect(claims(nginx({ servings: [serving("shop", { pairs: [] })] }))).toBe("cannot-tell");
  const open = nginx({ mayLack: { why: "an include was not read", onlyForNames: false } });
  expect(judge(map({ configurations: [open] }), held("stranger"), { name: "other" })?.[0]).toBe(
    "cannot-tell",
  );
});

test("what HAProxy was to serve by names that its file no longer has is renewed and not reloaded", () => {
  const servings = ["shop", "mail"].map((name) => serving(name, { names: [], namesFromCertificate: true }));
  const haproxy = map({
    configurations: [nginx({ server: "haproxy", servings })],
    listeners: listening("haproxy", 2_000),
  });
  const known = files({ "/srv/mail.pem old": "until after the scan of 2026-05-30" });
  expect(judge(haproxy, held("old", "2026-05-01T00:00:00Z", "former"), { known, name: "former" })).toEqual([
    "not-reloaded",
    "/srv/mail.pem held the certificate that is served until after the scan of 2026-05-30",
  ]);
});
