/** Each race two hundred times, as fast as a user can, against scans by root and by sudo. */
import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { decodeRecord, readFrame } from "#domain/collection/stream.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { CANARIES, COUNT_ROOTS, formatOfOthers, prepareRaces, RACES, startRaces } from "./race-setup.ts";

const USERS = 10;
const SCANS = 20;
const RACERS = Object.values(RACES).flatMap((race) => Array.from({ length: USERS }, () => race));

test.skipIf(!canStartHosts())(
  "of two hundred tries of each race none shows anything of root's, blinds a scan, or leaves a process of root's",
  { timeout: 3_600_000 },
  async () => {
    await using host = await startHost({ name: "races", prepare: await prepareRaces(RACERS.length) });
    const roots = (await host.run("ssh-keygen -y -f /root/.ssh/id_root")).split(" ")[1] ?? "";
    for (let scan = 0; scan < SCANS; scan++) {
      const attacks = RACERS.map((race, number) => ({
        number,
        seed: scan * RACERS.length + number,
        race: race(`/home/m${number}`),
      }));
      const begin = `rm -rf /run/races/* /home/m*/aside-* /home/m*/.ssh /home/m*/.kube /home/m*/keys /home/m*/principals /home/m*/*.pem /home/m*/.keystore
        n=0; while [ $n -lt ${RACERS.length} ]; do install -d -m 700 -o m$n /home/m$n/.ssh /home/m$n/.kube; n=$((n + 1)); done`;
      const before = await host.run(`${begin}; ${COUNT_ROOTS}; count_roots`);
      const stream = await runCollector(host, {
        wrap: ["sh", "-c", `${startRaces("free", attacks)}\n"$@" 9>&-`, "sh"],
        ...(scan % 2 === 0 ? {} : { user: "admin", shell: "sudo sh" }),
      });
      const records = (readFrame(stream, null)?.records ?? []).map(decodeRecord);
      expect([...CANARIES, roots].filter((canary) => formatOfOthers(records).includes(canary))).toEqual([]);
      const told = readCollection(stream, { nonce: null });
      expect({ scan, incomplete: told?.incomplete }).toEqual({ scan, incomplete: null });
      expect(told?.authorizedKeys.map(({ path }) => path)).toContain("/home/honest/.ssh/authorized_keys");
      await host.run(`${COUNT_ROOTS}; until [ "$(count_roots)" = '${before.trim()}' ]; do :; done`);
    }
  },
);
