import { makeCheck } from "#domain/rotation/plan/draft.ts";
import type { HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { CertificateChange, ServedVerification } from "#shared/model/pair.ts";
import type { Check } from "#shared/model/plan.ts";
import { RESTART } from "#shared/model/told-by.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatPoint } from "#shared/text/pair.ts";
import { checkKey } from "./check-key.ts";
import { formatPair } from "./draft-change.ts";
import { findNarrower } from "./find-narrower.ts";
import { isOwnWay } from "./own-way.ts";
import type { PairFacts, VerificationFacts } from "./renewal-facts.ts";

/** That a server's own test fails before there is anything new: a run orders nothing then, unless this was agreed to. */
export const SERVER_TEST = "server-test";

/** What is to be known of a certificate before it is renewed. */
export function checkRenewal(host: HostFacts, pair: PairFacts, change: CertificateChange): Check[] {
  const about = formatPair(pair);
  const say = (state: Check["state"], id: string, text: string) =>
    makeCheck(state, id, { host }, `${about}: ${text}`);
  const untested = change.consumers.filter(({ test }) => test === "none");
  return [
    ...checkVerifications(pair, change, say),
    ...(pair.hostsInCommon > 1
      ? [
          say(
            "warning",
            "shared",
            `${formatCount(pair.hostsInCommon, "host")} have this very certificate; each host gets a key and a certificate of its own`,
          ),
        ]
      : []),
    ...checkNarrower(pair, change, say),
    ...checkWay(pair, change, say),
    ...checkKey(pair, change.key.kind, say),
    ...untested.map(({ server, where }) =>
      say("warning", "untested", `${server} (${where}) has no test that new files could be tried by`),
    ),
    ...pair.failing.map(({ server, where, said }) =>
      say(
        "consent",
        SERVER_TEST,
        `${server} (${where}) fails its own test as it is now, before anything is changed: ${said}; mend that first, unless the new certificate is what mends it`,
      ),
    ),
    ...change.consumers
      .filter(({ reload }) => reload === RESTART)
      .map(({ server, where }) =>
        say(
          "consent",
          "restart",
          `${server} (${where}) reads new files only when it is restarted, which ends its connections`,
        ),
      ),
    ...change.consumers.flatMap(({ described }) =>
      described
        ? [
            say(
              "consent",
              "described",
              `root runs there: ${[described.test, described.reload].filter(Boolean).join("; ")}`,
            ),
          ]
        : [],
    ),
    ...pair.wonders.map((wonder) => say("warning", "unsure", wonder)),
  ];
}

/** What comes back may be less than what is served: that is agreed to before anything is ordered. */
function checkNarrower(pair: PairFacts, { issuer }: CertificateChange, say: Say): Check[] {
  const less = findNarrower(pair, issuer.kind);
  if (less.length === 0) return [];
  return [say("consent", "narrower", `the new one ${less.map(({ words }) => words).join("; it ")}`)];
}

/** A program that somebody named for this plan alone is agreed to by its path. */
function checkWay({ issuer }: PairFacts, { challenge }: CertificateChange, say: Say): Check[] {
  if (challenge?.kind !== "dns-hook" || isOwnWay(challenge, issuer)) return [];
  return [say("consent", "hook", `this computer runs ${challenge.program} to show that its names are yours`)];
}

export type Say = (state: Check["state"], id: string, text: string) => Check;

/** Served somewhere else than it is looked at, it would be wrong for hours before anybody knew. */
function checkVerifications(pair: PairFacts, change: CertificateChange, say: Say): Check[] {
  const others = pair.proofs.filter(({ isOthers }) => isOthers);
  const silent = pair.proofs.filter(({ isOthers, message }) => !isOthers && message !== "");
  const fresh = change.proofs.find(({ before }) => before !== pair.sha256);
  return [
    ...(change.proofs.length === 0
      ? [say("consent", "no-proof", "nowhere can it be seen whether the new one is served")]
      : [
          say("ok", "proof", `seen at ${formatCount(countPlaces(change.proofs), "place")} once it is served`),
        ]),
    ...checkUnseen(silent, say),
    ...others.map((point) =>
      say("warning", "other-served", `another certificate of the host is served at ${formatPoint(point)}`),
    ),
    ...(fresh
      ? [
          say(
            "warning",
            "not-served",
            `${formatPoint(fresh)} serves another one now than the file is known to hold`,
          ),
        ]
      : []),
  ];
}

/** An address that is out of reach is so under each of its names, and is said once. */
function checkUnseen(silent: readonly VerificationFacts[], say: Say): Check[] {
  const alike = Map.groupBy(silent, ({ address, port, message }) => JSON.stringify([address, port, message]));
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const more = others.length === 0 ? "" : ` (and by ${formatCount(others.length, "other name")})`;
    return say(
      "warning",
      "unseen",
      `what is served at ${formatPoint(first)}${more} cannot be seen: ${first.message}`,
    );
  });
}

const countPlaces = (proofs: readonly ServedVerification[]): number =>
  proofs.reduce((sum, { addresses }) => sum + (addresses?.length ?? 1), 0);
