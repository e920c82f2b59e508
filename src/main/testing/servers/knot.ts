import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type StartedServer, startServer } from "./server.ts";

export const DNS_PORT = 53;

type KnotOptions = {
  /** For this server alone: an absolute path of an existing folder. */
  folder: string;
  /** Zones by name, each with its records besides SOA and NS, one a line. */
  zones: { [zone: string]: string };
  /** This key may change TXT records below each zone. */
  key: { name: string; algorithm: string; secret: string };
};

/** Knot DNS with zones of its own that accept updates, at port 53 of an address of its own. */
export async function startKnot({ folder, zones, key }: KnotOptions): Promise<StartedServer> {
  const files = { certificatePath: join(folder, "none.pem"), keyPath: join(folder, "none.key") };
  for (const path of Object.values(files)) await writeFile(path, "");
  return startServer({ folder, ...files }, { name: "knot" }, async (own) => {
    const configPath = join(own.folder, "knot.conf");
    for (const [zone, records] of Object.entries(zones))
      await writeFile(
        join(own.folder, `${zone}.zone`),
        `$ORIGIN ${zone}.\n$TTL 60\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A ${own.address}\n${records}\n`,
      );
    await writeFile(configPath, writeConfig({ folder: own.folder, zones, key }, own.address));
    return {
      configPath,
      command: ["knotd", "-c", configPath],
      endpoints: [{ protocol: "tls", port: DNS_PORT }],
    };
  });
}

const writeConfig = ({ folder, zones, key }: KnotOptions, address: string): string => `
server:
  listen: ${address}@${DNS_PORT}
  rundir: ${folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: ${folder}
  journal-db-max-size: 16M
  kasp-db-max-size: 16M
  timer-db-max-size: 16M
key:
  - id: ${key.name}
    algorithm: ${key.algorithm}
    secret: ${key.secret}
acl:
  - id: challenges
    key: ${key.name}
    action: update
    update-type: TXT
    update-owner: zone
    update-owner-match: sub
template:
  - id: default
    storage: ${folder}
    acl: challenges
zone:
${Object.keys(zones)
  .map((zone) => `  - domain: ${zone}\n    file: ${zone}.zone`)
  .join("\n")}
`;
