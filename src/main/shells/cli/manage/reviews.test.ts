import { execFile } from "node:child_process";
import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { beginScan, makeAccount, makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

const ROOT = makeAccount("root", { uid: 0, kind: "system", root: "is-root", grantCount: 3 });
const ANN = makeGrant("ann@laptop");
/** What a spreadsheet would run, and a page would show as its own. */
const FORMULA = makeGrant('=HYPERLINK("http://x")<script>alert(1)</script>', { line: 2 });
const GONE = makeGrant("bob@laptop", { line: 3 });

type Now = { now: Date };

/** A database with one host, and what is typed at it. */
async function openDesk(folder: string, clock: Now) {
  const path = join(folder, "latchkey.db");
  const visit = (grants: ReturnType<typeof makeGrant>[]) => {
    const store = openStore({ path, access: "write" });
    const scanId = beginScan(store, clock.now.toISOString().replace(/\.\d+/, ""));
    visitHost(store, "web1", { scanId, collected: { grants, accounts: [ROOT] } });
    store.close();
  };
  visit([ANN, FORMULA, GONE]);
  const workstation = { user: "jo", home: folder, agentSocket: null };
  return { visit, type: openTerminal(path, { now: () => clock.now, workstation }) };
}

/** What its files say of each item, with what strangers wrote as text. */
async function expectContents(pack: string): Promise<void> {
  const json = JSON.parse(await readFile(join(pack, "review.json"), "utf8"));
  expect(json).toMatchObject({
    format: "latchkey-review-evidence-1",
    problems: [],
    review: { name: "q2", decided: 4 },
  });
  expect(json.items.map(({ state }: { state: string }) => state)).toEqual(["kept", "kept", "closed", "kept"]);
  expect(json.items[2].closedBy).toEqual({ scan: 2, at: "2026-06-03T12:00:00Z" });
  // Also the decision of which a later one has taken the place.
  const decisions = (await readFile(join(pack, "decisions.csv"), "utf8")).trim().split("\r\n").slice(1);
  expect(decisions.filter((row) => row.startsWith('"3"')).map((row) => row.split(",").slice(1, 4))).toEqual([
    ['"keep"', '""', '"too early"'],
    ['"revoke"', '""', '"has left"'],
  ]);
  const table = await readFile(join(pack, "items.csv"), "utf8");
  expect(table).toContain(`"'=HYPERLINK(""http://x"")<script>alert(1)</script>"`);
  expect(table).not.toMatch(/"[=+@-]/);
  const page = await readFile(join(pack, "report.html"), "utf8");
  expect(page).not.toContain("<script");
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
}

/** Signs what stands in a pack by another key, and makes that the allowed one. */
async function signByAnother(pack: string, keys: string): Promise<void> {
  const { path, publicLine } = await makeKeyFile(keys, "mallory");
  const files = "README.txt decisions.csv items.csv report.html review.json snapshot.jsonl";
  await run("sh", ["-c", `sha256sum ${files} > SHA256SUMS; rm SHA256SUMS.sig`], { cwd: pack });
  await run("ssh-keygen", ["-q", "-Y", "sign", "-n", "latchkey-review", "-f", path, "SHA256SUMS"], {
    cwd: pack,
  });
  await writeFile(join(pack, "allowed_signers"), `signer namespaces="latchkey-review" ${publicLine}`);
}

test("a review is created, decided, closed by a later scan, and its evidence is checked by ssh-keygen and sha256sum alone", async () => {
  await using folder = await makeTemporaryFolder();
  const clock = { now: new Date("2026-06-02T12:00:00Z") };
  const { visit, type } = await openDesk(folder.path, clock);
  const auditor = await makeKeyFile(folder.path, "auditor");
  const { path: key } = auditor;
  const created = await type(
    "reviews",
    "create",
    "q2",
    "--root",
    "--reviewer",
    "carol",
    "--until",
    "2026-06-30",
  );
  expect(created).toMatchObject({ code: 0, err: "" });
  expect(created.out).toContain("q2: all root access; 4 items, 0 decided, 1 reviewer, due 2026-06-30");
  expect((await type("reviews", "--due")).out).toContain("4 of 4");

  await type("reviews", "decide", "q2", "1-2", "4", "--keep", "--reason", "on call");
  await type("reviews", "decide", "q2", "3", "--keep", "--reason", "too early");
  await type("reviews", "decide", "q2", "3", "--revoke", "--reason", "has left");
  const due = await type("reviews", "--due");
  expect(due.code).toBe(0);
  expect(due.out).toContain("nobody has to decide on anything");
  expect(due.out).toContain("1 item revoked or reassigned, and in no plan");
  expect((await type("reviews", "show", "q2", "3")).out).toContain("to revoke");
  clock.now = new Date("2026-06-03T12:00:00Z");
  visit([ANN, FORMULA]);
  expect((await type("reviews", "show", "q2", "--state", "closed")).out).toContain("gone by scan 2");

  const pack = join(folder.path, "evidence");
  const written = await type("reviews", "evidence", "q2", "--out", pack, "--sign", key);
  expect(written).toMatchObject({ code: 0, err: "" });
  expect((await type("reviews", "evidence", "q2", "--out", pack)).err).toContain("is not empty");

  // In a folder of the auditor, with the commands of the pack's own README alone.
  const empty = join(folder.path, "audit");
  await mkdir(empty);
  await run("cp", ["-r", `${pack}/.`, empty]);
  const readme = await readFile(join(empty, "README.txt"), "utf8");
  const commands = readme
    .split("\n")
    .filter((line) => line.startsWith("    "))
    .map((line) => line.trim());
  expect(commands).toHaveLength(3);
  const check = () =>
    Promise.all(
      commands.map((line) => run("sh", ["-c", line], { cwd: empty, env: { PATH: process.env.PATH } })),
    );
  const [signature, sums, snapshot] = await check();
  expect(signature?.stdout).toMatch(/^Good "latchkey-review" signature for signer with ED25519 key/);
  expect(sums?.stdout.trim().split("\n").toSorted()).toEqual([
    "README.txt: OK",
    "decisions.csv: OK",
    "items.csv: OK",
    "report.html: OK",
    "review.json: OK",
    "snapshot.jsonl: OK",
  ]);
  const { review } = JSON.parse(await readFile(join(empty, "review.json"), "utf8"));
  expect(snapshot?.stdout).toBe(`${review.snapshot}  snapshot.jsonl\n`);
  expect(readme).toContain(review.snapshot);

  await expectContents(empty);

  await appendFile(join(empty, "items.csv"), "\n");
  await expect(check()).rejects.toThrow("sha256sum -c");

  expect(signature?.stdout).toContain(auditor.fingerprint);
  await signByAnother(empty, folder.path);
  const [forged] = await check();
  expect(forged?.stdout).not.toContain(auditor.fingerprint);
  const blob = auditor.publicLine.split(" ")[1] ?? "";
  for (const name of await readdir(empty))
    expect({ name, has: (await readFile(join(empty, name), "utf8")).includes(blob) }).toEqual({
      name,
      has: false,
    });
  expect(readme).toContain("compare the fingerprint that the first prints");
});

/** Neither a shell nor the name of a file may lose a letter of it. */
const ZOE = "Zoë O'Brien";

test("a file for a reviewer is written, and the answer is imported with the signature that lies beside it", async () => {
  await using folder = await makeTemporaryFolder();
  const clock = { now: new Date("2026-06-02T12:00:00Z") };
  const { type } = await openDesk(folder.path, clock);
  const carol = await makeKeyFile(folder.path, "carol");
  const people = join(folder.path, "people.csv");
  await writeFile(people, `login,name,key\nzoe,${ZOE},${carol.publicLine.trim()}\n`);
  await type("people", "import", people);
  await type("reviews", "create", "q2", "--root", "--reviewer", ZOE, "--until", "2026-06-30");
  const page = join(folder.path, "zoe.html");
  const exported = await type("reviews", "export", "q2", "--for", ZOE, "--out", page);
  expect(exported).toMatchObject({ code: 0, out: `written to ${page}: 4 items for ${ZOE}` });
  const [, block = ""] = /id="review">(.*?)<\/script>/s.exec(await readFile(page, "utf8")) ?? [];
  const { file: name, ...meta } = JSON.parse(block);
  const decisions = [{ item: 1, choice: "keep", to: null, reason: "on call" }];
  const answer = join(folder.path, name);
  await writeFile(answer, JSON.stringify({ ...meta, writtenAt: "2026-06-02", decisions }));
  expect((await type("reviews", "import", answer)).err).toContain("nobody has signed this answer");
  await run("ssh-keygen", ["-q", "-Y", "sign", "-n", "latchkey-review", "-f", carol.path, answer]);
  expect(await type("reviews", "import", answer)).toMatchObject({
    code: 0,
    out: `q2: 1 decision by ${ZOE}, signed by the reviewer`,
  });
  const pack = join(folder.path, "evidence");
  await type("reviews", "evidence", "q2", "--out", pack);
  const readme = await readFile(join(pack, "README.txt"), "utf8");
  const [, line = ""] = /^ +(ssh-keygen .*REVIEWERS.*)$/m.exec(readme) ?? [];
  await writeFile(join(pack, "REVIEWERS"), `"${ZOE}" ${carol.publicLine}`);
  expect((await run("sh", ["-c", line], { cwd: pack })).stdout).toContain(
    'Good "latchkey-review" signature for',
  );
  // What she has signed names what she was shown, item by item.
  const [, shown = ""] = /"snapshot":"(\w+)"/.exec(await readFile(join(pack, "answer-1.json"), "utf8")) ?? [];
  expect((await run("sha256sum", ["snapshot.jsonl"], { cwd: pack })).stdout).toContain(shown);
  const swapped = (await readFile(join(pack, "snapshot.jsonl"), "utf8")).split("\n").toReversed().join("\n");
  await writeFile(join(pack, "snapshot.jsonl"), swapped);
  expect((await run("sha256sum", ["snapshot.jsonl"], { cwd: pack })).stdout).not.toContain(shown);
});

test("what is typed wrong of a review says what to type", async () => {
  await using folder = await makeTemporaryFolder();
  const { type } = await openDesk(folder.path, { now: new Date("2026-06-02T12:00:00Z") });
  const until = ["--until", "2026-06-30"] as const;
  const errorOf = async (...words: string[]) => (await type("reviews", ...words)).err;
  expect(await errorOf("create", "q2", ...until, "--reviewer", "ann")).toContain(
    "one of --root, --team and --no-owner",
  );
  expect(await errorOf("create", "q2", "--root", ...until)).toContain("say who decides");
  expect(await errorOf("create", "q2", "--root", "--reviewer", "a", "--until", "30.6.2026")).toContain(
    "is not a date",
  );
  expect(await errorOf("create", "q2", "--root", "--reviewer", "a", "--until", "2026-06-31")).toContain(
    "is not a date",
  );
  expect(await errorOf("create", "../q2", "--root", "--reviewer", "a", ...until)).toContain(
    "a review is named by",
  );
  expect(await errorOf("create", "q2", "--root", "--reviewer", "a", "--until", "2026-05-01")).toContain(
    "is over before it begins",
  );
  expect(await errorOf("show", "q2")).toContain("there is no review q2");
  await type("reviews", "create", "q2", "--root", "--reviewer", "a", ...until);
  expect(await errorOf("create", "q2", "--root", "--reviewer", "a", ...until)).toContain(
    "there is a review q2 already",
  );
  expect(await errorOf("decide", "q2", "9", "--keep", "--reason", "x")).toContain("its items are 1 to 4");
  expect(await errorOf("decide", "q2", "2-1", "--keep", "--reason", "x")).toContain("2-1 is no item");
  expect(await errorOf("decide", "q2", "4", "--revoke", "--reason", "x")).toContain("no run disables");
  expect(await errorOf("plan", "q2", "--watch", "3")).toContain("--watch is for accounts");
  expect(await errorOf("plan", "q2", "--except", "7-2")).toContain("7-2 is no item");
  expect(await errorOf("plan", "q2", "--except", "9")).toContain("its items are 1 to 4");
  expect(await errorOf("plan", "q2", "--accounts")).toContain("has no account to disable");
  expect(await errorOf("decide", "q2", "1", "--keep", "--revoke", "--reason", "x")).toContain(
    "one of --keep",
  );
});
