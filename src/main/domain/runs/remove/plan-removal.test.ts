import { expect, test } from "vitest";
import { makeHostFacts } from "#domain/runs/testdata/make-facts.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { DisabledAccount } from "#shared/model/runs/disabled-account.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { planRemoval, type RemovalFacts, reviewRemoval } from "./plan-removal.ts";

const NOW = "2026-06-10T00:00:00Z" as Instant;

const MEANT: DisabledAccount = {
  account: "app",
  uid: 1_005,
  gid: 1_005,
  home: "/home/app",
  before: { shell: "/bin/bash", password: "set", expires: null },
  after: { shell: "/usr/sbin/nologin", password: "locked", expires: 1 },
  processes: [],
};

const LINES = [
  {
    file: "/etc/passwd",
    line: "app:x:1005:1005::/home/app:/usr/sbin/nologin",
    becomes: null,
    isLatin1: false,
  },
  { file: "/etc/shadow", line: "app:(locked):20000:0:99999:7::1:", becomes: null, isLatin1: false },
  { file: "/etc/group", line: "docker:x:998:app,jo", becomes: "docker:x:998:jo", isLatin1: false },
  { file: "/etc/group", line: "app:x:1005:", becomes: null, isLatin1: false },
];

const ENTRY = {
  kind: "entry" as const,
  account: "app",
  uid: 1_005,
  gid: 1_005,
  home: "/home/app",
  state: MEANT.after,
  shares: [] as string[],
  nologin: "/usr/sbin/nologin",
  processes: [] as { pid: number; command: string; unit: string }[],
  units: [] as string[],
  crontabs: [] as string[],
  groups: [] as string[],
  rights: [] as string[],
};

const STAYS = [{ path: "/home/app", uid: 1_005 }];

type Changes = {
  entry?: Partial<typeof ENTRY>;
  watch?: Partial<RemovalFacts["watch"]>;
  login?: string;
  numbered?: string[];
  labels?: string[];
};

function makeFacts({
  entry,
  watch,
  login = "root",
  numbered = ["app"],
  labels = [],
}: Changes = {}): RemovalFacts {
  const host = makeHostFacts("web1", "", {
    login: { account: login, isRoot: true, key: null, certificate: null, from: null },
    user: login,
    labels,
    disabling: { entries: [], enteredAs: [{ account: "root", to: ["web1"] }] },
  });
  return {
    now: NOW,
    options: KeyOptions.parse({ undoHours: 24 }),
    disabledBy: 7,
    watch: {
      until: "2026-06-01T00:00:00Z" as Instant,
      uses: 0,
      tries: 0,
      neverRead: [],
      notReadToEnd: [],
      ...watch,
    },
    hosts: [
      {
        host,
        found: [
          {
            meant: MEANT,
            entry: { ...ENTRY, ...entry },
            lines: { kind: "lines", lines: LINES, stays: STAYS, numbered },
          },
        ],
      },
    ],
  };
}

const refusals = (changes: Changes): string[] =>
  planRemoval(makeFacts(changes)).checks.flatMap(({ state, id }) => (state === "refused" ? [id] : []));

test("a plan has each line that goes or changes, what stays with its owner's number, and asks for no word once the days are over unused", () => {
  const plan = planRemoval(makeFacts());
  expect(plan).toMatchObject({
    title: "Remove app on 1 host",
    disabledBy: 7,
    confirm: null,
    hosts: [{ removes: [{ account: "app", uid: 1_005, lines: LINES, stays: STAYS }] }],
  });
  expect(plan.checks.filter(({ state }) => state !== "ok")).toEqual([]);
});

test("before the days are over, where a log shows a use, or was not read to the end, the account's name is typed", () => {
  const wordOf = (watch: Changes["watch"]) => planRemoval(makeFacts({ watch: watch ?? {} })).confirm;
  expect(wordOf({ until: "2026-07-01T00:00:00Z" as Instant })).toEqual({
    word: "app",
    why: ["their logs are watched until 2026-07-01"],
  });
  expect(wordOf({ uses: 2 })).toEqual({ word: "app", why: ["the logs show 2 uses of them since"] });
  expect(wordOf({ notReadToEnd: [{ host: "web1", port: 22 }] })?.word).toBe("app");
  expect(planRemoval(makeFacts({ labels: ["production"], watch: { uses: 1 } })).confirm).toEqual({
    word: "app",
    why: ["the logs show 1 use of them since", "web1 is labelled production"],
  });
});

test("root, our own login, a number that another name has, a running process, a host that was not read since, and an entry that was changed are refused", () => {
  expect(refusals({ entry: { uid: 0 } })).toEqual(["root"]);
  expect(refusals({ login: "app" })).toEqual(["own-login"]);
  expect(refusals({ entry: { shares: ["app2"] } })).toEqual(["shared-uid"]);
  expect(refusals({ numbered: ["app", "ldap-app"] })).toEqual(["shared-uid"]);
  expect(refusals({ entry: { processes: [{ pid: 9, command: "node", unit: "" }] } })).toEqual(["in-use"]);
  expect(refusals({ watch: { neverRead: [{ host: "web1", port: 22 }] } })).toEqual(["watch-unread"]);
  expect(refusals({ entry: { state: MEANT.before } })).toEqual(["account"]);
  expect(refusals({ entry: { uid: 1_006 } })).toEqual(["account"]);
});

test("units and crontabs of the account are acknowledged", () => {
  const { checks } = planRemoval(
    makeFacts({ entry: { units: ["app.service"], crontabs: ["/var/spool/cron/crontabs/app"] } }),
  );
  expect(checks.filter(({ state }) => state === "acknowledge").map(({ id }) => id)).toEqual([
    "workload",
    "crontab",
  ]);
});

test("an imported plan removes what stands there now, or is refused", () => {
  const plan = planRemoval(makeFacts());
  expect(reviewRemoval(plan, makeFacts())).toEqual(plan);
  const [host] = plan.hosts;
  if (!host) throw new Error("no host is planned");
  const edited = {
    ...plan,
    hosts: [{ ...host, removes: host.removes.map((one) => ({ ...one, lines: [] })) }],
  };
  expect(reviewRemoval(edited, makeFacts())).toHaveProperty("refused");
});
