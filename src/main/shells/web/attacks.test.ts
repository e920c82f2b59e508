import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { PAGE_HEADERS } from "#shells/page.ts";
import { printRequest, type RawReply, sendRaw } from "#testing/raw-http.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import {
  type Attack,
  codeOf,
  exchangeCode,
  type Loot,
  openAsPage,
  type Request,
  soundExchange,
  soundUpgrade,
} from "#testing/web/attack.ts";
import { makeBodyAttacks } from "#testing/web/body-attacks.ts";
import { makeBrokenRequests } from "#testing/web/broken-requests.ts";
import { makeLineAttacks } from "#testing/web/line-attacks.ts";
import { makeSenderAttacks } from "#testing/web/sender-attacks.ts";
import { makeUpgradeAttacks } from "#testing/web/upgrade-attacks.ts";
import { serve } from "./serve.ts";

const page = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html" }]]);

const FAMILIES: [name: string, least: number, make: (loot: Loot) => Attack[]][] = [
  ["senders", 4_500, makeSenderAttacks],
  ["lines", 150, makeLineAttacks],
  ["bodies", 100, makeBodyAttacks],
  ["upgrades", 60, makeUpgradeAttacks],
  ["broken requests", 100, makeBrokenRequests],
];

test.each(FAMILIES)(
  "of the attacks by %s each is refused with the policy, and nothing happens",
  async (name, least, make) => {
    await using world = await startShell();
    const attacks = make(world.loot);
    expect(attacks.length).toBeGreaterThan(least);
    expect(new Set(attacks.map(nameOf)).size).toBe(attacks.length);
    const before = await world.look();

    const replies = await inParallel(attacks, ({ send }) => world.send(send));

    const wrong = attacks.flatMap((attack, index) => judge(attack, replies[index]) ?? []);
    expect(wrong).toEqual([]);
    expect(await world.look()).toEqual(before);
    expect(world.faults).toEqual([]);
    await world.expectLootToBeGood();
    process.stdout.write(`${formatCount(replies)} by ${name}\n`);
  },
);

/** What is wrong with the answer to an attack; null if nothing is. */
function judge(attack: Attack, reply: RawReply | undefined): string | null {
  const { status = 0, body = "" } = reply ?? {};
  const isHungUp = status === 0 && !attack.statuses;
  const isExpected = attack.statuses ? attack.statuses.includes(status) : status >= 400 && status < 500;
  if (isHungUp || (reply && isExpected && isRefusal(reply))) return null;
  return `${nameOf(attack)}: ${status} ${body.slice(0, 80)}`;
}

/** A refusal has its status and no text, has the policy headers, and no other origin may read it. */
function isRefusal({ headers, body }: RawReply): boolean {
  const names = Object.keys(headers);
  return (
    Object.keys(PAGE_HEADERS).every((name) => names.includes(name.toLowerCase())) &&
    !names.some((name) => name.startsWith("access-control-") || name === "set-cookie") &&
    headers.connection === "close" &&
    body === ""
  );
}

function formatCount(replies: readonly RawReply[]): string {
  const counts = Map.groupBy(replies, ({ status }) => status || "hung up");
  const said = [...counts].toSorted().map(([status, { length }]) => `${status} x${length}`);
  return `${replies.length} attacks refused: ${said.join(", ")}`;
}

const nameOf = ({ name }: Attack): string => name;

async function startShell() {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const faults: unknown[] = [];
  const log = (fault: unknown) => faults.push(fault);
  const app = stack.use(createApp({ databasePath: join(folder.path, "latchkey.db"), log }));
  const shell = stack.use(await serve({ app, page }));
  const { host: authority, port: given } = new URL(shell.url);
  const port = Number(given);

  function send(what: Request | string): Promise<RawReply> {
    if (typeof what === "string") return sendRaw(port, what);
    const { line, headers, body = "" } = what;
    return sendRaw(port, printRequest(line, headers), body);
  }
  const grant = await exchangeCode(shell.url);
  const loot: Loot = { authority, code: codeOf(shell.newLaunchUrl()), ...grant };

  return {
    loot,
    faults,
    send,
    /** All traces that an attack could have left. */
    async look() {
      const [{ eventCount, targetCount, pinCount }, scans] = await Promise.all([
        app.client.settings.read(),
        app.client.scans.list({}),
      ]);
      const files = await readdir(folder.path);
      return { eventCount, targetCount, pinCount, scanCount: scans.total, files: files.toSorted() };
    },
    /** Nobody redeemed the code, and the session was neither used up nor ended. */
    async expectLootToBeGood(): Promise<void> {
      expect((await send(soundExchange(loot))).status).toBe(200);
      expect((await send(soundExchange(loot))).status).toBe(401);
      expect((await send(soundUpgrade(loot))).status).toBe(101);
      (await openAsPage(shell.url, grant)).terminate();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return results;
}
