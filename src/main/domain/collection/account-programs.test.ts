/** The collector's awk programs for accounts and what their homes lie on, each under every awk that this machine has. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AWKS, runAwks } from "#testing/run-awk.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** The answer of one program of the collector, which must be the same under every awk. */
function said(name: string, input: string, variables = {}, args: readonly string[] = []): string {
  const [only, ...others] = runAwks({ program: [`collector/awk/${name}.awk`], variables, args, input });
  expect(others).toEqual([]);
  return only?.output ?? "";
}

describe.skipIf(AWKS.length === 0)("accounts", () => {
  test("of a password its class is told, with its days, and no hash", () => {
    const shadow = "a:$6$x:1:0:99:7:3:20000:\nb:!x:1::::::\nc:*:1::::::\nd::1::::::\n";
    expect(said("password-classes", shadow, { kernel: "Linux" }, ["-F:"])).toBe(
      "a:set:20000:103:1,0,99,7,3\nb:locked:::1,,,,\nc:starred:::1,,,,\nd:none:::1,,,,\n",
    );
  });

  test("a hash in another field of a broken line stays where it is", () => {
    const shadow = "a:x:$6$h:$6$h:$6$h:$6$h:$6$h:$6$h:\nb:1:2:3:4:5:6:$y$j9T$h\nc:x:123456789:0x1:-1: 7::\n";
    expect(said("password-classes", shadow, { kernel: "Linux" }, ["-F:"])).toBe(
      "a:set:::,,,,\nb:set::12:2,3,4,5,6\nc:set:::,,,,\n",
    );
  });

  test("root and who may log in are read first, and those of one home together", () => {
    const accounts = [
      "bin:1:1:/none:/usr/sbin/nologin",
      "ann:1000:1:/home/ann:/bin/sh",
      "web:2:2:/srv/net/web:/bin/false",
      "mail:3:3:/none:/sbin/nologin",
      "me:4:4:/home/me:/bin/false",
      "bob:1001:1:/home/bob:",
      "toor:0:0:/root:/usr/sbin/nologin",
    ];
    const input = `\n/srv/net\n/mnt\n:\n${accounts.join("\n")}\n`;
    expect(said("account-order", input, { me: "me", login: "" }).split("\n")).toEqual([
      "no:me:4:4:/home/me:/bin/false",
      "no:toor:0:0:/root:/usr/sbin/nologin",
      "no:ann:1000:1:/home/ann:/bin/sh",
      "no:bob:1001:1:/home/bob:",
      "no:bin:1:1:/none:/usr/sbin/nologin",
      "no:mail:3:3:/none:/sbin/nologin",
      "yes:web:2:2:/srv/net/web:/bin/false",
      "",
    ]);
  });
});

describe.skipIf(AWKS.length === 0)("mounts", () => {
  const checked = async (...table: string[]) => {
    await using folder = await makeTemporaryFolder();
    const mounts = join(folder.path, "mounts");
    await writeFile(mounts, `${table.join(" 0 0\n")} 0 0\n`);
    const accounts = "jo:1:1:/home/jo:/bin/sh\nann:2:2:/home/ann/x:/bin/sh\nodd:3:3:odd:/bin/sh\n";
    return said("checked-mounts", accounts, { me: 9 }, ["-", mounts]);
  };

  test("each mount that somebody else serves is asked by the first home that lies there", async () => {
    const table = [
      "srv:/x /home nfs4 rw",
      "tmp /tmp tmpfs rw",
      "//c/s /mnt/a\\040b cifs rw",
      "auto /net autofs rw",
      "auto /home/ann autofs rw",
      "disk /mnt/ntfs fuseblk rw,user_id=0",
    ];
    expect(await checked(...table)).toBe(
      "/home\n/home/jo\n/mnt/a b\n/mnt/a b\n/home/ann\n/home/ann/x\n/mnt/ntfs\n/mnt/ntfs\n",
    );
  });

  test("what a program of another ordinary user serves is not asked: it may never answer", async () => {
    const table = [
      "x /home/jo/m fuse.x rw,user_id=7,group_id=7",
      "x /home/jo/all\\134\\011x fuse.x rw,user_id=7,group_id=7,allow_other",
      "x /home/jo/mine fuse.x rw,user_id=9,group_id=7",
      "x /home/jo/two\\012lines/m fuse.x rw,user_id=7,group_id=7,allow_other",
      "x /tmp/two\\012lines fuse.x rw,user_id=7,group_id=7,allow_other",
    ];
    expect(await checked(...table)).toBe(
      "/home/jo/m\nclosed\n/home/jo/all\\\tx\nsilent\n/home/jo/mine\n/home/jo/mine\n/home/jo\nsilent\n",
    );
  });
});
