/** Public keys as they stand in a line: a type, a blank, base64. */
export type MatrixKeys = { ed25519: string; rsa: string; rsa1024: string; ecdsa: string };

/** A file with one line and what sshd makes of it; tried with a real login in effective.lab.test.ts. */
export type MatrixRow = {
  name: string;
  key: keyof MatrixKeys;
  text: (key: string) => string;
  /** "elsewhere": taken, but not from the address that the test has. */
  sshd: "accept" | "ignore" | "elsewhere";
};

const row = (
  name: string,
  sshd: MatrixRow["sshd"],
  text: MatrixRow["text"],
  key: MatrixRow["key"] = "ed25519",
): MatrixRow => ({ name, key, text, sshd });

const accept = (name: string, before: string) => row(name, "accept", (key) => `${before}${key} me\n`);
const ignore = (name: string, before: string) => row(name, "ignore", (key) => `${before}${key} me\n`);
const elsewhere = (name: string, before: string) => row(name, "elsewhere", (key) => `${before}${key} me\n`);

/** OpenSSH 10.0p2, September 2026: the forms of `facts/ssh.md` 2.1 and some that its source suggests. */
export const LINE_MATRIX: readonly MatrixRow[] = [
  row("nothing but the key", "accept", (key) => `${key}\n`),
  row("a comment", "accept", (key) => `${key} me@laptop\n`),
  row("no final newline", "accept", (key) => key),
  row("CRLF, no comment", "accept", (key) => `${key}\r\n`),
  row("CRLF, options and comment", "accept", (key) => `no-pty ${key} me\r\n`),
  row("a comment with # in it", "accept", (key) => `${key} me # since May\n`),
  row("a comment of 9 KB", "accept", (key) => `${key} ${"c".repeat(9_000)}\n`),
  row("a comment that is not UTF-8 and holds an escape", "accept", (key) => `${key} \x1b[31m\u202e\n`),
  row("a NUL in the comment", "accept", (key) => `${key} me\0hidden\n`),
  row("a NUL before the key", "ignore", (key) => `no-pty\0 ${key} me\n`),
  row("tabs between the parts", "accept", (key) => `no-pty\t${key.replace(" ", "\t\t")}\tme\n`),
  row("after comments and blanks", "accept", (key) => `# one\n\n   \n\t# two\n${key} me\n`),
  accept("leading blanks", " \t "),
  row("a byte order mark", "ignore", (key) => `\ufeff${key} me\n`),

  accept("a flag", "no-agent-forwarding "),
  accept("flags in capitals", "NO-PTY,Restrict "),
  accept("restrict and what it gives back", "restrict,pty,user-rc,X11-forwarding "),
  accept("a comma at the end", "restrict, "),
  accept("a comma at the beginning", ",restrict "),
  accept("two commas", "restrict,,pty "),
  accept("the same flag twice", "no-pty,no-pty "),
  accept("verify-required on a key that has none", "verify-required "),
  accept("no-touch-required on a key that has none", "no-touch-required "),
  accept("a command", 'command="true" '),
  accept("a command with quotes", 'command="echo \\"a b\\", c" '),
  accept("a command with an empty value", 'command="" '),
  accept("a command of 20 KB", `command="${"x".repeat(20_000)}" `),
  accept("environment twice", 'environment="A=1",environment="A=2" '),
  accept("permitopen and permitlisten", 'permitopen="h:1",permitopen="[::1]:*",permitlisten="80" '),
  accept("tunnel any", 'tunnel="any" '),
  ignore("an unknown option", "no-such-option "),
  ignore("an unknown option with a value", 'colour="red" '),
  ignore("restrictfoo", "restrictfoo "),
  ignore("no-restrict", "no-restrict "),
  ignore("a blank after a comma", "restrict, pty "),
  ignore("a quote that is never closed", 'command="true '),
  ignore("a value without quotes", "command=true "),
  ignore("a value after its closing quote", 'command="a"b '),
  ignore("two commands", 'command="a",command="b" '),
  ignore("two from", 'from="*",from="*" '),
  ignore("a bad environment", 'environment="A B=1" '),
  ignore("environment without =", 'environment="A" '),
  ignore("permitopen without a port", 'permitopen="h" '),
  ignore("permitopen with port 0", 'permitopen="h:0" '),
  ignore("a bad tunnel", 'tunnel="x" '),
  ignore("principals without cert-authority", 'principals="me" '),

  accept("from everywhere", 'from="*" '),
  accept("from an address", 'from="127.0.0.1" '),
  accept("from a network", 'from="127.0.0.0/8" '),
  accept("from a wildcard", 'from="127.*" '),
  accept("from names and a network", 'from="*.example.com,127.0.0.0/8" '),
  accept("from all but one", 'from="!10.0.0.1,*" '),
  elsewhere("from another network", 'from="10.0.0.0/8,2001:db8::/32" '),
  elsewhere("from anywhere but here", 'from="!127.0.0.1,*" '),
  ignore("from a network with host bits", 'from="127.0.0.1/8" '),
  ignore("from a network too narrow", 'from="127.0.0.1/33" '),
  ignore("from a name", 'from="localhost" '),
  ignore("from names only", 'from="*.example.com,?.org" '),
  ignore("from nowhere", 'from="!127.0.0.0/8" '),
  ignore("from what is taken back", 'from="!*,127.0.0.1" '),
  ignore("from an empty item", 'from="127.0.0.1,,*" '),
  ignore("from nothing", 'from="" '),

  accept("expires in the future", 'expiry-time="20990101" '),
  accept("expires in the future, to the minute, in UTC", 'expiry-time="209901012359Z" '),
  accept("expires in the future, to the second, in UTC", 'expiry-time="20990101235959UTC" '),
  ignore("expires before 1970", 'expiry-time="19600101" '),
  ignore("expired", 'expiry-time="20200101" '),
  ignore("expired, the earlier of two", 'expiry-time="20990101",expiry-time="20200101Z" '),
  ignore("a month that is none", 'expiry-time="20991301" '),
  ignore("a date of another form", 'expiry-time="2099-01-01" '),
  ignore("a date with too few digits", 'expiry-time="2099" '),
  ignore("a date without quotes", "expiry-time=20990101 "),

  row("a type that is not the blob's", "ignore", (key) => `${key.replace("ssh-ed25519", "ssh-rsa")} me\n`),
  row("a curve that is not the blob's", "ignore", (key) => key.replace("nistp256", "nistp384"), "ecdsa"),
  row("base64 cut short", "ignore", (key) => `${key.slice(0, -6)} me\n`),
  row("a blank in the base64", "ignore", (key) => `${key.slice(0, 40)} ${key.slice(40)} me\n`),
  row("a line break in the base64", "ignore", (key) => `${key.slice(0, 40)}\n${key.slice(40)} me\n`),
  row("a byte too many", "ignore", (key) => `${key}AAAA me\n`),
  row("no key at all", "ignore", () => "ssh-ed25519\n"),
  row("a key of protocol 1", "ignore", () => "1024 35 14763812638172638172638761827361827361287 me\n"),
  row("another format", "ignore", (key) => `---- BEGIN SSH2 PUBLIC KEY ----\n${key.split(" ")[1]}\n`),
  row("an RSA key", "accept", (key) => `${key} me\n`, "rsa"),
  row("an RSA key of 1024 bits", "accept", (key) => `${key} me\n`, "rsa1024"),
  row("a signature's name for a type", "accept", (key) => key.replace("ssh-rsa", "rsa-sha2-512"), "rsa"),
  row("an ECDSA key", "accept", (key) => `${key} me\n`, "ecdsa"),
];
