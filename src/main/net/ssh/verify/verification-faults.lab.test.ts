import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { letIn } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { blobOf, openHostSession, readIdentity, routeTo } from "./testing/lab-route.ts";
import { readRefusalReason, verifyLogin, verifyRefused } from "./verify-login.ts";

const lab = test.skipIf(!canStartHosts());

type Refusing = {
  /** `setting`: for the account alone, in a Match block; `global`: for all of sshd. */
  setting?: string;
  global?: string;
  /** Before the key in its authorized_keys line. */
  options?: string;
  make?: string;
  /** What the program says about it. */
  said: string;
};

/** Each account refuses the new key in its own way; its name says which. */
const REFUSING: Record<string, Refusing> = {
  badoption: { options: "no-such-option ", said: "every key was refused for badoption" },
  strictmodes: {
    make: "chmod 777 /home/strictmodes",
    said: "bad ownership or modes for directory /home/strictmodes",
  },
  algorithms: {
    setting: "PubkeyAcceptedAlgorithms ecdsa-sha2-*",
    said: "signature algorithm ssh-ed25519 not in PubkeyAcceptedAlgorithms",
  },
  authority: {
    setting: "AuthorizedKeysFile none\n\tTrustedUserCAKeys /etc/ssh/ca.pub",
    said: "every key was refused for authority",
  },
  second: {
    setting: "AuthenticationMethods publickey,password",
    said: "only with password (AuthenticationMethods)",
  },
  keyless: { setting: "PubkeyAuthentication no", said: "may not log in by key" },
  denied: { global: "DenyUsers denied", said: "not allowed because listed in DenyUsers" },
  expired: { make: "usermod --expiredate 1 expired", said: "" },
};

lab(
  "R10: a new key that a real sshd refuses, for whatever reason, is refused, and the reason is told",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const [admin, newKey] = [await makeKeyFile(folder.path, "admin"), await makeKeyFile(folder.path, "new")];
    const accounts = Object.entries(REFUSING);
    await using host = await startHost({
      name: "strict",
      prepare: [
        letIn(admin.publicLine.trim()),
        `echo '${admin.publicLine.trim()}' > /etc/ssh/ca.pub`,
        ...accounts.map(
          ([name, { options = "", make = "" }]) =>
            `${letIn(options + newKey.publicLine.trim(), name)}\n${make}`,
        ),
        ...accounts.flatMap(([, { global }]) =>
          global ? [`printf '${global}\\n' >> /etc/ssh/sshd_config`] : [],
        ),
        ...accounts.flatMap(([name, { setting }]) =>
          setting ? [`printf 'Match User ${name}\\n\\t${setting}\\n' >> /etc/ssh/sshd_config`] : [],
        ),
      ].join("\n"),
    });
    await using hand = await openHostSession(host, admin);
    const [route, key] = [await routeTo(host), await readIdentity(newKey)];
    for (const [user, { said }] of accounts) {
      const verification = await verifyLogin(route, { user, key, runs: "command" });
      const message = "message" in verification ? verification.message : "";
      let why = await readRefusalReason(hand, { account: user, sinceEpoch: 0 });
      // The log may lag behind a little.
      for (let more = 50; more > 0 && !`${message}; ${why}`.includes(said); more--)
        why = await readRefusalReason(hand, { account: user, sinceEpoch: 0 });
      expect
        .soft({ user, kind: verification.kind })
        .toEqual({ user, kind: user === "expired" ? "inconclusive" : "refused" });
      expect.soft(`${message}; ${why}`).toContain(said);
    }
    recordFault(task, {
      id: "R10",
      injected: `${accounts.length} settings of sshd, lines and modes`,
      seen: `each refused with what sshd or its log says; an expired account, whose login sshd breaks off, is inconclusive`,
    });
  },
);

lab(
  "R10: RSA keys that are too short, or of a kind that sshd does not take, are refused",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const short = await makeKeyFile(folder.path, "short", ["-t", "rsa", "-b", "2048", "-N", ""]);
    await using host = await startHost({
      name: "long",
      prepare: letIn(short.publicLine.trim(), "jo"),
      sshdOptions: ["-o", "RequiredRSASize=3072"],
    });
    const wish = { user: "jo", key: await readIdentity(short), runs: "command" as const };
    expect(await verifyLogin(await routeTo(host), wish)).toMatchObject({ kind: "refused" });
    recordFault(task, { id: "R10", injected: "RequiredRSASize 3072", seen: "a key of 2048 bits is refused" });
  },
);

lab("R16: while sshd penalises this address, nothing is said of any key", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const [oldKey, newKey] = [await makeKeyFile(folder.path, "old"), await makeKeyFile(folder.path, "new")];
  await using host = await startHost({
    name: "angry",
    keepPenalties: true,
    prepare: letIn(newKey.publicLine.trim(), "jo"),
  });
  const [stranger, key, route] = [
    await readIdentity(oldKey),
    await readIdentity(newKey),
    await routeTo(host),
  ];
  let refusals = 0;
  while ((await verifyLogin(route, { user: "jo", key: stranger, runs: "nothing" })).kind === "refused")
    refusals++;
  const penalty = { kind: "inconclusive", why: "penalty" };
  expect(await verifyLogin(route, { user: "jo", key, runs: "command" })).toMatchObject(penalty);
  for (const asked of [key, null])
    expect(await verifyRefused(route, { user: "jo", oldKey: blobOf(oldKey), newKey: asked })).toMatchObject(
      penalty,
    );
  const bySystem = { ...route, transport: "system" as const };
  expect(await verifyLogin(bySystem, { user: "jo", key, runs: "command" })).toMatchObject({
    kind: "inconclusive",
  });
  recordFault(task, {
    id: "R16",
    injected: `sshd's default penalties, after ${refusals} refused logins`,
    seen: "inconclusive by ssh2 and by ssh, for the new key and for the old one",
  });
});

lab(
  "R14: a host that presents another key than the control session met is told nothing",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const newKey = await makeKeyFile(folder.path, "new");
    await using host = await startHost({ name: "swapped", prepare: letIn(newKey.publicLine.trim(), "jo") });
    const [route, key] = [await routeTo(host), await readIdentity(newKey)];
    await makeKeyFile(folder.path, "other");
    await host.run(
      "rm /etc/ssh/ssh_host_ed25519_key*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; kill -HUP $(cat /run/sshd.pid 2>/dev/null || pgrep -o sshd)",
    );
    const wish = { user: "jo", key, runs: "command" as const };
    const untilSwapped = async (): Promise<unknown> => {
      const verification = await verifyLogin(route, wish);
      return verification.kind === "verified" || verification.kind === "inconclusive"
        ? untilSwapped()
        : verification;
    };
    const alarm = {
      kind: "other-host-key",
      message: expect.stringContaining("somebody else may be answering"),
    };
    expect(await untilSwapped()).toMatchObject(alarm);
    expect(await verifyLogin({ ...route, transport: "system" }, wish)).toMatchObject(alarm);
    expect(await verifyRefused(route, { user: "jo", oldKey: blobOf(newKey), newKey: null })).toMatchObject(
      alarm,
    );
    const log = await host.run("cat /var/log/auth.log");
    recordFault(task, {
      id: "R14",
      injected: "another host key, and sshd reloaded",
      seen: `told as an alarm; ${log.includes("Failed") ? "a login was tried" : "no login was tried"}`,
    });
    expect(log).not.toContain("Failed publickey");
  },
);
