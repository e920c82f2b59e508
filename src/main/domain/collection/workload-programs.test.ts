/** The collector's awk programs for what runs on a host, each under every awk that this machine has. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AWKS, runAwks } from "#testing/run-awk.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const SHARED = ["encode", "words", "listed-files"];

type Input = { path?: string; variables?: Record<string, string | number> };

/** The answer of one program behind those that it needs, which must be the same under every awk. */
function said(names: readonly string[], input: string, { path = "", variables = {} }: Input = {}): string[] {
  const [only, ...others] = runAwks({
    program: names.map((name) => `collector/awk/${name}.awk`),
    variables: { most: 262_144, ...variables },
    environment: { file_as: path },
    input,
  });
  expect(others).toEqual([]);
  return (only?.output ?? "").split("\n").slice(0, -1);
}

const unit = (text: string) => said([...SHARED, "unit-files"], text, { path: "/u" });
const settings = (text: string) => unit(text)[0]?.replace("@unit - path:/u", "").trim().split(" ");

describe.skipIf(AWKS.length === 0)("unit files", () => {
  test("of a unit it is told as whom it runs, its program, and of variables and credentials the names", () => {
    const text = `\ufeff[Unit]
Description=SECRET
Wants = a.service  b@x.service
[Service]
  User = deploy
Environment=A=SECRET "B=x SECRET y" C='SECRET'
EnvironmentFile=-/etc/default/%p
PassEnvironment=X Y
LoadCredential=tls:/etc/SECRET
SetCredential=pw:SECRET
ExecStartPre=/bin/SECRET
ExecStart=-+/opt/run --token SECRET
[Timer]
OnCalendar=Mon *-*-* 1:00
[Install]
WantedBy=SECRET
`;
    expect(settings(text)).toEqual([
      "Wants:a.service",
      "Wants:b@x.service",
      "User:deploy",
      "Environment:A",
      "Environment:B",
      "Environment:C",
      "EnvironmentFile:/etc/default/%25p",
      "PassEnvironment:X",
      "PassEnvironment:Y",
      "LoadCredential:tls",
      "SetCredential:pw",
      "ExecStart:/opt/run",
      "OnCalendar:Mon%20%2a-%2a-%2a%201%3a00",
    ]);
  });

  test("lines that are continued are one, with remarks between them, and a remark goes on nowhere", () => {
    const text = `[Service]
# User=no \\
User=one
Environment=A=1 \\
# SECRET \\
; SECRET
  B=2 \\
  "C=3 \\
SECRET"
ExecStart=/bin/even\\\\
Group=ops`;
    expect(settings(text)).toEqual([
      "User:one",
      "Environment:A",
      "Environment:B",
      "Environment:C",
      "ExecStart:/bin/even%5c%5c",
      "Group:ops",
    ]);
  });
});

describe.skipIf(AWKS.length === 0)("what of unit files stays on the host", () => {
  test("an empty value goes along, for it takes back what was said before", () => {
    expect(settings("[Service]\nUser=\nExecStart=\nEnvironment=\n")).toEqual([
      "User:",
      "ExecStart:",
      "Environment:",
    ]);
  });

  test.each([
    ["Environment=A='SECRET B=SECRET", ""],
    ["Environment=SECRET", ""],
    ['Environment="PW = SECRET"', ""],
    ["PassEnvironment=a-b /SECRET", ""],
    ["SetCredential=SECRET", ""],
    ["SetCredential=two words SECRET:x", ""],
    ['ExecStart="/opt/SECRET', "ExecStart:-"],
    ["ExecStart=PW=SECRET /bin/x", "ExecStart:-"],
    ["ExecStart=https://u:SECRET@x", "ExecStart:-"],
    ['ExecStart="/opt/my app/run" SECRET', "ExecStart:/opt/my%20app/run"],
    ["ExecStart=@/bin/sh SECRET -c SECRET", "ExecStart:/bin/sh"],
  ])("no value comes along, however it is written: %s", (line, told) => {
    expect(settings(`[Service]\n${line}\n`)).toEqual([told]);
  });

  test("a setting in another section, and a line that is none, say nothing", () => {
    expect(settings("User=x\n[Socket]\nUser=x\n[Service]\nUser\n=x\n[Service\nGroup=x\n")).toEqual([
      "Group:x",
    ]);
  });

  test("of a unit file of ten megabytes nothing is told but that it is too large, and no part of it", () => {
    const large = `[Service]\nUser=bob\n${"# remark\n".repeat(1_200_000)}`;
    for (const text of [
      large,
      `[Service]\nUser=${"x".repeat(10_000_000)}`,
      `[Service]\n${"User=a\n".repeat(500)}`,
    ])
      expect(unit(text)).toEqual([
        "@unit - path:/u why:too-large",
        "@unread - kind:workload path:/u why:too-large",
      ]);
  });

  test.each([
    ["one word of quotes", `Environment=${"''".repeat(100_000)}A=1`],
    ["many words", `Environment=${"A=1 ".repeat(60_000)}`],
    ["many words that are no names", `Wants=${"/ ".repeat(100_000)}`],
    ["one word of backslashes", `ExecStart=${"\\\\".repeat(100_000)}/bin/x`],
    ["many lines that go on", "Wants=a\\\n\\\n".repeat(25_000)],
  ])("a file within its size that costs more than it may is too large, at once: %s", (_, line) => {
    expect(unit(`[Service]\n[Unit]\n${line}\n[Service]\n${line}\n`)).toEqual([
      "@unit - path:/u why:too-large",
      "@unread - kind:workload path:/u why:too-large",
    ]);
  });

  test("bytes of any value stay in their word", () => {
    const bytes = Array.from({ length: 127 }, (_, at) => String.fromCharCode(at + 1)).join("");
    const name = `a${bytes.replace(/[\n\r]/g, "")}\u00e9z`;
    expect(decodeURIComponent(settings(`[Service]\nUser=${name}\n`)?.join(" ") ?? "")).toBe(`User:${name}`);
  });

  test("the files that ls has listed are read one after the other, and one that is gone is told", async () => {
    await using folder = await makeTemporaryFolder();
    const [one, two, gone] = ["a.service", "b\\x2d@.service", "c.service"].map((name) =>
      join(folder.path, name),
    );
    await writeFile(one ?? "", "[Service]\nUser=a\n");
    await writeFile(two ?? "", "[Service]\nUser=b");
    const listed = [one, two, gone].map((path) => `-rw-r--r-- 1 0 0 17 Nov 30 23:05 ${path}\n`).join("");
    const place = folder.path;
    expect(said([...SHARED, "unit-files"], `${listed}-rw-r--r-- 1 0 0 99999999 Nov 30 23:05 /x\n`)).toEqual([
      `@unit - path:${place}/a.service User:a`,
      `@unit - path:${place}/b%5cx2d@.service User:b`,
      `@unit - path:${place}/c.service why:not-permitted`,
      `@unread - kind:workload path:${place}/c.service why:not-permitted`,
      "@unit - path:/x why:too-large",
      "@unread - kind:workload path:/x why:too-large",
    ]);
  });
});

describe.skipIf(AWKS.length === 0)("jobs of cron", () => {
  /** What is told of a table that names accounts, where there are root and ann: line, schedule, account and program. */
  async function jobs(text: string | Buffer, variables = { system_table: "1" }): Promise<string[]> {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "ann");
    await writeFile(path, text);
    const listed = `account root\naccount ann\n-rw-r--r-- 1 0 0 ${text.length} Nov 30 23:05 ${path}\n`;
    return said([...SHARED, "cron-jobs"], listed, { variables: { most: 1_048_576, ...variables } }).map(
      (line) => decodeURIComponent(line.replaceAll(path, "PATH").replace("@cron-job - path:PATH ", "")),
    );
  }

  test("of a job its time, its account and its program are told, in the words of cron", async () => {
    const text = `SHELL=/bin/sh
# 1 1 1 1 1 root remark
*/5 1-4,7 * jan,Feb mon-fri root /usr/bin/one SECRET
@daily  ann  two SECRET
-0 4 1 * 7 root (cd /x && three SECRET)
0 0 * * * root [ -x /four ] && /four
0 0 * * * root "/opt/my app/run" SECRET\r
`;
    expect(await jobs(text)).toEqual([
      "line:3 schedule:*/5 1-4,7 * jan,Feb mon-fri account:root program:/usr/bin/one",
      "line:4 schedule:@daily account:ann program:two",
      "line:5 schedule:0 4 1 * 7 account:root program:cd",
      "line:6 schedule:0 0 * * * account:root program:[",
      "line:7 schedule:0 0 * * * account:root program:/opt/my app/run",
    ]);
  });

  test("a table of an account's own is of the account that it is named for", async () => {
    expect(await jobs("1 2 3 4 5 root SECRET\n", { system_table: "" })).toEqual([
      "line:1 schedule:1 2 3 4 5 account:ann program:root",
    ]);
  });

  test.each([
    ["PW=SECRET", null],
    ['"PW" = SECRET', null],
    ["SECRET pass word foo bar baz", null],
    ["1 2 3 SECRET 5 root x", null],
    ["@SECRET root x", null],
    ["* * * * * /bin/x SECRET", null],
    ["* * * * * nobody-here SECRET", "-"],
    ["* * * * * root PW=SECRET OTHER='SE CRET' prog SECRET", "prog"],
    ["* * * * * root PW=SECRET; prog SECRET", "prog"],
    ["* * * * * root PW=`echo SECRET` prog", "-"],
    ["* * * * * root PW=$(echo SECRET) prog", "-"],
    ['* * * * * root PW="$(echo SECRET x" prog', "-"],
    ["* * * * * root PW='SECRET", "-"],
    ["* * * * * root --password=SECRET", "-"],
    ["* * * * * root a-b=SECRET", "-"],
    ["* * * * * root https://u:SECRET@x", "-"],
  ])("nothing that may be a value comes along: %s", async (line, program) => {
    const told = await jobs(`${line}\n`);
    expect(told.map((job) => job.replace(/^.* program:/, ""))).toEqual(program === null ? [] : [program]);
  });

  test.each([
    ["quotes", "''".repeat(400_000)],
    ["what is set", "A=1;".repeat(200_000)],
    ["words that end", "A=1 ".repeat(200_000)],
  ])(
    "of a command of 800 kilobytes no program is told, at once, and the job after it is: %s",
    async (_, command) => {
      expect(await jobs(`* * * * * root ${command}x\n@daily root y\n`)).toEqual([
        "line:1 schedule:* * * * * account:root program:-",
        "line:2 schedule:@daily account:root program:y",
      ]);
    },
  );

  test("of ten megabytes with lines of one megabyte what was read before is told, and that there is more", async () => {
    const job = "1 2 3 4 5 root x\n";
    const told = await jobs(`${job}${job}${`${"y".repeat(1_000_000)}\n`.repeat(10)}`);
    expect(told).toEqual([
      "line:1 schedule:1 2 3 4 5 account:root program:x",
      "line:2 schedule:1 2 3 4 5 account:root program:x",
      "@unread - kind:workload path:PATH why:too-large",
    ]);
    const many = await jobs(job.repeat(3_000));
    expect([many.length, many.at(-1)]).toEqual([
      1_001,
      "@unread - kind:workload path:PATH why:too-many-workloads",
    ]);
  });
});

describe.skipIf(AWKS.length === 0)("processes", () => {
  const status = (
    pid: number,
    name: string,
    more: { parent?: number; uid?: string; spaces?: string | null } = {},
  ) =>
    [
      `Name:\t${name}`,
      `Pid:\t${pid}`,
      `PPid:\t${more.parent ?? 1}`,
      `Uid:\t${more.uid ?? "0\t0\t0\t0"}`,
      ...(more.spaces === null ? [] : [`NSpid:\t${more.spaces ?? pid}`]),
      "VmSize:\t  1 kB",
      "",
    ].join("\n");
  const told = (...all: string[]) => {
    const lines = said(["encode", "processes"], all.join(""), { variables: { own: 90 } });
    return lines.map((line) => line.replace("@processes - ", "")).toSorted();
  };

  test("processes are counted by the number that they run as, and by name, without the kernel's and our own", () => {
    expect(
      told(
        "Name:\tkthreadd\nPid:\t2\nPPid:\t0\nUid:\t0\t0\t0\t0\nNSpid:\t2\n",
        status(5, "nginx", { uid: "0\t33\t33\t33" }),
        status(6, "nginx", { uid: "0\t33\t33\t33" }),
        status(7, "sshd"),
        status(90, "sh"),
        status(91, "awk", { parent: 90 }),
        status(92, "cat", { parent: 91 }),
        status(93, "node", { uid: "7\t7\t7\t7", spaces: "93\t4" }),
      ),
    ).toEqual([
      "uid:0 name:sshd count:1",
      "uid:33 name:nginx count:2",
      "uid:7 name:node count:1 contained:yes",
    ]);
  });

  test("a process calls itself what it likes, ends while it is read, and is one of many", () => {
    expect(told(status(5, "a b\\n@x 1:%0a\t"), "Name:\tgone\n")).toEqual([
      "uid:0 name:a%20b%5cn@x%201%3a%250a%09 count:1",
    ]);
    const many = Array.from({ length: 5_000 }, (_, at) => status(at + 100, `n${at}`));
    const lines = told(...many);
    expect(lines).toHaveLength(201);
    expect(lines[0]).toBe("@unread - kind:workload path:/proc why:too-many-workloads");
  });

  test("names that an account gives its processes hide none of another's, nor those of a container the host's", () => {
    const of = (uid: number, spaces = "9") =>
      Array.from({ length: 250 }, (_, at) =>
        status((uid + 1) * 1_000 + at, `n${at}`, { uid: `${uid}\t${uid}\t${uid}\t${uid}`, spaces }),
      );
    const subordinate = Array.from({ length: 1_200 }, (_, at) =>
      status(at + 500_000, "x", { uid: `0\t${at + 100_000}\t0\t0` }),
    );
    const many = Array.from({ length: 16 }, (_, at) => of(at + 100)).flat();
    const lines = told(
      ...many,
      ...of(0, "9\t1"),
      ...subordinate,
      status(7, "sshd"),
      status(8, "postgres", { uid: "9\t9\t9\t9" }),
    );
    expect(lines).toContain("uid:0 name:sshd count:1");
    expect(lines).toContain("uid:9 name:postgres count:1");
    expect(lines).toContain("@unread - kind:workload path:/proc why:too-many-workloads");
    expect(lines.filter((line) => /^uid:1\d{5} /.test(line))).toHaveLength(1_000);
  });

  test("where the kernel does not say whether a process is in a container, it is none of the host's account", () => {
    expect(told(status(5, "nginx", { spaces: null }), status(90, "sh", { spaces: null }))).toEqual([
      "uid:0 name:nginx count:1 contained:yes",
    ]);
  });
});

test.skipIf(AWKS.length === 0)(
  "programs that run as their owner are told with their modes as they are now",
  () => {
    const listed = [
      "-rwsr-xr-x 1 0 0 79904 May  4  2025 /usr/bin/su",
      "-rwxr-sr-x 1 0 996 51936 Jun 13  2025 /usr/bin/a b",
      "-rwxr-xr-x 1 0 0 1 Jun 13  2025 /usr/bin/plain",
    ];
    expect(said(["encode", "setuid-programs"], `${listed.join("\n")}\n`)).toEqual([
      "@setuid - path:/usr/bin/su e:-rwsr-xr-x,1,0,0,79904",
      "@setuid - path:/usr/bin/a%20b e:-rwxr-sr-x,1,0,996,51936",
    ]);
  },
);

describe("what may be stopped", () => {
  const [FILES, WORKLOADS] = ["files", "workloads"].map((name) =>
    readFileSync(join(import.meta.dirname, `../../../../resources/collector/${name}.sh`), "utf8"),
  );
  const run = (script: string) =>
    spawnSync("sh", ["-c", `set -f; nl='\n'\n${FILES}\n${WORKLOADS}\n${script}`], { encoding: "utf8" })
      .stdout;

  test.each([
    ["printf 'one\\ntwo\\n'", "one\ntwo\n0\n"],
    [":", "0\n"],
    ["printf 'one\\ntw'; kill -9 $$", "one\n1\n"],
    ["printf 'on'; kill -9 $$", "1\n"],
    ["printf 'one\\n'; exit 2", "one\n1\n"],
  ])("of what a program said only whole lines are told, and whether it ended well: %s", (program, told) => {
    expect(run(`whole sh -c ${"'"}${program.replaceAll("'", `'\\''`)}${"'"}; echo $?`)).toBe(told);
  });

  test("more words than one command may have are given to it in parts, none left out", () => {
    const script = `in_parts 'ls -dn' $(i=0; while [ $i -lt 1250 ]; do echo /; i=$((i + 1)); done) | wc -l`;
    expect(run(script).trim()).toBe("1250");
  });

  test("a link is followed nowhere that does not answer, by whatever way it leads there", async () => {
    await using folder = await makeTemporaryFolder();
    const place = folder.path;
    await mkdir(join(place, "units"));
    await mkdir(join(place, "dead"));
    const links: Record<string, string> = {
      "units/direct": join(place, "dead/x.service"),
      "units/relative": "../dead/x.service",
      "units/again": "relative",
      way: "dead",
      "units/by-folder": join(place, "way/../way/x.service"),
      "units/itself": "itself",
      "units/null": "/dev/null",
      "units/beside": "../deadly/x.service",
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, join(place, name));
    const asked = Object.keys(links).map((name) => `! leads_to_silence ${place}/${name} || echo ${name}`);
    const script = (silent: string) => `silent_mounts='${silent}'\n${asked.join("\n")}`;
    expect(
      run(script(`\n/nowhere\n${place}/dead`))
        .trim()
        .split("\n"),
    ).toEqual(["units/direct", "units/relative", "units/again", "way", "units/by-folder"]);
    expect(run(script(""))).toBe("");
  });
});
