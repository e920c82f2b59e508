import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { SSH_LIMITS } from "./collect.ts";
import { gatherIdentities, type Identity } from "./identities.ts";
import { collectBySsh2 } from "./testing/collect-by.ts";

const lab = test.skipIf(!canStartHosts());

const visit = (host: LabHost, user: string, identities: Identity[]) =>
  collectBySsh2({
    target: { host: host.address, port: 22 },
    user,
    identities,
    useSudo: false,
    nonce: "0123456789abcdef",
    limits: SSH_LIMITS,
    collectorScript: Buffer.from("echo $2"),
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: ["ssh-ed25519"],
    signal: new AbortController().signal,
  });

/** Every user has a grant for the first key and an sshd rule of its own. */
const RULES = {
  second: "AuthenticationMethods publickey,password",
  keyless: "AuthenticationMethods password",
  hasty: "MaxAuthTries 2",
  mute: "MaxSessions 0",
  sftp: "ForceCommand internal-sftp",
  plain: "PermitTTY no",
};

lab("each way in which a real sshd lets nobody in, or lets nothing run, is told apart", async () => {
  await using folder = await makeTemporaryFolder();
  const [good, ...others] = await Promise.all(
    ["good", "x1", "x2", "x3", "x4"].map((name) => makeKeyFile(folder.path, name)),
  );
  const gather = async (files: string[]) =>
    (await gatherIdentities({ identityFiles: files, home: folder.path, agentSocket: null })).identities;
  const key = await gather([good?.path ?? ""]);
  const keysBefore = await gather([...others.map(({ path }) => path), good?.path ?? ""]);
  await using host = await startHost({
    name: "strict",
    prepare: `${Object.entries(RULES)
      .map(
        ([user, rule]) => `
          useradd --create-home --shell /bin/sh ${user}
          mkdir /home/${user}/.ssh
          echo '${good?.publicLine.trim()}' > /home/${user}/.ssh/authorized_keys
          chown -R ${user}: /home/${user}/.ssh
          printf 'Match User ${user}\\n\\t${rule}\\n' >> /etc/ssh/sshd_config`,
      )
      .join("\n")}`,
  });
  const outcomes = {
    plain: await visit(host, "plain", keysBefore),
    second: await visit(host, "second", key),
    keyless: await visit(host, "keyless", key),
    hasty: await visit(host, "hasty", keysBefore),
    mute: await visit(host, "mute", key),
    sftp: await visit(host, "sftp", key),
  };
  const message = (text: string) => expect.stringContaining(text);
  expect(outcomes).toMatchObject({
    plain: { outcome: "collected", loginKey: good?.fingerprint },
    second: { outcome: "login-refused", message: message("only with password") },
    keyless: { outcome: "login-refused", message: message("may not log in by key, only by password") },
    hasty: { outcome: "login-refused", message: message("Too many authentication failures") },
    mute: { outcome: "restricted-shell", message: message("may not run commands") },
    sftp: { outcome: "restricted-shell" },
  });
});

lab(
  "an sshd that takes only post-quantum key exchange has none in common with us, and it is said",
  async () => {
    await using host = await startHost({
      name: "quantum",
      sshdOptions: ["-o", "KexAlgorithms=mlkem768x25519-sha256"],
    });
    expect(await visit(host, "root", [])).toMatchObject({
      outcome: "alert",
      message: expect.stringContaining("no key exchange algorithm in common"),
    });
  },
);

lab("an sshd that has enough strangers at its door is told as throttled", async () => {
  await using host = await startHost({ name: "busy", sshdOptions: ["-o", "MaxStartups=1:100:1"] });
  const stranger = connect({ host: host.address, port: 22 });
  await once(stranger, "data");
  try {
    expect(await visit(host, "root", [])).toMatchObject({ outcome: "throttled" });
  } finally {
    stranger.destroy();
  }
});
