import { isTranslated } from "#domain/server-configs/choose-serving.ts";
import type { Configuration, Pair, Serving } from "#domain/server-configs/configuration.ts";
import { MOST_NAMED, nameSome } from "#shared/text/certificate-finding.ts";
import { type FileProblem, formatFileProblem } from "./file-problems.ts";
import type { HostMap } from "./host-map.ts";
import { createListening, type Listening } from "./listening.ts";
import { createNarrower } from "./narrow-choice.ts";

/** A configuration that says something of one port. */
export type AtPort = {
  configuration: Configuration;
  narrow: ReturnType<typeof createNarrower>;
  /** All that it serves there. */
  pairs: readonly Pair[];
};

/** Where a file is meant to be served, the first of all places; `order` counts these. */
export type Listed = { order: number; server: Configuration["server"]; serving: Serving; pair: Pair };

/** A map, laid out so that what is asked for one endpoint costs the same however many names its host serves. */
export type MapIndex = {
  at: (port: number) => readonly AtPort[];
  listening: (address: string | null, port: number) => Listening;
  /** Seconds since the epoch. */
  writtenAt: (path: string) => number | null;
  listed: (path: string) => Listed | null;
  /** Why no server could take the certificate of this file, as a phrase; null: nothing is known to keep one from it. */
  problemOf: (path: string) => string | null;
  /** What keeps the server of a configuration from starting and from reloading, as phrases: of many the first, and how many more there are. */
  problemsIn: (configuration: Configuration) => string[];
};

/**
 * `namesIn`: the DNS names of the first certificate of a file, null where they are not known. `wasSeen`: whether an earlier scan has read
 * a certificate or a key at a path.
 */
export function indexMap(
  map: HostMap,
  namesIn: (path: string) => readonly string[] | null,
  wasSeen: (path: string) => boolean = () => false,
): MapIndex {
  const ports = new Map<number, AtPort[]>();
  const written = new Map<string, number | null>();
  for (const { path, writtenAt } of map.files) if (!written.has(path)) written.set(path, writtenAt);
  const listed = listPaths(map);
  const listening = createListening(map.listeners);
  // All configurations of a host have its addresses.
  const [{ addresses = null } = {}] = map.configurations;
  const problems = map.problems ?? [];
  const problemAt = new Map(problems.map((problem) => [problem.certificate, problem]));
  const said = new Map<FileProblem, string>();
  const inOne = new Map<string, string[]>();
  const byConfiguration = Map.groupBy(problems, keyOf);
  // A host may have thousands, and an endpoint asks for few.
  const say = (problem: FileProblem): string => {
    const phrase = said.get(problem) ?? formatFileProblem(problem, wasSeen);
    said.set(problem, phrase);
    return phrase;
  };
  return {
    at(port) {
      const known = ports.get(port);
      if (known) return known;
      const found = map.configurations.flatMap((one) => lookAt(one, port, namesIn) ?? []);
      ports.set(port, found);
      return found;
    },
    listening: (address, port) =>
      listening(address !== null && isTranslated({ addresses }, address) ? null : address, port),
    writtenAt: (path) => written.get(path) ?? null,
    listed: (path) => listed.get(path) ?? null,
    problemOf(path) {
      const problem = problemAt.get(path);
      return problem ? say(problem) : null;
    },
    problemsIn(configuration) {
      const key = keyOf(configuration);
      const own = byConfiguration.get(key) ?? [];
      const phrases = inOne.get(key) ?? nameSome(own.slice(0, MOST_NAMED).map(say), own.length, "file");
      inOne.set(key, phrases);
      return phrases;
    },
  };
}

const keyOf = ({ server, root }: Pick<Configuration, "server" | "root">): string =>
  JSON.stringify([server, root]);

function lookAt(
  configuration: Configuration,
  port: number,
  namesIn: (path: string) => readonly string[] | null,
): AtPort | null {
  const there = configuration.servings.filter(({ listens }) =>
    listens.some((listen) => listen.port === port),
  );
  if (there.length === 0) return null;
  const narrow = createNarrower(configuration, port, namesIn);
  return { configuration, narrow, pairs: there.flatMap(({ pairs }) => pairs) };
}

function listPaths({ configurations }: HostMap): ReadonlyMap<string, Listed> {
  const listed = new Map<string, Listed>();
  for (const { server, servings } of configurations) {
    for (const serving of servings) {
      for (const pair of serving.pairs) {
        const { path } = pair.certificate;
        if (!listed.has(path)) listed.set(path, { order: listed.size, server, serving, pair });
      }
    }
  }
  return listed;
}
