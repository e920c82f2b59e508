import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hashPlan } from "#domain/rotation/plan/hash-plan.ts";
import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import {
  GIVEN,
  makeFileFacts,
  makeHostFacts,
  makeStand,
  ROTATE,
} from "#domain/rotation/testdata/make-facts.ts";
import { NEW_KEY, OLD_KEY } from "#domain/rotation/testdata/make-keys-file.ts";
import { planFor } from "#domain/rotation/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { SOME_SHELLS } from "#testing/lab/shells.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { placeResult, readResult } from "./read-result.ts";
import { partsOf } from "./script-phases.ts";
import { writeScript } from "./write-script.ts";

const OTHER = `${SAMPLE_KEYS.rsa} bob`;
const BEFORE = `# 'kept' \\x41 %\r\nfrom="10.0.0.0/8",command="x '\\"" ${OLD_KEY} a\n${OTHER}`;
const AFTER = `# 'kept' \\x41 %\r\nfrom="10.0.0.0/8",command="x '\\"" ${NEW_KEY} a\n${OTHER}`;
const PATH = "/home/ann/.ssh/authorized_keys";

const readScript = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, "../../../../../resources/rotation", name), "utf8");

/** A host with ann's file, and the script of a plan that gives her key another one. */
async function prepare(before = BEFORE) {
  const host = await startHost({
    name: "web1",
    prepare: "useradd -m -s /bin/sh ann && mkdir -m 700 /home/ann/.ssh && chown ann: /home/ann/.ssh",
  });
  const uid = Number(await host.run("id -u ann"));
  const file = makeFileFacts("ann", before, { stand: makeStand(before, { uid, gid: uid, owner: "ann" }) });
  const plan = planFor([makeHostFacts("web1", "", { files: [file] })], {
    given: GIVEN,
    wish: { ...ROTATE, given: NEW_KEY },
    here: [],
  });
  const hash = hashPlan(plan);
  const parts = {
    ...{ hand: await readScript("hand.sh"), carry: await readScript("carry.sh") },
    sentences: { immutable: "is immutable", "read-only": "lies on a file system that is read-only" },
  };
  const [part] = partsOf(plan, []);
  const script = part && writeScript({ plan, hash, newKey: NEW_KEY }, part, parts);
  if (!script) throw new Error("there is no script");
  await write(host, PATH, before);
  await host.run(`chown ann: ${PATH} && chmod 600 ${PATH} && mkdir -p /root/carried`);
  await write(host, "/root/carried/script.sh", script);
  return { host, plan, hash, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

const write = (host: LabHost, path: string, text: string): Promise<string> =>
  host.run(`printf %s ${Buffer.from(text).toString("base64")} | base64 -d > ${path}`);

/** Runs the script as root; what it said, with its code at the end. */
const carry = (host: LabHost, shell: string, answers: string, options = ""): Promise<string> =>
  host.run(
    `cd /root/carried; code=0; printf '${answers}' | ${shell} ./script.sh ${options} 2>&1 || code=$?; echo "code $code"`,
  );

const read = async (host: LabHost, path: string): Promise<Buffer> =>
  Buffer.from((await host.run(`base64 -w0 ${path}`)).trim(), "base64");

const resultOf = async (host: LabHost) => readResult(await read(host, "/root/carried/latchkey-result-*.txt"));

describe.runIf(canStartHosts())("a plan that is carried to its host", () => {
  test.each(SOME_SHELLS)(
    "is carried out by %s as it would have been from here, and its result tells of it",
    async (shell) => {
      await using prepared = await prepare();
      const { host, plan, hash } = prepared;
      expect(await carry(host, shell, "", "--check")).toContain("nothing is in the way");
      expect((await read(host, PATH)).toString()).toBe(BEFORE);
      const said = await carry(host, shell, "yes\\nyes\\n");
      expect(said).toContain("code 0");
      expect((await read(host, PATH)).toString()).toBe(AFTER);
      expect(await host.run(`stat -c '%U %a' ${PATH}; ls -A /home/ann/.ssh`)).toBe(
        "ann 600\nauthorized_keys\n",
      );
      const result = await resultOf(host);
      if (typeof result === "string") throw new Error(result);
      expect(result).toMatchObject({
        outcome: "committed",
        why: "",
        files: [plan.hosts[0]?.files[0]?.after?.removed],
      });
      expect(placeResult(result, { plan, hash })).toBe(plan.hosts[0]);
      expect(placeResult(result, { plan, hash: "0".repeat(64) })).toBe("the result is of another plan");
      expect(await carry(host, shell, "")).toContain("committed");
    },
  );

  test("goes back where nobody says that the login works, byte for byte, and can be carried out again", async () => {
    await using prepared = await prepare();
    const { host } = prepared;
    for (const answers of ["no\\n", ""]) {
      expect(await carry(host, "sh", answers)).toContain("code 1");
      expect((await read(host, PATH)).toString()).toBe(BEFORE);
      expect(await resultOf(host)).toMatchObject({
        outcome: "rolled-back",
        why: "nobody said that the login works",
      });
      expect(await host.run("ls -A /home/ann/.ssh")).toBe("authorized_keys\n");
    }
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("code 0");
  });

  test("leaves a file alone that is another one than the plan was made for, and whose result was changed is no result", async () => {
    await using prepared = await prepare();
    const { host } = prepared;
    await host.run(`echo '# by hand' >> ${PATH}`);
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("is another file than the plan was made for");
    expect((await read(host, PATH)).toString()).toBe(`${BEFORE}# by hand\n`);
    const result = await read(host, "/root/carried/latchkey-result-*.txt");
    expect(readResult(Buffer.from(result.toString().replace("failed", "committed")))).toBe(
      "the result was changed: its digest does not fit",
    );
    expect(readResult(result.subarray(0, 40))).toBe("this is no result of a carried script, or it is cut");
  });
});

describe.runIf(canStartHosts())("a plan whose removal fails where it was carried to", () => {
  test("keeps the new line that was proved where the removal fails, says so, and can be carried out again", async () => {
    await using prepared = await prepare();
    const { host, plan } = prepared;
    const added = plan.hosts[0]?.files[0]?.after?.added;
    for (const answers of ["yes\\nno\\n", "yes\\n", "no\\n"]) {
      const said = await carry(host, "sh", answers);
      expect(said).toContain("what was added stays: nobody said that the login works");
      expect(said).toContain("code 1");
      expect(hashBytes(await read(host, PATH))).toBe(added);
      expect(await resultOf(host)).toMatchObject({
        ...{ outcome: "added", why: "nobody said that the login works", files: [added] },
      });
      expect(await host.run("ls -A /home/ann/.ssh")).toBe("authorized_keys\n");
    }
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("code 0");
    expect((await read(host, PATH)).toString()).toBe(AFTER);
  });

  test("keeps the new line, too, where it was ended once the old one had gone, and nobody vouches for it afterwards", async () => {
    await using prepared = await prepare();
    const { host, plan } = prepared;
    const answer =
      "printf 'yes\\n'; until grep -q 'authorized_keys: removed' said; do :; done; kill -9 $(cat pid)";
    await host.run(`cd /root/carried && mkfifo answers && : >said
      sh -c 'echo $$ >pid; exec sh ./script.sh' <answers >said 2>&1 & { ${answer}; } >answers; wait || true`);
    expect((await read(host, PATH)).toString()).toBe(AFTER);
    expect(await carry(host, "sh", "no\\n")).toContain("code 1");
    expect(hashBytes(await read(host, PATH))).toBe(plan.hosts[0]?.files[0]?.after?.added);
    expect(await resultOf(host)).toMatchObject({ outcome: "added" });
  });
});

test.runIf(canStartHosts())(
  "a plan that is carried to its host asks for a login by the new key before the old one goes, though its line stood there already",
  async () => {
    const both = `${OLD_KEY} a\n${NEW_KEY} new\n${OTHER}\n`;
    await using prepared = await prepare(both);
    const { host } = prepared;
    const said = await carry(host, "sh", "no\\n");
    expect(said).not.toContain("authorized_keys: removed");
    expect((await read(host, PATH)).toString()).toBe(both);
    expect(await carry(host, "sh", "yes\\nyes\\n")).toContain("code 0");
    expect((await read(host, PATH)).toString()).toBe(`${NEW_KEY} new\n${OTHER}\n`);
  },
);
