import { expect, test } from "vitest";
import { disableRequest } from "#domain/runs/access/imported/read-change-set.ts";
import type { AccountEntry, HostFacts } from "#domain/runs/access/plan-facts.ts";
import {
  makeAccountFacts,
  makeFacts,
  makeFileFacts,
  makeHostFacts,
} from "#domain/runs/testdata/make-facts.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import type { DisablePlan } from "#shared/model/runs/plan.ts";
import { planDisable, reviewDisable } from "./plan-disable.ts";

const LINES = `# mine\n${SAMPLE_KEYS.rsa} app\nno key at all\n`;

const entry = (more: Partial<Extract<AccountEntry, { kind: "entry" }>> = {}): AccountEntry => ({
  kind: "entry",
  account: "app",
  uid: 1_005,
  gid: 1_005,
  home: "/home/app",
  state: { shell: "/bin/bash", password: "set", expires: null },
  shares: [],
  nologin: "/usr/sbin/nologin",
  processes: [],
  units: [],
  crontabs: [],
  groups: [],
  rights: [],
  ...more,
});

function makeHost(entries: readonly AccountEntry[], more: Partial<HostFacts> = {}): HostFacts {
  const file = makeFileFacts("app", LINES);
  return makeHostFacts("web1", "", {
    login: { account: "root", isRoot: true, key: "SHA256:another", certificate: null, from: "192.0.2.7" },
    user: "root",
    accounts: [makeAccountFacts("app", [file])],
    files: [file],
    disabling: { entries, enteredAs: [{ account: "root", to: ["web1"] }] },
    ...more,
  });
}

const REQUEST = {
  kind: "disable-account" as const,
  accounts: [{ host: "web1", port: 22, account: "app" }],
  reason: "",
};

function plan(host: HostFacts): DisablePlan {
  const made = planDisable(makeFacts([host]), REQUEST);
  if ("refused" in made) throw new Error(made.refused);
  return made;
}

const refusals = (host: HostFacts): string[] =>
  plan(host).checks.flatMap(({ state, id }) => (state === "refused" ? [id] : []));

test("an account is locked, expired and shut, each key line of its own file goes, and nothing else of it", () => {
  const made = plan(makeHost([entry()]));
  expect(made.hosts).toMatchObject([
    {
      disables: [
        {
          account: "app",
          before: { shell: "/bin/bash", password: "set", expires: null },
          after: { shell: "/usr/sbin/nologin", password: "locked", expires: 1 },
        },
      ],
      files: [{ account: "app", adds: 0, changes: 0, removes: 1 }],
    },
  ]);
  expect(made.title).toBe("Disable app, and revoke a grant on 1 host");
  expect(made.checks.filter(({ state }) => state !== "ok")).toEqual([]);
});

test("root by any name, the account that Latchkey logs in as, one that leads to another host, and one without a timer are refused", () => {
  expect(refusals(makeHost([entry({ uid: 0 })]))).toContain("root");
  expect(refusals(makeHost([entry({ shares: ["root2"], uid: 0 })]))).toContain("root");
  const login = { account: "app", isRoot: true, key: null, certificate: null, from: null };
  expect(refusals(makeHost([entry()], { login }))).toContain("own-login");
  expect(refusals(makeHost([entry({ shares: ["ops"] })], { login: { ...login, account: "ops" } }))).toContain(
    "own-login",
  );
  const enteredAs = [{ account: "app", to: ["db1"] }];
  expect(refusals(makeHost([entry()], { disabling: { entries: [entry()], enteredAs } }))).toContain(
    "own-login",
  );
  expect(refusals(makeHost([entry()], { rollbackTimers: [] }))).toContain("rollback-timer");
  expect(refusals(makeHost([entry({ nologin: null })]))).toContain("nologin");
  expect(refusals(makeHost([entry()], { login: { ...login, account: "ann", isRoot: false } }))).toContain(
    "root-login",
  );
  const refused = makeHost([{ kind: "refused", account: "app", why: "not-local" }]);
  expect(plan(refused).checks).toContainEqual(
    expect.objectContaining({
      state: "refused",
      text: expect.stringContaining("a directory (LDAP, NIS, sssd) has it"),
    }),
  );
});

test("what runs as it, who shares its number, and that it is of the system are acknowledged by name, and its sessions go on", () => {
  const processes = [
    { pid: 7, command: "node", unit: "app.service" },
    { pid: 8, command: "bash", unit: "session-3.scope" },
  ];
  const made = plan(
    makeHost([
      entry({
        uid: 99,
        shares: ["app2"],
        units: ["job.service"],
        crontabs: ["/var/spool/cron/app"],
        processes,
      }),
    ]),
  );
  const asked = made.checks.filter(({ state }) => state === "acknowledge");
  expect(asked.map(({ id }) => id)).toEqual(["shared-uid", "system-account", "workload", "crontab"]);
  expect(asked[2]?.text).toContain("job.service, app.service run as app");
  expect(made.checks).toContainEqual(
    expect.objectContaining({
      id: "sessions",
      text: expect.stringContaining("7 node (app.service), 8 bash (session-3.scope)"),
    }),
  );
});

test("lines of a file that is another account's as well stay, and that is said", () => {
  const file = makeFileFacts("app", LINES, { accounts: ["app", "ann"] });
  const made = plan(makeHost([entry()], { files: [file] }));
  expect(made.hosts[0]?.files).toEqual([]);
  expect(made.leftOut.join()).toContain("is of ann as well, so its lines stay");
});

test("an imported plan whose account is another one by now is refused", () => {
  const host = makeHost([entry()]);
  const made = plan(host);
  expect(reviewDisable(made, makeFacts([host]))).toMatchObject({ hosts: made.hosts });
  const anew = makeHost([entry({ uid: 1_006 })]);
  expect(reviewDisable(made, makeFacts([anew]))).toMatchObject({
    refused: expect.stringContaining("plan anew"),
  });
});

test("a reason that was given is shown by the plan, and stays in it where it is imported", () => {
  const reason = "revoked by review 3";
  const made = planDisable(makeFacts([makeHost([entry()])]), { ...REQUEST, reason });
  if ("refused" in made) throw new Error(made.refused);
  expect(made.checks[0]).toMatchObject({ state: "ok", id: "reason", text: reason });
  expect(disableRequest(made)).toMatchObject({ reason });
});

test("the groups that an account is in, and lines that grant it something, are named as staying", () => {
  const { checks } = plan(makeHost([entry({ groups: ["docker"], rights: ["/etc/sudoers.d/app:1"] })]));
  expect(checks.find(({ id }) => id === "rights")?.text).toBe(
    "it keeps the group docker and what /etc/sudoers.d/app:1 grants: of no use while it is shut",
  );
});
