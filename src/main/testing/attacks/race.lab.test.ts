import { afterAll, beforeAll, expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { decodeRecord, readFrame } from "#domain/collection/stream.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import {
  CANARIES,
  COUNT_ROOTS,
  formatOfOthers,
  PIPES,
  prepareRaces,
  RACES,
  startRaces,
} from "./race-setup.ts";

/** Between any two programs that a scan runs, each user gets one move: a race cannot be won more often than that. */
const TURNS = `
  cat > /usr/sbin/grep <<'END'
#!/bin/sh
exec 9>>/run/turns
flock 9
for turn in /run/races/turn-*; do echo >"$turn"; read -r moved <"/run/races/moved-\${turn##*-}"; done
exec 9>&-
exec "/usr/bin/\${0##*/}" "$@"
END
  chmod 755 /usr/sbin/grep; ln -s grep /usr/sbin/base64; ln -s grep /usr/sbin/dd`;

const RACERS = Object.values(RACES);
const SEEDS = [0, 1, 2];

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "races",
    prepare: `${await prepareRaces(RACERS.length * SEEDS.length + 1)}\n${TURNS}`,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

test.skipIf(!canStartHosts()).each(SEEDS)(
  "what users move between any two steps of root's scan leads it to nothing of root's: %i",
  async (seed) => {
    await host.run("rm -f /run/races/*");
    const attacks = RACERS.map((race, kind) => {
      const number = seed * RACERS.length + kind;
      return { number, seed, race: race(`/home/m${number}`) };
    });
    const stream = await runCollector(host, {
      wrap: ["timeout", "-s", "KILL", "90", "sh", "-c", `${startRaces("turns", attacks)}\n"$@" 9>&-`, "sh"],
    });
    const said = formatOfOthers((readFrame(stream, null)?.records ?? []).map(decodeRecord));
    const roots = (await host.run("ssh-keygen -y -f /root/.ssh/id_root")).split(" ")[1] ?? "";
    expect([...CANARIES, roots].filter((canary) => said.includes(canary))).toEqual([]);
    const told = readCollection(stream, { nonce: null });
    expect(told?.incomplete).toBe(null);
    expect(told?.authorizedKeys.map(({ path }) => path)).toContain("/home/honest/.ssh/authorized_keys");
  },
);

test.skipIf(!canStartHosts())(
  "when whoever scans has hung up, no process of root's goes on, though a user has put pipes there and stops what reads them",
  async () => {
    await host.run("rm -f /run/races/*");
    const before = await host.run(`${COUNT_ROOTS}; count_roots`);
    const number = RACERS.length * SEEDS.length;
    const race = [...PIPES(`/home/m${number}`), "stop:-:-"];
    await runCollector(host, {
      wrap: ["sh", "-c", `${startRaces("turns", [{ number, seed: 4, race }])}\n"$@" 9>&-`, "sh"],
      until: /\nauthorized-keys /,
    });
    await host.run(`${COUNT_ROOTS}; until [ "$(count_roots)" = '${before.trim()}' ]; do :; done`);
  },
);
