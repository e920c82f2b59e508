import type { KeyFamily } from "./certificates.ts";
import { type Chance, type Door, otherNames } from "./generated.ts";
import { type LeafQuery, probeByCommand, probeByOpenssl, probeLeaf, type ShownLeaf } from "./probe-leaf.ts";
import type { Running } from "./start-generated.ts";

export type LeafAnswer = { query: LeafQuery; shown: ShownLeaf };

const BOTH: readonly KeyFamily[] = ["ECDSA", "RSA"];
const CLIENTS: readonly (readonly KeyFamily[])[] = [["RSA"], ["ECDSA"], BOTH];

/**
 * Every name by every kind of client, and ten others by one of them, only two of those after the first address;
 * versions vary.
 */
export function createQueries({ generated: { doors, names } }: Running, chance: Chance): LeafQuery[] {
  const others = otherNames(chance, names);
  return doors.flatMap((door: Door, index) => {
    const strangers = index === 0 ? others : chance.some(others, 2, 2);
    const version = () => chance.pick(["TLSv1.2", "TLSv1.3"] as const);
    const own = [...names, null].flatMap((name) =>
      CLIENTS.map((takes) => ({ ...door, name, takes, version: version() })),
    );
    return [
      ...own,
      ...strangers.map((name) => ({ ...door, name, takes: chance.pick(CLIENTS), version: version() })),
    ];
  });
}

/** In the order of the queries, two at once: servers start a process for each further one. */
export async function answerAll(queries: readonly LeafQuery[]): Promise<LeafAnswer[]> {
  const answers: LeafAnswer[] = [];
  const left = queries.entries();
  const goOn = async () => {
    for (const [index, query] of left) answers[index] = { query, shown: await probeLeaf(query) };
  };
  await Promise.all([goOn(), goOn()]);
  return answers;
}

/**
 * This many queries of each configuration are repeated by a whole handshake of OpenSSL, the first of them by its
 * command.
 */
const SAMPLES = 3;

/** Queries that OpenSSL itself, as a client, gets another answer to, as phrases. */
export async function compareWithOpenssl(answers: readonly LeafAnswer[], chance: Chance): Promise<string[]> {
  const shown = answers.filter((answer) => answer.shown.length === 64);
  const [first, ...others] = chance.shuffle(shown).slice(0, SAMPLES);
  const refused = answers.find((answer) => answer.shown === "refused");
  const wrong: string[] = [];
  if (first && (await probeByCommand(first.query)) !== first.shown)
    wrong.push(`${formatQuery(first.query)}: the openssl command is shown another one`);
  for (const answer of [...others, ...(refused ? [refused] : [])])
    if ((await probeByOpenssl(answer.query)) !== answer.shown)
      wrong.push(`${formatQuery(answer.query)}: a whole handshake of OpenSSL comes to another one`);
  return wrong;
}

export const formatQuery = ({ host, port, name, takes, version }: LeafQuery): string =>
  `${name ?? "no name"} at ${host}:${port} by ${takes.join("+")} in ${version}`;
