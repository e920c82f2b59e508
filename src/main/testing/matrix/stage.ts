/** Where the rows of a matrix are tried: a network of its own, every key there is, and several hosts. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type LabAccount, makeAccounts } from "#testing/lab/make-accounts.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type Network, startNetworks } from "#testing/lab/start-network.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type CertificateRequest, type Hand, type LoginKeys, makeLoginKeys } from "./login-keys.ts";

/** Logins at a time, over all hosts: more would only wait for the processors. */
const LOGINS_AT_ONCE = 6;
const PASSWORD = "secret";

type StagedHost = LabHost & {
  /** The second address at which sshd listens. */
  address6: string;
};

type HostOptions = {
  name: string;
  config: string;
  accounts: readonly LabAccount[];
  /** POSIX sh, before the accounts are made and once sshd listens. */
  before?: string;
  after?: string;
  sshdOptions?: readonly string[];
};

type Attempt = {
  account: string;
  key?: string;
  certificate?: CertificateRequest;
  touch?: Hand;
  password?: true;
  how?: "command" | "forwarding";
  from: string;
  port?: number;
};

export type Stage = AsyncDisposable & {
  /** Public keys by name, as they stand in a line. On a host they are in /srv/keys. */
  keys: LoginKeys["lines"];
  start(wish: HostOptions): Promise<StagedHost>;
  /** Whether sshd lets in. */
  login(host: StagedHost, attempt: Attempt): Promise<boolean>;
};

export async function makeStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await makeTemporaryFolder());
    const keys = stack.use(await makeLoginKeys(folder.path));
    const [network] = stack.use(await startNetworks("lab")).networks;
    if (!network) throw new Error("a network was asked for");
    // For clients from elsewhere, every address of the range is the network's own; each IPv6 address must be added.
    await network.run("ip route add local 192.0.2.0/24 dev lo; ip addr add 2001:db8::1/32 dev lo nodad");
    const askPass = join(folder.path, "ask-pass");
    await writeFile(askPass, `#!/bin/sh\necho ${PASSWORD}\n`, { mode: 0o700 });
    const turns = makeTurns(LOGINS_AT_ONCE);
    let hosts = 0;
    return {
      keys: keys.lines,
      start: async (wish) => stack.use(await startOn(network, { ...wish, nth: ++hosts, keys })),
      login: (host, { key = "key", certificate, touch = "touches", ...attempt }) =>
        turns(async () => {
          const { account, from, port = 22, how = "command", password } = attempt;
          const offer = certificate ? await keys.offerCertificate(certificate) : keys.offer(key, touch);
          const to = from.includes(":") ? host.address6 : host.address;
          return tryLogin(network, {
            account,
            offer,
            from,
            to,
            port,
            how,
            askPass: password ? askPass : null,
          });
        }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** One host with these accounts; its sshd has this configuration and logs which line it accepted. */
async function startOn(
  network: Network,
  {
    name,
    config,
    accounts,
    before = "",
    after,
    sshdOptions = [],
    nth,
    keys,
  }: HostOptions & { nth: number; keys: LoginKeys },
): Promise<StagedHost> {
  const address6 = `2001:db8::${(0x100 + nth).toString(16)}`;
  await network.run(`ip addr add ${address6}/128 dev lo nodad`);
  const publicKeys = Object.entries(keys.lines).map(([key, line]) => `echo '${line}' > /srv/keys/${key}.pub`);
  const prepare = [
    "mkdir -p /srv/keys",
    ...publicKeys,
    `cat > /etc/ssh/sshd_config <<'END_OF_CONFIG'\n${config}\nEND_OF_CONFIG`,
    before,
    makeAccounts(accounts),
  ].join("\n");
  const host = await startHost({
    name,
    prepare,
    place: { network, address: network.address(nth + 1) },
    sshdOptions: [...sshdOptions, "-o", `ListenAddress=[${address6}]:22`],
  });
  try {
    if (after) await host.run(after);
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return { ...host, address6 };
}

/**
 * The lines by which sshd let each account in, as FILE:LINE. Waits until its log has as many logins as there were,
 * because it may write a line after the login itself.
 */
export async function readTaken(
  host: StagedHost,
  logins: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  for (let left = LOOKS_AT_LOG; left > 0; left--) {
    const log = await readFile(`${host.root}/var/log/auth.log`, "utf8");
    const found = new Map<string, string[]>();
    const told = new Map<string, Set<string>>();
    const counted = new Map<string, number>();
    for (const [, pid = "", place, account] of log.matchAll(ACCEPTED)) {
      if (place) found.set(pid, [...(found.get(pid) ?? []), place]);
      if (!account) continue;
      counted.set(account, (counted.get(account) ?? 0) + 1);
      told.set(account, new Set([...(told.get(account) ?? []), ...(found.get(pid) ?? [])]));
    }
    if ([...logins].every(([account, count]) => (counted.get(account) ?? 0) >= count)) return told;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the log of ${host.name} does not tell of every login`);
}

const LOOKS_AT_LOG = 1_500;
const ACCEPTED =
  /sshd(?:-session)?\[(\d+)\]: Accepted (?:(?:key|certificate) .* found at (\S+:\d+)$|(?:publickey|password) for (\S+) from )/gm;

/** Runs at most `limit` pieces of work at once. */
export function makeTurns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

type Login = {
  account: string;
  /** Options of ssh: which keys it offers. */
  offer: readonly string[];
  /** The client's address. */
  from: string;
  to: string;
  port: number;
  how: "command" | "forwarding";
  /** A program that prints the password; null for none. */
  askPass: string | null;
};

/** The cheapest options with the same effect, because there are hundreds of logins. */
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

/** Whether sshd lets the account in with these keys alone. */
async function tryLogin(network: Network, login: Login): Promise<boolean> {
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
  // sshd at the other end of the forwarding speaks first, and hangs up at our answer.
  child.stdin.on("error", () => undefined);
  child.stdin.end("no SSH\n");
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (how === "forwarding") return printed.startsWith("SSH-2.0-");
  // ssh itself returns 255. Any other status comes from a shell, or its absence, and so after the login.
  return code !== 255;
}
