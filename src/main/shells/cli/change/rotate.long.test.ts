import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/** A workstation with a key of its own and one to rotate, and a host where both log in as ann. */
async function makePair() {
  const folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const make = async (name: string) => {
    const path = join(home, ".ssh", name);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `${name}@laptop`, "-f", path]);
    const line = (await readFile(`${path}.pub`, "utf8")).trim();
    return { path, line, fingerprint: (await run("ssh-keygen", ["-lf", path])).stdout.split(" ")[1] ?? "" };
  };
  const admin = await make("id_ed25519");
  const deploy = await make("deploy");
  const keys = `# kept\nno-pty ${deploy.line}\n${admin.line}\n`;
  const host = await startHost({
    name: "web1",
    prepare: `useradd -m -s /bin/sh ann && mkdir -p /root/.ssh /home/ann/.ssh && chmod 700 /root/.ssh /home/ann/.ssh
      echo '${admin.line}' > /root/.ssh/authorized_keys
      cat > /home/ann/.ssh/authorized_keys <<'KEYS'\n${keys}KEYS
      chmod 600 /home/ann/.ssh/authorized_keys && chown -R ann: /home/ann/.ssh`,
  });
  return {
    host,
    admin,
    deploy,
    folder: folder.path,
    target: `root@${host.address}`,
    databasePath: join(folder.path, "latchkey.db"),
    workstation: { user: "ann", home, agentSocket: null },
    keysOfAnn: () => host.run("cat /home/ann/.ssh/authorized_keys"),
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test.runIf(canStartHosts())(
  "a key is rotated by one command: planned, carried out, and the new half lets in from the old one's path",
  async () => {
    await using pair = await makePair();
    const { deploy, databasePath, workstation } = pair;
    const type = openTerminal(databasePath, { workstation });
    expect(await type("scan", pair.target, "--accept-new", "--strict")).toMatchObject({ code: 0 });

    const planned = await type("rotate", "key", deploy.fingerprint);
    expect(planned).toMatchObject({ code: 0, err: "" });
    expect(planned.out).toContain("Plan: 0 to add, 1 to change, 0 to remove on 1 host");
    expect(planned.out).toContain("- no-pty ");
    expect(await pair.keysOfAnn()).toContain(deploy.line);

    const done = await type("rotate", "key", deploy.fingerprint, "--apply", "--yes");
    expect(`${done.out}\n${done.err}`).toContain("run 1 is committed");
    expect(done.code).toBe(0);
    const keys = await pair.keysOfAnn();
    expect(keys).not.toContain(deploy.line.split(" ")[1]);
    expect(keys).toMatch(
      /^# kept\nno-pty ssh-ed25519 \S+ deploy@laptop\nssh-ed25519 \S+ id_ed25519@laptop\n?$/,
    );
    const half = (await run("ssh-keygen", ["-y", "-f", deploy.path])).stdout.trim();
    expect(keys).toContain(half.split(" ")[1]);
    expect((await type("runs", "list")).out).toContain("committed");
  },
);

test.runIf(canStartHosts())(
  "a plan in a file is carried out as it was shown, and refused once the host is another",
  async () => {
    await using pair = await makePair();
    const { deploy, databasePath, workstation, folder, host } = pair;
    const type = openTerminal(databasePath, { workstation });
    await type("scan", pair.target, "--accept-new");
    const file = join(folder, "plan.json");
    const written = await type(
      "grants",
      "remove",
      "--fingerprint",
      deploy.fingerprint,
      "--account",
      "ann",
      "--plan",
      file,
    );
    expect(written).toMatchObject({ code: 0 });
    const other = await type("rotate", "key", "--apply", file, "--yes");
    expect(other).toMatchObject({ code: 2 });
    expect(other.err).toContain("a plan of another kind; use: latchkey grants remove --apply");
    await host.run("echo '# by hand' >> /home/ann/.ssh/authorized_keys");
    const stale = await type("grants", "remove", "--apply", file, "--yes");
    expect(stale.code).not.toBe(0);
    expect(await pair.keysOfAnn()).toContain(deploy.line);

    const { plan, hash } = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ plan: { ...plan, title: "edited" }, hash }));
    expect(await type("grants", "remove", "--apply", file, "--yes")).toMatchObject({ code: 2 });

    const again = await type(
      "grants",
      "remove",
      "--fingerprint",
      deploy.fingerprint,
      "--account",
      "ann",
      "--apply",
      "--yes",
    );
    expect(`${again.out}\n${again.err}`).toContain("is committed");
    expect(await pair.keysOfAnn()).toMatch(/^# kept\nssh-ed25519 \S+ id_ed25519@laptop\n# by hand\n?$/);
  },
);

test.runIf(canStartHosts())(
  "the days of grace are ended before their time by whoever types the word, and the old line goes",
  async () => {
    await using pair = await makePair();
    const { admin, databasePath, workstation } = pair;
    const open = (reply: string | null) =>
      openTerminal(databasePath, { workstation, promptUser: reply === null ? null : async () => reply });
    const type = open(null);
    expect(await type("scan", pair.target, "--accept-new", "--strict")).toMatchObject({ code: 0 });
    const apply = [
      "--grace",
      "9",
      "--apply",
      "--yes",
      "--acknowledge",
      "other-way-in",
      "--acknowledge",
      "file-logs",
    ];
    const begun = await type("rotate", "key", admin.fingerprint, ...apply);
    expect(`${begun.out}\n${begun.err}`).toContain("latchkey runs resume 1 --now");
    const { plan } = JSON.parse((await type("call", "runs.findPlan", '{"planId":1}')).out);
    expect(plan.confirm.word).not.toBe("");
    expect(await open(null)("runs", "resume", "1", "--now")).toMatchObject({ code: 2 });
    const wrong = await open("no")("runs", "resume", "1", "--now");
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("to remove it now") });
    expect(await pair.keysOfAnn()).toContain(admin.line.split(" ")[1]);
    expect((await type("runs", "resume", "1")).out).toContain("run 1 is waiting");

    const ended = await open(plan.confirm.word)("runs", "resume", "1", "--now");
    expect(`${ended.out}\n${ended.err}`).toContain("run 1 is committed");
    expect(ended.out).toContain("the days of grace were ended before their time");
    expect(await pair.keysOfAnn()).not.toContain(admin.line.split(" ")[1]);
    expect(await type("runs", "resume", "1", "--now")).toMatchObject({ code: 2 });
  },
);
