import { rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { readStartedWith } from "#domain/server-configs/running-root.ts";
import { makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { makeCertificate } from "#store/testing/make-visit.ts";
import { sayColumns } from "#testing/say-columns.ts";
import { createCertificateMaker } from "#testing/servers-oracle/certificates.ts";
import { type Chance, createChance } from "#testing/servers-oracle/chance.ts";
import { type Generator, sayGenerated, UNIVERSE } from "#testing/servers-oracle/generated.ts";
import { GENERATORS, listSeeds } from "#testing/servers-oracle/generators.ts";
import {
  createHostFiles,
  findListeners,
  type HostFiles,
  spkiOf,
  writtenAtOf,
} from "#testing/servers-oracle/host-files.ts";
import { type Answered, answerAll, askAll, sayQuestion } from "#testing/servers-oracle/questions.ts";
import { type Running, startGenerated } from "#testing/servers-oracle/start-generated.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { findFileProblems } from "./file-problems.ts";
import type { HostMap } from "./host-map.ts";
import { type Judged, judgeServed } from "./judge-served.ts";
import { indexMap, type MapIndex } from "./map-index.ts";
import { chosenNames, type Files, type Held } from "./sight.ts";
import { spkiHashOf } from "./spki-hash.ts";

/** The long form has more. */
const SEEDS = listSeeds(8);

/**
 * `sights`: handshakes that showed a certificate; of each there is one state. `lost`: of how many no more is said than that the file
 * which is to be served there is gone, destroyed or of another key, which is a finding of its own.
 */
type Tally = {
  configurations: number;
  sights: number;
  states: Map<string, number>;
  lost: number;
  /** Why it could not be told, without the names of files, and how often. */
  reasons: Map<string, number>;
  falseClaims: string[];
};

test.for(Object.entries(GENERATORS))(
  "of %s nothing false is said after a file was renewed, rolled back, given to other names, destroyed, deleted or put beside another key, reloaded or not",
  { timeout: SEEDS.length * 60_000 },
  async ([server, generate], { annotate }) => {
    const tally = await judgeRandom(generate, SEEDS);
    await annotate(`${sayTally(server, tally)}${sayReasons(tally)}`);
    expect(tally.falseClaims.slice(0, 3).join("\n\n")).toBe("");
    // One configuration of a few may be all that is unknown.
    if (SEEDS.length >= 50) expect(countUnknown(tally) * 10).toBeLessThanOrEqual(tally.sights);
  },
);

const countUnknown = ({ states, lost }: Tally): number => (states.get("cannot-tell") ?? 0) - lost;

const sayReasons = ({ reasons }: Tally): string =>
  [...reasons].map(([why, count]) => `\nunknown ${count} times: ${why}`).join("");

const sayTally = (server: string, tally: Tally): string =>
  sayColumns([
    ["server", "configurations", "sights", "false", "unknown", "of lost files", "states"],
    [
      server,
      ...[tally.configurations, tally.sights, tally.falseClaims.length].map(String),
      ...[countUnknown(tally), tally.lost].map(String),
      [...tally.states].map(([state, count]) => `${state} ${count}`).join(", "),
    ],
  ]);

async function judgeRandom(generate: Generator, seeds: readonly number[]): Promise<Tally> {
  await using kept = await makeTemporaryFolder();
  const means = { make: createCertificateMaker(), kept: kept.path };
  const tally: Tally = {
    configurations: 0,
    sights: 0,
    states: new Map(),
    lost: 0,
    reasons: new Map(),
    falseClaims: [],
  };
  for (const seed of seeds) {
    const chance = createChance(seed);
    await using running = await startGenerated(generate, chance, means);
    const hasSecond = running.generated.server === "nginx" && seed % 4 === 0;
    await using second = hasSecond ? await startGenerated(generate, createChance(-seed), means) : null;
    const servers: [Running, ...Running[]] = second ? [running, second] : [running];
    const passage = createPassage({ servers, chance, tally, make: means.make });
    const wrong = [
      ...(await passage.asItBegan()),
      ...(await passage.afterRenewal(seed % 2 === 0)),
      ...(await passage.afterLoss()),
    ];
    tally.configurations++;
    if (wrong.length > 0)
      tally.falseClaims.push(
        `seed ${seed}:\n${wrong.slice(0, 12).join("\n")}\n${wrong.length} in all\n${servers.map(({ generated }) => sayGenerated(generated)).join("\n")}`,
      );
  }
  return tally;
}

type PassageOptions = {
  servers: [Running, ...Running[]];
  chance: Chance;
  tally: Tally;
  make: ReturnType<typeof createCertificateMaker>;
};

/** What is false of all that is said, as phrases, in three parts that follow each other. */
function createPassage({ servers, chance, tally, make }: PassageOptions) {
  const [running] = servers;
  const host = createRandomHost(servers);
  const questions = servers.flatMap((one) => askAll(one, chance));
  const pairs = host.pairs();
  const paths = chance.shuffle([...new Set(pairs.map(({ certificate }) => certificate.path))]);
  const keyOf = (path: string) =>
    pairs.find(({ certificate }) => certificate.path === path)?.key?.path ?? path;
  let truth: readonly Answered[] = [];

  return {
    async asItBegan(): Promise<string[]> {
      truth = await answerAll(questions);
      host.remember();
      return judgeLater(host, truth)({ tally, truth, step: "at first" });
    },

    async afterRenewal(isReloaded: boolean): Promise<string[]> {
      const changes = chance.shuffle(["renewed", "rolled back", "for other names"] as const);
      const step = await Promise.all(
        changes.slice(0, paths.length).map(async (change, index) => {
          const path = paths[index] ?? "";
          const held = host.held(path);
          if (!held) return `${path} held nothing`;
          const isNew = change === "renewed" || (change === "for other names" && chance.happens(50));
          const names = change === "for other names" ? chance.some(UNIVERSE, 1, 2) : held.names;
          const more = {
            notBefore: isNew ? "260301000000Z" : "251101000000Z",
            ...(change !== "for other names" && { commonName: held.commonName }),
          };
          await host.replace(path, await make(`${path}.new`, names, held.family, more));
          return `${path} ${change} (${more.notBefore})`;
        }),
      );
      if (isReloaded) await running.reload();
      const said = judgeLater(host, await answerAll(questions));
      await running.restart();
      truth = await answerAll(questions);
      return said({ tally, truth, step: `${step.join(", ")}${isReloaded ? ", reloaded" : ""}` });
    },

    /** The server may not begin with what is left; whatever it shows if it does, it is none of the lost. */
    async afterLoss(): Promise<string[]> {
      host.remember();
      const losses = chance.shuffle(["destroyed", "deleted", "of another key"] as const);
      const lost = losses.flatMap((loss, index) => {
        const path = paths.at(-1 - index);
        return path === undefined || !host.held(path)
          ? []
          : [{ loss, path, sha256: host.held(path)?.sha256 }];
      });
      for (const { loss, path } of lost) {
        const held = host.held(path);
        if (loss === "destroyed") await writeFile(path, "this is no certificate\n");
        else if (loss === "deleted") await rm(path);
        else if (held)
          await host.replaceKey(
            keyOf(path),
            await make(`${path}.new`, ["other.key"], held.family, { isOfOtherKey: true }),
          );
      }
      const step = lost.map(({ loss, path }) => `${path} ${loss}`).join(", ");
      const wrong = judgeLater(host, truth)({ tally, truth, step });
      const { files, problems } = host.look();
      const gone = lost.filter(({ path }) => problems.has(path)).map(({ sha256 }) => sha256);
      const isSpare = (sha256: string) => files.holding(sha256).some((path) => !problems.has(path));
      const again = truth.filter(({ shown }) => gone.includes(shown) && !isSpare(shown));
      const hasBegun = await running.restart().then(
        () => true,
        () => false,
      );
      if (!hasBegun) return wrong;
      const later = await answerAll(again.map(({ question }) => question));
      return [
        ...wrong,
        ...later
          .filter(({ shown }) => gone.includes(shown))
          .map(({ question }) => `${step}: ${sayQuestion(question)}: what is said to be lost is served`),
      ];
    },
  };
}

type RandomHost = ReturnType<typeof createRandomHost>;

/** What a scan as root knows, of the files and processes as they are. */
function createRandomHost(all: readonly [Running, ...Running[]]) {
  const files: HostFiles = createHostFiles(all);
  const ever = new Map<string, Set<string>>();
  const read = (running: Running): Configuration =>
    readConfiguration({
      server: running.generated.server,
      root: running.server.configPath,
      unread: [],
      commandLines: all.map(({ command }) => command),
      isStarted: running !== all[0],
      addresses: all.flatMap(({ addresses }) => addresses),
      ...running.readTexts(),
    });
  const heldNow = (path: string): Held | null => toHeld(files.held(path));
  return {
    ...files,
    /** Of the first server. */
    pairs: () => read(all[0]).servings.flatMap(({ pairs }) => pairs),
    /** As a scan does. */
    remember(): void {
      for (const path of pathsIn(all.map(read))) {
        const sha256 = heldNow(path)?.sha256;
        if (sha256) ever.set(sha256, (ever.get(sha256) ?? new Set()).add(path));
      }
    },
    look(): { map: MapIndex; files: Files; problems: ReadonlySet<string> } {
      const configurations = all.map(read);
      const paths = pathsIn(configurations);
      const problems = findFileProblems(toDisk(configurations, paths));
      const map: HostMap = {
        configurations,
        files: paths.map((path) => ({ path, realPath: null, writtenAt: writtenAtOf(path) })),
        listeners: all.flatMap(listenersOf),
        problems,
      };
      return {
        files: {
          heldNow,
          holding: (sha256) => paths.filter((path) => heldNow(path)?.sha256 === sha256),
          heldUntil: (sha256) =>
            new Map([...(ever.get(sha256) ?? [])].map((path) => [path, "until the last scan"])),
          alsoIn: () => null,
        },
        map: indexMap(map, (path) => chosenNames(heldNow(path))),
        problems: new Set(problems.map(({ certificate }) => certificate)),
      };
    },
  };
}

const pathsIn = (configurations: readonly Configuration[]): string[] => [
  ...new Set(
    configurations.flatMap(({ servings }) =>
      servings.flatMap(({ pairs }) => pairs.map(({ certificate }) => certificate.path)),
    ),
  ),
];

const toHeld = (made: ReturnType<HostFiles["held"]>): Held | null =>
  made && {
    sha256: made.sha256,
    names: made.names.map((name) => `DNS:${name}`),
    notBefore: made.notBefore,
    keyType: made.family,
    subject: `CN=${made.commonName}`,
  };

function toDisk(configurations: readonly Configuration[], paths: readonly string[]) {
  const keys = configurations.flatMap(({ servings }) =>
    servings.flatMap(({ pairs }) => pairs.map(({ certificate, key }) => key?.path ?? certificate.path)),
  );
  const all = [...new Set([...paths, ...keys])];
  const there = all.filter((path) => writtenAtOf(path) !== null);
  const entry = (path: string) =>
    ({ path, type: "file", mode: 0o600, uid: 0, gid: 0, hasAcl: false }) as const;
  const unknown = { lock: null, proof: null, blob: null, blobBeside: null, whyNoKey: null };
  const collection = makeCollection({
    diskFiles: new Map(
      there.map((path) => [path, { path, realPath: path, entry: entry(path), writtenAt: writtenAtOf(path) }]),
    ),
    keyFiles: there.flatMap((path) => {
      const spki = spkiOf(path, "key");
      return spki
        ? [{ ...unknown, path, entry: entry(path), format: "pkcs8", isEncrypted: false, spki }]
        : [];
    }),
    unread: all
      .filter((path) => !there.includes(path))
      .map((path) => ({ kind: "certificate-file", path, why: "it is not there", isAbsent: true })),
  });
  const files = paths.flatMap((path) => {
    const spkiSha256 = spkiHashOf(spkiOf(path, "certificate"));
    return spkiSha256 === null ? [] : [{ path, certificates: [makeCertificate(path, { spkiSha256 })] }];
  });
  return { collection, configurations, files };
}

const listenersOf = (running: Running): NonNullable<HostMap["listeners"]> => {
  const { server } = running.generated;
  const isTold = readStartedWith(server, running.command) !== null;
  const startedWith = { server, root: running.server.configPath };
  return findListeners(running).map(({ address, port, processes }) => ({
    address,
    port,
    processes: processes.map(({ name, startedAt, isFirst }) =>
      isFirst && isTold ? { name, startedAt, startedWith } : { name, startedAt },
    ),
  }));
};

type Against = { tally: Tally; truth: readonly Answered[]; step: string };

/** Judges now, by the files as they are, and lays it beside what is true once that is known: what the server shows when it begins anew. */
function judgeLater(host: RandomHost, seen: readonly Answered[]): (against: Against) => string[] {
  const { map, files, problems } = host.look();
  const judged = seen.flatMap(({ question, shown }, index) => {
    const leaf = toHeld(host.known(shown));
    if (!leaf) return [];
    const sight = {
      address: question.host,
      port: question.port,
      name: question.name,
      leaf,
      askedAt: Date.now() / 1_000,
    };
    const isHeld = files.holding(shown).length > 0;
    return [{ index, question, shown, isHeld, found: judgeServed(map, files, sight) }];
  });
  const renewed = host.renewed();
  const empty = new Set([...problems].filter((path) => files.heldNow(path) === null));
  return ({ tally, truth, step }) =>
    judged.flatMap(({ index, question, shown, isHeld, found }) => {
      tally.sights++;
      count(tally, found, problems);
      const isSame = truth[index]?.shown === shown;
      const why = found && whyFalse(found, { isSame, isHeld, empty, renewed });
      return why
        ? [`${step}: ${sayQuestion(question)}: ${found.state} (${found.evidence.join("; ")}): ${why}`]
        : [];
    });
}

function count(tally: Tally, found: Judged | null, problems: ReadonlySet<string>): void {
  const state = found?.state ?? "nothing";
  tally.states.set(state, (tally.states.get(state) ?? 0) + 1);
  if (found?.state !== "cannot-tell") return;
  if (found.pairs.some(({ certificate }) => problems.has(certificate.path))) {
    tally.lost++;
    return;
  }
  const why = found.evidence.join("; ").replaceAll(/\/\S+/g, "FILE");
  tally.reasons.set(why, (tally.reasons.get(why) ?? 0) + 1);
}

/** Paths: `empty` hold no certificate any more, so that the server cannot begin with them. */
type Changed = { empty: ReadonlySet<string>; renewed: ReadonlySet<string> };

/** `isSame`: the server shows the same when it begins anew. `isHeld`: a file has it still, for what is deleted from a folder is configured no more. */
function whyFalse(
  { state, pairs }: Judged,
  { isSame, isHeld, empty, renewed }: { isSame: boolean; isHeld: boolean } & Changed,
): string | null {
  const isEmpty = pairs.some(({ certificate }) => empty.has(certificate.path));
  switch (state) {
    case "agrees":
      return isEmpty ? "its file holds none" : isSame ? null : "another one is configured";
    case "cannot-tell":
      return null;
    case "not-reloaded":
      if (!pairs.every(({ certificate }) => renewed.has(certificate.path))) return "it was not renewed";
      return isEmpty ? "a reload would fail" : isSame ? "a reload changes nothing" : null;
    case "differs":
    case "other-listed":
      return isSame && isHeld && !isEmpty ? "it is the one that is configured" : null;
    case "other-process":
      return "it is that very server";
  }
}
