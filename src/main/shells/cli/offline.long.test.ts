import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { readThere, writeThere } from "#testing/runs/offline-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/** A workstation that has scanned a host once, with the key that logged in, one to rotate and its successor. */
async function makeScanned() {
  const folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const make = async (name: string) => {
    const path = join(home, ".ssh", name);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]);
    const line = (await readFile(`${path}.pub`, "utf8")).trim();
    return { path, line, fingerprint: (await run("ssh-keygen", ["-lf", path])).stdout.split(" ")[1] ?? "" };
  };
  const [admin, old, fresh] = [await make("id_ed25519"), await make("old"), await make("fresh")];
  const host = await startHost({
    name: "web1",
    prepare: `useradd -m -s /bin/sh ann && mkdir -p /root/stick /root/.ssh /home/ann/.ssh && chmod 700 /root/.ssh /home/ann/.ssh
      echo '${admin.line}' >/root/.ssh/authorized_keys
      printf '%s\\n' '${old.line}' '${admin.line}' >/home/ann/.ssh/authorized_keys
      chmod 600 /home/ann/.ssh/authorized_keys && chown -R ann: /home/ann/.ssh`,
  });
  const type = openTerminal(join(folder.path, "latchkey.db"), {
    workstation: { user: "ann", home, agentSocket: null },
  });
  expect(await type("scan", `root@${host.address}`, "--accept-new", "--strict")).toMatchObject({ code: 0 });
  return {
    type,
    host,
    admin,
    old,
    fresh,
    stick: join(folder.path, "stick"),
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Scanned = Awaited<ReturnType<typeof makeScanned>>;

/** Copies the script with its signature to the host, runs it there, and copies the result back under a name. */
async function carryBack({ host, stick, admin }: Scanned, name: string, answers: string): Promise<string> {
  for (const end of ["", ".sig"])
    await writeThere(
      host,
      `/root/stick/script.sh${end}`,
      await readFile(join(stick, `${host.address}-22.sh${end}`), "utf8"),
    );
  const said = await host.run(
    `cd /root/stick && rm -f latchkey-result-*; [ -f auditor ] || ssh-keygen -q -t ed25519 -N '' -C auditor -f auditor
    printf '${answers}' | sh ./script.sh --signer ${admin.fingerprint} --sign auditor 2>&1 || echo "code $?"`,
  );
  const path = join(stick, name);
  await writeFile(path, await readThere(host, "/root/stick/latchkey-result-*.txt"));
  await writeFile(`${path}.sig`, await readThere(host, "/root/stick/latchkey-result-*.txt.sig"));
  await writeFile(join(stick, "auditor.pub"), await readThere(host, "/root/stick/auditor.pub"));
  return said;
}

test.runIf(canStartHosts())(
  "a plan is written as a signed script, carried, and its signed result imported once; one that is cut, altered, older or of another plan is refused",
  async () => {
    await using scanned = await makeScanned();
    const { type, host, admin, old, fresh, stick } = scanned;
    const command = [
      "rotate",
      "key",
      old.fingerprint,
      "--new-key",
      `${fresh.path}.pub`,
      "--script",
      stick,
      "--sign-with",
      admin.path,
    ];
    const unagreed = await type(...command);
    expect(unagreed).toMatchObject({ code: 2, err: expect.stringContaining("--acknowledge 'private-key'") });
    expect(existsSync(stick)).toBe(false);
    const planned = await type(...command, "--acknowledge", "private-key");
    expect(planned.err).toContain("and its .sig");
    expect(planned.err).toContain(`signed with ssh-ed25519 ${admin.fingerprint}`);

    expect(await carryBack(scanned, "first", "yes\nno\n")).toContain("the added ones stay");
    const first = join(stick, "first");
    const signer = ["--signer", join(stick, "auditor.pub"), "--require-signature"];
    expect((await type("import", "--require-signature", first)).err).toContain(
      "which nobody here is known by",
    );
    const stopped = await type("import", ...signer, first);
    expect(stopped).toMatchObject({ code: 0, err: "" });
    expect(stopped.out).toContain(`${host.address}:22 is added, signed by the host`);
    expect((await type("runs", "resume", "1")).err).toContain("run 1 is executed offline");

    expect(await carryBack(scanned, "second", "yes\nyes\n")).toContain("committed");
    const second = join(stick, "second");
    const done = await type("import", ...signer, second);
    expect(done.out).toContain(`${host.address}:22 is committed, signed by the host`);
    const shown = await type("runs", "show", "1");
    expect(shown.out).toContain("signed by auditor");
    const again = await type("import", ...signer, second);
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("already imported, nothing changed");
    expect((await type("runs", "show", "1")).out).toBe(shown.out);
    expect((await type("import", ...signer, first)).out).toContain("already imported, nothing changed");

    const bytes = await readFile(second);
    await writeFile(join(stick, "cut"), bytes.subarray(0, bytes.length - 70));
    expect((await type("import", join(stick, "cut"))).err).toContain("it is truncated");
    await writeFile(join(stick, "altered"), bytes.toString().replace("outcome committed", "outcome done"));
    expect((await type("import", join(stick, "altered"))).err).toContain("its digest does not fit");
    await writeFile(join(stick, "first.sig"), await readFile(`${second}.sig`));
    expect((await type("import", ...signer, first)).err).toContain("the signature is not of this");
    expect((await type("runs", "show", "1")).out).toBe(shown.out);
  },
);

test.runIf(canStartHosts())(
  "a result that is older than what was taken, or of a plan that is not known, changes nothing and says so",
  async () => {
    await using scanned = await makeScanned();
    const { type, host, admin, old, fresh, stick } = scanned;
    const write = () =>
      type(
        "rotate",
        "key",
        old.fingerprint,
        "--new-key",
        `${fresh.path}.pub`,
        "--script",
        stick,
        "--sign-with",
        admin.path,
        "--acknowledge",
        "private-key",
      );
    await write();
    await carryBack(scanned, "older", "no\n");
    const [, ended = ""] = /^ended (\d+)$/m.exec(await readFile(join(stick, "older"), "utf8")) ?? [];
    await host.run(`until [ "$(date +%s)" -gt ${ended} ]; do :; done`);
    await carryBack(scanned, "newer", "yes\nyes\n");
    expect((await type("import", join(stick, "newer"))).out).toContain("run 1 is committed");
    const late = await type("import", join(stick, "older"));
    expect(late).toMatchObject({ code: 2 });
    expect(late.err).toContain(`a result of ${host.address} that ended later`);

    const stranger = (await readFile(join(stick, "newer"), "utf8")).replace(
      /^plan .*$/m,
      `plan ${"0".repeat(64)}`,
    );
    const text = stranger.replace(/^end .*/ms, "");
    const digest = (await run("sh", ["-c", 'printf %s "$1" | sha256sum', "sh", text])).stdout.slice(0, 64);
    await writeFile(join(stick, "stranger"), `${text}end ${digest}\n`);
    expect((await type("import", join(stick, "stranger"))).err).toContain("is not known here");
    expect((await type("runs", "list", "--json")).out).toContain('"total": 1');
  },
);
