import { expect, test } from "vitest";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { evaluateServed } from "./evaluate-served.ts";
import { type Files, type HostMap, indexMap, type MappedProcess } from "./host-map.ts";

const USUAL = "/etc/nginx/nginx.conf";

const configuration = (root: string, name: string): Configuration => {
  const at = { file: root, line: 1 };
  return {
    server: "nginx",
    root,
    incomplete: null,
    alsoNamed: [],
    unknown: [],
    bindings: [
      {
        listens: [{ address: "0.0.0.0", port: 443, isDefault: true }],
        names: [name],
        namesFromCertificate: false,
        protocol: "tls",
        deployments: [
          { certificate: { path: `/srv/${name}.pem`, directive: "ssl_certificate", at }, key: null },
        ],
        chain: null,
        unsure: null,
        at,
      },
    ],
  };
};

const files: Files = {
  heldNow: (path) => ({ sha256: path, names: [], notBefore: null, keyType: "EC" }),
  holding: () => [],
  heldUntil: () => new Map(),
  alsoIn: () => null,
};

/**
 * The verdict about a leaf if the configuration serves another one, at an address of its own and at every other one.
 */
function judge(configurations: Configuration[], own: MappedProcess[], open: MappedProcess[] = []) {
  const map: HostMap = {
    configurations,
    files: [],
    listeners: [
      { address: "192.0.2.2", port: 443, processes: own },
      { address: "0.0.0.0", port: 443, processes: open },
    ],
  };
  const index = indexMap(map, () => null);
  return ["192.0.2.2", "192.0.2.1"].map((address) => {
    const leaf = { sha256: "other", names: [], notBefore: null, keyType: "EC" };
    const sight = { address, port: 443, name: "a.example", leaf, probedAt: 1, readAt: 1 };
    return evaluateServed(index, files, sight)?.state ?? null;
  });
}

const master = (root: string): MappedProcess => ({
  name: "nginx",
  startedAt: 1,
  startedWith: { server: "nginx", root },
});
const worker: MappedProcess = { name: "nginx", startedAt: 1 };

test("of the ports of another nginx, whose configuration was not read, nothing is claimed by the one that was", () => {
  const usual = configuration(USUAL, "a.example");
  expect(judge([usual], [master("/srv/two.conf"), worker], [master(USUAL), worker])).toEqual([
    null,
    "differs",
  ]);
  expect(judge([usual], [master(USUAL), worker])).toEqual(["differs", "differs"]);
  expect(judge([usual], [worker])).toEqual(["differs", "differs"]);
  const apache: MappedProcess = {
    name: "apache2",
    startedAt: 1,
    startedWith: { server: "apache", root: "/etc/apache2/apache2.conf" },
  };
  expect(judge([usual], [apache])[0]).toBe("other-process");
});
