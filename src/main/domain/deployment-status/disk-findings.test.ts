import { expect, test } from "vitest";
import type { KeyFile, Keystore } from "#domain/collection/collection.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { makeCertificate } from "#store/testing/make-visit.ts";
import { findDiskProblems } from "./disk-findings.ts";
import { spkiHashOf } from "./file-problems.ts";

const entry = (path: string, mode = 0o600) =>
  ({ path, type: "file", mode, uid: 0, gid: 0, hasAcl: false }) as const;

const spki = (name: string) => new Uint8Array(Buffer.from(name));

const keyFile = (path: string, key: string | null): KeyFile => ({
  path,
  entry: entry(path),
  format: "pkcs8",
  isEncrypted: false,
  blob: null,
  lock: null,
  signature: null,
  blobBeside: null,
  whyNoKey: null,
  spki: key === null ? null : spki(key),
});

const file = (path: string, key: string, more = {}) => ({
  path,
  certificates: [makeCertificate(path, { spkiSha256: spkiHashOf(spki(key)) ?? "", ...more })],
});

const at = { file: "/etc/nginx/nginx.conf", line: 7 };

const nginx: Configuration = {
  server: "nginx",
  root: at.file,
  bindings: [
    {
      listens: [{ address: null, port: 443, isDefault: true }],
      names: [],
      namesFromCertificate: false,
      protocol: "tls",
      deployments: [
        {
          certificate: { path: "/etc/ssl/a.pem", directive: "ssl_certificate", at },
          key: { path: "/etc/ssl/a.key", directive: "ssl_certificate_key", at: { ...at, line: 8 } },
        },
      ],
      chain: null,
      unsure: null,
      at: { ...at, line: 1 },
    },
  ],
  incomplete: null,
  alsoNamed: [],
  unknown: [],
};

function find(
  collection: Parameters<typeof makeCollection>[0],
  { files = [file("/etc/ssl/a.pem", "a")], configurations = [nginx] } = {},
) {
  const found = findDiskProblems({ collection: makeCollection(collection), configurations, files });
  return found.map(({ rule, label }) => `${rule} ${label}`);
}

const membersOf = (
  collection: Parameters<typeof makeCollection>[0],
  { files = [file("/etc/ssl/a.pem", "a")], configurations = [nginx] } = {},
) =>
  findDiskProblems({ collection: makeCollection(collection), configurations, files }).map(
    ({ members }) => members,
  );

test("a key that is not the one of the certificate beside it is named, and one that is not known is not", () => {
  expect(find({ keyFiles: [keyFile("/etc/ssl/a.key", "a")] })).toEqual([]);
  expect(find({ keyFiles: [keyFile("/etc/ssl/a.key", null)] })).toEqual([]);
  const [found] = findDiskProblems({
    collection: makeCollection({ keyFiles: [keyFile("/etc/ssl/a.key", "b")] }),
    configurations: [nginx],
    files: [file("/etc/ssl/a.pem", "a")],
  });
  expect(found).toMatchObject({
    rule: "certificate-key-mismatch",
    about: { kind: "key-file", path: "/etc/ssl/a.key" },
    evidence: [
      "ssl_certificate in /etc/nginx/nginx.conf:7",
      "ssl_certificate_key in /etc/nginx/nginx.conf:8",
      expect.stringContaining("the certificate is for the key with SHA-256"),
    ],
  });
});

test("of files that a command copies to where their server reads them nothing keeps that server from anything", () => {
  const [serving] = nginx.bindings;
  if (!serving) throw new Error("it serves something");
  const deployments = serving.deployments.map((pair) => ({
    ...pair,
    copiedBy: "postmap -F hash:/etc/postfix/sni",
  }));
  const postfix = { ...nginx, server: "postfix" as const, bindings: [{ ...serving, deployments }] };
  const gone = ["/etc/ssl/a.pem", "/etc/ssl/a.key"].map((path) => ({
    kind: "certificate-file" as const,
    path,
    why: "no such file",
    isAbsent: true as const,
  }));
  expect(find({ unreadable: gone }, { files: [] })).toEqual(["certificate-file-gone /etc/ssl/a.pem"]);
  expect(find({ unreadable: gone }, { files: [], configurations: [postfix] })).toEqual([]);
});

test("a certificate whose key is provably not there is named; one that could not be read is not", () => {
  const unreadable = (why: string, more: { isAbsent?: true } = {}) => [
    { kind: "certificate-file" as const, path: "/etc/ssl/a.key", why, ...more },
  ];
  expect(find({ unreadable: unreadable("no such file", { isAbsent: true }) })).toEqual([
    "certificate-without-key CN=/etc/ssl/a.pem",
  ]);
  expect(find({ unreadable: unreadable("it may not be read without more rights") })).toEqual([]);
});

test("a named file that is gone, or holds no certificate, is told of; one that could not be read is not", () => {
  const path = "/etc/ssl/a.pem";
  const none = { files: [] };
  const unreadable = (why: string, more: { isAbsent?: true } = {}) => ({
    unreadable: [{ kind: "certificate-file" as const, path, why, ...more }],
  });
  expect(find(unreadable("no such file", { isAbsent: true }), none)).toEqual([
    `certificate-file-gone ${path}`,
  ]);
  const diskFiles = new Map([[path, { path, realPath: path, entry: entry(path), writtenAt: 1 }]]);
  expect(find({ diskFiles }, none)).toEqual([`certificate-file-unreadable ${path}`]);
  expect(find({ diskFiles, ...unreadable("it may not be read without more rights") }, none)).toEqual([]);
  expect(find({ diskFiles, incomplete: "the connection was lost" }, none)).toEqual([]);
  expect(find({}, none)).toEqual([]);
  const [found] = findDiskProblems({
    collection: makeCollection({ diskFiles }),
    configurations: [nginx],
    files: [],
  });
  expect(found).toMatchObject({
    severity: "high",
    about: { kind: "host" },
    sentence: expect.stringMatching(
      /^\/etc\/ssl\/a\.pem, which ssl_certificate in .* names, holds no certificate/,
    ),
    evidence: [path],
    members: [path],
    remedy: expect.stringContaining("before the server is reloaded"),
  });
});

test("of files of a second nginx it is said how that one tests its own configuration, and of both how each does", () => {
  const diskFiles = new Map([
    [
      "/etc/ssl/a.pem",
      { path: "/etc/ssl/a.pem", realPath: null, entry: entry("/etc/ssl/a.pem"), writtenAt: 1 },
    ],
  ]);
  const second = { ...nginx, root: "/srv/two/nginx.conf", isStarted: true };
  const remedyOf = (configurations: Configuration[]) =>
    findDiskProblems({ collection: makeCollection({ diskFiles }), configurations, files: [] })[0]?.remedy;
  expect(remedyOf([second])).toContain("(nginx -t -c /srv/two/nginx.conf, ");
  expect(remedyOf([second])).not.toContain("(nginx -t)");
  expect(remedyOf([nginx, second])).toMatch(
    /\(nginx -t\), .*, and let .*\(nginx -t -c \/srv\/two\/nginx.conf, /,
  );
  const keys = { keyFiles: [keyFile("/etc/ssl/a.key", "b")] };
  const [found] = findDiskProblems({
    collection: makeCollection(keys),
    configurations: [second],
    files: [file("/etc/ssl/a.pem", "a")],
  });
  expect(found?.remedy).toContain("(nginx -t -c /srv/two/nginx.conf, ");
});

test("a server's key that no certificate is for is named, unless a certificate could not be read", () => {
  const keyFiles = [
    keyFile("/etc/ssl/a.key", "a"),
    keyFile("/etc/ssl/old.key", "old"),
    keyFile("/root/.ssh/id", "own"),
  ];
  expect(find({ keyFiles })).toEqual(["tls-key-without-certificate /etc/ssl/old.key"]);
  const unreadable = [
    { kind: "certificate-file" as const, path: "/srv", why: "the folder may not be listed" },
  ];
  expect(find({ keyFiles, unreadable })).toEqual([]);
});

test("a certificate that no configuration names is told of only where all of them were read", () => {
  const files = [
    file("/etc/ssl/a.pem", "a"),
    file("/etc/ssl/forgotten.pem", "a"),
    file("/etc/ssl/authority.pem", "a", { isCa: true }),
  ];
  expect(find({}, { files })).toEqual(["certificate-file-unnamed CN=/etc/ssl/forgotten.pem"]);
  expect(find({}, { files, configurations: [] })).toEqual([]);
  const cluster = files.map((file) => ({ ...file, path: "/etc/kubernetes/pki/apiserver.crt" }));
  expect(find({}, { files: cluster })).toEqual([]);
  const open = { ...nginx, unknown: [{ what: "an include was not read", at: null }] };
  expect(find({}, { files, configurations: [open] })).toEqual([]);
  const unreadable = [
    { kind: "server-config" as const, path: "/etc/postfix/main.cf", why: "it may not be read" },
  ];
  expect(find({ unreadable }, { files })).toEqual([]);
});

test("keystores that open with a password that everybody knows are told of, once for the host", () => {
  const store = (path: string, state: Keystore["state"], password: string | null): Keystore => ({
    path,
    kind: "pkcs12",
    state,
    password,
    why: null,
    entry: entry(path),
  });
  const keystores = [store("/opt/a.p12", "default", "changeit"), store("/opt/b.p12", "locked", null)];
  expect(find({ keystores })).toEqual(["keystore-default-password /opt/a.p12"]);
  expect(membersOf({ keystores })).toEqual([["/opt/a.p12"]]);
  expect(find({ keystores: [store("/opt/c.p12", "open", null)] })).toEqual([]);
});

test("a certificate that is told of for several files is about each of them, as one finding", () => {
  const twice = {
    ...nginx,
    bindings: ["a", "b"].map((name) => ({
      ...(nginx.bindings[0] as Configuration["bindings"][number]),
      deployments: [
        {
          certificate: { path: `/etc/ssl/${name}.pem`, directive: "ssl_certificate", at },
          key: { path: `/etc/ssl/${name}.key`, directive: "ssl_certificate_key", at },
        },
      ],
    })),
  };
  const one = file("/etc/ssl/a.pem", "a");
  const files = [one, { ...one, path: "/etc/ssl/b.pem" }];
  const unreadable = ["a", "b"].map((name) => ({
    kind: "certificate-file" as const,
    path: `/etc/ssl/${name}.key`,
    why: "no such file",
    isAbsent: true as const,
  }));
  expect(find({ unreadable }, { files, configurations: [twice] })).toHaveLength(1);
  expect(membersOf({ unreadable }, { files, configurations: [twice] })).toEqual([
    ["/etc/ssl/a.pem", "/etc/ssl/b.pem"],
  ]);
  const unnamed = ["/etc/ssl/c.pem", "/etc/ssl/d.pem"].map((path) => ({ ...file("c", "c"), path }));
  expect(membersOf({}, { files: [one, ...unnamed] })).toEqual([["/etc/ssl/c.pem", "/etc/ssl/d.pem"]]);
});

test("of two certificates for one kind of key, the second in one file with its key, it is told that Postfix speaks no TLS", () => {
  const paths = ["/etc/postfix/old.pem", "/etc/postfix/new.pem"];
  const deployments = paths.map((path) => {
    const named = { path, directive: "smtpd_tls_chain_files", at };
    return { certificate: named, key: named };
  });
  const postfix: Configuration = {
    ...nginx,
    server: "postfix",
    bindings: nginx.bindings.map((serving) => ({ ...serving, deployments })),
  };
  const files = [file("/etc/postfix/old.pem", "a"), file("/etc/postfix/new.pem", "b")];
  const found = findDiskProblems({
    collection: makeCollection({ keyFiles: [keyFile(paths[0] ?? "", "a"), keyFile(paths[1] ?? "", "b")] }),
    configurations: [postfix],
    files,
  });
  expect(found).toMatchObject([
    {
      rule: "certificates-of-one-key-kind",
      severity: "high",
      about: { kind: "host" },
      members: paths,
      sentence: `${paths.join(" and ")} are both for EC keys, and Postfix reads the second with its key from one file: it speaks no TLS with them`,
    },
  ]);
  const inPart = [
    { ...postfix, unknown: [{ what: "smtpd_tls_chain_files", at }] },
    { ...postfix, bindings: postfix.bindings.map((serving) => ({ ...serving, unsure: "not known" })) },
  ];
  for (const one of inPart)
    expect(findDiskProblems({ collection: makeCollection({}), configurations: [one], files })).toEqual([]);
  const apart = files.map((one, index) => ({
    ...one,
    certificates: one.certificates.map(({ certificate, ...more }) => ({
      ...more,
      certificate: { ...certificate, keyType: index === 0 ? ("RSA" as const) : ("EC" as const) },
    })),
  }));
  expect(
    findDiskProblems({ collection: makeCollection({}), configurations: [postfix], files: apart }),
  ).toEqual([]);
});

test("a chain file with its certificate before its key is told of, as one that its server cannot use", () => {
  const path = "/etc/postfix/mail.pem";
  const named = { path, directive: "smtpd_tls_chain_files", at };
  const postfix: Configuration = {
    ...nginx,
    server: "postfix",
    bindings: nginx.bindings.map((serving) => ({
      ...serving,
      deployments: [{ certificate: named, key: named, problem: "key-not-first" as const }],
    })),
  };
  const files = [file(path, "a")];
  const [found, ...others] = findDiskProblems({
    collection: makeCollection({ keyFiles: [keyFile(path, "a")] }),
    configurations: [postfix],
    files,
  });
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    rule: "certificate-file-misordered",
    severity: "high",
    about: { kind: "host" },
    members: [path],
    sentence: `${path}, which smtpd_tls_chain_files in /etc/nginx/nginx.conf:7 names, does not hold a private key with its certificate straight behind it: postfix cannot serve it once started or reloaded, whatever is served still`,
    remedy: expect.stringMatching(
      /^write the private key first, .* \(postfix check\), which reads no certificate/,
    ),
  });
});
