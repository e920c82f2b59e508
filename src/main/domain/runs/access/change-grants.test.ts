import { expect, test } from "vitest";
import type {
  HostFacts,
  KnownGrant,
  LoginFacts,
  PrivateKeyFacts,
  ProvidedKey,
} from "#domain/runs/access/plan-facts.ts";
import {
  GIVEN,
  grantsOf,
  makeAccountFacts,
  makeFacts,
  makeFileFacts,
  makeHolderFacts,
  makeHostFacts,
  ROTATE,
} from "#domain/runs/testdata/make-facts.ts";
import { NEW_KEY, OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor, refusalOf, stagesOf, stops } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import type { KeyRequest, PlanRequest } from "#shared/contract/runs.ts";
import { newKeyOf } from "#shared/model/runs/plan.ts";

const place = { host: "web1", port: 22, account: "ann" };
const OTHER = `${SAMPLE_KEYS.rsa} bob`;

test("grants are removed line by line, and the last line of root or of Latchkey itself is not", () => {
  const text = `${OLD_KEY} a\n${OTHER}\n${OLD_KEY} a\n`;
  const request: PlanRequest = { kind: "remove-grants", grants: [10, 99] };
  const plan = planFor([makeHostFacts("web1", text)], { request });
  expect(stagesOf(text, plan)[1]).toBe(`${OTHER}\n${OLD_KEY} a\n`);
  expect(plan.hosts[0]?.files[0]).toMatchObject({ added: null, removes: 1 });
  expect(newKeyOf(plan)).toBeNull();
  const root = makeFileFacts("root", `${OLD_KEY} a\n`);
  const last = makeHostFacts("web1", "", {
    files: [root],
    accounts: [makeAccountFacts("root", [root])],
    login: {
      account: "root",
      isRoot: true,
      key: grantsOf(root)[0]?.fingerprint ?? null,
      certificate: null,
      from: null,
    },
  });
  expect(stops(planFor([last], { request }))).toEqual(["refused other-way-in", "refused own-login"]);
  const moved = makeHostFacts("web1", text);
  const changed = { ...moved, files: [makeFileFacts("ann", `${OTHER}\n`)] };
  expect(planFor([changed], { request }).leftOut).toEqual([
    expect.stringContaining("has no such line any more"),
  ]);
});

test("a key that may run one command only is no other way in", () => {
  const request: PlanRequest = { kind: "remove-grants", grants: [10] };
  const stopsWith = (other: string) => {
    const root = makeFileFacts("root", `${OLD_KEY} a\n${other}\n`);
    const accounts = [makeAccountFacts("root", [root])];
    return stops(planFor([makeHostFacts("web1", "", { files: [root], accounts })], { request }));
  };
  expect(stopsWith(`no-pty ${OTHER}`)).toEqual([]);
  expect(stopsWith(`command="rsync --server" ${OTHER}`)).toEqual(["refused other-way-in"]);
});

test("a line whose key nobody is known to hold, or that is not there any more, is no other way in by itself", () => {
  const root = makeFileFacts("root", `${OLD_KEY} a\n${OTHER}\n`);
  const checksWith = (more: Partial<KnownGrant>, now = root, login: Partial<LoginFacts> = {}) => {
    const [old, other] = grantsOf(root) as [KnownGrant, KnownGrant];
    const accounts = [makeAccountFacts("root", [root], { grants: [old, { ...other, ...more }] })];
    const host = makeHostFacts("web1", "", { files: [now], accounts });
    const plan = planFor([{ ...host, login: { ...host.login, ...login } }], {
      request: { kind: "remove-grants", grants: [10] },
    });
    return plan.checks
      .filter(({ id }) => id === "other-way-in")
      .map(({ state, text }) => `${state}: ${text}`);
  };
  expect(checksWith({ owner: "known" })).toEqual([expect.stringMatching(/^ok: root stays open/)]);
  expect(checksWith({ owner: "unknown" })).toEqual([
    expect.stringMatching(/^acknowledge: no other way in to root is known .* nobody is known to hold it$/),
  ]);
  expect(checksWith({ owner: "gone" })).toEqual([expect.stringMatching(/^acknowledge: .* has left$/)]);
  const ours = grantsOf(root)[1]?.fingerprint ?? null;
  expect(checksWith({ owner: "unknown" }, root, { key: ours })).toEqual([expect.stringMatching(/^ok: /)]);
  expect(checksWith({}, makeFileFacts("root", `${OLD_KEY} a\n`))).toEqual([
    "refused: it is the last known way in to root; add another key first",
  ]);
});

test("a line of a file that lets in to several accounts goes for all of them: each is verified, and root is not shut out by it", () => {
  const file = {
    ...makeFileFacts("ann", `${OLD_KEY} a\n`),
    path: "/etc/ssh/keys",
    realPath: "/etc/ssh/keys",
  };
  const shared = { ...file, accounts: ["ann", "root"] };
  const rootGrants = grantsOf(shared).map((grant) => ({ ...grant, id: grant.id + 40 }));
  const host = makeHostFacts("web1", "", {
    files: [shared],
    accounts: [
      makeAccountFacts("ann", [shared]),
      makeAccountFacts("root", [shared], { grants: rootGrants, runsCommands: false }),
    ],
  });
  const removal = planFor([host], { request: { kind: "remove-grants", grants: [10] } });
  expect(stops(removal)).toEqual(["acknowledge other-way-in", "refused other-way-in"]);
  expect(removal.confirm?.why).toEqual(["root's keys change on web1"]);
  expect(planFor([host]).hosts[0]?.verifications).toEqual([
    { account: "ann", verification: { kind: "from-here", runs: "command" } },
    { account: "root", verification: { kind: "from-here", runs: "nothing" } },
  ]);
});

test("an account that is not known, or has no file for its keys, is told of and left out", () => {
  const place = (account: string) => ({ host: "web1", port: 22, account });
  const request: PlanRequest = {
    kind: "add-grants",
    key: NEW_KEY,
    options: "",
    accounts: [place("ann"), place("eve")],
  };
  const plan = planFor([makeHostFacts("web1", `${OTHER}\n`)], {
    request,
    provided: GIVEN,
    key: null,
    here: [],
  });
  expect(plan.hosts[0]?.files).toHaveLength(1);
  expect(plan.leftOut).toEqual(["web1: no account eve is known there; scan the host"]);
  expect(stops(plan)).toEqual(["acknowledge file"]);
});

test("a grant is added at the end of the first file that sshd reads, with options that sshd would take", () => {
  const request: PlanRequest = {
    kind: "add-grants",
    key: NEW_KEY,
    options: "restrict",
    accounts: [{ host: "web1", port: 22, account: "ann" }],
  };
  const more = { request, provided: GIVEN, key: null, here: [] };
  const text = `${OTHER}\n${OTHER}`;
  const plan = planFor([makeHostFacts("web1", text), makeHostFacts("web2", text)], more);
  expect(plan.hosts.map(({ host }) => host)).toEqual(["web1"]);
  expect(stagesOf(text, plan)).toEqual([
    `${text}\nrestrict ${NEW_KEY} new\n`,
    `${text}\nrestrict ${NEW_KEY} new\n`,
  ]);
  expect(plan.hosts[0]?.files[0]).toMatchObject({ removed: null, adds: 1 });
  expect(
    refusalOf(makeFacts([], { ...more, request: { ...request, options: "restrict,nonsense" } })),
  ).toContain("sshd would ignore");
});

test("a new line is verified by a login where a private key is at hand, and says what was checked where none is", () => {
  const request: PlanRequest = { kind: "add-grants", key: NEW_KEY, options: "", accounts: [place] };
  const proofOf = (given: Partial<ProvidedKey>, options = "") =>
    planFor([makeHostFacts("web1", `${OTHER}\n`)], {
      request: { ...request, options },
      provided: { ...GIVEN, ...given },
      key: null,
      here: [],
    }).hosts[0]?.verifications[0]?.verification;
  expect(proofOf({ path: "/home/me/.ssh/id_new" })).toEqual({ kind: "from-here", runs: "command" });
  expect(proofOf({ isInAgent: true }, "restrict")).toEqual({ kind: "from-here", runs: "nothing" });
  expect(proofOf({ isInAgent: true }, 'from="10.0.0.0/8"')).toEqual({
    kind: "none",
    why: "its from= does not take this computer's address",
  });
  expect(proofOf({})).toEqual({
    kind: "none",
    why: "its private key is not at hand here, so no login is tried; checked instead: sshd takes the line's options, and reads this file for the account",
  });
});

test("a line that is tightened is verified by the key that stays: a file that is not locked, or the agent", () => {
  const request: PlanRequest = {
    kind: "tighten-grants",
    grants: [10],
    from: null,
    restrict: true,
    expiry: null,
  };
  const planWith = (...here: Partial<PrivateKeyFacts>[]) =>
    planFor([makeHostFacts("web1", `${OLD_KEY} a\n${OTHER}\n`)], {
      request,
      here: here.map(makeHolderFacts),
    });
  expect(planWith({})).toMatchObject({
    verificationKey: "/home/me/.ssh/id_rsa",
    hosts: [{ verifications: [{ verification: { kind: "from-here", runs: "nothing" } }] }],
  });
  const inAgent = planWith({ isEncrypted: true }, { kind: "agent", path: "/run/agent" });
  expect(inAgent.verificationKey).toBeNull();
  expect(inAgent.hosts[0]?.verifications[0]?.verification.kind).toBe("from-here");
  expect(planWith({ isEncrypted: true }).hosts[0]?.verifications[0]?.verification.kind).toBe("none");
});

test("a line by which this login comes is tightened to others only where it is agreed that the login will fail", () => {
  const file = makeFileFacts("ann", `${OLD_KEY} a\n`);
  const key = grantsOf(file)[0]?.fingerprint ?? null;
  const ownLogin = (
    from: string | null,
    more: Partial<LoginFacts> = {},
    rollbackTimers: HostFacts["rollbackTimers"] = ["at"],
  ) => {
    const host = makeHostFacts("web1", `${OLD_KEY} a\n${OTHER}\n`, { rollbackTimers });
    const request: PlanRequest = { kind: "tighten-grants", grants: [10], from, restrict: true, expiry: null };
    const plan = planFor([{ ...host, login: { ...host.login, key, ...more } }], { request });
    return plan.checks.find(({ id }) => id === "own-login");
  };
  const failing = {
    account: "ann",
    text: expect.stringMatching(/^this login will fail: it comes to ann from 192.0.2.7/),
  };
  expect(ownLogin("10.0.0.0/8")).toMatchObject({ state: "acknowledge", ...failing });
  expect(ownLogin("10.0.0.0/8", {}, [])).toMatchObject({ state: "refused", ...failing });
  expect(ownLogin("192.0.2.0/24")).toMatchObject({ state: "ok" });
  expect(ownLogin(null)).toMatchObject({ state: "ok" });
  expect(ownLogin("10.0.0.0/8", { from: null })).toMatchObject({
    state: "acknowledge",
    text: expect.stringContaining("this login may fail"),
  });
  expect(ownLogin("10.0.0.0/8", { key: "SHA256:another" })).toBeUndefined();
});

test("a line of the authority by whose certificate this login comes is changed only where it is agreed that the login will fail", () => {
  const line = (key: string): string => `cert-authority ${key} authority\n`;
  const two = `${line(OLD_KEY)}${line(OTHER)}`;
  const [authority = null, another = null] = grantsOf(makeFileFacts("ann", two)).map(
    (one) => one.fingerprint,
  );
  const ownLogin = (
    request: KeyRequest,
    certificate: LoginFacts["certificate"],
    { key = null, text = two }: { key?: string | null; text?: string } = {},
  ) => {
    const file = makeFileFacts("ann", text);
    const grants = grantsOf(file).map((grant) => ({ ...grant, isAuthority: true }));
    const accounts = [makeAccountFacts("ann", [file], { grants })];
    const host = makeHostFacts("web1", text, { rollbackTimers: ["at"], files: [file], accounts });
    const plan = planFor([{ ...host, login: { ...host.login, key, certificate } }], { request });
    return plan.checks.find(({ id }) => id === "own-login");
  };
  const tighten = (from: string): KeyRequest => ({
    kind: "tighten-grants",
    grants: [10],
    from,
    restrict: false,
    expiry: null,
  });
  const away = tighten("10.0.0.0/8");
  const willFail = expect.stringMatching(/^this login will fail: it comes to ann from 192.0.2.7/);
  expect(ownLogin(away, { authority })).toMatchObject({
    state: "acknowledge",
    account: "ann",
    text: willFail,
  });
  expect(ownLogin(tighten("192.0.2.0/24"), { authority })).toMatchObject({ state: "ok" });
  expect(ownLogin(away, { authority: null })).toMatchObject({
    state: "acknowledge",
    text: expect.stringContaining("this login may fail"),
  });
  const remove: KeyRequest = { kind: "remove-grants", grants: [10] };
  expect(ownLogin(remove, { authority })).toMatchObject({ state: "refused" });
  expect(ownLogin(away, { authority: another })).toBeUndefined();
  expect(ownLogin(away, null, { key: authority })).toBeUndefined();
  // Which of the two lines admits it depends on principals that no plan knows.
  const twice = `${line(OLD_KEY)}cert-authority,principals="bob" ${OLD_KEY} b\n`;
  expect(ownLogin(remove, { authority }, { text: twice })).toMatchObject({ state: "refused" });
});

test("where no journal of a host can show a login by a key that somebody else has made, the plan says who can", () => {
  const request: PlanRequest = { ...ROTATE, newKey: NEW_KEY };
  const checkWith = (logs: HostFacts["logs"]) =>
    planFor([makeHostFacts("web1", `${OLD_KEY} a\n`, { logs })], {
      request,
      provided: GIVEN,
      here: [],
    }).checks.find(({ id }) => id === "journal");
  expect(checkWith("journal")).toBeUndefined();
  expect(checkWith("file")).toMatchObject({
    state: "warning",
    text: "no log of it can show a login by the new key: its logs of logins are plain files, which any user there can have lines written to; the old line stays until the owner of the new key signs the challenge of the run (latchkey runs challenge RUN; then runs confirm RUN --signature FILE), or you approve each account by name (latchkey runs confirm RUN --approve ACCOUNT@HOST)",
  });
  expect(checkWith(null)?.text).toContain("none of its journals that were read");
});

test("an account without a file for its keys gets one, if the folder is its own and sshd reads it first", () => {
  const request: PlanRequest = { kind: "add-grants", key: NEW_KEY, options: "", accounts: [place] };
  const planWith = (uid: number, consulted = ["/home/ann/.ssh/authorized_keys"]) => {
    const stand = { kind: "absent" as const, lacks: { creates: "folder" as const, uid, workFolder: null } };
    const files = [makeFileFacts("ann", "", { stand })];
    const accounts = [makeAccountFacts("ann", files, { grants: [], consulted })];
    return planFor([makeHostFacts("web1", "", { files, accounts })], {
      request,
      provided: GIVEN,
      key: null,
      here: [],
    });
  };
  const plan = planWith(1_000);
  expect(stagesOf("", plan)).toEqual([`${NEW_KEY} new\n`, `${NEW_KEY} new\n`]);
  expect(plan.hosts[0]?.files[0]).toMatchObject({
    creates: "folder",
    owner: "ann",
    mode: "0600",
    uid: 1_000,
    sizeBytes: 0,
    adds: 1,
    hunks: [{ line: 1, rows: [{ sign: "+", text: "{new key} new" }] }],
  });
  expect(plan.checks).toContainEqual(expect.objectContaining({ state: "warning", id: "created" }));
  expect(stops(plan)).toEqual([]);
  expect(stops(planWith(0))).toEqual(["refused nothing-to-do", "acknowledge file"]);
  expect(stops(planWith(1_000, ["/etc/keys/ann"]))).toEqual(["refused nothing-to-do", "acknowledge file"]);
});

test("a line is tightened in its place, and moved to an authority beside it", () => {
  const text = `no-pty ${OLD_KEY} a\r\n${OTHER}\r\n`;
  const tight = planFor([makeHostFacts("web1", text)], {
    request: {
      kind: "tighten-grants",
      grants: [10],
      from: "10.0.0.0/8",
      restrict: true,
      expiry: "20300101Z",
    },
  });
  expect(stagesOf(text, tight)).toEqual([
    text,
    `restrict,from="10.0.0.0/8",expiry-time="20300101Z",no-pty ${OLD_KEY} a\r\n${OTHER}\r\n`,
  ]);
  const moved = planFor([makeHostFacts("web1", text)], {
    request: { kind: "move-to-authority", grants: [10], authority: NEW_KEY, principals: [] },
    provided: GIVEN,
  });
  const line = `cert-authority,principals="ann",no-pty ${NEW_KEY} new\r\n`;
  expect(stagesOf(text, moved)).toEqual([
    `no-pty ${OLD_KEY} a\r\n${line}${OTHER}\r\n`,
    `${line}${OTHER}\r\n`,
  ]);
  expect(moved.hosts[0]?.verifications).toEqual([{ account: "ann", verification: { kind: "by-log" } }]);
});
