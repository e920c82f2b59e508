import { expect, test } from "vitest";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import type { Protocol } from "#shared/model/hosts/target.ts";
import { createCertificateMaker } from "#testing/servers-oracle/certificates.ts";
import { createChance, formatGenerated, type Generator } from "#testing/servers-oracle/generated.ts";
import { GENERATORS, listSeeds } from "#testing/servers-oracle/generators.ts";
import { createHostFiles } from "#testing/servers-oracle/host-files.ts";
import { answerAll, createQueries } from "#testing/servers-oracle/leaf-queries.ts";
import { probeLeaf } from "#testing/servers-oracle/probe-leaf.ts";
import { type Running, startGenerated } from "#testing/servers-oracle/start-generated.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { findShownBy } from "./find-shown-by.ts";
import { type ListedBinding, listBindings } from "./list-bindings.ts";

const SEEDS = listSeeds(200);

type CachedCount = { counts: Map<string, number>; wrong: string[] };

test.for(Object.entries(GENERATORS))(
  "a scan that a row of %s names is answered with its certificate, and no handshake with one that is never served",
  { timeout: SEEDS.length * 60_000 },
  async ([, generate], { annotate }) => {
    const tally: CachedCount = { counts: new Map(), wrong: [] };
    await using kept = await makeTemporaryFolder();
    const means = { make: createCertificateMaker(), kept: kept.path };
    for (const seed of SEEDS) await tryOne(generate, { seed, means, tally });
    await annotate([...tally.counts].map(([kind, count]) => `${kind} ${count}`).join(", "));
    expect(tally.wrong.slice(0, 3).join("\n\n")).toBe("");
  },
);

type Try = { seed: number; means: Parameters<typeof startGenerated>[2]; tally: CachedCount };

async function tryOne(generate: Generator, { seed, means, tally: { counts, wrong } }: Try): Promise<void> {
  const chance = createChance(seed);
  await using running = await startGenerated(generate, chance, means);
  const files = createHostFiles([running]);
  const rows = listBindings([read(running)], () => null);
  const shownBy = findShownBy(rows, {
    host: running.server.address,
    namesIn: (path) => {
      const held = files.held(path);
      return held && [...held.names, held.commonName].map((name) => name.toLowerCase());
    },
    kindOf: (path) => {
      const held = files.held(path);
      return held && (held.family === "ECDSA" ? "EC" : "RSA");
    },
  });
  const truth = await answerAll(createQueries(running, chance));
  const hashOf = (row: ListedBinding) => files.held(row.certificate?.path ?? "")?.sha256 ?? null;
  for (const [index, row] of rows.entries()) {
    const one = shownBy[index] ?? null;
    const held = hashOf(row);
    const kind = one?.kind ?? "unknown";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const about = `seed ${seed}: ${row.address}:${row.port} ${row.name} ${row.certificate?.path}: ${JSON.stringify(one)}`;
    if (one?.kind === "scan" && held !== null) {
      const shown = await askEach(one, row);
      if (!shown.includes(held))
        wrong.push(`${about}\n${shown.join(" ")}\n${formatGenerated(running.generated)}`);
    } else if (one?.kind === "never") {
      const isSpare = rows.some(
        (other) => other !== row && other.port === row.port && hashOf(other) === held,
      );
      const found = truth.find(({ query, shown }) => query.port === row.port && shown === held);
      if (found && !isSpare)
        wrong.push(`${about}\n${JSON.stringify(found)}\n${formatGenerated(running.generated)}`);
    }
  }
}

const read = (running: Running) =>
  readConfiguration({
    server: running.generated.server,
    root: running.server.configPath,
    unreadable: [],
    commandLines: [running.command],
    addresses: running.addresses,
    ...running.readTexts(),
  });

/** Probes as a scan does: for a key of any kind, and for each kind alone. */
const askEach = ({ host, serverName }: { host: string; serverName: string | null }, row: ListedBinding) =>
  Promise.all(
    ([["ECDSA", "RSA"], ["ECDSA"], ["RSA"]] as const).flatMap((takes) =>
      (["TLSv1.3", "TLSv1.2"] as const).map((version) =>
        probeLeaf({
          host,
          port: row.port,
          protocol: row.protocol as Protocol,
          name: serverName,
          takes,
          version,
        }),
      ),
    ),
  );
