import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askSsh } from "#testing/ssh/open-workstation.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readSshConfig } from "./read-ssh-config.ts";

const { homedir, username } = userInfo();

type Asked = { host: string; user: string | null; port: string | null; jumps: string | null };

/** The hops of ssh's route: ssh starts a further ssh for each, as `ssh -J FIRST,... -W HOST:PORT LAST`. */
async function findTheirWay(file: string, { host, user, port, jumps }: Asked): Promise<string[] | null> {
  const options = [
    ...(user ? ["-l", user] : []),
    ...(port ? ["-p", port] : []),
    ...(jumps ? ["-J", jumps] : []),
  ];
  const find = await askSsh(file, host, options);
  if (!find) return null;
  const own = `${find("user")[0]}@${find("hostname")[0]}:${find("port")[0]}`;
  const way = (find("proxyjump")[0] ?? "").split(",");
  const [, jumpUser = null, jumpHost, jumpPort = null] =
    /^(?:(.*)@)?([^:]*)(?::(\d+))?$/.exec(way.at(-1) ?? "") ?? [];
  if (!jumpHost) return [own];
  const before = way.slice(0, -1).join(",") || null;
  const others = await findTheirWay(file, { host: jumpHost, user: jumpUser, port: jumpPort, jumps: before });
  return others && [...others, own];
}

test("ssh itself goes the same way through every jump host", async () => {
  const text = `
Host inner
  ProxyJump jo@hop1:2201,hop2,hop3
Host hop1
  HostName 10.0.0.1
  ProxyJump outer
Host hop2
  User two
  Port 2202
  ProxyJump never
Match originalhost hop3 user jo
  Port 2203
Host hop4
  HostName hop4.example
  ProxyJump hop1
Match final host hop4.example
  User final
Host itself
  ProxyJump itself
Host * !outer !plain
  User jo
`;
  await using folder = await makeTemporaryFolder();
  const file = join(folder.path, "config");
  await writeFile(file, text);
  const source = {
    roots: [{ path: file, isUser: true }],
    files: new Map([[file, { text }]]),
    includes: new Map(),
    home: homedir,
    describe: (path: string) => path,
  };
  const config = readSshConfig(source, { home: homedir, user: username, uid: "0", hostname: "here" });
  for (const host of ["inner", "hop1", "hop2", "hop4", "outer", "plain", "itself"]) {
    const port = config.portOf(host, null) ?? 22;
    const route = config.routeTo({ kind: "ssh", host, port, user: null }, username);
    const ours =
      route.kind === "hops" ? route.hops.map((hop) => `${hop.user}@${hop.address}:${hop.port}`) : null;
    expect({ host, way: ours }).toEqual({
      host,
      way: await findTheirWay(file, { host, user: null, port: null, jumps: null }),
    });
  }
});
