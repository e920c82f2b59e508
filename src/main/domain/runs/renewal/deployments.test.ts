import { expect, test } from "vitest";
import type { HostMap } from "#domain/deployment-status/host-map.ts";
import { describeDeployment, findDeployments, findSharer } from "#domain/runs/renewal/deployments.ts";

const named = (path: string, line: number) => ({ path, directive: "", at: { file: "/etc/site", line } });

const reads = (server: string, certificate: string, key: string, chain: string | null = null) => ({
  server,
  root: `/etc/${server}`,
  bindings: [
    {
      listens: [],
      names: [],
      protocol: "tls",
      namesFromCertificate: false,
      unsure: null,
      chain: chain === null ? null : named(chain, 5),
      at: { file: "/etc/site", line: 1 },
      deployments: [{ certificate: named(certificate, 3), key: named(key, 4) }],
    },
  ],
});

const FILES = [{ path: "/live/key", realPath: "/tls/key" }];

const mapOf = (...configurations: object[]): HostMap =>
  ({ configurations, files: FILES, listeners: null }) as never;

const sharersOf = (map: HostMap, certificates = ["/tls/chain"]) =>
  findDeployments(map, certificates).map((pair) => findSharer(map, pair));

test("two servers that read the same files by any path have nothing of each other's", () => {
  const own = reads("haproxy", "/b/pem", "/b/pem");
  const map = mapOf(
    reads("nginx", "/tls/chain", "/tls/key"),
    reads("postfix", "/tls/chain", "/live/key"),
    own,
  );
  expect(sharersOf(map)).toEqual([null]);
  expect(sharersOf(map, ["/b/pem"])).toEqual([null]);
});

test("who reads the key beside another certificate keeps the pair as it is", () => {
  const map = mapOf(reads("nginx", "/tls/chain", "/tls/key"), reads("postfix", "/tls/mail", "/live/key"));
  expect(sharersOf(map)).toEqual([
    "postfix (/etc/site:4) reads /live/key beside other files than /tls/key and /tls/chain, which are renewed together; give each its own files",
  ]);
});

test("one certificate in two layouts is left as it is, for both have its key", () => {
  const map = mapOf(
    reads("nginx", "/tls/chain", "/tls/key"),
    reads("apache", "/tls/leaf", "/tls/key", "/tls/above"),
  );
  expect(sharersOf(map, ["/tls/chain", "/tls/leaf"])).toEqual([
    expect.stringMatching(/^apache \(\/etc\/site:4\)/),
    expect.stringMatching(/^nginx \(\/etc\/site:4\)/),
  ]);
});

test("a chain that certificates have in common, and a key that was described and is a known server's, count as well", () => {
  const map = mapOf(reads("apache", "/a", "/a.key", "/above"), reads("apache", "/b", "/b.key", "/above"));
  expect(sharersOf(map, ["/a"])).toEqual([expect.stringMatching(/^apache \(\/etc\/site:5\) reads \/above/)]);
  expect(findSharer(map, describeDeployment(map, ["/own"], "/b.key"))).toMatch(/reads \/b.key/);
});
