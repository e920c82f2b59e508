import { expect, test } from "vitest";
import type { Configuration, Deployment, TlsBinding } from "#domain/server-configs/configuration.ts";
import { evaluateServed } from "./evaluate-served.ts";
import type { FileProblem } from "./file-problems.ts";
import { chosenNames, type Files, type Held, type HostMap, indexMap, type Sight } from "./host-map.ts";

const at = (line: number) => ({ file: "/etc/nginx/nginx.conf", line });

const pair = (name: string) => ({
  certificate: { path: `/srv/${name}.pem`, directive: "ssl_certificate", at: at(3) },
  key: { path: `/srv/${name}.key`, directive: "ssl_certificate_key", at: at(4) },
});

const serving = (name: string, more: Partial<TlsBinding> = {}): TlsBinding => ({
  listens: [{ address: null, port: 443, isDefault: name === "shop" }],
  names: [name],
  namesFromCertificate: false,
  protocol: "tls",
  deployments: [pair(name)],
  chain: null,
  unsure: null,
  at: at(1),
  ...more,
});

const nginx = (more: Partial<Configuration> = {}): Configuration => ({
  server: "nginx",
  root: "/etc/nginx/nginx.conf",
  bindings: [serving("shop"), serving("mail")],
  incomplete: null,
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

const held = (sha256: string, notBefore = "2026-05-01T00:00:00Z", name = sha256, keyType = "EC"): Held => ({
  sha256,
  notBefore,
  keyType,
  names: [`DNS:${name}`],
});

/** What shop.pem held before it was renewed. */
const OLD = held("old", "2026-02-01T00:00:00Z", "shop");
/** Every process that listens was started before the files were written. */
const older = (name = "nginx") => ({ listeners: listening(name, 900) });
const NOWHERE = "no file that was read on this host holds the certificate that is served";
const UNTIL = "at the scan of 2026-05-30";

/** Each file holds a certificate of its own name; `before`: until when, by path and certificate. */
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

/** Later than every time in the map. */
const NOW = 10_000;

const sight = (leaf: Held, name: string | null = "shop"): Sight => ({
  address: null,
  port: 443,
  name,
  leaf,
  probedAt: NOW,
  readAt: NOW,
});

const index = (known: HostMap, told: Files = files()) =>
  indexMap(known, (path) => chosenNames(told.heldNow(path)));

const judge = (
  known: HostMap,
  leaf: Held,
  { known: told = files(), name = "shop" as string | null } = {},
) => {
  const judged = evaluateServed(index(known, told), told, sight(leaf, name));
  return judged && [judged.state, ...judged.evidence];
};

test("what its file holds is served, by name and where no name fits", () => {
  expect(judge(map(), held("shop"))).toEqual(["agrees", "it is the first certificate in /srv/shop.pem"]);
  expect(judge(map(), held("mail"), { name: "mail" })?.[0]).toBe("agrees");
  expect(judge(map(), held("shop"), { name: null })?.[0]).toBe("agrees");
  expect(evaluateServed(index(map()), files(), { ...sight(held("shop")), port: 8_443 })).toBe(null);
});

test("one that an earlier scan saw in the file, which holds a later one for the same names now, was not reloaded", () => {
  const known = files({ "/srv/shop.pem old": UNTIL });
  expect(judge(map(older()), OLD, { known })).toEqual([
    "not-reloaded",
    `${UNTIL} /srv/shop.pem still held the certificate that is served`,
    "/srv/shop.pem was written at 1970-01-01T00:16:40Z, and no process that listens there has started since 1970-01-01T00:15:00Z",
  ]);
});

test("a process that has started since, a file that was rolled back and one for other names now are no renewal", () => {
  const known = files({ "/srv/shop.pem old": UNTIL });
  const before = `${UNTIL} /srv/shop.pem still held the certificate that is served`;
  const unsure =
    "/srv/shop.pem holds a later one now; whether the server has started or read it since is not known";
  expect(judge(map(), OLD, { known })).toEqual(["differs", before, unsure]);
  expect(judge(map({ listeners: null }), OLD, { known })).toEqual(["differs", before, unsure]);
  expect(judge(map(older()), held("old", "2026-06-01T00:00:00Z", "shop"), { known })).toEqual([
    "differs",
    before,
    "/srv/shop.pem holds one now that was issued earlier: it was rolled back",
  ]);
  expect(judge(map(older()), held("old", "2026-02-01T00:00:00Z", "former"), { known })).toEqual([
    "differs",
    before,
    "/srv/shop.pem holds one for other names now",
  ]);
});

test("of two for the same names that began at once it is not said that either was rolled back", () => {
  const known = files({ "/srv/shop.pem old": UNTIL });
  for (const notBefore of ["2026-05-01T00:00:00Z", null])
    expect(judge(map(older()), { ...held("old", "", "shop"), notBefore }, { known })?.at(-1)).toMatch(
      /^\/srv\/shop.pem holds another one .* now; which of the two was issued later is not known$/,
    );
});

test("of an earlier one for the same names that nobody saw in the file it is said what would explain it, and no more", () => {
  expect(judge(map(older()), OLD)).toEqual([
    "differs",
    "what is served is for the same names as what /srv/shop.pem holds, and was issued earlier",
    "/srv/shop.pem was written at 1970-01-01T00:16:40Z, and no process that listens there has started since 1970-01-01T00:15:00Z",
    "if it was in that file before, it was not reloaded since",
  ]);
  expect(judge(map(), OLD)?.slice(1)).toEqual([
    "what is served is for the same names as what /srv/shop.pem holds, and was issued earlier",
  ]);
});

test("a file that is gone, or holds no certificate, is no renewal, and nothing is called a mismatch", () => {
  const known = { ...files({ "/srv/shop.pem old": UNTIL }), heldNow: () => null };
  const problem = (kind: FileProblem["kind"]): FileProblem => ({
    kind,
    server: "nginx",
    root: "/etc/nginx/nginx.conf",
    certificate: "/srv/shop.pem",
    key: "/srv/shop.key",
  });
  const told = (kind: FileProblem["kind"]) =>
    judge(map({ ...older(), problems: [problem(kind)] }), OLD, { known });
  expect(told("gone")).toEqual(["unknown", "/srv/shop.pem is not there"]);
  expect(told("no-certificate")).toEqual(["unknown", "/srv/shop.pem holds no certificate that can be read"]);
});

test("where a serving has a certificate for each kind of key, a handshake tells of the one that answers it", () => {
  const twice = nginx({ bindings: [serving("shop", { deployments: [pair("ec"), pair("rsa")] })] });
  const known = (ec = "ec"): Files => ({
    ...files({ "/srv/ec.pem old": UNTIL, "/srv/rsa.pem old-rsa": UNTIL }),
    heldNow: (path) =>
      path === "/srv/ec.pem" ? held(ec, undefined, "shop") : held("rsa", undefined, "shop", "RSA"),
  });
  const at = { ...map({ configurations: [twice], ...older() }) };
  at.files = ["ec", "rsa"].map((name) => ({ path: `/srv/${name}.pem`, realPath: null, writtenAt: 1_000 }));
  const told = (leaf: Held, by = known()) => {
    const judged = evaluateServed(index(at, by), by, sight(leaf));
    return judged && [judged.state, ...judged.deployments.map(({ certificate }) => certificate.path)];
  };
  expect(told(held("ec", undefined, "shop"))).toEqual(["agrees", "/srv/ec.pem"]);
  expect(told(held("rsa", undefined, "shop", "RSA"))).toEqual(["agrees", "/srv/rsa.pem"]);
  expect(told(held("old-rsa", "2026-02-01T00:00:00Z", "shop", "RSA"))).toEqual([
    "not-reloaded",
    "/srv/rsa.pem",
  ]);
  expect(told(held("stranger", undefined, "shop", "RSA"))).toEqual(["differs", "/srv/rsa.pem"]);
});

test("one that is meant for another name, one in another file and one from nowhere are told apart", () => {
  expect(judge(map(), held("mail"))).toEqual([
    "other-listed",
    "it is what nginx is to serve for mail by /etc/nginx/nginx.conf:1, from /srv/mail.pem",
    "/srv/shop.pem holds another one",
  ]);
  const is = "the certificate that is served is in";
  for (const [known, said] of [
    [
      files({}, { stray: "/etc/stray.pem" }),
      `${is} /etc/stray.pem, which no configuration that was read serves`,
    ],
    [files({}, { stray: "/srv/shop.pem" }), `${is} /srv/shop.pem, behind the first certificate in it`],
    [files({ "/srv/former.pem stray": UNTIL }), `${NOWHERE}; ${UNTIL} /srv/former.pem still held it`],
  ] as const)
    expect(judge(map(), held("stray"), { known })?.[1]).toBe(said);
  expect(judge(map(), held("stranger"))).toEqual(["differs", NOWHERE, "/srv/shop.pem holds another one"]);
});

test("where another program listens, that is the reason; systemd only keeps the socket", () => {
  expect(judge(map({ listeners: listening("haproxy", 2_000) }), held("stranger"))).toEqual([
    "other-process",
    "haproxy listens there, and not nginx",
  ]);
  expect(judge(map({ listeners: listening("systemd", 2_000) }), held("stranger"))?.[0]).toBe("differs");
});

test("of two servers that are set up for a port the one that listens is asked, and else nothing is claimed", () => {
  const apache = nginx({ server: "apache", root: "/etc/apache2/apache2.conf", bindings: [serving("mail")] });
  const configurations = [apache, nginx()];
  expect(judge(map({ configurations }), held("mail"))?.[0]).toBe("other-listed");
  expect(judge(map({ configurations, listeners: null }), held("stranger"))).toEqual([
    "unknown",
    "more than one server is set up for this port, and it is not known which of them listens",
  ]);
});

test("a configuration that the process which listens was not started with is no rival of the one that it was", () => {
  const other = nginx({ root: "/srv/other/nginx.conf" });
  const startedWith = { server: "nginx" as const, root: "/etc/nginx/nginx.conf" };
  const process = { name: "nginx", startedAt: 2_000, startedWith };
  const listeners = [{ address: "0.0.0.0", port: 443, processes: [process] }];
  const configurations = [other, nginx()];
  expect(judge(map({ configurations, listeners }), held("stranger"))?.[0]).toBe("differs");
  expect(judge(map({ configurations: [other], listeners }), held("stranger"))).toBe(null);
});

test("where it is not known which address was reached, nothing is claimed unless all of them serve the same", () => {
  const listen = (address: string) => [{ address, port: 443, isDefault: true }];
  const two = (...addresses: string[]) =>
    map({
      configurations: [
        nginx({
          bindings: ["shop", "mail"].map((name, index) =>
            serving(name, { names: ["shop"], listens: listen(addresses[index] ?? "") }),
          ),
        }),
      ],
    });
  const where = "at which of its addresses port 443 was reached is not known";
  expect(judge(two("0.0.0.0", "::"), held("mail"))).toEqual(["unknown", where]);
  expect(judge(two("0.0.0.0", "192.0.2.9"), held("mail"))).toEqual(["unknown", where]);
  // Other machines cannot reach that address.
  expect(judge(two("0.0.0.0", "127.0.0.1"), held("shop"))?.[0]).toBe("agrees");
});

test("where what is to be served is not known, nothing is called a mismatch", () => {
  const claims = (configuration: Configuration) =>
    judge(map({ configurations: [configuration] }), held("stranger"))?.[0];
  expect(claims(nginx({ bindings: [serving("shop", { unsure: "a variable" })] }))).toBe("unknown");
  expect(claims(nginx({ bindings: [serving("shop", { deployments: [pair("unread")] })] }))).toBe("unknown");
  expect(claims(nginx({ bindings: [serving("shop", { deployments: [] })] }))).toBe("unknown");
  const open = nginx({ incomplete: { why: "an include was not read", onlyForNames: false } });
  expect(judge(map({ configurations: [open] }), held("stranger"), { name: "other" })?.[0]).toBe("unknown");
});

test("beside a file that is lost, which named its own names, what is served from another one is as configured", () => {
  const bindings = ["lost", "shop"].map((name) => serving(name, { names: [], namesFromCertificate: true }));
  const problem = {
    kind: "gone",
    server: "haproxy",
    certificate: "/srv/lost.pem",
    key: "/srv/lost.pem",
  } as const;
  const haproxy = (problems: FileProblem[]) =>
    map({
      configurations: [nginx({ server: "haproxy", bindings })],
      listeners: listening("haproxy", 2_000),
      problems,
    });
  const gone = haproxy([{ ...problem, root: "/etc/nginx/nginx.conf" }]);
  const unreadable = "a pattern or a certificate that was not read may fit the name";
  expect(judge(gone, held("shop"))?.[0]).toBe("agrees");
  // The lost file may have held a certificate for that name.
  expect(judge(gone, held("lost"))).toEqual(["unknown", unreadable]);
  const known = files({ "/srv/lost.pem lost": UNTIL });
  expect(judge(gone, held("lost"), { known })).toEqual([
    "unknown",
    `${UNTIL} /srv/lost.pem still held the certificate that is served`,
    "/srv/lost.pem is not there",
  ]);
  // A file that was not read may hold a certificate that HAProxy chooses first.
  expect(judge(haproxy([]), held("shop"))).toEqual(["unknown", unreadable]);
});

test("a second certificate for one kind of key, in one file with its key, leaves Postfix without TLS, so that nothing is as configured", () => {
  const mail = pair("mail");
  const both = (server: Configuration["server"], key: Deployment["key"]) =>
    map({
      configurations: [
        nginx({ server, bindings: [serving("shop", { deployments: [pair("shop"), { ...mail, key }] })] }),
      ],
      listeners: listening(server === "postfix" ? "master" : server, 2_000),
    });
  expect(judge(both("nginx", mail.certificate), held("mail"))?.[0]).toBe("agrees");
  // With a key file of its own it replaces the first.
  expect(judge(both("postfix", mail.key), held("mail"))?.[0]).toBe("agrees");
  expect(judge(both("postfix", mail.certificate), held("mail"))).toEqual([
    "unknown",
    "/srv/shop.pem and /srv/mail.pem are for keys of one kind (EC), and Postfix has no TLS where the second of them holds its key as well",
  ]);
});

test("a service of Postfix's that has no TLS without a name has none for any name", () => {
  const mail = { ...pair("mail"), key: pair("mail").certificate };
  const usual = serving("usual", {
    names: [],
    deployments: [pair("shop"), mail],
    listens: [{ address: null, port: 443, isDefault: true }],
  });
  const named = serving("mail", { listens: [{ address: null, port: 443, isDefault: false }] });
  const postfix = map({
    configurations: [nginx({ server: "postfix", bindings: [usual, named] })],
    listeners: listening("master", 2_000),
  });
  expect(judge(postfix, held("mail"), { name: "mail" })?.[0]).toBe("unknown");
});

test("what a command copies from a file is no renewal that was not reloaded, for a reload would not take it up", () => {
  const copiedBy = "postmap -F hash:/etc/postfix/sni";
  const copied = serving("shop", { deployments: [{ ...pair("shop"), copiedBy }] });
  const postfix = map({
    configurations: [nginx({ server: "postfix", bindings: [copied] })],
    ...older("master"),
  });
  expect(judge(postfix, OLD, { known: files({ "/srv/shop.pem old": UNTIL }) })).toEqual([
    "differs",
    `${UNTIL} /srv/shop.pem still held the certificate that is served`,
    `/srv/shop.pem holds another one now, which ${copiedBy} copies to where it is served from`,
  ]);
});

test("what HAProxy serves from another file that is served at the port is no renewal that was not reloaded", () => {
  const bindings = ["shop", "mail"].map((name) => serving(name, { names: [], namesFromCertificate: true }));
  const haproxy = map({
    configurations: [nginx({ server: "haproxy", bindings })],
    ...older("haproxy"),
  });
  const known: Files = {
    ...files({ "/srv/shop.pem old": UNTIL }),
    heldNow: (path) => (path === "/srv/shop.pem" ? held("shop") : OLD),
    holding: (sha256) => (sha256 === "old" ? ["/srv/mail.pem"] : []),
  };
  // Both have the name, and HAProxy takes the first certificate of each kind of key.
  expect(judge(haproxy, OLD, { known })?.[0]).toBe("other-listed");
  const mail = nginx({ server: "haproxy", bindings: [...bindings.slice(0, 1), serving("mail")] });
  expect(judge(map({ configurations: [mail], ...older("haproxy") }), OLD, { known })?.[0]).toBe(
    "other-listed",
  );
});

test("that a file is not there any more is said where an earlier scan has seen it, and else that it is not there", () => {
  const told = { ...files(), heldNow: () => null };
  const problem: FileProblem = {
    kind: "key-gone",
    server: "nginx",
    root: "/etc/nginx/nginx.conf",
    certificate: "/srv/shop.pem",
    key: "/srv/shop.key",
  };
  const say = (seen: string[]) => {
    const known = map({ problems: [problem, { ...problem, kind: "gone" }] });
    const at = indexMap(
      known,
      () => null,
      (path) => seen.includes(path),
    );
    return evaluateServed(at, told, sight(OLD))?.blocked;
  };
  expect(say([])).toEqual([
    "/srv/shop.key, the key of /srv/shop.pem, is not there",
    "/srv/shop.pem is not there",
  ]);
  expect(say(["/srv/shop.pem", "/srv/shop.key"])).toEqual([
    "/srv/shop.key, the key of /srv/shop.pem, is not there any more",
    "/srv/shop.pem is not there any more",
  ]);
});
