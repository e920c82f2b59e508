import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CHALLENGE_SERVERS,
  type ChallengeServer,
  clearChallenges,
  inspectChallengeMethods,
  serveChallenge,
  showChallenge,
} from "#net/ssh/session/challenges.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { startNetworks } from "#testing/lab/start-network.ts";
import { readRotationScript } from "#testing/read-scripts.ts";

const lab = test.skipIf(!canStartHosts());
const TOKEN = "run00000001";
const PATH = "/.well-known/acme-challenge/-Lo_qX";
const TEXT = "-Lo_qX.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

const SOME_SERVERS =
  process.env.LATCHKEY_TEST_SHELLS === "all" ? CHALLENGE_SERVERS : CHALLENGE_SERVERS.slice(0, 2);

let networks: Awaited<ReturnType<typeof startNetworks>>;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  // A network of its own, because a challenge is served at every address.
  networks = await startNetworks("office");
  const [network] = networks.networks;
  if (!network) throw new Error("a network was asked for");
  host = await startHost({ name: "web1", place: { network, address: network.address(1) } });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await networks?.[Symbol.asyncDispose]();
});

const open = async (options: Parameters<typeof startShellIn>[1] = {}) =>
  openSessionIn(startShellIn(host, options), await readRotationScript("challenge"));
const serve = (more: { id?: string; with?: ChallengeServer; port?: number; seconds?: number } = {}) => ({
  token: TOKEN,
  id: "c0",
  port: 80,
  seconds: 60,
  with: "python3" as const,
  path: PATH,
  text: TEXT,
  ...more,
});
/** Status and body of a page of the host; "none" if nothing answers. */
async function get(path: string, address = host.address): Promise<string> {
  const said = await host.run(
    `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/80 && printf "GET ${path} HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3' 2>/dev/null || echo none`,
  );
  const [head = "", ...body] = said.split("\r\n\r\n");
  return [head.split(" ")[1] ?? head.trim(), ...body].join(" ");
}
const processes = () =>
  host.run(
    "for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p; echo; done 2>/dev/null | grep -c '[l]atchkey-' || true",
  );
/** The users of the processes that serve, without the shell that stops them. */
const servingUsers = () =>
  host.run(
    `for p in /proc/[0-9]*; do
      case $(readlink $p/cwd),$(cat $p/comm) in *,sh | *,sleep) ;; /var/lib/latchkey/*) sed -n 's/^[UG]id:[[:space:]]*//p' $p/status ;; esac
    done 2>/dev/null | sort -u`,
  );
const NOBODY = "65534\t65534\t65534\t65534\n";

lab.each(SOME_SERVERS)(
  "one path is served, at every address, and nothing else, until told: %s",
  async (program) => {
    await using hand = await open();
    const wish = serve({ with: program });
    expect(await serveChallenge(hand, wish)).toEqual({ kind: "started" });
    expect(await get(PATH)).toBe(`200 ${TEXT}`);
    expect(await servingUsers()).toBe(NOBODY);
    expect(await get(PATH, "::1")).toBe(`200 ${TEXT}`);
    for (const path of ["/", "/.well-known/", `${PATH}x`, "/../answer", "/serve"])
      expect(await get(path), path).toMatch(/^(?:404|403|400|301|302)\b/);
    expect(await serveChallenge(hand, wish)).toEqual({ kind: "started" });
    expect(await processes()).toBe("1\n");
    expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
    expect(await get(PATH)).toBe("none");
    expect(await processes()).toBe("0\n");
    expect(await host.run("ls /var/lib/latchkey 2>&1 || true")).toContain("No such file");
  },
);

lab(
  "a server outlives its session, is ended by another by its token alone, and by its own time otherwise",
  async () => {
    {
      const hand = await open();
      expect(await serveChallenge(hand, serve())).toEqual({ kind: "started" });
      await hand.kill();
    }
    expect(await get(PATH)).toBe(`200 ${TEXT}`);
    await using hand = await open();
    // Its supervising shell is killed: the request with the token ends the server all the same.
    await host.run(`kill -9 "$(cat /var/lib/latchkey/challenges/${TOKEN}/c0.d/pid)"`);
    expect(await get(PATH)).toBe(`200 ${TEXT}`);
    expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
    expect(await get(PATH)).toBe("none");

    expect(await serveChallenge(hand, serve({ seconds: 5 }))).toEqual({ kind: "started" });
    while ((await get(PATH)) !== "none");
    expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
  },
);

lab("a port that is taken is said with the program that has it, and nothing is changed", async () => {
  await using hand = await open();
  const other = await host.run(
    "mkdir /srv/empty; busybox httpd -f -p 127.0.0.1:80 -h /srv/empty </dev/null >/dev/null 2>&1 & echo $!",
  );
  while (!(await get("/", "127.0.0.1")).startsWith("404"));
  expect(await serveChallenge(hand, serve())).toEqual({
    kind: "failed",
    message: "port 80 is taken by busybox: nothing was changed",
  });
  expect(await host.run("ls /var/lib/latchkey 2>&1 || true")).toContain("No such file");
  expect(await inspectChallengeMethods(hand)).toMatchObject({
    kind: "seen",
    inspection: {
      listeners: [{ port: 80, address: "127.0.0.1", program: "busybox" }],
      servers: CHALLENGE_SERVERS,
      hasOpenssl: true,
      isRoot: true,
      dumps: [],
      unreadable: [],
    },
  });
  await host.run(`kill ${other}`);
});

lab("who is not root is told that the port is not theirs, and nothing stays", async () => {
  await host.run("useradd --create-home alice 2>/dev/null || true");
  await using hand = await open({ user: "alice", wrap: ["env", "HOME=/home/alice"] });
  for (const program of SOME_SERVERS) {
    const answer = await serveChallenge(hand, serve({ with: program }));
    expect(answer).toMatchObject({ kind: "failed" });
    expect(JSON.stringify(answer)).toMatch(/nothing could be served at port 80: .*[Pp]ermission denied/);
  }
  expect(await host.run("find /home/alice -name '*latchkey*'")).toBe("");
});

lab("a certificate with the digest is shown to whoever speaks acme-tls/1", async () => {
  await using hand = await open();
  const digest = Buffer.alloc(32, 0xab);
  const wish = { token: TOKEN, id: "t0", port: 443, seconds: 60, name: "web1.example", digest };
  expect(await showChallenge(hand, wish)).toEqual({ kind: "started" });
  expect(await showChallenge(hand, wish)).toEqual({ kind: "started" });
  const shown = await host.run(
    `openssl s_client -connect ${host.address}:443 -servername web1.example -alpn acme-tls/1 </dev/null 2>/dev/null >/tmp/shown; grep ALPN /tmp/shown; openssl x509 -noout -text </tmp/shown`,
  );
  expect(shown).toContain("ALPN protocol: acme-tls/1");
  expect(await servingUsers()).toBe(NOBODY);
  expect(shown).toMatch(/Subject Alternative Name: critical\s+DNS:web1\.example\n/);
  expect(shown).toMatch(/1\.3\.6\.1\.5\.5\.7\.1\.31: critical/);
  expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
  expect(await processes()).toBe("0\n");
  expect(await host.run("ls /var/lib/latchkey 2>&1 || true")).toContain("No such file");
});
