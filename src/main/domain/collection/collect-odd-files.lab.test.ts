import { afterAll, beforeAll, expect, test } from "vitest";
import { runCollector, SOME_SHELLS } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

/** Files that are no files, names that are no names, and bytes that text cannot hold. */
const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
account() { echo "$1:x:$2:100::$3:/bin/sh" >> /etc/passwd; mkdir -p "$3/.ssh"; chown -R $2 "$3"; }
account bytes 2001 /home/bytes
printf 'ssh-ed25519 A\\000B\\377\\n@done\\nend 1 n none\\nlatchkey-collection 1 n\\n\\r\\nno newline at the end' > /home/bytes/.ssh/authorized_keys
: > /home/bytes/.ssh/authorized_keys2
account fifo 2002 /home/fifo
mkfifo /home/fifo/.ssh/authorized_keys /home/fifo/.ssh/id_fifo
mkdir /home/fifo/.ssh/authorized_keys2
account endless 2003 /home/endless
ln -s /dev/zero /home/endless/.ssh/authorized_keys
ln -s /proc/kmsg /home/endless/.ssh/authorized_keys2
ln -s /dev/zero /home/endless/.ssh/id_zero
account loop 2004 /home/loop
ln -s authorized_keys2 /home/loop/.ssh/authorized_keys; ln -s authorized_keys /home/loop/.ssh/authorized_keys2
account sparse 2005 /home/sparse
truncate -s 3G /home/sparse/.ssh/id_sparse
{ echo 'ssh-ed25519 first'; yes "ssh-ed25519 $(printf %0200d 0) many" | head -n 9000; } > /home/sparse/.ssh/authorized_keys
printf '%s\\n' 'nowhere:x:2006:100::nowhere/at/all:/bin/sh' 'empty:x:2007:100:::/bin/sh' 'comma,name:x:2009:100::/home/comma:bin/sh' >> /etc/passwd
newline='/home/new
line'
mkdir -p "$newline/.ssh" "$(printf '/home/caf\\351 '\\''"$(touch hit)\`;&|%%')/.ssh"
printf 'bytes\\n' > "$(printf '/home/caf\\351 '\\''"$(touch hit)\`;&|%%')/.ssh/authorized_keys"
printf 'quoted:x:2008:100::/home/caf\\351 '\\''"$(touch hit)\`;&|%%:/bin/sh\\n' >> /etc/passwd
chown -R 2008 /home/caf*
mkdir -p "/etc/ssl/o dd
dir*[a]"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=odd -keyout /dev/null \\
  -out "/etc/ssl/o dd
dir*[a]/-rf \\$(hit)'.pem" 2>/dev/null
chown -R 2001 /home/bytes
`;

let host: LabHost;
let told: Collection | null;
beforeAll(async () => {
  host = await startHost({ name: "odd", prepare: PREPARE });
  told = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

test("every byte of a file comes through, even those that look like the stream's own", () => {
  expect(told?.incomplete).toBe(null);
  const file = told?.authorizedKeys.find(({ path }) => path === "/home/bytes/.ssh/authorized_keys");
  expect(Buffer.from(file?.bytes ?? []).toString("latin1")).toBe(
    "ssh-ed25519 A\0B\xff\n@done\nend 1 n none\nlatchkey-collection 1 n\n\r\nno newline at the end",
  );
  expect(
    told?.authorizedKeys.find(({ path }) => path === "/home/bytes/.ssh/authorized_keys2")?.bytes,
  ).toEqual(new Uint8Array());
});

test("pipes, devices, folders and loops are named and never opened", () => {
  const why = (path: string) => told?.authorizedKeys.find((file) => file.path === path)?.whyUnreadable;
  expect(why("/home/fifo/.ssh/authorized_keys")).toBe("it is not a regular file");
  expect(why("/home/fifo/.ssh/authorized_keys2")).toBe("it is not a regular file");
  expect(why("/home/endless/.ssh/authorized_keys")).toBe("it is not a regular file");
  // The account cannot read it, so the collector does not resolve it.
  expect(why("/home/endless/.ssh/authorized_keys2")).toMatch(
    /account itself may not read it|leads into \/proc/,
  );
  expect(why("/home/loop/.ssh/authorized_keys")).toBe(undefined);
  const keys = told?.keyFiles.map(({ path }) => path).filter((path) => path.startsWith("/home"));
  expect(keys).toEqual([]);
});

test("of a long file the whole lines of its first MiB are taken, and it is said", () => {
  const file = told?.authorizedKeys.find(({ path }) => path === "/home/sparse/.ssh/authorized_keys");
  const text = Buffer.from(file?.bytes ?? []).toString("latin1");
  expect(file?.whyUnreadable).toBe("only its first MiB was read");
  expect(text.length).toBeLessThanOrEqual(1024 * 1024);
  expect(text.length).toBeGreaterThan(1024 * 1024 - 300);
  expect(text.endsWith("000 many\n")).toBe(true);
});

test("names with quotes, newlines and bytes beyond UTF-8 stay themselves", async () => {
  const home = `/home/caf\\xe9 '"$(touch hit)\`;&|%`;
  expect(told?.accounts.find(({ name }) => name === "quoted")?.home).toBe(home);
  const file = told?.authorizedKeys.find(({ accounts }) => accounts.includes("quoted"));
  expect(file).toMatchObject({
    path: `${home}/.ssh/authorized_keys`,
    realPath: `${home}/.ssh/authorized_keys`,
  });
  expect(Buffer.from(file?.bytes ?? []).toString()).toBe("bytes\n");
  expect(file?.walk.map(({ path, uid }) => [path, uid])).toEqual([
    [`${home}/.ssh/authorized_keys`, 2008],
    [`${home}/.ssh`, 2008],
    [home, 2008],
    ["/home", 0],
    ["/", 0],
  ]);
  expect(told?.certificateFiles.map(({ path, ders }) => [path, ders.length])).toEqual([
    ["/etc/ssl/o dd\ndir*[a]/-rf $(hit)'.pem", 1],
  ]);
  expect(await host.run("find / -xdev -name hit 2>/dev/null")).toBe("");
});

test("an account that passwd garbles costs nobody else", () => {
  const garbled = ["nowhere", "empty", "comma,name"].map((wanted) =>
    told?.accounts.find(({ name }) => name === wanted),
  );
  expect(garbled).toMatchObject([
    { home: "nowhere/at/all" },
    { home: "" },
    { shell: "bin/sh", isShellUsable: false },
  ]);
});

test("every shell survives it and tells the same", async () => {
  for (const shell of SOME_SHELLS) {
    const stream = await runCollector(host, { shell, args: ["--nonce", "n"] });
    const again = readCollection(stream, { nonce: "n" });
    // Lab hosts share the machine's sockets.
    const elsewhere = { facts: null, listening: null, workloads: null };
    expect({ shell, again: { ...again, ...elsewhere } }).toEqual({ shell, again: { ...told, ...elsewhere } });
  }
});

/**
 * Calls that create, change or remove something, whatever the files are called that others are about. They are allowed
 * on /dev/null and on ksh's unlinked scratch file in memory.
 */
const WRITES =
  /^\d+ +(open(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC)|creat\(|mkdir|mknod|unlink|rmdir|rename|link(at)?\(|symlink|truncate|chmod|chown|utime|setxattr)/;
const HARMLESS = /"\/dev\/(null|tty|shm\/sf[0-9a-z]+\.[0-9a-z]+)"|ENOENT|SIGCHLD| resumed>/;

test("nothing is written on the host", async () => {
  await host.run("mkdir -p /run/trace");
  for (const shell of SOME_SHELLS) {
    const wrap = ["strace", "-f", "-qq", "-e", "trace=%file,fchmod,fchown,ftruncate", "-o", "/run/trace/log"];
    const stream = await runCollector(host, { shell, wrap, args: ["--nonce", "n"] });
    expect(readCollection(stream, { nonce: "n" })?.incomplete).toBe(null);
    const calls = (await host.run("cat /run/trace/log")).split("\n");
    expect(calls.length).toBeGreaterThan(500);
    const writes = calls.filter((call) => WRITES.test(call) && !HARMLESS.test(call));
    expect({ shell, writes }).toEqual({ shell, writes: [] });
  }
});
