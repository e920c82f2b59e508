import { afterAll, beforeAll, expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import { evaluateHostCertificate } from "#domain/ssh/host-certificate.ts";
import {
  evaluateHostKey,
  formatHostKey,
  preferHostKeyTypes,
  readKnownHosts,
} from "#domain/ssh/known-hosts.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type HostReading, SSH_LIMITS } from "./collect.ts";
import { fetchHostCertificate } from "./fetch-host-certificate.ts";
import { gatherIdentities, type Identity } from "./identities.ts";
import type { VerifyHostKey } from "./log-in.ts";
import { collectBySsh2, type ProbeOptions } from "./testing/collect-by.ts";

const NONCE = "0123456789abcdef";
const TYPES = ["ed25519", "rsa", "ecdsa"] as const;
const lab = test.skipIf(!canStartHosts());

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let stranger: KeyFile;
let identities: Identity[];
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  const { path, publicLine } = await makeKeyFile(folder.path, "good");
  stranger = await makeKeyFile(folder.path, "stranger");
  ({ identities } = await gatherIdentities({ identityFiles: [path], home: folder.path, agentSocket: null }));
  host = await startHost({
    name: "web1",
    prepare: `
      mkdir -p /root/.ssh
      echo '${publicLine.trim()}' > /root/.ssh/authorized_keys
      ssh-keygen -q -t ed25519 -N '' -f /root/ca
      for type in ${TYPES.join(" ")}; do
        ssh-keygen -q -s /root/ca -I web1 -h -n '127.0.*' -V -1d:+1d "/etc/ssh/ssh_host_\${type}_key.pub"
      done
    `,
    sshdOptions: [
      "-o",
      "Port=2222",
      "-o",
      "LogLevel=DEBUG1",
      ...TYPES.flatMap((type) => ["-o", `HostCertificate=/etc/ssh/ssh_host_${type}_key-cert.pub`]),
    ],
  });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const visit = (
  options: Pick<ProbeOptions, "verifyHostKey" | "hostKeyTypes"> & Partial<ProbeOptions>,
): Promise<HostReading> =>
  collectBySsh2({
    target: { host: host.address, port: 22 },
    user: "root",
    identities,
    useSudo: false,
    nonce: NONCE,
    limits: SSH_LIMITS,
    collectorScript: Buffer.from("echo $2"),
    signal: new AbortController().signal,
    ...options,
  });

const publicKeyOf = (type: string) => host.run(`cut -d' ' -f1,2 /etc/ssh/ssh_host_${type}_key.pub`);

/** Trusts as a scan does: by the pin, known_hosts, and a certificate of an authority that vouches for the host. */
function byKnownHosts(text: string): Pick<ProbeOptions, "verifyHostKey" | "hostKeyTypes"> {
  const knowledge = { knownHosts: [readKnownHosts(text, "kh")], pin: null, bundleKeys: [] };
  const verifyHostKey: VerifyHostKey = async (question) => {
    const evaluation = evaluateHostKey(question, knowledge);
    if (evaluation.kind === "trusted") return evaluation;
    const outcome =
      evaluation.kind === "unknown" || evaluation.kind === "needs-certificate"
        ? "host-key-unknown"
        : "host-key-changed";
    const refuse = (message: string) => ({ kind: "refused", outcome, message }) as const;
    if (evaluation.kind !== "needs-certificate") return refuse(formatHostKey(question, evaluation));

    const { keyType } = viewKey(question.blob);
    const { host, port } = question;
    const fetched = await fetchHostCertificate({
      route: { addresses: [host] },
      port,
      keyTypes: [keyType],
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    if (fetched.kind !== "fetched") return refuse(fetched.why);
    const { authorities } = evaluation;
    const about = { ...question, blob: fetched.blob, presented: question.blob, authorities, now: new Date() };
    const verdict = evaluateHostCertificate(about, knowledge);
    return verdict.kind === "trusted" ? verdict : refuse("why" in verdict ? verdict.why : verdict.where);
  };
  return { verifyHostKey, hostKeyTypes: preferHostKeyTypes(host.address, 22, knowledge) };
}

lab("a real sshd whose key has changed, is unknown or is revoked sees no attempt to log in", async () => {
  const [ed25519, rsa, other] = [await publicKeyOf("ed25519"), await publicKeyOf("rsa"), stranger.publicLine];
  await host.run("busybox truncate -s 0 /var/log/auth.log 2>/dev/null || : > /var/log/auth.log");
  const refusals = [
    [`${host.address} ${other}`, "host-key-changed", "kh:1"],
    ["", "host-key-unknown", "is not known"],
    [`@revoked * ${ed25519}`, "host-key-changed", "revoked at kh:1"],
    [`${host.address} ${rsa}@revoked * ${rsa}`, "host-key-changed", "revoked at kh:2"],
  ] as const;
  for (const [text, outcome, message] of refusals)
    expect(await visit(byKnownHosts(text))).toMatchObject({
      outcome,
      isKeyRefused: true,
      message: expect.stringContaining(message),
    });
  const log = await host.run("cat /var/log/auth.log");
  expect(log).toContain("[preauth]");
  expect(log).not.toMatch(/userauth-request|publickey|root/);
  expect(await visit(byKnownHosts(`${host.address} ${ed25519}`))).toMatchObject({ state: "ok" });
  expect(await host.run("cat /var/log/auth.log")).toMatch(/userauth-request for user root/);
});

lab("a real sshd is asked for the type of key that is known, on its own port too", async () => {
  const rsa = await publicKeyOf("rsa");
  expect(await visit(byKnownHosts(`${host.address} ${rsa}`))).toMatchObject({
    state: "ok",
    hostKey: { keyType: "ssh-rsa" },
  });
  const target = { host: host.address, port: 2222 };
  const ed25519 = await publicKeyOf("ed25519");
  expect(await visit({ target, ...byKnownHosts(`[${host.address}]:2222 ${ed25519}`) })).toMatchObject({
    state: "ok",
  });
  expect(await visit({ target, ...byKnownHosts(`[${host.address}]:2223 ${ed25519}`) })).toMatchObject({
    outcome: "host-key-unknown",
  });
});

lab(
  "a real sshd is trusted by its certificate, of each type of key, where its authority is known",
  async () => {
    const authority = `@cert-authority 127.* ${await host.run("cat /root/ca.pub")}`;
    for (const [algorithm, keyType] of [
      ["ssh-ed25519", "ssh-ed25519"],
      ["rsa-sha2-512", "ssh-rsa"],
      ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"],
    ] as const) {
      const options = { ...byKnownHosts(authority), hostKeyTypes: [algorithm] };
      expect(await visit(options)).toMatchObject({ state: "ok", hostKey: { keyType } });
    }
    const unrelated = `@cert-authority * ${stranger.publicLine}`;
    expect(await visit(byKnownHosts(unrelated))).toMatchObject({
      outcome: "host-key-unknown",
      message: expect.stringContaining("is not trusted for it"),
    });
    const revoked = `${authority}@revoked * ${await host.run("cat /root/ca.pub")}`;
    expect(await visit(byKnownHosts(revoked))).toMatchObject({
      outcome: "host-key-unknown",
      message: "kh:2",
    });
  },
);
