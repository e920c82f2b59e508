import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAuthorities } from "#domain/x509/names.ts";
import { readTimestamps } from "#domain/x509/timestamps.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { TestServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeEndpoints } from "#testing/tls/make-endpoints.ts";
import { type Made, makeWithOpenssl, writeChain } from "#testing/tls/make-with-openssl.ts";
import { startOpensslServer } from "#testing/tls/openssl.ts";
import { askSClient, askSslscan } from "#testing/tls/peer-scanners.ts";
import { signStatus } from "#testing/tls/sign-revocation.ts";
import { createTlsProber } from "./probe-endpoint.ts";

const signal = AbortSignal.timeout(120_000);
const { probeEndpoint } = createTlsProber();

const target = ({ endpoint }: Pick<TestServer, "endpoint">): TlsTarget => ({
  kind: "tls",
  ...endpoint,
  serverName: null,
  protocol: "tls",
});

type Folk = Record<"root" | "intermediate" | "stray" | "leaf", Made>;

async function makeFolk(folder: string): Promise<Folk> {
  const root = await makeWithOpenssl(folder, "root");
  const intermediate = await makeWithOpenssl(folder, "intermediate", { issuer: root });
  const stray = await makeWithOpenssl(folder, "stray");
  const leaf = await makeWithOpenssl(folder, "leaf", { issuer: intermediate });
  return { root, intermediate, stray, leaf };
}

/** What servers send after their leaf, right and wrong. */
const BEHIND: Record<string, (folk: Folk) => Made[]> = {
  "an intermediate": ({ intermediate }) => [intermediate],
  nothing: () => [],
  "a stray before the intermediate": ({ stray, intermediate }) => [stray, intermediate],
  "the root, too": ({ intermediate, root }) => [intermediate, root],
  "the root in the wrong place": ({ intermediate, root }) => [root, intermediate],
  "each twice": ({ leaf, intermediate }) => [leaf, intermediate, intermediate],
};

test.for(["-tls1_2", "-tls1_3"])(
  "what is sent is what openssl and sslscan say was sent, whatever the order, under %s",
  async (version) => {
    await using folder = await makeTemporaryFolder();
    const folk = await makeFolk(folder.path);
    for (const [what, behind] of Object.entries(BEHIND)) {
      const chain = behind(folk);
      const path = await writeChain(folder.path, "sent", chain);
      const args = chain.length > 0 ? ["-cert_chain", path] : [];
      await using server = await startOpensslServer(folk.leaf, [...args, version]);
      const ours = (await probeEndpoint(target(server), signal)).chain;
      const sent = [folk.leaf, ...chain].map(({ der }) => der);
      expect({ what, chain: ours }).toEqual({ what, chain: sent });
      expect({ what, chain: await askSClient(server.endpoint) }).toEqual({ what, chain: sent });
      expect({ what, chain: await askSslscan(server.endpoint) }).toEqual({ what, chain: sent });
    }
  },
);

test("of the names that nginx serves, each list is the one that openssl is shown", async () => {
  await using folder = await makeTemporaryFolder();
  await using endpoints = await makeEndpoints(join(folder.path, "endpoints"), 5);
  const differences: string[] = [];
  for (const endpoint of endpoints.list) {
    const { chain } = await probeEndpoint({ kind: "tls", ...endpoint, protocol: "tls" }, signal);
    const theirs = await askSClient(endpoint, ["-servername", endpoint.serverName]);
    const isSame = chain.length > 0 && Buffer.concat(chain).equals(Buffer.concat(theirs));
    if (!isSame) differences.push(endpoint.serverName);
  }
  expect(differences).toEqual([]);
});

test.for([
  ["TLS 1.2, by our own hello", ["-tls1_2"], "own hello"],
  ["TLS 1.3, by our own hello", ["-tls1_3"], "own hello"],
  ["TLS 1.3 with P-384 alone, by node:tls", ["-tls1_3", "-groups", "P-384"], "node:tls"],
] as const)("a staple and the authorities of clients are kept as they came: %s", async ([, args, seenBy]) => {
  await using folder = await makeTemporaryFolder();
  const { root, intermediate, leaf } = await makeFolk(folder.path);
  const status = await signStatus(folder.path, { issuer: intermediate, leaf });
  const clients = await writeChain(folder.path, "clients", [root, intermediate]);
  const asking = ["-Verify", "1", "-CAfile", clients];
  await using server = await startOpensslServer(leaf, ["-status_file", status, ...asking, ...args]);
  const { wire, facts } = await probeEndpoint(target(server), signal);
  expect(facts).toMatchObject({
    "seen by": seenBy,
    "ocsp stapled": "yes",
    "client certificate requested": "yes",
  });
  expect(wire.staple).toEqual(await readFile(status));
  expect(wire.authorities && readAuthorities(wire.authorities)).toEqual({
    names: expect.arrayContaining(["CN=root", "CN=intermediate"]),
    total: 2,
  });
});

test("timestamps are read from the certificate and from the handshake", async () => {
  await using folder = await makeTemporaryFolder();
  // RFC 6962, 3.3: the list, one of 47 bytes: version, log, time, no extensions, and a signature of none.
  const log = "ab".repeat(32);
  const one = `00${log}0000018bcfe56800000004030000`;
  const sizes = [one.length / 2 + 2, one.length / 2].map((size) => size.toString(16).padStart(4, "0"));
  const list = sizes.join("") + one;
  const octets = `04${(list.length / 2).toString(16).padStart(2, "0")}${list}`;
  const leaf = await makeWithOpenssl(folder.path, "leaf", {
    extensions: [`1.3.6.1.4.1.11129.2.4.2=DER:${octets}`],
  });
  const info = join(folder.path, "serverinfo.pem");
  const body = Buffer.from(`0012${(list.length / 2).toString(16).padStart(4, "0")}${list}`, "hex");
  await writeFile(
    info,
    `-----BEGIN SERVERINFO FOR CT-----\n${body.toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END SERVERINFO FOR CT-----\n`,
  );
  await using server = await startOpensslServer(leaf, ["-serverinfo", info, "-tls1_2"]);
  const { wire, chain } = await probeEndpoint(target(server), signal);
  const timestamp = { logId: log, at: "2023-11-14T22:13:20Z" };
  expect(readTimestamps({ leaf: chain[0] ?? null, staple: null, list: wire.timestamps })).toEqual([
    { ...timestamp, from: "certificate" },
    { ...timestamp, from: "handshake" },
  ]);
});

test("hybrid groups are told by an empty share, of OpenSSL as it comes and where it knows but one", async () => {
  await using folder = await makeTemporaryFolder();
  const leaf = await makeWithOpenssl(folder.path, "leaf");
  const groupsOf = async (...args: string[]) => {
    await using server = await startOpensslServer(leaf, args);
    const { capabilities } = await probeEndpoint(target(server), signal, { probesCapabilities: true });
    const taken = capabilities?.groups.filter(({ state }) => state === "accepted").map(({ name }) => name);
    return { taken, lowest: capabilities?.versions.findLast(({ state }) => state === "accepted")?.name };
  };
  expect(await groupsOf()).toEqual({
    taken: ["X25519MLKEM768", "X25519", "P-256", "P-384", "P-521"],
    lowest: "TLS 1.2",
  });
  expect(await groupsOf("-groups", "SecP256r1MLKEM768:P-256")).toMatchObject({
    taken: ["SecP256r1MLKEM768", "P-256"],
  });
  expect(await groupsOf("-groups", "X25519MLKEM768", "-tls1_3")).toEqual({
    taken: ["X25519MLKEM768"],
    lowest: "TLS 1.3",
  });
  expect(await groupsOf("-tls1", "-cipher", "ALL:@SECLEVEL=0")).toEqual({ taken: [], lowest: "TLS 1.0" });
});
