import { describe, expect, test } from "vitest";
import { hashBytes } from "#domain/runs/files/stages.ts";
import { locateResult, readResult } from "#domain/runs/offline/result.ts";
import { NEW_KEY, OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { AFTER, BEFORE, makeScript, OTHER } from "#domain/runs/testdata/make-script.ts";
import { SOME_SHELLS } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carry, carryTo, PATH, readResultThere, readThere } from "#testing/runs/offline-hosts.ts";

describe.runIf(canStartHosts())("a plan that is carried to its host", () => {
  test.each(SOME_SHELLS)(
    "is carried out by %s as it would have been from here, and its result tells of it",
    async (shell) => {
      await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
      const { host, plan, hash } = prepared;
      expect(await carry(host, shell, "", "--check")).toContain("nothing is in the way");
      expect((await readThere(host, PATH)).toString()).toBe(BEFORE);
      const said = await carry(host, shell, "yes\\nyes\\nyes\\n");
      expect(said).toContain("code 0");
      expect((await readThere(host, PATH)).toString()).toBe(AFTER);
      expect(await host.run(`stat -c '%U %a' ${PATH}; ls -A /home/ann/.ssh`)).toBe(
        "ann 600\nauthorized_keys\n",
      );
      const result = readResult(await readResultThere(host));
      if (typeof result === "string") throw new Error(result);
      expect(result).toMatchObject({
        outcome: "committed",
        why: "",
        files: [plan.hosts[0]?.files[0]?.after?.removed],
      });
      expect(locateResult(result, { plan, hash })).toBe(plan.hosts[0]);
      expect(locateResult(result, { plan, hash: "0".repeat(64) })).toBe("the result is of another plan");
      expect(await carry(host, shell, "")).toContain("committed");
    },
  );

  test("goes back where nobody says that the login works, byte for byte, and can be carried out again", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    for (const answers of ["yes\\nno\\n", "yes\\n"]) {
      expect(await carry(host, "sh", answers)).toContain("code 1");
      expect((await readThere(host, PATH)).toString()).toBe(BEFORE);
      expect(readResult(await readResultThere(host))).toMatchObject({
        outcome: "rolled-back",
        why: "nobody confirmed that the login works",
      });
      expect(await host.run("ls -A /home/ann/.ssh")).toBe("authorized_keys\n");
    }
    expect(await carry(host, "sh", "yes\\nyes\\nyes\\n")).toContain("code 0");
  });

  test("leaves a file alone that is another one than the plan was made for, and whose result was changed is no result", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    await host.run(`echo '# by hand' >> ${PATH}`);
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("is not the file that the plan was made for");
    expect((await readThere(host, PATH)).toString()).toBe(`${BEFORE}# by hand\n`);
    const result = await readThere(host, "/root/carried/latchkey-result-*.txt");
    expect(readResult(Buffer.from(result.toString().replace("failed", "committed")))).toBe(
      "the result was changed: its digest does not fit",
    );
    expect(readResult(result.subarray(0, 40))).toBe(
      "this is not the result of an offline script, or it is truncated",
    );
  });
});

describe.runIf(canStartHosts())("a plan whose removal fails where it was carried to", () => {
  test("keeps the new line that was verified where the removal fails, says so, and can be carried out again", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host, plan } = prepared;
    const added = plan.hosts[0]?.files[0]?.after?.added;
    for (const answers of ["yes\\nyes\\nno\\n", "yes\\n", "no\\n"]) {
      const said = await carry(host, "sh", answers);
      expect(said).toContain("the added ones stay: nobody confirmed that the login works");
      expect(said).toContain("code 1");
      expect(hashBytes(await readThere(host, PATH))).toBe(added);
      expect(readResult(await readResultThere(host))).toMatchObject({
        outcome: "added",
        why: "nobody confirmed that the login works",
        files: [added],
      });
      expect(await host.run("ls -A /home/ann/.ssh")).toBe("authorized_keys\n");
    }
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("code 0");
    expect((await readThere(host, PATH)).toString()).toBe(AFTER);
  });

  test("keeps the new line, too, where it was ended once the old one had gone, and nobody vouches for it afterwards", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host, plan } = prepared;
    const answer =
      "printf 'yes\\nyes\\n'; until grep -q 'authorized_keys: removed' said; do :; done; kill -9 $(cat pid)";
    await host.run(`cd /root/carried && mkfifo answers && : >said
      sh -c 'echo $$ >pid; exec sh ./script.sh' <answers >said 2>&1 & { ${answer}; } >answers; wait || true`);
    expect((await readThere(host, PATH)).toString()).toBe(AFTER);
    expect(await carry(host, "sh", "no\\n")).toContain("code 1");
    expect(hashBytes(await readThere(host, PATH))).toBe(plan.hosts[0]?.files[0]?.after?.added);
    expect(readResult(await readResultThere(host))).toMatchObject({ outcome: "added" });
  });
});

test.runIf(canStartHosts())(
  "a plan that is carried to its host asks for a login by the new key before the old one goes, though its line stood there already",
  async () => {
    const both = `${OLD_KEY} a\n${NEW_KEY} new\n${OTHER}\n`;
    await using prepared = await carryTo(both, makeScript(both));
    const { host } = prepared;
    const said = await carry(host, "sh", "no\\n");
    expect(said).not.toContain("authorized_keys: removed");
    expect((await readThere(host, PATH)).toString()).toBe(both);
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("code 0");
    expect((await readThere(host, PATH)).toString()).toBe(`${NEW_KEY} new\n${OTHER}\n`);
  },
);
