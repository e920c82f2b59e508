import { join } from "node:path";
import { expect, test } from "vitest";
import { SERVER_KEY_KINDS } from "#shared/model/certificates/served.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { TestServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeEndpoints } from "#testing/tls/make-endpoints.ts";
import { type Algorithm, makeWithOpenssl, writeChain } from "#testing/tls/make-with-openssl.ts";
import { startOpensslServer } from "#testing/tls/openssl.ts";
import { signStatus } from "#testing/tls/sign-revocation.ts";
import { startDeafServer } from "#testing/tls/stalling-servers.ts";
import { createTlsProber } from "./probe-endpoint.ts";

const signal = AbortSignal.timeout(60_000);
const target = ({ endpoint }: Pick<TestServer, "endpoint">, serverName: string | null = null): TlsTarget => ({
  kind: "tls",
  ...endpoint,
  serverName,
  protocol: "tls",
});

const { probeEndpoint } = createTlsProber();

/** Key, arguments of s_server, and the facts that a probe sees. */
const SERVERS: [string, Algorithm, string[], Record<string, string>][] = [
  ["an Ed25519 certificate", "ed25519", [], { version: "TLS 1.3", "seen by": "own hello" }],
  ["an Ed448 certificate", "ed448", [], { version: "TLS 1.3", "seen by": "own hello" }],
  ["an ML-DSA-65 certificate", "ml-dsa-65", [], { version: "TLS 1.3", "seen by": "own hello" }],
  ["an RSA-PSS certificate", "rsa-pss", [], { "seen by": "own hello" }],
  [
    "a brainpool certificate",
    "brainpoolP256r1",
    ["-tls1_2", "-groups", "X25519:brainpoolP256r1"],
    { version: "TLS 1.2" },
  ],
  [
    "TLS 1.0 alone",
    "rsa",
    ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    { version: "TLS 1.0", "seen by": "own hello" },
  ],
  [
    "RSA key exchange alone",
    "rsa",
    ["-tls1_2", "-cipher", "AES256-SHA"],
    { cipher: "TLS_RSA_WITH_AES_256_CBC_SHA", group: "none" },
  ],
  [
    "post-quantum groups alone",
    "p-256",
    ["-tls1_3", "-groups", "X25519MLKEM768"],
    { group: "X25519MLKEM768", "seen by": "node:tls" },
  ],
  ["P-521 alone", "p-256", ["-tls1_3", "-groups", "P-521"], { group: "P-521", "seen by": "node:tls" }],
  ["a client certificate required", "p-256", ["-Verify", "1"], { "client certificate requested": "yes" }],
  [
    "a client certificate required and P-384 alone",
    "p-256",
    ["-Verify", "1", "-groups", "P-384"],
    { "client certificate requested": "yes", "seen by": "node:tls" },
  ],
];

test.for(SERVERS)("a server with %s shows its chain", async ([, algorithm, args, facts]) => {
  await using folder = await makeTemporaryFolder();
  const leaf = await makeWithOpenssl(folder.path, "leaf", { algorithm });
  const first = await makeWithOpenssl(folder.path, "first");
  const second = await makeWithOpenssl(folder.path, "second");
  const chainPath = await writeChain(folder.path, "leaf", [second, first, second]);
  await using server = await startOpensslServer(leaf, ["-cert_chain", chainPath, ...args]);

  expect(await probeEndpoint(target(server), signal)).toMatchObject({
    outcome: "presented",
    message: "",
    chain: [leaf, second, first, second].map(({ der }) => der),
    facts,
  });
});

/** A server with two certificates, of different kinds of keys, and one group that our own hello has no share of. */
const GROUPS: [string, Algorithm, Algorithm, string[]][] = [
  ["P-521 under TLS 1.3", "rsa", "p-256", ["-tls1_3", "-groups", "P-521"]],
  ["X448 under TLS 1.3, required to show a certificate", "p-256", "rsa", ["-groups", "X448", "-Verify", "1"]],
  ["P-384, Ed25519 beside RSA", "ed25519", "rsa", ["-groups", "P-384"]],
  ["P-521 under TLS 1.2", "rsa", "p-256", ["-tls1_2", "-groups", "P-521"]],
];

test.for(GROUPS)("each of two kinds of keys is seen where a server takes %s", async ([, one, two, args]) => {
  await using folder = await makeTemporaryFolder();
  const first = await makeWithOpenssl(folder.path, "first", { algorithm: one });
  const second = await makeWithOpenssl(folder.path, "second", { algorithm: two });
  const more = ["-dcert", second.certificatePath, "-dkey", second.keyPath];
  await using server = await startOpensslServer(first, [...more, ...args]);
  const { chain, others } = await probeEndpoint(target(server), signal, { keyKinds: SERVER_KEY_KINDS });
  expect(new Set([chain, ...others].map(([leaf]) => Buffer.from(leaf ?? []).toString("hex")))).toEqual(
    new Set([first, second].map(({ der }) => der.toString("hex"))),
  );
});

test.for(["-tls1_2", "-tls1_3"])("a stapled answer of OCSP is seen under %s", async (version) => {
  await using folder = await makeTemporaryFolder();
  const issuer = await makeWithOpenssl(folder.path, "issuer");
  const leaf = await makeWithOpenssl(folder.path, "leaf", { issuer });
  const statusPath = await signStatus(folder.path, { issuer, leaf });
  await using server = await startOpensslServer(leaf, ["-status_file", statusPath, version]);
  expect(await probeEndpoint(target(server), signal)).toMatchObject({
    outcome: "presented",
    facts: { "ocsp stapled": "yes" },
  });
});

test("each name that nginx serves shows its own chain", async () => {
  await using folder = await makeTemporaryFolder();
  await using endpoints = await makeEndpoints(join(folder.path, "endpoints"), 8);
  const readings = await Promise.all(
    endpoints.list.map((endpoint) => probeEndpoint({ kind: "tls", ...endpoint, protocol: "tls" }, signal)),
  );
  expect(readings.map(({ outcome, message }) => ({ outcome, message }))).toEqual(
    readings.map(() => ({ outcome: "presented", message: "" })),
  );
  expect(new Set(readings.map(({ chain }) => Buffer.from(chain[0] ?? []).toString("hex"))).size).toBe(8);
});

test("addresses that are dead hold up none of those behind them", async () => {
  await using folder = await makeTemporaryFolder();
  const leaf = await makeWithOpenssl(folder.path, "leaf");
  await using server = await startOpensslServer(leaf);
  await using deaf = await startDeafServer();
  const prober = createTlsProber({ connectMs: 2_000 });
  const ended: string[] = [];
  const probe = async (to: TestServer) =>
    ended.push((await prober.probeEndpoint(target(to), signal)).outcome);
  await Promise.all([...Array(100).fill(deaf), ...Array(100).fill(server)].map(probe));
  expect(ended).toEqual([...Array(100).fill("presented"), ...Array(100).fill("timed-out")]);
});
