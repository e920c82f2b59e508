/**
 * Every row of the matrix, by real logins to a real sshd. Our verdict from what the collector reads there as root must
 * be sshd's answer, line by line; the verdict from what it reads as an ordinary account must not contradict it.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { evaluateAuthorities, findOtherAccess } from "#domain/ssh/authorities.ts";
import { type EvaluatedGrant, evaluateGrants } from "#domain/ssh/effective.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { makeStage, makeTurns, readTaken, type Stage } from "#testing/matrix/stage.ts";
import { type Actor, GROUNDS as ALL_GROUNDS, layOut, WATCHER, writeConfig } from "./host-fixtures.ts";
import { formatRow, HERE, type HostFixture, type Row, spell } from "./row.ts";

const MINUTES = 60_000;
/** Every fifth row, on every host; all in the long tests. Five is odd, since rows often come in pairs of yes and no. */
const GROUNDS: readonly HostFixture[] =
  process.env.LATCHKEY_TEST_ROWS === "all"
    ? ALL_GROUNDS
    : ALL_GROUNDS.map((ground) => ({ ...ground, rows: ground.rows.filter((_, nth) => nth % 5 === 0) }));

/** Hosts at a time: the logins to one go on while the collector runs on another. */
const turns = makeTurns(3);

type Played = {
  actors: Actor[];
  /** sshd's answer to each login of a row, and the lines by which it let in. */
  answers: Map<Row, { isIn: boolean[]; by: string[] }>;
  asRoot: Collection;
  grants: EvaluatedGrant[];
  asWatcher: EvaluatedGrant[];
  /** The watcher's own line, evaluated by a scan that logged in with it. */
  asLogin: EvaluatedGrant | undefined;
};

let stage: Stage;
const played = new Map<HostFixture, Promise<Played>>();

beforeAll(async () => {
  if (!canStartHosts()) return;
  stage = await makeStage();
  for (const ground of GROUNDS)
    played.set(
      ground,
      turns(() => play(ground)),
    );
  await Promise.allSettled(played.values());
}, 15 * MINUTES);
afterAll(() => stage?.[Symbol.asyncDispose]());

async function play(ground: HostFixture): Promise<Played> {
  const actors = layOut(ground, stage.keys, new Date());
  const { before, after, sshdOptions } = ground;
  const host = await stage.start({
    name: (ground.name.match(/[a-z]+/gi) ?? []).slice(0, 5).join("-"),
    config: writeConfig(ground, actors),
    accounts: actors,
    ...(before && { before }),
    ...(after && { after }),
    ...(sshdOptions && { sshdOptions }),
  });
  const asRoot = await collect(host);
  const isIn = await Promise.all(actors.map((actor) => playLogins(host, actor)));
  const counts = new Map(actors.map(({ name }, index) => [name, isIn[index]?.filter(Boolean).length ?? 0]));
  const taken = await readTaken(host, counts);
  const answers = actors.map((actor, index) => {
    const by = [...(taken.get(actor.name) ?? [])].map((place) => nameOf(place, actor)).sort();
    return [actor.row, { isIn: isIn[index] ?? [], by }] as const;
  });
  const asWatcher = await collect(host, WATCHER);
  const loginKey = readPublicKeyLine(stage.keys.key ?? "")?.key.fingerprint ?? "";
  return {
    actors,
    answers: new Map(answers),
    asRoot,
    grants: evaluateGrants(asRoot),
    asWatcher: evaluateGrants(asWatcher),
    asLogin: evaluateGrants({ ...asWatcher, loginKey, loginAccount: WATCHER }).find(isWatchers),
  };
}

/** The reasons for which an ordinary account cannot know about its own line. */
const ROOT_ALONE_KNOWS = /password of|was started with|closes the host|not reloaded/;

const isWatchers = ({ account }: EvaluatedGrant): boolean => account === WATCHER;

/** One after the other: a login is identified by its number among the account's. */
async function playLogins(host: Awaited<ReturnType<Stage["start"]>>, { name, tries }: Actor) {
  const answers: boolean[] = [];
  for (const { certificate, from = HERE, is: _, ...attempt } of tries) {
    const { by = "ca", principals = "<user>", ...more } = certificate ?? {};
    const wish = { by, principals: spell(principals, {}, { user: name }), ...more };
    const signed = certificate ? { certificate: wish } : {};
    answers.push(await stage.login(host, { account: name, from, ...attempt, ...signed }));
  }
  return answers;
}

async function collect(host: LabHost, user?: string): Promise<Collection> {
  const collection = readCollection(await runCollector(host, user ? { user } : {}), { nonce: null });
  if (!collection || collection.incomplete) throw new Error(`no collection: ${collection?.incomplete}`);
  return collection;
}

/** A line's location as rows write it: a file in ~/.ssh by its name alone. */
const nameOf = (place: string, { home }: Actor): string =>
  place.replace(/\/{2,}/g, "/").replace(`${home}/.ssh/`, "");

/** Our verdict on a row: the lines that let somebody in, those that are unknown, and why. */
function weSay({ actors, grants, asRoot }: Played, row: Row) {
  const actor = actors.find((one) => one.row === row);
  if (!actor) throw new Error("a row of another host");
  const own = grants.filter(({ account }) => account === actor.name);
  const files = asRoot.authorizedKeys.filter(({ accounts }) => accounts.includes(actor.name));
  const places = (state: string) =>
    own
      .filter(({ verdict }) => verdict.effective.state === state)
      .map(({ file, line, verdict }) =>
        nameOf(
          state === "unknown" ? `${file}:${line} ${verdict.effective.reasons[0]}` : `${file}:${line}`,
          actor,
        ),
      )
      .sort();
  const reasons = own.flatMap(({ verdict }) => verdict.effective.reasons);
  return {
    yes: places("yes"),
    no: places("no"),
    unknown: places("unknown"),
    reasons: own.length > 0 ? reasons : files.flatMap(({ whyUnreadable }) => whyUnreadable ?? []),
    dormant: own.map(({ verdict }) => verdict.effective.dormant),
    ways: findOtherAccess(asRoot).map(({ what }) => what),
    authorities: evaluateAuthorities(asRoot).flatMap(({ file, accounts }) =>
      accounts
        .filter(({ account, effective }) => account === actor.name && effective.state === "yes")
        .map(() => `TrustedUserCAKeys ${file}`),
    ),
    actor,
  };
}

test("no row is there twice", () => {
  const names = ALL_GROUNDS.flatMap(({ name, rows }) => rows.map((row) => `${name}: ${formatRow(row)}`));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.length).toBeGreaterThan(450);
  expect(GROUNDS.flatMap(({ rows }) => rows).length).toBeGreaterThan(100);
});

describe.skipIf(!canStartHosts()).each(GROUNDS)("$name", (ground) => {
  test.each(ground.rows.map((row) => [formatRow(row), row] as const))("%s", async (_, row) => {
    const found = (await played.get(ground)) as Played;
    const we = weSay(found, row);
    const { isIn, by } = found.answers.get(row) ?? { isIn: [], by: [] };
    const isAccepted = row.sshd === "accepts";

    const expected = we.actor.tries.map(({ is }) => (is ? is === "in" : isAccepted));
    expect({ "sshd lets in": isIn }).toEqual({ "sshd lets in": expected });
    if (row.otherAccess) {
      expect([...we.ways, ...we.authorities]).toContain(spell(row.otherAccess, {}, { user: we.actor.name }));
      return;
    }
    expect(we.authorities).toEqual([]);
    const lets = isAccepted ? (row.takes ?? by) : [];
    expect({ "sshd takes": isAccepted ? by : [] }).toEqual({ "sshd takes": lets });
    if (row.open) {
      expect({ yes: we.yes, no: we.no }).toEqual({ yes: [], no: [] });
      expect(we.unknown).toEqual([expect.stringContaining(row.open)]);
      return;
    }
    expect({ yes: we.yes, unknown: we.unknown }).toEqual({ yes: lets, unknown: [] });
    if (row.because) expect(we.reasons.join("\n")).toContain(row.because);
    if (row.dormant) expect(we.dormant).toContainEqual(expect.stringContaining(row.dormant));
    else if (isAccepted && !row.takes) expect(we.dormant.filter((one) => one !== null)).toEqual([]);
  });

  test("seen by an ordinary account, nothing is told otherwise than by root", async () => {
    const { grants, asWatcher, asLogin } = (await played.get(ground)) as Played;
    const place = ({ account, file, line }: EvaluatedGrant) => `${account} ${file}:${line}`;
    const known = new Map(grants.map((grant) => [place(grant), grant.verdict.effective]));
    const contradictions = asWatcher.flatMap((grant) => {
      const { state, reasons } = grant.verdict.effective;
      const truth = known.get(place(grant));
      // Only a collector that may not run `sshd -T` reports a file that sshd reads for no account.
      const isSame = state === (truth?.state ?? "no");
      return isSame || (state === "unknown" && reasons.length > 0)
        ? []
        : [`${place(grant)}: ${state}, ${reasons[0]}; root: ${truth?.state}, ${truth?.reasons[0]}`];
    });
    expect(contradictions).toEqual([]);
    const own = asWatcher.filter(isWatchers).map(({ verdict }) => verdict.effective);
    expect(own).toHaveLength(1);
    const undecided = own.filter(({ state }) => state === "unknown").map(({ reasons }) => reasons[0] ?? "");
    expect(undecided.filter((reason) => !ROOT_ALONE_KNOWS.test(reason))).toEqual([]);
    expect(asLogin?.verdict.effective).toMatchObject({
      state: "yes",
      reasons: expect.arrayContaining(["this scan logged in with it"]),
    });
  });
});
