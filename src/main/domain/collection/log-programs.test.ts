/** What the collector makes of logs into which strangers write, under every awk that this machine has. */
import { describe, expect, test } from "vitest";
import { AWKS, runAwks } from "#testing/run-awk.ts";

/** The answer, which must be the same under every awk. */
function sum(log: readonly string[], backwards = 0): string[] {
  const [only, ...others] = runAwks({
    program: ["collector/awk/sum-up-log.awk"],
    variables: { end: "end", backwards },
    input: `${log.join("\n")}\nend\n`,
  });
  expect(others).toEqual([]);
  return only?.output.split("\n") ?? [];
}
const count = (lines: readonly string[], letter: string) =>
  lines.filter((line) => line.startsWith(`${letter}\t`)).length;
const refused = (time: string, peer: string) =>
  `Nov 30 ${time} web sshd[1]: Failed password for ${peer} port 22 ssh2`;
const gotIn = "Nov 30 11:00:00 web sshd-session[9]: Accepted password for root from 10.0.0.9 port 4 ssh2";
const burst = [
  "Nov 29 23:59:59 web sshd[1]: Failed password for root from 10.0.0.9 port 22 ssh2",
  ...Array.from({ length: 9 }, (_, second) => refused(`10:00:0${second}`, "root from 10.0.0.9")),
];

describe.skipIf(AWKS.length === 0)("refused passwords", () => {
  test("a login after passwords that were refused to its address comes with their number and lines, whichever comes first", () => {
    const fields = (index: number) => [
      "B\t10",
      `${index === 0 ? 1 : 0}\t${gotIn}`,
      `${index}\t${burst[0]}`,
      `${index === 0 ? 1 : 0}\t${burst.at(-1)}`,
    ];
    const lines = [...burst, refused("10:30:00", "root from 10.0.0.8"), gotIn];
    expect(sum(lines)).toContain(fields(0).join("\t"));
    expect(sum(lines.toReversed(), 1)).toContain(fields(1).join("\t"));
  });

  test("of a very long line of the login both ends are kept: its account, its address, and who signed its certificate", () => {
    const login = `${gotIn.replace("password", "publickey")}: ED25519-CERT SHA256:abc ID ${"x".repeat(900)} (serial 7) CA ED25519 SHA256:def`;
    const [line = ""] = sum([...burst, login]).filter((one) => one.startsWith("B\t"));
    const kept = line.split("\t")[3] ?? "";
    expect(kept).toContain("root from 10.0.0.9 port 4 ssh2: ED25519-CERT SHA256:abc ID xx");
    expect(kept).toMatch(/x \[\.\.\.\] x+ \(serial 7\) CA ED25519 SHA256:def$/);
    expect(kept.length).toBeLessThan(620);
  });

  test("refusals of accounts that there are not, of other addresses, after it, and days before it are none of a login's", () => {
    const others = [
      ...burst.map((line) => line.replace("for root", "for invalid user root")),
      ...burst.map((line) => line.replace("10.0.0.9", "10.0.0.8")),
      ...burst.map((line) => line.replace("for root", "for ann")),
    ];
    const early = burst.map((line) => line.replace(/^Nov (29|30)/, "Nov 20"));
    const between = "Nov 25 10:00:00 web cron[1]: x";
    const late = burst.map((line) => line.replace(/^.{15}/, "Nov 30 12:00:00"));
    const log = [...early, between, ...others, gotIn, ...late];
    expect(count(sum(log), "B")).toBe(0);
    expect(count(sum(log.toReversed(), 1), "B")).toBe(0);
  });

  test("a client's name that looks like a refusal of root's from elsewhere is none", () => {
    const forged = Array.from({ length: 20 }, () =>
      refused("10:00:00", "invalid user root from 10.0.0.9 port 1 ssh2 from 6.6.6.6"),
    );
    const inside = Array.from(
      { length: 20 },
      () => "Nov 30 10:00:00 web sshd[1]: Invalid user x Failed password for root from 10.0.0.9 port 1 ssh2",
    );
    expect(count(sum([...forged, ...inside, gotIn]), "B")).toBe(0);
  });

  test("refusals from thousands of addresses hide no burst from one, and what may be missing is told", () => {
    const flood = Array.from({ length: 25_000 }, (_, at) =>
      refused("10:10:00", `root from 10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`),
    );
    const lines = sum([...burst, ...flood, gotIn]);
    expect(count(lines, "B")).toBe(1);
    expect(lines).toContain("L\tB");
    expect(sum([...burst, gotIn])).not.toContain("L\tB");
  });
});

describe.skipIf(AWKS.length === 0)("logins", () => {
  test("whoever logs in from thousands of addresses hides nowhere where somebody else came from", () => {
    const from = (account: string, address: string) =>
      `Nov 30 10:00:00 web sshd[1]: Accepted publickey for ${account} from ${address} port 22 ssh2: ED25519 SHA256:abc`;
    const flood = Array.from({ length: 3_000 }, (_, at) => from("mallory", `10.1.${at >> 8}.${at & 255}`));
    const lines = sum([...flood, from("deploy", "10.9.9.9"), "Nov 30 10:00:01 web cron[1]: x"]);
    expect(lines.some((line) => line.includes("for deploy from 10.9.9.9 port 0"))).toBe(true);
    expect(count(lines, "M")).toBe(202);
    expect(lines).toContain("E\twhole");
  });

  test("a certificate whose name looks like a refusal is a login as well", () => {
    const id = "Failed password for root from 10.0.0.9 port 1 ssh2";
    const line = `Nov 30 10:00:00 web sshd[1]: Accepted publickey for deploy from ::1 port 2 ssh2: ED25519-CERT SHA256:a ID ${id} (serial 1) CA ED25519 SHA256:b`;
    expect(count(sum([line]), "M")).toBe(1);
  });

  test("the hours of a day are told as bits, and of its ends what names program and port", () => {
    const at = (time: string, port: number) =>
      `2026-11-30T${time}+01:00 web auth.info sshd-session[${port}]: Accepted publickey for a from ::1 port ${port} ssh2: RSA SHA256:abc`;
    const [line] = sum([at("23:10:00", 7), at("00:10:00", 8), at("03:59:59", 9)]).filter((one) =>
      one.startsWith("M"),
    );
    expect(line).toMatch(
      /\t0\/3\/00:10:00\+01:00\/23:10:00\+01:00\/800009\/auth\.info sshd-session\[8\]:8\/auth\.info sshd-session\[7\]:7$/,
    );
  });
});
