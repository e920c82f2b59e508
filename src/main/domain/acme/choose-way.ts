import type { ChallengeSite } from "#domain/server-configs/webroots/site.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";

/** What answers at a port of the host. */
export type Listener = {
  port: number;
  /** As the kernel writes it: `0.0.0.0` and `::` for all. */
  address: string;
  /** The program, where it could be told. */
  program: string | null;
};

export type WayFacts = {
  /** On 80 and 443; null: could not be asked. */
  listeners: readonly Listener[] | null;
  /** By name in lower case, where a web server's configuration was read. */
  sites: ReadonlyMap<string, ChallengeSite>;
  /** Programs there that can serve one file: python3, perl, busybox, socat. */
  servers: readonly string[];
  hasOpenssl: boolean;
  isRoot: boolean;
};

export type PossibleWay = { way: ChallengeWay /** Why it can be taken, for a person. */; why: string };
export type RefusedWay = { kind: ChallengeWay["kind"]; why: string };
/** `ways`: the best one first. */
export type WayChoice = { ways: PossibleWay[]; not: RefusedWay[] };
