import { describe, expect, test } from "vitest";
import { readResult } from "#domain/runs/offline/result.ts";
import { AFTER, BEFORE, makeScript } from "#domain/runs/testdata/make-script.ts";
import { SHELLS } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carry, carryTo, PATH, readResultThere, readThere } from "#testing/runs/offline-hosts.ts";

const MORE_SHELLS = [...SHELLS.filter((shell) => shell !== "dash" && shell !== "busybox sh"), "mksh"];

const resultOf = async (host: LabHost) => readResult(await readResultThere(host));

const standsThere = async (host: LabHost): Promise<string> =>
  `${(await readThere(host, PATH)).toString()}|${await host.run(`stat -c '%U %a' ${PATH}; ls -A /home/ann/.ssh`)}`;

const untouched = `${BEFORE}|ann 600\nauthorized_keys\n`;

describe.runIf(canStartHosts())("an offline script, wherever it is run", () => {
  test.each(MORE_SHELLS)("is carried out by %s, too", async (shell) => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    expect(await carry(host, shell, "yes\\nyes\\nyes\\n")).toContain("code 0");
    expect(await standsThere(host)).toBe(`${AFTER}|ann 600\nauthorized_keys\n`);
  });

  test("is carried out by the account whose file it is, as by root", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    await host.run("chmod 755 /root/carried/script.sh && cp /root/carried/script.sh /home/ann/script.sh");
    const run = "cd && printf 'yes\\nyes\\nyes\\n' | sh ./script.sh --unverified-host 2>&1 || echo failed";
    expect(
      await host.run(`setpriv --reuid ann --regid ann --init-groups sh -c "HOME=/home/ann; ${run}"`),
    ).toContain("committed; copy /home/ann/latchkey-result-");
    expect(await standsThere(host)).toBe(`${AFTER}|ann 600\nauthorized_keys\n`);
  });
});

/** What is in the way, what removes it again, and the message about it. */
const PLACES = [
  [
    "whose disk is full",
    "fallocate -l 100% /home/ann/.ssh/x 2>/dev/null; cat /dev/zero >/home/ann/.ssh/full",
    "rm -f /home/ann/.ssh/x /home/ann/.ssh/full",
    "no-space",
  ],
  ["whose file is immutable", `chattr +i ${PATH}`, `chattr -i ${PATH}`, "is immutable"],
  [
    "whose disk is read-only",
    "mount -o remount,ro /home/ann/.ssh",
    "mount -o remount,rw /home/ann/.ssh",
    "is read-only",
  ],
] as const;

/** From here on these programs are missing. */
const hideOn = (host: LabHost, ...names: string[]): Promise<string> =>
  host.run(
    [
      ": >/root/none && chmod 644 /root/none",
      ...names.map((name) => `for at in $(which -a ${name} || true); do mount --bind /root/none "$at"; done`),
    ].join("\n"),
  );

describe.runIf(canStartHosts())("an offline script, where its host will not have it", () => {
  test.each(PLACES)(
    "changes nothing on a host %s, says so, and is run again once that is over",
    async (_, spoil, mend, said) => {
      await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
      const { host } = prepared;
      await host.run(`cp -a /home/ann/.ssh /root/ssh && mount -t tmpfs -o size=256k,mode=700 none /home/ann/.ssh
      chown ann: /home/ann/.ssh && cp -a /root/ssh/authorized_keys /home/ann/.ssh/ && { ${spoil}; } || true`);
      const first = await carry(host, "sh", "yes\\nyes\\n");
      expect(first).toContain("nothing was changed");
      expect(first).toContain(said);
      expect(await resultOf(host)).toMatchObject({ outcome: "failed", at: null });
      await host.run(mend);
      expect(await standsThere(host)).toBe(untouched);
      expect(await carry(host, "sh", "yes\\nyes\\nyes\\n")).toContain("code 0");
    },
  );

  test("changes nothing where no program for SHA-256 is, and where nothing could take a change back", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    // There would be a timer of systemd, but nothing there to start it.
    await host.run("mkdir -p /run/systemd/system");
    await hideOn(host, "setsid", "nohup", "at");
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("this host cannot roll back by itself");
    await hideOn(host, "sha256sum", "shasum", "sha256", "openssl");
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("nothing was changed");
    expect(await standsThere(host)).toBe(untouched);
  });
});

test.runIf(canStartHosts())(
  "an offline script breaks the lock of a run whose time is over, as a run does, and waits for one whose time is not",
  async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    const hold = (until: string) =>
      host.run(`mkdir -p -m 700 /home/ann/.ssh/.latchkey && cd /home/ann/.ssh/.latchkey && rm -rf lock-* theirs
        mkdir -m 700 theirs && ln -s theirs,somebody,1,${until} lock-1 && chown -hR ann: .`);
    await hold("$(($(date +%s) + 3600))");
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("is held by somebody");
    expect((await readThere(host, PATH)).toString()).toBe(BEFORE);
    await hold("2");
    expect(await carry(host, "sh", "yes\\nyes\\nyes\\n")).toContain("code 0");
    expect((await readThere(host, PATH)).toString()).toBe(AFTER);
  },
);

describe.runIf(canStartHosts())("what an offline script could not take back", () => {
  test("stays where it was kept, and the result says where", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    const edit = `echo yes; until grep -q 'authorized_keys: added' said; do :; done; echo '# by hand' >>${PATH}; echo no`;
    await host.run(`cd /root/carried && mkfifo answers && : >said
      sh ./script.sh <answers >said 2>&1 & { ${edit}; } >answers; wait || true`);
    const said = await host.run("cat /root/carried/said");
    const result = await resultOf(host);
    if (typeof result === "string") throw new Error(result);
    expect(result).toMatchObject({ outcome: "needs-attention", at: "grant" });
    expect(result.kept).toMatch(/^\/home\/ann\/\.ssh\/\.latchkey\/[0-9a-f]{24}$/);
    expect(said).toContain(`what is needed to roll it back is in ${result.kept}`);
    expect((await readThere(host, `${result.kept}/before-f0a`)).toString()).toBe(BEFORE);
    expect((await readThere(host, PATH)).toString()).toContain("# by hand");
    expect(await carry(host, "sh", "yes\\n")).toContain("is not the file that the plan was made for");
    expect(await resultOf(host)).toMatchObject({ outcome: "needs-attention", kept: result.kept });
  });

  test("is what somebody's editor, open all the time, wrote to the file that was replaced", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    const edit =
      "echo yes; until grep -q 'authorized_keys: added' said; do :; done; echo '# late' >&5; echo yes; echo yes";
    await host.run(`cd /root/carried && mkfifo answers && : >said && exec 5>>${PATH}
      sh ./script.sh <answers >said 2>&1 & { ${edit}; } >answers; wait || true`);
    const result = await resultOf(host);
    if (typeof result === "string") throw new Error(result);
    expect(result).toMatchObject({
      outcome: "committed",
      unended: [{ index: 0, reason: "late-edit" }],
    });
    expect(await host.run(`cat ${result.kept}/held-*`)).toContain("# late");
  });
});
