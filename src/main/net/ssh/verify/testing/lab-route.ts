import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { gatherIdentities, type Identity } from "#net/ssh/identities.ts";
import { lookUp } from "#net/ssh/log-in.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { openSessionBy } from "#net/ssh/session/testing/open-session-by.ts";
import { readSessionScript } from "#net/ssh/session/testing/open-session-in.ts";
import type { VerificationRoute } from "#net/ssh/verify/verification.ts";

/** A host of a lab, and a private key file, as far as a login needs them. */
type LabHost = { address: string; port: number; root: string };
type KeyFile = { path: string };

export const readHostKey = async ({ root }: LabHost, type = "ed25519"): Promise<Buffer> =>
  blobOf({ publicLine: await readFile(`${root}/etc/ssh/ssh_host_${type}_key.pub`, "utf8") });

export const blobOf = ({ publicLine }: { publicLine: string }): Buffer =>
  Buffer.from(publicLine.split(" ")[1] ?? "", "base64");

const NOTHING = {
  hostKeyAlias: null,
  agentSocket: null,
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
};

/** The route to a host of a lab, as a control session has found it. */
export async function routeTo(
  to: LabHost,
  more: Partial<VerificationRoute> = {},
): Promise<VerificationRoute> {
  const target = { host: to.address, port: to.port };
  const signal = new AbortController().signal;
  const ssh = findSsh();
  return {
    target,
    signal,
    limits: SSH_LIMITS,
    transport: "ssh2",
    hostKeyTypes: ["ssh-ed25519"],
    open: () => lookUp(target, { timeoutMs: SSH_LIMITS.connectMs, signal }),
    hostKey: await readHostKey(to),
    client: ssh ? { ssh, login: { address: to.address, ...NOTHING } } : null,
    ...more,
  };
}

export async function readIdentity({ path }: KeyFile): Promise<Identity> {
  const { identities } = await gatherIdentities({
    identityFiles: [path],
    home: "/nonexistent",
    agentSocket: null,
  });
  return identities[0] as Identity;
}

const ROTATION = join(import.meta.dirname, "../../../../../../resources/rotation");

/** A session of root's, with these libraries of resources/rotation in addition to its own. */
export async function openHostSession(
  to: LabHost,
  key: KeyFile,
  libraries: readonly string[] = ["key-location.sh"],
): Promise<RemoteSession> {
  const read = libraries.map((name) => readFile(join(ROTATION, name), "utf8"));
  const scripts = [await readSessionScript(), ...(await Promise.all(read))];
  const opened = await openSessionBy(
    {
      target: { host: to.address, port: 22 },
      user: "root",
      identities: [await readIdentity(key)],
      verifyHostKey: () => ({ kind: "trusted" }),
      hostKeyTypes: ["ssh-ed25519"],
      useSudo: false,
      limits: SSH_LIMITS,
      signal: new AbortController().signal,
      script: scripts.join("\n"),
    },
    "ssh2",
  );
  if (!("send" in opened)) throw new Error(opened.message);
  return opened;
}
