/** The lines of an account in files of accounts, as the host's own shell takes them out and puts them back. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readRotationScript } from "#testing/read-scripts.ts";

const script = await readRotationScript("account-removal.sh");
const library = script.slice(0, script.indexOf("# account_removal NAME UID"));

const GROUP = "root:x:0:\ndocker:x:998:jo,app,kim\napp:x:1005:\nops:x:1200:app\nlast:x:1300:\n";
const PASSWD =
  "root:x:0:0::/root:/bin/sh\napp:x:1005:1005:App, of ops:/home/app:/usr/sbin/nologin\njo:x:1006:1006::/home/jo:/bin/sh\n";

/** What a shell prints with files of accounts in a folder of their own. */
function runWith(
  files: { passwd?: string; shadow?: string; group?: string; gshadow?: string },
  commands: string,
) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-lines-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ passwd: PASSWD, group: GROUP, ...files }))
    writeFileSync(join(folder, name), text);
  const here = `${library}\n${commands}`.replaceAll(/\/etc\b\/?/g, `${folder}/`);
  const out = execFileSync("sh", ["-c", `cd ${folder}\n${here}`]).toString();
  return { out, read: (name: string) => readFileSync(join(folder, name), "utf8") };
}

const TAKE_OUT = `find_own_group app 1005
  for file in passwd shadow group gshadow; do
    [ -f $file ] || continue
    list_lines app $file keep >lines-$file
    list_lines app $file next >next && cat next >$file
  done`;

const PUT_BACK = `for file in passwd shadow group gshadow; do
    [ ! -s lines-$file ] || { put_lines_back app $file >next && cat next >$file; }
  done`;

test("an account's own lines go, it leaves the groups of others, and all of it comes back to the byte", () => {
  const shadow = "root:*:1::::::\napp:!$y$hash:2::::1:\njo:$y$other:3::::::\n";
  const gshadow = "docker:!:app:jo,app\napp:!::\n";
  const gone = runWith({ shadow, gshadow }, TAKE_OUT);
  expect(gone.read("passwd")).toBe(PASSWD.replace(/app:.*\n/, ""));
  expect(gone.read("shadow")).toBe(shadow.replace(/app:.*\n/, ""));
  expect(gone.read("group")).toBe("root:x:0:\ndocker:x:998:jo,kim\nops:x:1200:\nlast:x:1300:\n");
  expect(gone.read("gshadow")).toBe("docker:!::jo\n");
  const back = runWith({ shadow, gshadow }, `${TAKE_OUT}\n${PUT_BACK}`);
  expect(["passwd", "shadow", "group", "gshadow"].map(back.read)).toEqual([PASSWD, shadow, GROUP, gshadow]);
});

test("what is shown of a line has the class of a password, and no hash", () => {
  const shadow = "app:!$y$hash:2::::1:\n";
  const gshadow = "app:$y$group::\nops:!:app:\n";
  const { out } = runWith(
    { shadow, gshadow },
    "find_own_group app 1005; list_lines app shadow show; list_lines app gshadow show",
  );
  expect(out).not.toContain("$y$");
  expect(out).toContain("app:(locked):2::::1:");
  expect(out).toContain("app:(set)::");
});

test("a group that others are in stays, and so does one that is another account's own", () => {
  const { out } = runWith(
    { group: "app:x:1005:jo\n" },
    "find_own_group app 1005; echo $own_group; list_lines app group show",
  );
  expect(out).toBe("no\n");
  const shared = runWith(
    { passwd: `${PASSWD}kim:x:1007:1005::/home/kim:/bin/sh\n`, group: "app:x:1005:\n" },
    "find_own_group app 1005; echo $own_group",
  );
  expect(shared.out).toBe("no\n");
});

test("what somebody has changed meanwhile stays: a new member, a new account, a group that is gone", () => {
  const { read } = runWith(
    {},
    `${TAKE_OUT}
    echo 'docker:x:998:jo,kim,new' >group; echo 'last:x:1300:' >>group; echo 'new:x:1400:' >>group
    echo 'new:x:1400:1400::/home/new:/bin/sh' >>passwd
    ${PUT_BACK}`,
  );
  expect(read("group")).toContain("docker:x:998:jo,kim,new,app\n");
  expect(read("group")).toContain("app:x:1005:\n");
  expect(read("group")).not.toContain("ops");
  expect(read("passwd").split("\n")).toEqual(expect.arrayContaining(["new:x:1400:1400::/home/new:/bin/sh"]));
  expect(read("passwd")).toContain("app:x:1005:1005:App, of ops:/home/app:/usr/sbin/nologin\n");
});

test("an account that somebody has made anew under the name is not overwritten", () => {
  expect(() =>
    runWith(
      {},
      `${TAKE_OUT}
      echo 'app:x:2222:2222::/home/app:/bin/sh' >>passwd
      put_lines_back app passwd`,
    ),
  ).toThrow();
});

test("a group whose GID another group has by then is not put back", () => {
  expect(() =>
    runWith(
      {},
      `${TAKE_OUT}
      echo 'web:x:1005:' >>group
      put_lines_back app group`,
    ),
  ).toThrow();
});

test("a name is a name: neither a pattern nor the beginning of another", () => {
  const passwd = "a.p:x:1:1::/:/bin/sh\nappx:x:2:2::/:/bin/sh\napp:x:1005:1005::/:/bin/sh\n";
  const group = "g:x:5:appx,a.p\napp:x:1005:\n";
  const { read } = runWith({ passwd, group }, TAKE_OUT);
  expect(read("passwd")).toBe("a.p:x:1:1::/:/bin/sh\nappx:x:2:2::/:/bin/sh\n");
  expect(read("group")).toBe("g:x:5:appx,a.p\n");
});

/** The script with what a session gives it: a host that has crashed once it has come to the file of $crash. */
const SESSION = `copy='cp -p' move='mv -f' work=. part= crash= nl='
'
  put_line() { printf '%s\\n' "$1"; }
  put_bytes() { printf %b "$1"; }
  no() { echo "no $*"; exit; }; fail() { echo "fail $*"; exit; }; ok() { echo "ok $*"; exit; }
  check_words() { :; }; has() { return 1; }; has_fired() { return 1; }; report_processes() { :; }
  check_account_file() { :; }; sync_folder() { :; }; sync() { :; }
  sync_file() { [ -z "$crash" ] || case $1 in */"$crash".latchkey-part) exit 9 ;; esac; }`;

/** The words of a request by which these lines go, as a plan has read them: each after a mark. */
const REMOVE = `find_own_group app 1005
  set -- app 1005 1005
  for file in passwd shadow group gshadow; do list_lines app $file show; done >plan
  while IFS= read -r line; do set -- "$@" "$line"; done <plan`;

const FILES = ["passwd", "shadow", "group", "gshadow"];

test.for(FILES)(
  "a removal that a crash has ended before %s is finished by the next try, and all of it comes back",
  (crash) => {
    const shadow = "root:*:1::::::\napp:!$y$hash:2::::1:\njo:$y$other:3::::::\n";
    for (const before of [
      { shadow, group: GROUP, gshadow: "root:*::\ndocker:!:app:jo,app\napp:!::\nops:!::app\n" },
      { shadow, group: "root:x:0:\napp:x:1005:\n", gshadow: "root:*::\napp:!::\n" },
    ]) {
      const { out, read } = runWith(
        before,
        `${script}\n${SESSION}\n${REMOVE}
      (crash=${crash}; remove_lines "$@")
      find_own_group app 1005
      for file in passwd shadow group gshadow; do list_lines app $file show; done | grep -q . && echo seen
      (remove_lines "$@")
      grep -w app passwd shadow group gshadow
      (crash=${crash}; put_back_lines app 1005)
      (put_back_lines app 1005)`,
      );
      expect(out).toBe("seen\nok changed\nok changed\n");
      expect(FILES.map(read)).toEqual([PASSWD, before.shadow, before.group, before.gshadow]);
    }
  },
);

test("a group stays where gshadow has others as its members or administrators, and so does what is left of one", () => {
  for (const gshadow of ["app:!:jo:\n", "app:!::app,jo\n"])
    for (const group of ["app:x:1005:\n", "root:x:0:\n"]) {
      const { out } = runWith(
        { group, gshadow },
        "find_own_group app 1005; echo $own_group; list_lines app gshadow keep | tail -n 1",
      );
      expect(out.split("\n")[0]).toBe("no");
    }
});
