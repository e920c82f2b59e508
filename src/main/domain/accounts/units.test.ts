import { expect, test } from "vitest";
import type { UnitFile } from "#domain/collection/read-workloads.ts";
import { withinBudget } from "#domain/work-budget.ts";
import { makeWorkloads, unitFile } from "./testdata/make-workloads.ts";
import { evaluateServices } from "./units.ts";

const ETC = "/etc/systemd/system";
const RUN = "/run/systemd/system";
const USR = "/usr/lib/systemd/system";

const alias = (path: string, target: string): UnitFile => ({ path, kind: "alias", target });
const masked = (path: string): UnitFile => ({ path, kind: "masked" });

const evaluate = (unitFiles: UnitFile[], links: Record<string, string[]> = {}) =>
  evaluateServices(
    makeWorkloads({
      unitFiles,
      unitWants: Object.entries(links).map(([folder, units]) => ({ folder, units, masked: [] })),
    }),
  );

/** The user of each service, or why there is none. */
const users = (unitFiles: UnitFile[], links = {}) =>
  Object.fromEntries(
    evaluate(unitFiles, links).map(({ name, user }) => [
      name,
      user.kind === "account" ? user.user : `${user.kind}${"user" in user ? ` ${user.user}` : ""}`,
    ]),
  );

test("a service that names nobody runs as root, and one whose files could not be read as somebody unknown", () => {
  const read = users([
    unitFile(`${USR}/a.service`, "ExecStart:/bin/a"),
    unitFile(`${USR}/b.service`, "User:bob"),
    { path: `${ETC}/b.service.d/x.conf`, kind: "unreadable" },
    unitFile(`${USR}/c.service`, "User:-"),
  ]);
  expect(read).toEqual({ "a.service": "root", "b.service": "unknown", "c.service": "unknown" });
});

test("of two files of one name the one in /etc counts, then /run, then /usr", () => {
  const [etc, run, usr] = [ETC, RUN, USR].map((folder) =>
    unitFile(`${folder}/a.service`, `User:${folder[1]}`),
  );
  expect(users([usr, run, etc].flatMap((file) => file ?? []))).toEqual({ "a.service": "e" });
  expect(users([usr, run].flatMap((file) => file ?? []))).toEqual({ "a.service": "r" });
});

test("drop-ins of all folders count by their names, and an empty value takes back what was said", () => {
  const own = unitFile(`${USR}/a.service`, "User:own", "ExecStart:/bin/own");
  expect(
    evaluate([
      own,
      unitFile(`${USR}/a.service.d/10.conf`, "User:hidden"),
      unitFile(`${ETC}/a.service.d/10.conf`, "User:ten"),
      unitFile(`${USR}/a.service.d/90.conf`, "User:ninety", "ExecStart:", "ExecStart:/bin/ninety"),
    ]),
  ).toMatchObject([
    {
      user: { kind: "account", user: "ninety" },
      path: `${USR}/a.service.d/90.conf`,
      program: "/bin/ninety",
    },
  ]);
  expect(users([own, unitFile(`${ETC}/a.service.d/x.conf`, "User:")])).toEqual({ "a.service": "root" });
  expect(
    users([own, unitFile(`${USR}/a.service.d/x.conf`, "User:x"), masked(`${ETC}/a.service.d/x.conf`)]),
  ).toEqual({ "a.service": "own" });
});

test("a mask in /etc takes the unit away, and links that lead in a circle are no unit", () => {
  expect(users([unitFile(`${USR}/a.service`, "User:bob"), masked(`${ETC}/a.service`)])).toEqual({});
  expect(
    users([alias(`${ETC}/a.service`, `${ETC}/b.service`), alias(`${ETC}/b.service`, `${ETC}/a.service`)]),
  ).toEqual({});
});

test("a link to a file of its own name in another folder is no other name: that file is the unit", () => {
  const links = { [`${ETC}/multi-user.target.wants`]: ["a.service"] };
  const files = [
    alias(`${ETC}/a.service`, `${USR}/a.service`),
    unitFile(`${USR}/a.service`, "User:bob"),
    unitFile(`${USR}/multi-user.target`),
  ];
  expect(evaluate(files, links)).toMatchObject([
    { name: "a.service", isEnabled: true, user: { user: "bob" }, path: `${USR}/a.service` },
  ]);
  expect(
    users([alias(`${ETC}/a@.service`, `${USR}/a@.service`), unitFile(`${USR}/a@.service`, "User:%i")]),
  ).toEqual({ "a@.service": "unknown" });
});

test("another name of a unit is no second one, and its drop-ins count", () => {
  const files = [
    unitFile(`${USR}/ssh.service`, "User:one"),
    alias(`${ETC}/sshd.service`, `${USR}/ssh.service`),
    unitFile(`${ETC}/sshd.service.d/a.conf`, "User:two"),
  ];
  expect(users(files)).toEqual({ "ssh.service": "two" });
});

test("an instance that a link names runs as its template says, with its own name put in", () => {
  const template = unitFile(`${USR}/job@.service`, "User:%i", "ExecStart:/bin/job");
  expect(users([template], { [`${ETC}/multi-user.target.wants`]: ["job@nightly.service"] })).toEqual({
    "job@.service": "unknown",
    "job@nightly.service": "nightly",
  });
  expect(users([template, alias(`${ETC}/job@x.service`, `${USR}/job@.service`)])).toMatchObject({
    "job@x.service": "x",
  });
});

const AT_BOOT = [
  unitFile(`${USR}/multi-user.target`, "Requires:basic.target"),
  unitFile(`${USR}/basic.target`),
];
const WANTED = `${ETC}/multi-user.target.wants`;

test("what starts with the system is enabled, and what an enabled timer, socket or path starts", () => {
  const services = evaluate(
    [
      ...AT_BOOT,
      ...["boot", "pulled", "timed", "named", "read", "off", "late"].map((name) =>
        unitFile(`${USR}/${name}.service`, ...(name === "boot" ? ["Wants:pulled.service"] : [])),
      ),
      unitFile(`${USR}/conn@.service`),
      unitFile(`${USR}/timed.timer`, "OnCalendar:daily"),
      unitFile(`${USR}/other.path`, "Unit:named.service"),
      unitFile(`${USR}/read.socket`),
      unitFile(`${USR}/conn.socket`, "Accept:yes"),
      unitFile(`${USR}/late.timer`, "OnCalendar:daily"),
    ],
    {
      [WANTED]: ["boot.service", "timed.timer", "other.path"],
      [`${USR}/basic.target.wants`]: ["read.socket", "conn.socket"],
      [`${USR}/rescue.target.wants`]: ["off.service"],
    },
  );
  const enabled = services.map(({ name, isEnabled, startedBy }) => [name, isEnabled, startedBy.join()]);
  expect(Object.fromEntries(enabled.map(([name, ...rest]) => [name, rest]))).toEqual({
    "boot.service": [true, ""],
    "pulled.service": [true, ""],
    "timed.service": [true, "timed.timer"],
    "named.service": [true, "other.path"],
    "read.service": [true, "read.socket"],
    "conn@.service": [true, "conn.socket"],
    "off.service": [false, ""],
    "late.service": [false, ""],
  });
});

test("a link to /dev/null in /etc takes back what a package wants", () => {
  const [service] = evaluateServices(
    makeWorkloads({
      unitFiles: [...AT_BOOT, unitFile(`${USR}/a.service`)],
      unitWants: [
        { folder: `${USR}/multi-user.target.wants`, units: ["a.service"], masked: [] },
        { folder: WANTED, units: [], masked: ["a.service"] },
      ],
    }),
  );
  expect(service?.isEnabled).toBe(false);
});

test("an account of a service's own is not one of the host, whatever its name is", () => {
  expect(
    users([
      unitFile(`${USR}/a.service`, "DynamicUser:yes"),
      unitFile(`${USR}/b.service`, "DynamicUser:1", "User:x"),
    ]),
  ).toEqual({ "a.service": "dynamic a", "b.service": "dynamic x" });
});

test("fifty thousand timers, names of many dashes and drop-ins for all cost what a budget allows", () => {
  const files = Array.from({ length: 50_000 }, (_, at) => [
    unitFile(`${USR}/t${at}.timer`, "OnCalendar:daily"),
    unitFile(`${USR}/t${at}.service`, "User:bob"),
  ]).flat();
  const dashes = Array.from({ length: 200 }, (_, at) => unitFile(`${USR}/${"a-".repeat(100)}${at}.service`));
  const all = [...files, ...dashes, unitFile(`${ETC}/service.d/a.conf`, "Group:x")];
  const services = withinBudget({ steps: 15_000_000, isLate: null }, () => evaluate(all));
  expect(services).toHaveLength(50_200);
});
