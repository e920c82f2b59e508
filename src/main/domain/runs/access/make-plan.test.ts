import { expect, test } from "vitest";
import type { AccountFacts, HostFacts, PlanFacts } from "#domain/runs/access/plan-facts.ts";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import {
  GIVEN,
  grantsOf,
  makeAccountFacts,
  makeFacts,
  makeFileFacts,
  makeHolderFacts,
  makeHostFacts,
  makeStand,
  ROTATE,
} from "#domain/runs/testdata/make-facts.ts";
import { NEW_KEY, OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor, refusalOf, stagesOf, stops } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import type { KeyRequest } from "#shared/contract/runs.ts";
import type { Plan } from "#shared/model/runs/plan.ts";

const OTHER = `${SAMPLE_KEYS.rsa} bob`;

test("the new line stands right after each old one with the same options and comment, and then in its place", () => {
  const text = `# keys\nfrom="10.0.0.0/8",command="x" ${OLD_KEY} ann@laptop\n${OTHER}\n${OLD_KEY}`;
  const plan = planFor([makeHostFacts("web1", text)]);
  expect(stagesOf(text, plan)).toEqual([
    `# keys\nfrom="10.0.0.0/8",command="x" ${OLD_KEY} ann@laptop\nfrom="10.0.0.0/8",command="x" ${NEW_KEY} ann@laptop\n${OTHER}\n${OLD_KEY}\n${NEW_KEY} latchkey:2026-11-26`,
    `# keys\nfrom="10.0.0.0/8",command="x" ${NEW_KEY} ann@laptop\n${OTHER}\n${NEW_KEY} latchkey:2026-11-26`,
  ]);
  expect(plan).toMatchObject({
    title: expect.stringContaining("on 1 host"),
    newKey: { kind: "made-here", path: "/home/me/.ssh/id_rsa", comment: "ann@laptop" },
    here: [{ host: null, path: "/home/me/.ssh/id_rsa" }],
  });
  expect(stops(plan)).toEqual([]);
});

test("the pieces of the diff say what changes, with two lines around it", () => {
  const text = `# a\n# b\n# c\n${OLD_KEY} me\n# d\n`;
  expect(planFor([makeHostFacts("web1", `${text}${OTHER}\n`)]).hosts[0]?.files[0]?.hunks).toEqual([
    {
      line: 2,
      rows: [
        { sign: " ", text: "# b" },
        { sign: " ", text: "# c" },
        { sign: "-", text: `${OLD_KEY} me` },
        { sign: "+", text: "{new key} me" },
        { sign: " ", text: "# d" },
        { sign: " ", text: OTHER },
      ],
    },
  ]);
});

test("a new key that stands in the file already is not written twice", () => {
  const text = `${OLD_KEY} me\n${NEW_KEY} new\n${OTHER}\n`;
  const plan = planFor([makeHostFacts("web1", text)], {
    provided: GIVEN,
    request: { ...ROTATE, newKey: NEW_KEY },
  });
  expect(plan.hosts[0]?.files[0]).toMatchObject({ added: null, removes: 1 });
  expect(stagesOf(text, plan)[1]).toBe(`${NEW_KEY} new\n${OTHER}\n`);
});

test("where only the public half of the new key was given, no private half is replaced, which needs a consent", () => {
  const hosts = [
    makeHostFacts("web1", `${OLD_KEY} me\n${OTHER}\n`, {
      privateKeyLocations: [makeHolderFacts({ path: "/home/ann/.ssh/id_rsa" })],
    }),
  ];
  const plan = planFor(hosts, { provided: GIVEN, request: { ...ROTATE, newKey: NEW_KEY } });
  expect([plan.here, plan.hosts[0]?.privateKeyLocations]).toEqual([[], []]);
  expect(stops(plan)).toEqual(["acknowledge private-key", "acknowledge private-key"]);
});

test("a private key that is known and cannot be replaced, as behind a link in ~/.ssh, is not said to be held by nobody", () => {
  const path = "/home/me/.ssh/id_ed25519";
  const here = [makeHolderFacts({ path, stuck: `${path} is a link: name the file that it leads to` })];
  const hosts = [makeHostFacts("web1", `${OLD_KEY} me\n${OTHER}\n`)];
  expect(refusalOf(makeFacts(hosts, { here, freeKeyFile: null }))).toMatch(
    /^the private key of SHA256:\S+ is at \/home\/me\/\.ssh\/id_ed25519 on this computer, and cannot be replaced there: .* is a link/,
  );
  const plan = planFor(hosts, { here, freeKeyFile: "/home/me/.ssh/id_new" });
  expect(plan.checks.find(({ id }) => id === "private-keys")?.text).toBe(
    `the private key is at ${path} on this computer, and is not replaced there: whoever logs in by it is shut out when it is removed`,
  );
});

test("a line that sshd ignores stays as it is, and is said", () => {
  const plan = planFor([makeHostFacts("web1", `no-such ${OLD_KEY}\n${OLD_KEY} me\n${OTHER}\n`)]);
  expect(plan.hosts[0]?.files[0]?.changes).toBe(1);
  expect(plan.leftOut).toEqual([expect.stringContaining("line 1, stays as it is: sshd ignores it")]);
});

test("what cannot be changed safely is left out by consent where something is left, and refused where nothing is", () => {
  const good = makeHostFacts("web1", `${OLD_KEY} a\n${OTHER}\n`);
  const managed = makeHostFacts("web2", `# Added by Google\n${OLD_KEY} a\n${OTHER}\n`);
  expect(stops(planFor([good, managed]))).toEqual(["acknowledge managed"]);
  expect(stops(planFor([managed]))).toEqual(["refused nothing-to-do", "acknowledge managed"]);
  expect(planFor([managed]).leftOut).toEqual([expect.stringContaining("remove the key from the metadata")]);
  const spoilt: [string, Partial<HostFacts>][] = [
    ["host-key", { hostKey: null }],
    ["unreadable", { unreadable: "no answer" }],
    ["clock", { clockOffset: -301 }],
    [
      "file",
      {
        files: [
          makeFileFacts("ann", "", {
            stand: { kind: "refused", why: "a link", bytes: Buffer.from(`${OLD_KEY} a\n`) },
          }),
        ],
      },
    ],
    [
      "locked",
      { files: [makeFileFacts("ann", "", { stand: makeStand(`${OLD_KEY} a\n`, { lockedBy: "bob" }) })] },
    ],
  ];
  for (const [id, more] of spoilt) {
    const plan = planFor([good, { ...good, host: "web2", ...more }]);
    expect(stops(plan)).toEqual([`acknowledge ${id}`]);
    // The plan lists, by host and account, where the old key still logs in, once that was acknowledged.
    expect(plan.remaining).toEqual([
      { host: "web2", port: 22, account: "ann", fingerprint: plan.oldKey, isCertain: true },
    ]);
  }
  expect(planFor([good]).remaining).toEqual([]);
});

test("a file that sshd does not read for anybody stays as it is", () => {
  const host = makeHostFacts("web1", `${OLD_KEY} a\n`);
  const planWith = (more: Partial<AccountFacts>, effective: "yes" | "no", request: KeyRequest = ROTATE) =>
    planFor(
      [
        {
          ...host,
          accounts: host.accounts.map((account) => ({
            ...account,
            consulted: ["/etc/keys/ann"],
            ...more,
            grants: account.grants.map((grant) => ({ ...grant, effective })),
          })),
        },
      ],
      { request },
    );
  const unread = planWith({}, "no");
  expect(stops(unread)).toEqual(["refused nothing-to-do"]);
  expect(unread.leftOut).toEqual([expect.stringContaining("sshd does not read")]);
  // The plan never says that nobody reads a file by which the scan has seen logins.
  const seen = planWith({}, "yes");
  expect(stops(seen)).toEqual(["refused nothing-to-do", "acknowledge file"]);
  expect(seen.leftOut).toEqual([expect.stringContaining("the last scan shows that")]);
  const remove: KeyRequest = { kind: "remove-grants", grants: [10] };
  expect(planWith({}, "yes", remove).hosts[0]?.files).toHaveLength(1);
  expect(
    planWith({ consultedByOthers: ["/home/*/.ssh/authorized_keys"] }, "yes").hosts[0]?.files,
  ).toHaveLength(1);
});

test("another line is a way in beside a new key that has logged in, though nobody is known to hold it; of somebody who left it is none", () => {
  const text = `${OLD_KEY} a\n${OTHER}\n`;
  const planWith = (owner: "unknown" | "gone") => {
    const host = makeHostFacts("web1", text);
    const accounts = host.accounts.map((account) => ({
      ...account,
      grants: account.grants.map((grant) => ({ ...grant, owner })),
    }));
    return planFor([{ ...host, accounts }]);
  };
  expect(stops(planWith("unknown"))).toEqual([]);
  expect(planWith("unknown").checks).toContainEqual(
    expect.objectContaining({ id: "other-way-in", state: "warning" }),
  );
  expect(stops(planWith("gone"))).toEqual(["acknowledge other-way-in"]);
});

test("a host where nothing else lets in, or that cannot go back by itself, needs a consent", () => {
  const text = `${OLD_KEY} a\n`;
  expect(stops(planFor([makeHostFacts("web1", text)]))).toEqual(["acknowledge other-way-in"]);
  const asRoot = { account: "root", isRoot: true, key: "SHA256:another", certificate: null, from: null };
  expect(stops(planFor([makeHostFacts("web1", text, { login: asRoot })]))).toEqual([]);
  expect(stops(planFor([makeHostFacts("web1", `${text}${OTHER}\n`, { rollbackTimers: [] })]))).toEqual([
    "acknowledge rollback-timer",
  ]);
  expect(stops(planFor([makeHostFacts("web1", text, { rollbackTimers: [] })]))).toEqual([
    "acknowledge other-way-in",
    "refused rollback-timer",
  ]);
});

test("where nothing can verify the new key, it is added and the old one stays", () => {
  const text = `${OLD_KEY} a\n`;
  const host = makeHostFacts("web1", text);
  const accounts = [makeAccountFacts("ann", host.files, { authenticationMethods: "publickey,password" })];
  const plan = planFor([{ ...host, accounts }]);
  expect(plan.hosts[0]?.files[0]).toMatchObject({ removed: null, adds: 1 });
  expect(stops(plan)).toEqual(["acknowledge unverified"]);
  const authority = planFor([makeHostFacts("web1", `cert-authority ${OLD_KEY} a\n`)]);
  expect(authority.hosts[0]?.files[0]?.removed).toBeNull();
  expect(authority.confirm?.why).toEqual([
    "it changes whose certificates let in, which is more than one key",
  ]);
});

test("that sshd did not tell what it goes by for an account is one warning, and says more than its files", () => {
  const host = makeHostFacts("web1", `${OLD_KEY} a\n`);
  const warned = (more: Partial<AccountFacts>) =>
    planFor([{ ...host, accounts: [makeAccountFacts("ann", host.files, more)] }])
      .checks.filter(({ id }) => id === "consulted")
      .map(({ state, text }) => `${state}: ${text.split(";")[0]}`);
  const asked = "AuthorizedKeysCommand and AuthenticationMethods among them";
  expect(warned({})).toEqual([]);
  expect(warned({ consulted: null })).toEqual(["warning: which files sshd reads for it is not known"]);
  const unknown = { isSshdKnown: false, authenticationMethods: null };
  for (const more of [unknown, { ...unknown, consulted: null }])
    expect(warned(more)).toEqual([`warning: the settings of sshd for it are not known, ${asked}`]);
});

test("the verification is made from where the key can be used, and runs nothing that is forced", () => {
  const proofOf = (
    options: string,
    more: Partial<PlanFacts> & { request?: typeof ROTATE } = {},
    host: Partial<HostFacts> = {},
  ) =>
    planFor([makeHostFacts("web1", `${options}${OLD_KEY} a\n`, host)], more).hosts[0]?.verifications[0]
      ?.verification;
  expect(proofOf("")).toEqual({ kind: "from-here", runs: "command" });
  expect(proofOf('from="192.0.2.0/24" ')).toEqual({ kind: "from-here", runs: "command" });
  expect(proofOf('command="backup" ')).toEqual({ kind: "from-here", runs: "nothing" });
  expect(proofOf('from="10.0.0.0/8" ')).toEqual({ kind: "by-log" });
  expect(proofOf("", { provided: GIVEN, request: { ...ROTATE, newKey: NEW_KEY } })).toEqual({
    kind: "by-log",
  });
  const privateKeyLocations = [makeHolderFacts({ path: "/home/ann/.ssh/id_rsa" })];
  expect(proofOf("", { here: [] }, { privateKeyLocations })).toEqual({
    kind: "from-host",
    host: "web1",
    port: 22,
    runs: "command",
  });
});

test("two paths to one real file are one file: its lines count once, and all whom it lets in are named and verified", () => {
  const text = `${OLD_KEY} a\n${OTHER}\n`;
  const ann = makeFileFacts("ann", text);
  const bob = { ...makeFileFacts("bob", text), realPath: ann.realPath };
  const linked = {
    ...bob,
    path: "/srv/keys/bob",
    accounts: ["bob"],
    stand: { kind: "refused" as const, why: "it is a symbolic link", bytes: null },
  };
  const accounts = [
    makeAccountFacts("ann", [ann]),
    makeAccountFacts("bob", [bob], { consulted: [bob.path, linked.path] }),
  ];
  const host = makeHostFacts("web1", "", { files: [linked, bob, ann], accounts });
  const [planned, ...others] = planFor([host]).hosts[0]?.files ?? [];
  expect(others).toEqual([]);
  expect(planned).toMatchObject({ path: ann.path, account: "bob", others: ["ann"], changes: 1 });
  expect(planFor([host]).hosts[0]?.verifications.map(({ account }) => account)).toEqual(["ann", "bob"]);
  expect(stops(planFor([host]))).toEqual([]);
  const removal = planFor([host], { request: { kind: "remove-grants", grants: [10] } });
  expect(stagesOf(text, removal)[1]).toBe(`${OTHER}\n`);
  expect(removal.leftOut).toEqual([]);
  const shut = makeAccountFacts("bob", [bob], {
    grants: grantsOf(bob).map((grant) => ({ ...grant, effective: "no" })),
  });
  const verified = planFor([{ ...host, accounts: [makeAccountFacts("ann", [ann]), shut] }]);
  expect(verified.hosts[0]?.verifications.map(({ account }) => account)).toEqual(["ann"]);
});

test("a line that only another file's line of the same key shadows goes with it: it would admit as soon as that one is gone", () => {
  const first = makeFileFacts("ann", `${OLD_KEY} a\n`);
  const path = "/home/ann/.ssh/authorized_keys2";
  const second = { ...makeFileFacts("ann", `no-pty ${OLD_KEY} a\n`), path, realPath: path };
  const account = makeAccountFacts("ann", [first, second], {
    grants: [
      ...grantsOf(first),
      ...grantsOf(second).map((grant) => ({ ...grant, id: 20, effective: "no" as const })),
    ],
  });
  const plan = planFor([makeHostFacts("web1", "", { files: [first, second], accounts: [account] })]);
  expect(plan.leftOut).toEqual([]);
  expect(plan.hosts[0]?.files.map(({ removed }) => removed !== null)).toEqual([true, true]);
});

test("an account with several files is verified by the surest of them, and nothing is run where one forces a command", () => {
  const files = ["cert-authority ", "", 'command="backup" '].map((options, index) => {
    const path = `/home/ann/.ssh/keys${index}`;
    return { ...makeFileFacts("ann", `${options}${OLD_KEY} a\n`), path, realPath: path };
  });
  const plan = planFor([makeHostFacts("web1", "", { files, accounts: [makeAccountFacts("ann", files)] })]);
  expect(plan.hosts[0]?.files.map(({ removed }) => removed !== null)).toEqual([false, true, true]);
  expect(plan.hosts[0]?.verifications).toEqual([
    { account: "ann", verification: { kind: "from-here", runs: "nothing" } },
  ]);
});

test("the new key is made where the old one is held, and asked for where that is not known", () => {
  const held = makeHostFacts("web1", `${OLD_KEY} a\n${OTHER}\n`, {
    privateKeyLocations: [makeHolderFacts({ path: "/root/.ssh/id_rsa" })],
  });
  expect(planFor([held], { here: [] }).newKey).toMatchObject({
    kind: "made-on-host",
    host: "web1",
    path: "/root/.ssh/id_rsa",
  });
  expect(planFor([held]).newKey).toMatchObject({ kind: "made-here", path: "/home/me/.ssh/id_rsa" });
  const nobody = planFor([makeHostFacts("web1", `${OLD_KEY} a\n${OTHER}\n`)], { here: [] });
  expect(nobody.newKey).toMatchObject({ kind: "made-here", path: "/home/me/.ssh/id_ed25519" });
  expect(stops(nobody)).toEqual(["acknowledge private-keys"]);
  expect(refusalOf(makeFacts([], { here: [], freeKeyFile: null }))).toContain("no grant of SHA256:");
  const granted = makeHostFacts("web1", `${OLD_KEY} a\n`);
  expect(refusalOf(makeFacts([granted], { here: [], freeKeyFile: null }))).toContain(
    "say where it is, or where the new one goes, by --key-file FILE",
  );
});

test("a key that is not known, or granted nowhere, is refused", () => {
  expect(refusalOf(makeFacts([], { key: null }))).toContain("is not known");
  const plan = planFor([makeHostFacts("web1", `${OTHER}\n`)]);
  expect(stops(plan)).toEqual(["refused nothing-to-do"]);
  expect(plan.checks[0]?.text).toContain("is granted nowhere that is known");
});

test("one host comes first, then so many at a time, those for production late, and those that lead to others alone at the end", () => {
  const hosts = ["a", "b", "c", "d", "e"].map((host) =>
    makeHostFacts(host, `${OLD_KEY} a\n${OTHER}\n`, {
      jumpFor: host === "a" ? 3 : 0,
      labels: host === "b" ? ["production"] : [],
    }),
  );
  const order = (canary: boolean) =>
    planFor(hosts, { options: { ...makeFacts([]).options, canary, batchSize: 2 } }).hosts.map(
      ({ host, batch }) => `${host}${batch}`,
    );
  expect(order(true)).toEqual(["c0", "d1", "e1", "b2", "a3"]);
  expect(order(false)).toEqual(["c0", "d0", "e1", "b1", "a2"]);
});

test("root, production and many hosts are to be typed", () => {
  const root = makeFileFacts("root", `${OLD_KEY} a\n${OTHER}\n`);
  const asRoot = { files: [root], accounts: [makeAccountFacts("root", [root])] };
  expect(planFor([makeHostFacts("web1", "", asRoot)]).confirm).toEqual({
    word: "web1",
    why: ["root's keys change on web1"],
  });
  const many = Array.from({ length: 11 }, (_, index) =>
    makeHostFacts(`web${index}`, `${OLD_KEY} a\n${OTHER}\n`),
  );
  expect(planFor(many).confirm).toEqual({ word: "11 hosts", why: ["11 hosts change at once"] });
  expect(planFor(many.slice(0, 10)).confirm).toBeNull();
});

test("a plan's hash is that of what it says, in whatever order its JSON stands", () => {
  const plan = planFor([makeHostFacts("web1", `${OLD_KEY} a\n${OTHER}\n`)]);
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as Plan;
  expect(hashPlan(turned)).toBe(hashPlan(plan));
  expect(hashPlan({ ...plan, title: "another" })).not.toBe(hashPlan(plan));
});
