import { expect, test } from "vitest";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { evaluateServed } from "./evaluate-served.ts";
import { type Files, type Held, type HostMap, indexMap } from "./host-map.ts";

const PATH = "/srv/shop.pem";
const WRITTEN_AT = 1_000;
/** Later than every other time here. */
const LATER = 10_000;

type Server = Exclude<Configuration["server"], "sshd">;

const PROCESS: { [Kind in Server]: string } = {
  nginx: "nginx",
  apache: "apache2",
  haproxy: "haproxy",
  postfix: "master",
  dovecot: "dovecot",
  slapd: "slapd",
  postgresql: "postgres",
  mysql: "mysqld",
};

const held = (sha256: string, notBefore: string): Held => ({
  sha256,
  notBefore,
  keyType: "EC",
  names: ["DNS:shop"],
});
const OLD = held("old", "2026-02-01T00:00:00Z");

/** The certificate that is served was in the file before. */
const files: Files = {
  heldNow: () => held("new", "2026-05-01T00:00:00Z"),
  holding: () => [],
  heldUntil: (sha256) => new Map(sha256 === "old" ? [[PATH, "at the scan of 2026-05-30"]] : []),
  alsoIn: () => null,
};

function configure(server: Server): Configuration {
  const at = { file: "/etc/server.conf", line: 1 };
  const listens = [{ address: null, port: 443, isDefault: true }];
  const deployments = [{ certificate: { path: PATH, directive: "certificate", at }, key: null }];
  return {
    server,
    root: at.file,
    incomplete: null,
    alsoNamed: [],
    unknown: [],
    bindings: [
      {
        listens,
        deployments,
        names: ["shop"],
        namesFromCertificate: false,
        protocol: "tls",
        chain: null,
        unsure: null,
        at,
      },
    ],
  };
}

type When = { probedAt: number; readAt?: number; starts?: number[]; leaf?: Held };

/** `starts`: of the processes that listen. By default the host is read by the scan that probes the endpoint. */
function judge(server: Server, { probedAt, readAt = probedAt, starts = [900, 900], leaf = OLD }: When) {
  const processes = starts.map((startedAt) => ({ name: PROCESS[server], startedAt }));
  const map: HostMap = {
    configurations: [configure(server)],
    files: [{ path: PATH, realPath: null, writtenAt: WRITTEN_AT }],
    listeners: [{ address: "0.0.0.0", port: 443, processes }],
  };
  const sight = { address: null, port: 443, name: "shop", leaf, probedAt, readAt };
  const judged = evaluateServed(
    indexMap(map, () => null),
    files,
    sight,
  );
  return judged && [judged.state, ...judged.evidence];
}

test("of an endpoint that was last asked before its file was written nothing is claimed, unless no process can have read it", () => {
  expect(judge("nginx", { probedAt: 100, starts: [900, 2_000] })).toEqual([
    "unknown",
    "/srv/shop.pem was written at 1970-01-01T00:16:40Z, and the endpoint was last asked before that, at 1970-01-01T00:01:40Z: ask it again",
  ]);
  const stranger = { ...OLD, sha256: "stranger" };
  expect(judge("nginx", { probedAt: 100, starts: [900, 2_000], leaf: stranger })?.[0]).toBe("unknown");
  const own = { ...OLD, sha256: "new" };
  expect(judge("nginx", { probedAt: 100, starts: [900, 2_000], leaf: own })?.[0]).toBe("agrees");
  for (const server of ["nginx", "apache"] as const)
    expect(judge(server, { probedAt: 100, readAt: LATER })?.[0]).toBe("not-reloaded");
});

test.each(["postfix", "dovecot", "haproxy", "slapd", "postgresql", "mysql"] as const)(
  "%s may have taken up a file since it was asked, whatever the age of the processes that listen",
  (server) => {
    expect(judge(server, { probedAt: 100, readAt: LATER })?.[0]).toBe("unknown");
    expect(judge(server, { probedAt: LATER })?.[0]).toBe("not-reloaded");
  },
);

test("of one process that has started no other its age tells nothing, for it takes up files itself", () => {
  expect(judge("nginx", { probedAt: 100, readAt: LATER, starts: [900] })?.[0]).toBe("unknown");
  expect(judge("nginx", { probedAt: LATER, starts: [900] })?.[0]).toBe("not-reloaded");
});

test("what an earlier scan was shown says nothing of a file that was written at about that time, for clocks differ", () => {
  for (const probedAt of [900, 1_100, 1_299])
    expect(judge("postfix", { probedAt, readAt: LATER })?.[0]).toBe("unknown");
  expect(judge("postfix", { probedAt: 1_100, readAt: LATER })?.[1]).toBe(
    "/srv/shop.pem was written at 1970-01-01T00:16:40Z, and the endpoint was last asked at about that time, at 1970-01-01T00:18:20Z: ask it again",
  );
  expect(judge("postfix", { probedAt: 1_300, readAt: LATER })?.[0]).toBe("not-reloaded");
  // The host was read in the same scan, or in an earlier one.
  for (const readAt of [900, 100])
    expect(judge("postfix", { probedAt: 900, readAt })?.[0]).toBe("not-reloaded");
});
