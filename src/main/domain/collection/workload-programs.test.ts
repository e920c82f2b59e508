/** The collector's awk programs for what runs on a host, each under every awk that this machine has. */
import { writeFile } from "node:fs/promises";
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
