import { basename } from "node:path";
import { expect, test } from "vitest";
import { sayColumns } from "#testing/say-columns.ts";
import type { Question, Shown } from "#testing/servers-oracle/ask-leaf.ts";
import { createCertificateMaker } from "#testing/servers-oracle/certificates.ts";
import { createChance } from "#testing/servers-oracle/chance.ts";
import { type Generator, sayGenerated } from "#testing/servers-oracle/generated.ts";
import { GENERATORS, listSeeds } from "#testing/servers-oracle/generators.ts";
import { answerAll, askAll, compareWithOpenssl, sayQuestion } from "#testing/servers-oracle/questions.ts";
import { type Running, startGenerated } from "#testing/servers-oracle/start-generated.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { chooseServing } from "./choose-serving.ts";
import type { Configuration } from "./configuration.ts";
import { pairsForClient } from "./pairs-for-client.ts";
import { readConfiguration } from "./read-configuration.ts";

/** The long form has more. */
const SEEDS = listSeeds(50);

test.for(Object.entries(GENERATORS))(
  "%s shows what random configurations of it are read to say, to every name and kind of client",
  { timeout: SEEDS.length * 60_000 },
  async ([server, generate], { annotate }) => {
    const tally = await compareRandom(generate, SEEDS);
    await annotate(`${sayTallies({ [server]: tally })}${sayReasons(tally)}`);
    expect(tally.falseClaims.slice(0, 3).join("\n\n")).toBe("");
    // One configuration of twelve may be all that is unknown.
    if (SEEDS.length >= 50) expect((tally.unknown + tally.notSeen) * 10).toBeLessThanOrEqual(tally.claims);
  },
);

/** What came of the configurations of one server: each question is a claim of ours, or unknown. */
type Tally = {
  configurations: number;
  names: number;
  claims: number;
  unknown: number;
  /** Nothing there spoke TLS, and the configuration says nothing of that address itself. */
  notSeen: number;
  /** Why it was unknown, and how often. */
  reasons: Map<string, number>;
  /** Each with the seed that makes it again, and the configuration. */
  falseClaims: string[];
};

/** What we say that one question is answered by: one of these certificates, nothing, or we cannot tell. */
type Claim = { kind: "shows"; paths: string[] } | { kind: "nothing" } | { kind: "unsure"; why: string };

/** `seeds` makes each configuration, starts it, and lays what the server shows beside what is claimed. */
async function compareRandom(generate: Generator, seeds: readonly number[]): Promise<Tally> {
  await using kept = await makeTemporaryFolder();
  const means = { make: createCertificateMaker(), kept: kept.path };
  const tally: Tally = {
    configurations: 0,
    names: 0,
    claims: 0,
    unknown: 0,
    notSeen: 0,
    reasons: new Map(),
    falseClaims: [],
  };
  for (const seed of seeds) {
    const chance = createChance(seed);
    await using running = await startGenerated(generate, chance, means);
    const configuration = readRunning(running);
    const questions = askAll(running, chance);
    const answers = await answerAll(questions);
    const wrong = await compareWithOpenssl(answers, chance);
    for (const { question, shown } of answers) {
      const claim = claimFor(running, configuration, question);
      if (claim.kind === "unsure") {
        tally.unknown++;
        tally.reasons.set(claim.why, (tally.reasons.get(claim.why) ?? 0) + 1);
        continue;
      }
      tally.claims++;
      if (claim.kind === "shows" && shown === "silent" && !isListed(configuration, question)) tally.notSeen++;
      else if (!holds(running, claim, shown))
        wrong.push(`${sayQuestion(question)}: claimed ${sayClaim(claim)}, shown ${sayShown(running, shown)}`);
    }
    tally.configurations++;
    tally.names += new Set(questions.map(({ name }) => name)).size;
    if (wrong.length > 0)
      tally.falseClaims.push(
        `seed ${seed}:\n${wrong.slice(0, MOST_SAID).join("\n")}\n${wrong.length} in all\n${sayGenerated(running.generated)}`,
      );
  }
  return tally;
}

const MOST_SAID = 12;

const sayReasons = ({ reasons }: Tally): string =>
  [...reasons].map(([why, count]) => `\nunknown ${count} times: ${why}`).join("");

/** A line for each server, as an issue wants it. */
const sayTallies = (tallies: { [server: string]: Tally }): string =>
  sayColumns([
    ["server", "configurations", "names", "claims", "false", "unknown", "not seen"],
    ...Object.entries(tallies).map(([server, tally]) => [
      server,
      ...[tally.configurations, tally.names, tally.claims, tally.falseClaims.length].map(String),
      ...[tally.unknown, tally.notSeen].map(String),
    ]),
  ]);

const readRunning = ({
  generated: { server },
  server: { configPath: root },
  command,
  addresses,
  readTexts,
}: Running) =>
  readConfiguration({ server, root, unread: [], commandLines: [command], addresses, ...readTexts() });

/** Not where a port is known at one other address alone, so that it may have been reached by translation. */
const isListed = ({ servings }: Configuration, { host, port }: Question): boolean =>
  servings.some(({ listens }) =>
    listens.some(
      ({ address, port: own }) =>
        own === port &&
        (address === null || address === host || address === (host.includes(":") ? "::" : "0.0.0.0")),
    ),
  );

function claimFor(
  { made }: Running,
  configuration: Configuration,
  { host, port, name, takes }: Question,
): Claim {
  const choice = chooseServing(configuration, { address: host, port, name }, (path) => {
    const certificate = made.get(path);
    return certificate ? [...certificate.names, certificate.commonName] : null;
  });
  if (choice.kind === "none") return { kind: "nothing" };
  if (choice.kind === "unsure") return { kind: "unsure", why: choice.why };
  const pairs = pairsForClient(configuration, choice.pairs, takes, (path) => made.get(path)?.family ?? null);
  if (!pairs) return { kind: "unsure", why: "the kind of a key is not known" };
  const paths = pairs.map(({ certificate }) => certificate.path);
  return paths.length > 0 ? { kind: "shows", paths } : { kind: "nothing" };
}

function holds({ made }: Running, claim: Exclude<Claim, { kind: "unsure" }>, shown: Shown): boolean {
  if (claim.kind === "nothing") return shown === "refused" || shown === "silent";
  return claim.paths.some((path) => made.get(path)?.sha256 === shown);
}

const sayClaim = (claim: Exclude<Claim, { kind: "unsure" }>): string =>
  claim.kind === "nothing" ? "nothing" : claim.paths.map((path) => basename(path)).join(" or ");

const sayShown = ({ made }: Running, shown: Shown): string => {
  const found = [...made.values()].find(({ sha256 }) => sha256 === shown);
  return found ? `${basename(found.base)} (${found.family})` : shown;
};
