import { expect, test } from "vitest";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

/** Two thousand accounts with homes, of which one in forty has a file with keys; and one with keys and no home in its entry. */
const PREPARE = `
printf 'UsePAM yes\\nMatch User u1\\n  PubkeyAuthentication no\\n' > /etc/ssh/sshd_config
seq 2000 | awk '{ print "u" $1 ":x:" 20000 + $1 ":" 20000 + $1 "::/home/u" $1 ":/bin/sh" }' >> /etc/passwd
seq 2000 | awk '{ print "u" $1 ":x:" 20000 + $1 ":" }' >> /etc/group
seq 2000 | awk '{ print "u" $1 ":*:19000:0:99999:7:::" }' >> /etc/shadow
seq 2000 | sed 's,.*,/home/u&/.ssh,' | xargs mkdir -p
for n in $(seq 1 40 2000); do echo '# none' > /home/u$n/.ssh/authorized_keys; done
sed -i '1a nohome:x:30001:30001:::/bin/sh' /etc/passwd; echo 'nohome:*:19000:0:99999:7:::' >> /etc/shadow
mkdir /.ssh; echo '# none' > /.ssh/authorized_keys
`;

test.skipIf(!canStartHosts())(
  "a host of two thousand accounts is read whole, and sshd asked only for those that may have keys",
  { timeout: 120_000 },
  async () => {
    await using host = await startHost({ name: "many", prepare: PREPARE });
    const collection = readCollection(await runCollector(host), { nonce: null });
    expect(collection?.unreadable.filter(({ kind }) => kind === "limit")).toEqual([]);
    expect(collection?.accounts.length).toBeGreaterThan(2_000);
    expect(collection?.authorizedKeys).toHaveLength(51);
    const asked = [...(collection?.sshd.effective?.keys() ?? [])];
    // The keys of nohome are where those of two accounts whose home is / would be.
    expect(asked).toHaveLength(54);
    expect(asked).toEqual(expect.arrayContaining(["root", "u1", "u41", "nohome"]));
  },
);
