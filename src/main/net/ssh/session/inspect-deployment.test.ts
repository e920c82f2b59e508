import { execFileSync } from "node:child_process";
import { platform } from "node:process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatRenewalCommand } from "#net/ssh/session/inspect-deployment.ts";

const HOSTILE = [
  "a;id>/tmp/owned",
  "$(id)",
  "`id`",
  "it's",
  "''\\''; id; '",
  "*.example.com",
  "a b",
  "&& id #",
  "~root",
  'say "$HOME"',
  "a\\",
  "!!",
];

/** Characters with a meaning for a shell, invisible ones, and ordinary ones. */
const LETTERS = Array.from("ab/.-_=%é\u{1f511} '\"\\$`;|&()<>*?[]{}~#!^\n\t\u001b\u202e\u200b");

const onPosix = test.skipIf(platform === "win32");

/** The words that a shell passes to the program of each command, the program first. */
const wordsOf = (commands: readonly string[]): string[][] => {
  const lines = commands.map((command) => `run ${command}`).join("\n");
  const script = `run() { printf '%s\\0' "$@" end; }\n${lines}`;
  const printed = execFileSync("sh", ["-c", script], { encoding: "utf8", cwd: "/" });
  return printed
    .split("end\0")
    .slice(0, -1)
    .map((words) => words.split("\0").slice(0, -1));
};

onPosix(
  "a name of the host is one word of the command that renews it, whatever it would do in a shell",
  () => {
    const commands = HOSTILE.flatMap((name) => [
      formatRenewalCommand("certbot", name, `/srv/${name}`),
      ...["acme.sh", "certmonger", "dehydrated"].map((by) => formatRenewalCommand(by, name, "")),
    ]);
    expect(wordsOf(commands)).toEqual(
      HOSTILE.flatMap((name) => [
        ["certbot", "renew", "--force-renewal", "--cert-name", name, "--config-dir", `/srv/${name}`],
        ["acme.sh", "--renew", "--force", "--domain", name],
        ["getcert", "resubmit", "-f", name],
        ["dehydrated", "--cron", "--force", "--domain", name],
      ]),
    );
  },
);

onPosix("any name at all is that one word, or there is no command", () => {
  const names = fc.sample(fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 12 }), {
    numRuns: 400,
    seed: 16,
  });
  const said = names.filter((name) => formatRenewalCommand("certmonger", name, "") !== "");
  expect(said.length).toBeGreaterThan(50);
  expect(wordsOf(said.map((name) => formatRenewalCommand("certmonger", name, "")))).toEqual(
    said.map((name) => ["getcert", "resubmit", "-f", name]),
  );
});

test("what nobody sees, what ends a line, and what an option begins with is in no command", () => {
  for (const name of [
    "",
    "-x",
    "--pre-hook",
    "a\nid",
    "a\rid",
    "a\0b",
    "a\u001b[2Kid",
    "a\u202eid",
    "a\u2028id",
    "a\u200bb",
  ])
    for (const by of ["certbot", "acme.sh", "certmonger", "dehydrated"])
      expect(formatRenewalCommand(by, name, "/etc/letsencrypt")).toBe("");
  expect(formatRenewalCommand("certbot", "site", "/srv/a\nid")).toBe("");
  expect(formatRenewalCommand("caddy", "site", "")).toBe("");
});

test("an ordinary name stands as it is", () => {
  expect(formatRenewalCommand("certbot", "shop.example.com", "/etc/letsencrypt")).toBe(
    "certbot renew --force-renewal --cert-name shop.example.com",
  );
});
