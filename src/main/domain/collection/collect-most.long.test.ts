/**
 * How large a host may be and still be read whole, and how long its evaluation takes in proportion to its collection.
 */
import { expect, test } from "vitest";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const ACCOUNTS = 1_000;
const LINES = 100;
/** The first rounds run while the JavaScript engine still compiles, and any of them may be disturbed by what else runs. */
const ROUNDS = 8;

/** An Ed25519 key in base64 is these 25 letters, one of A to P, and 42 of any kind: here a number. */
const PREPARE = `
printf 'UsePAM yes\\n' > /etc/ssh/sshd_config
seq ${ACCOUNTS} | awk '{ print "u" $1 ":x:" 20000 + $1 ":" 20000 + $1 "::/home/u" $1 ":/bin/sh" }' >> /etc/passwd
seq ${ACCOUNTS} | awk '{ print "u" $1 ":x:" 20000 + $1 ":" }' >> /etc/group
seq ${ACCOUNTS} | awk '{ print "u" $1 ":*:19000:0:99999:7:::" }' >> /etc/shadow
seq ${ACCOUNTS} | sed 's,.*,/home/u&/.ssh,' | xargs mkdir -p
seq ${ACCOUNTS} | awk '{
  file = "/home/u" $1 "/.ssh/authorized_keys"
  for (n = 0; n < ${LINES}; n++)
    printf "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA%042d u%d@desk\\n", $1 * ${LINES} + n, $1 > file
  close(file)
}'
seq ${ACCOUNTS} | while read -r n; do chown -R $((20000 + n)):$((20000 + n)) /home/u$n; done
`;

test.skipIf(!canStartHosts())(
  "a host of 1,000 accounts and 100,000 keys is taken whole, and judged in a tenth of the processor time that this took",
  { timeout: 600_000 },
  async () => {
    await using host = await startHost({ name: "most", prepare: PREPARE });
    const stream = await runCollector(host, { before: "trap 'times >/root/times' EXIT" });
    const collectedMs = readTimes(await host.run("cat /root/times"));
    const rounds = Array.from({ length: ROUNDS }, () => judge(stream));
    const evaluatedMs = Math.min(...rounds.map(({ tookMs }) => tookMs));
    const [{ collection, grants } = judge(stream)] = rounds;

    expect(collection?.incomplete).toBe(null);
    expect(collection?.unreadable.filter(({ kind }) => kind === "limit")).toEqual([]);
    expect(stream.length).toBeLessThan(16 * 1024 * 1024);
    expect(grants).toHaveLength(ACCOUNTS * LINES);
    expect(new Set(grants.map(({ key }) => key?.fingerprint)).size).toBe(ACCOUNTS * LINES);
    expect(evaluatedMs / collectedMs).toBeLessThanOrEqual(1 / 10);
  },
);

/** Reads and evaluates the stream; the result holds the processor time of that. */
function judge(stream: Uint8Array) {
  const begun = process.threadCpuUsage();
  const collection = readCollection(stream, { nonce: null });
  const grants = collection ? evaluateGrants(collection) : [];
  return { collection, grants, tookMs: toMs(process.threadCpuUsage(begun)) };
}

const toMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

/** What `times` of a shell prints: its own processor time, and on the second line that of its children. */
const readTimes = (text: string): number =>
  [...text.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60_000 + Number(s) * 1_000,
    0,
  );
