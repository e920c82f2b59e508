import { expect, test } from "vitest";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { findDiskProblems } from "./disk-findings.ts";
import { evaluateServed } from "./evaluate-served.ts";
import type { FileProblem } from "./file-problems.ts";
import { indexMap } from "./host-map.ts";

const COUNT = 2_000;
const paths = Array.from({ length: COUNT }, (_, index) => `/srv/${1_000 + index}.pem`);
const at = { file: "/etc/nginx/nginx.conf", line: 7 };

const nginx: Configuration = {
  server: "nginx",
  root: at.file,
  incomplete: null,
  alsoNamed: [],
  unknown: [],
  bindings: paths.map((path) => ({
    listens: [{ address: null, port: 443, isDefault: false }],
    names: [],
    namesFromCertificate: false,
    protocol: "tls",
    chain: null,
    unsure: null,
    at,
    deployments: [{ certificate: { path, directive: "ssl_certificate", at }, key: null }],
  })),
};

const problems = paths.map((certificate): FileProblem => {
  const { server, root } = nginx;
  return { kind: "gone", server, root, certificate, key: certificate };
});

test("of thousands of files that keep a server from reloading ten are named, and each is asked for once", () => {
  const asked: string[] = [];
  const map = indexMap(
    { configurations: [nginx], files: [], listeners: null, problems },
    () => null,
    (path) => asked.push(path) > 0,
  );
  const first = map.problemsIn(nginx);
  expect(first).toHaveLength(11);
  expect(first.slice(9)).toEqual(["/srv/1009.pem is not there any more", "and 1,990 more files"]);
  for (let times = 0; times < 3; times++) {
    expect(map.problemsIn(nginx)).toBe(first);
    expect(map.problemOf("/srv/1011.pem")).toBe("/srv/1011.pem is not there any more");
  }
  expect(asked).toHaveLength(11);
});

test("of thousands of files that are gone, and of keystores that are open, ten are named, and all are members", () => {
  const unreadable = paths.map((path) => ({
    kind: "certificate-file" as const,
    path,
    why: "no such file",
    isAbsent: true as const,
  }));
  const keystores = paths.map((path) => ({
    path,
    kind: "pkcs12" as const,
    state: "default" as const,
    password: "changeit",
    why: null,
    entry: { path, type: "file" as const, mode: 0o600, uid: 0, gid: 0, hasAcl: false },
  }));
  const collection = makeCollection({ unreadable, keystores });
  const found = findDiskProblems({ collection, configurations: [nginx], files: [] });
  expect(found.map(({ rule }) => rule)).toEqual(["certificate-file-gone", "keystore-default-password"]);
  for (const { label, evidence, members = [] } of found) {
    expect(label).toBe(`${paths.slice(0, 10).join(", ")}, and 1,990 more files`);
    expect(evidence.slice(10)).toEqual(["and 1,990 more files"]);
    expect(members).toEqual(paths);
  }
});

test("of thousands of lost files of one listener ten are named as why nothing can be told of it", () => {
  const [serving] = nginx.bindings;
  if (!serving) throw new Error("it serves something");
  const deployments = nginx.bindings.flatMap((one) => one.deployments);
  const listens = [{ address: null, port: 443, isDefault: true }];
  const configuration: Configuration = {
    ...nginx,
    server: "postfix",
    bindings: [{ ...serving, listens, deployments }],
  };
  const own = problems.map((problem): FileProblem => ({ ...problem, server: "postfix" }));
  const map = indexMap(
    { configurations: [configuration], files: [], listeners: null, problems: own },
    () => null,
  );
  const leaf = { sha256: "0", names: [], notBefore: null, keyType: "EC", subject: "CN=0" };
  const nowhere = { heldNow: () => null, holding: () => [], heldUntil: () => new Map(), alsoIn: () => null };
  const sight = { address: "192.0.2.1", port: 443, name: null, leaf, probedAt: 1_000, readAt: 1_000 };
  const judged = evaluateServed(map, nowhere, sight);
  expect(judged).toMatchObject({ state: "unknown", blocked: { length: 11 } });
  expect(judged?.evidence).toHaveLength(11);
});
