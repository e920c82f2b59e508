import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { hashBytes } from "#domain/runs/files/stages.ts";
import { readResult } from "#domain/runs/offline/result.ts";
import { readRotationScript } from "#testing/read-scripts.ts";

/**
 * The result of a root script, if an account answers `said`: once its file is left out and once its folder is not
 * ended.
 */
async function tell(said: string): Promise<string> {
  const script = `${await readRotationScript("offline")}
    put_line() { printf '%s\\n' "$1"; }
    format_refusal() { sentence="could not be changed: $1"; }
    send_request() { status=fail; }
    inspect_file() { seen=none; }
    nl='
' my_uid=0 file_uid=1000 folder_uid=1000 path=/home/x/.ssh/authorized_keys id=f1 why= first_left= left_out= unended= kept= verified=yes h_before=none offline_token=t
    answer=$1
    leave_or_stop revoke
    end_one
    printf '%s' "$left_out"
    put_line "$unended" | sed -n 's/^f/unended f/p'`;
  const told = execFileSync("sh", ["-c", script, "sh", said], { stdio: ["ignore", "pipe", "ignore"] });
  return told.toString().replace(/^f/gm, "left-out f");
}

const write = (told: string): Uint8Array => {
  const text = `latchkey-result-2\nhost web1 22\noutcome committed\nbegan 1\nended 2\n${told}`;
  return Buffer.from(`${text}end ${hashBytes(Buffer.from(text))}\n`);
};

test.each([
  ["no-space", "no-space"],
  ["held x y 1 2 3", "held"],
  ["a".repeat(40), "a".repeat(40)],
  ["a".repeat(41), "no-answer"],
  ["", "no-answer"],
  ["Held", "no-answer"],
])("whatever an account answers, the result that its host signs can be read: %j", async (said, reason) => {
  expect(readResult(write(await tell(said)))).toMatchObject({
    leftOut: [{ index: 1, phase: "revoke", reason }],
    unended: [{ index: 1, reason }],
  });
});

/** Why a root script ends where root's own file is not disarmed, by what its session says. */
async function tellHeld(said: string): Promise<string> {
  const script = `${await readRotationScript("offline")}
    put_line() { printf '%s\\n' "$1"; }
    send_request() { status=no answer=$answered; }
    inspect_file() { seen=none; }
    each_file() { "$@"; }
    nl='
' my_uid=0 file_uid=0 folder_uid=0 path=/root/.ssh/authorized_keys id=f1 letter=a phase=add why= left_out= armed_at=
    h_before=a h_added=b h_removed=c answered=$1
    disarm_files
    put_line "$why"`;
  return execFileSync("sh", ["-c", script, "sh", said], { stdio: ["ignore", "pipe", "ignore"] }).toString();
}

test("a script that may not disarm a dead-man says who holds the folder, and nothing that no run writes as a name", async () => {
  const held = "the folder of /root/.ssh/authorized_keys is held by";
  expect(await tellHeld("held run00000002 jo__desk@web1 1 2 3")).toBe(`${held} jo__desk@web1\n`);
  expect(await tellHeld("held run00000002 \u001b[31mjo 1 2 3")).toBe(`${held} somebody else\n`);
  expect(await tellHeld(`held run00000002 ${"x".repeat(201)} 1 2 3`)).toBe(`${held} somebody else\n`);
  expect(await tellHeld("held")).toBe(`${held} somebody else\n`);
});
