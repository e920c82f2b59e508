import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { rename, rm, utimes, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { sayColumns } from "#testing/say-columns.ts";
import { createCertificateMaker, type MadeCertificate } from "#testing/servers-oracle/certificates.ts";
import { type Chance, createChance } from "#testing/servers-oracle/chance.ts";
import { type Generator, sayGenerated } from "#testing/servers-oracle/generated.ts";
import { GENERATORS, listSeeds } from "#testing/servers-oracle/generators.ts";
import { type Answered, answerAll, askAll, sayQuestion } from "#testing/servers-oracle/questions.ts";
import { type Running, startGenerated } from "#testing/servers-oracle/start-generated.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { FileProblem } from "./file-problems.ts";
import type { HostMap } from "./host-map.ts";
import { type Judged, judgeServed } from "./judge-served.ts";
import { indexMap } from "./map-index.ts";
import { chosenNames, type Files, type Held } from "./sight.ts";

/** The long form has more. */
const SEEDS = listSeeds(3);

/** `sights`: handshakes that showed a certificate; of each there is one state. */
type Tally = { configurations: number; sights: number; states: Map<string, number>; falseClaims: string[] };

test.for(Object.entries(GENERATORS))(
  "of %s nothing false is said after a file was renewed, rolled back, destroyed or deleted, reloaded or not",
  { timeout: SEEDS.length * 60_000 },
  async ([server, generate], { annotate }) => {
    const tally = await judgeRandom(generate, SEEDS);
    await annotate(sayTally(server, tally));
    expect(tally.falseClaims.slice(0, 3).join("\n\n")).toBe("");
  },
);

const sayTally = (server: string, { configurations, sights, states, falseClaims }: Tally): string =>
  sayColumns([
    ["server", "configurations", "sights", "false", "states"],
    [
      server,
      ...[configurations, sights, falseClaims.length].map(String),
      [...states].map(([state, count]) => `${state} ${count}`).join(", "),
    ],
  ]);

async function judgeRandom(generate: Generator, seeds: readonly number[]): Promise<Tally> {
  await using kept = await makeTemporaryFolder();
  const means = { make: createCertificateMaker(), kept: kept.path };
  const tally: Tally = { configurations: 0, sights: 0, states: new Map(), falseClaims: [] };
  for (const seed of seeds) {
    const chance = createChance(seed);
    await using running = await startGenerated(generate, chance, means);
    const host = createHost(running);
    const wrong = await passThrough(host, chance, { tally, isReloaded: seed % 2 === 0, make: means.make });
    tally.configurations++;
    if (wrong.length > 0)
      tally.falseClaims.push(
        `seed ${seed}:\n${wrong.slice(0, 12).join("\n")}\n${wrong.length} in all\n${sayGenerated(running.generated)}`,
      );
  }
  return tally;
}

type Pass = { tally: Tally; isReloaded: boolean; make: ReturnType<typeof createCertificateMaker> };

/** Nothing has changed; then files were renewed and rolled back; then others are no certificates any more. What is false of it. */
async function passThrough(host: Host, chance: Chance, { tally, isReloaded, make }: Pass): Promise<string[]> {
  const { running } = host;
  const questions = askAll(running, chance);
  const before = await answerAll(questions);
  host.remember();
  const wrong = judgeAll(host, before, { tally, truth: before, step: "at first" });
  const paths = chance.shuffle(host.paths());
  const [renewed, rolledBack, destroyed, deleted] = paths;
  const changed: string[] = [];
  for (const [path, notBefore] of [
    [renewed, "260301000000Z"],
    [rolledBack, "251101000000Z"],
  ] as const) {
    const held = path === undefined ? null : host.held(path);
    if (path === undefined || !held) continue;
    await host.replace(
      path,
      await make(`${path}.new`, held.made.names, held.made.family, {
        notBefore,
        commonName: held.made.commonName,
      }),
    );
    changed.push(`${path} ${notBefore}`);
  }
  if (isReloaded) await running.restart();
  const after = await answerAll(questions);
  const said = judgeLater(host, after);
  if (!isReloaded) await running.restart();
  const truth = await answerAll(questions);
  const step = `${changed.join(", ")}${isReloaded ? ", reloaded" : ""}`;
  wrong.push(...said({ tally, truth, step }));
  host.remember();
  if (destroyed !== undefined) await writeFile(destroyed, "this is no certificate\n");
  if (deleted !== undefined) await rm(deleted);
  wrong.push(...judgeAll(host, truth, { tally, truth, step: `destroyed ${destroyed}, deleted ${deleted}` }));
  return wrong;
}

type Against = { tally: Tally; truth: readonly Answered[]; step: string };

const judgeAll = (host: Host, seen: readonly Answered[], against: Against): string[] =>
  judgeLater(host, seen)(against);

/** Judges now, by the files as they are, and lays it beside what is true once that is known: what the server shows when it begins anew. */
function judgeLater(host: Host, seen: readonly Answered[]): (against: Against) => string[] {
  const { map, files, configuration } = host.look();
  const judged = seen.flatMap(({ question, shown }, index) => {
    const leaf = host.known(shown);
    if (!leaf) return [];
    const sight = { address: question.host, port: question.port, name: question.name, leaf, askedAt: nowS() };
    const isHeld = files.holding(shown).length > 0;
    return [{ index, question, shown, isHeld, found: judgeServed(map, files, sight) }];
  });
  const renewed = host.renewed();
  const lost = new Set((map.problemsIn(configuration) ?? []).length > 0 ? host.lostPaths() : []);
  return ({ tally, truth, step }) =>
    judged.flatMap(({ index, question, shown, isHeld, found }) => {
      tally.sights++;
      const state = found?.state ?? "nothing";
      tally.states.set(state, (tally.states.get(state) ?? 0) + 1);
      const isSame = truth[index]?.shown === shown;
      const why = found && whyFalse(found, { isSame, isHeld, lost, renewed });
      return why
        ? [`${step}: ${sayQuestion(question)}: ${state} (${found.evidence.join("; ")}): ${why}`]
        : [];
    });
}

/** Paths: `lost` are no certificates any more, so that the server cannot begin with them. */
type Changed = { lost: ReadonlySet<string>; renewed: ReadonlySet<string> };

/** `isSame`: the server shows the same when it begins anew. `isHeld`: a file has it still, for what is deleted from a folder is configured no more. */
function whyFalse(
  { state, pairs }: Judged,
  { isSame, isHeld, lost, renewed }: { isSame: boolean; isHeld: boolean } & Changed,
): string | null {
  const isLost = pairs.some(({ certificate }) => lost.has(certificate.path));
  switch (state) {
    case "agrees":
      return isLost ? "its file holds none" : isSame ? null : "another one is configured";
    case "cannot-tell":
      return null;
    case "not-reloaded":
      if (!pairs.every(({ certificate }) => renewed.has(certificate.path))) return "it was not renewed";
      return isLost ? "a reload would fail" : isSame ? "a reload changes nothing" : null;
    case "differs":
    case "other-listed":
      return isSame && isHeld && !isLost ? "it is the one that is configured" : null;
    case "other-process":
      return "it is that very server";
  }
}

const nowS = (): number => Date.now() / 1_000;

type Host = ReturnType<typeof createHost>;

/** What a scan as root knows of the host of one server, from its real files and processes. */
function createHost(running: Running) {
  const known = new Map(
    [...running.made.values()].map((made) => [made.sha256, { made, notBefore: made.notBefore }]),
  );
  const ever = new Map<string, Set<string>>();
  const renewed = new Set<string>();

  const read = (): Configuration =>
    readConfiguration({
      server: running.generated.server,
      root: running.server.configPath,
      unread: [],
      commandLines: [running.command],
      addresses: running.addresses,
      ...running.readTexts(),
    });
  const paths = (): string[] => [
    ...new Set(read().servings.flatMap(({ pairs }) => pairs.map(({ certificate }) => certificate.path))),
  ];
  const held = (path: string) => {
    const pem = existsSync(path)
      ? /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(readFileSync(path, "latin1"))?.[0]
      : undefined;
    return pem === undefined ? null : (known.get(hashOf(pem)) ?? null);
  };
  const toHeld = ({ made, notBefore }: { made: MadeCertificate; notBefore: string }): Held => ({
    sha256: made.sha256,
    names: made.names.map((name) => `DNS:${name}`),
    notBefore,
    keyType: made.family,
    subject: `CN=${made.commonName}`,
  });

  return {
    running,
    paths,
    held,
    known(sha256: string): Held | null {
      const found = known.get(sha256);
      return found ? toHeld(found) : null;
    },
    renewed: (): ReadonlySet<string> => new Set(renewed),
    lostPaths: () => paths().filter((path) => held(path) === null),
    /** As a scan does. */
    remember(): void {
      for (const path of paths()) {
        const sha256 = held(path)?.made.sha256;
        if (sha256) ever.set(sha256, (ever.get(sha256) ?? new Set()).add(path));
      }
    },
    async replace(path: string, made: MadeCertificate): Promise<void> {
      if (made.notBefore > (held(path)?.notBefore ?? "")) renewed.add(path);
      known.set(made.sha256, { made, notBefore: made.notBefore });
      await rename(`${made.base}.${path.endsWith(".crt") ? "crt" : "pem"}`, path);
      for (const ending of ["pem", "crt", "key"]) await rm(`${made.base}.${ending}`, { force: true });
      // Between what runs and whatever begins now: clocks of files and processes are some hundredths of a second apart.
      const started = lookAtProcess(running.server.pid)?.startedAt ?? nowS();
      await utimes(path, (started + nowS()) / 2, (started + nowS()) / 2);
    },
    look() {
      const configuration = read();
      const all = paths();
      const holding = (sha256: string) => all.filter((path) => held(path)?.made.sha256 === sha256);
      const files: Files = {
        heldNow: (path) => {
          const found = held(path);
          return found && toHeld(found);
        },
        holding,
        heldUntil: (sha256) =>
          new Map([...(ever.get(sha256) ?? [])].map((path) => [path, "until the last scan"])),
        alsoIn: () => null,
      };
      const map: HostMap = {
        configurations: [configuration],
        files: all.map((path) => ({ path, realPath: null, writtenAt: writtenAt(path) })),
        listeners: listenersOf(running, configuration),
        problems: all.flatMap((path): FileProblem[] => {
          if (held(path)) return [];
          const kind = existsSync(path) ? "no-certificate" : "gone";
          const { server, root } = configuration;
          return [{ kind, server, root, certificate: path, key: path }];
        }),
      };
      return { configuration, files, map: indexMap(map, (path) => chosenNames(files.heldNow(path))) };
    },
  };
}

const hashOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();

function writtenAt(path: string): number | null {
  return existsSync(path) ? statSync(path).mtimeMs / 1_000 : null;
}

/** The server with all processes that it has started: they listen wherever the configuration says so. */
function listenersOf({ server: { pid } }: Running, { servings }: Configuration): HostMap["listeners"] {
  const processes = [pid, ...childrenOf(pid)].flatMap((one) => lookAtProcess(one) ?? []);
  const places = new Map(
    servings.flatMap(({ listens }) => listens.map((listen) => [`${listen.address} ${listen.port}`, listen])),
  );
  return [...places.values()].map(({ address, port }) => ({ address: address ?? "::", port, processes }));
}

function childrenOf(pid: number): number[] {
  const own = readOf(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

/** Nothing of a process that has ended meanwhile, as those that answer one connection do. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

const TICKS = 100;

function lookAtProcess(pid: number): { name: string; startedAt: number } | null {
  const text = readOf(pid, "stat");
  const end = text.lastIndexOf(")");
  if (end < 0) return null;
  const ticks = Number(text.slice(end + 2).split(" ")[19]);
  const up = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return { name: text.slice(text.indexOf("(") + 1, end), startedAt: nowS() - up + ticks / TICKS };
}
