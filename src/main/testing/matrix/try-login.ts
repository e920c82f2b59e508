import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Network } from "#testing/lab/start-network.ts";

export type Login = {
  account: string;
  /** Options of ssh: what it offers. */
  offer: readonly string[];
  /** The client's address. */
  from: string;
  to: string;
  port: number;
  how: "command" | "forwarding";
  /** A program that prints the password; null to give none. */
  askPass: string | null;
};

/** Cheap ways to the same end: there are hundreds of logins. */
const OPTIONS = [
  "IdentitiesOnly=yes",
  "StrictHostKeyChecking=no",
  "UserKnownHostsFile=/dev/null",
  "RequiredRSASize=1024",
  "ConnectTimeout=30",
  "LogLevel=QUIET",
  "NumberOfPasswordPrompts=1",
  "KexAlgorithms=curve25519-sha256",
  "HostKeyAlgorithms=ssh-ed25519",
].flatMap((option) => ["-o", option]);

/** Whether sshd lets the account in by what is offered, and nothing else. */
export async function tryLogin(network: Network, login: Login): Promise<boolean> {
  const { account, offer, from, to, port, how, askPass } = login;
  const methods = askPass ? "publickey,password" : "publickey";
  const words = [
    "-F",
    "none",
    "-l",
    account,
    "-b",
    from,
    "-p",
    String(port),
    ...OPTIONS,
    "-o",
    `PreferredAuthentications=${methods}`,
    "-o",
    `BatchMode=${askPass ? "no" : "yes"}`,
    ...offer,
    ...(how === "forwarding" ? ["-W", `${to}:${port}`, to] : ["-n", to, "true"]),
  ];
  const [command = "", ...enter] = [...network.enter, "ssh", ...words];
  const { SSH_AUTH_SOCK: _, ...environment } = process.env;
  const asking = askPass ? { SSH_ASKPASS: askPass, SSH_ASKPASS_REQUIRE: "force" } : {};
  const child = spawn(command, enter, {
    env: { ...environment, ...asking },
    stdio: ["pipe", "pipe", "ignore"],
  });
  // sshd at the other end of the forwarding speaks first, and hangs up at what it is told.
  child.stdin.on("error", () => undefined);
  child.stdin.end("no SSH\n");
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (how === "forwarding") return printed.startsWith("SSH-2.0-");
  // 255 is ssh's own: whatever else comes back, a shell or its lack has answered, after the login.
  return code !== 255;
}
