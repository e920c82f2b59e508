/** RevokedKeys: a text list or a KRL. What sshd cannot read refuses every key of everybody. */
import { accepts, type Disk, type Row, refuses } from "./row.ts";

const SETTING = "RevokedKeys /etc/ssh/revoked/<user>";
const LIST = "/etc/ssh/revoked/<user>";

const listed = (text: string): Partial<Row> => ({ setting: SETTING, files: { [LIST]: text } });
/** A KRL by ssh-keygen, of the lines of its specification or of public keys. */
const krl = (words: string, make: string): { setting: string; disk: Disk } => ({
  setting: SETTING,
  disk: { words, make: `krl=/etc/ssh/revoked/$user; mkdir -p /etc/ssh/revoked; ${make}` },
});
const KEYS = "/srv/keys";
const of = (...names: string[]): string =>
  `ssh-keygen -q -k -f $krl ${names.map((name) => `${KEYS}/${name}.pub`).join(" ")}`;
const specified = (specification: string, more = ""): string =>
  `printf '${specification}\\n' "$(cat ${KEYS}/key.pub)" | ssh-keygen -q -k -f $krl ${more} -`;

const TEXT_LISTS: readonly Row[] = [
  // In a Match block it is a name like any other, and there is no such file.
  refuses("RevokedKeys", { setting: "RevokedKeys none" }),
  accepts({ called: "an empty list", ...listed("") }),
  accepts({ called: "a list of comments", ...listed("# nobody yet\n\n   \n") }),
  accepts(listed("<rsa>\n<p256> me\n")),
  refuses("RevokedKeys", { ...listed("<key>\n"), dormant: "RevokedKeys" }),
  refuses("RevokedKeys", listed("# gone\n\n  <rsa> me\n\t<key> left\n")),
  refuses("RevokedKeys", { called: "a list without a newline at its end", ...listed("<key>") }),
  refuses("RevokedKeys", { called: "a list with CRLF", ...listed("<key>\r\n") }),
  refuses("RevokedKeys", {
    called: "a list of CRLF blank lines and another key",
    ...listed("<rsa>\r\n\r\n"),
  }),
  refuses("RevokedKeys", { ...listed("restrict <rsa>\n"), dormant: "RevokedKeys" }),
  refuses("RevokedKeys", listed("<rsa>\nnot a key\n")),
  refuses("RevokedKeys", { called: "a list with a byte order mark", ...listed("\ufeff<rsa>\n") }),
  refuses("RevokedKeys", { called: "a list with a certificate of the key", ...listed("<certificate>\n") }),
];

const FILES: readonly Row[] = [
  refuses("RevokedKeys", { called: "no such list", setting: "RevokedKeys /no/such", dormant: "RevokedKeys" }),
  refuses("RevokedKeys", {
    setting: SETTING,
    disk: { words: "a folder for a list", make: "mkdir -p /etc/ssh/revoked/$user" },
  }),
  accepts({
    called: "a list that only root can read",
    ...listed("<rsa>\n"),
    disk: { words: "list 0600", make: "chmod 600 /etc/ssh/revoked/$user" },
  }),
];

const KRLS: readonly Row[] = [
  refuses("RevokedKeys", { ...krl("a KRL with the key", of("key")), dormant: "RevokedKeys" }),
  refuses("RevokedKeys", krl("a KRL with three keys", of("rsa", "p256", "key"))),
  accepts(krl("a KRL with other keys", of("rsa", "p256"))),
  accepts(krl("a KRL of nothing", of())),
  refuses("RevokedKeys", krl("a KRL with the key's SHA-1", specified("sha1: %s"))),
  refuses("RevokedKeys", krl("a KRL with the key's SHA-256", specified("sha256: %s"))),
  accepts(krl("a KRL with serials of an authority", specified("serial: 1-100", `-s ${KEYS}/ca.pub`))),
  refuses("RevokedKeys", krl("a KRL cut short", `${of("rsa", "p256")}; truncate -s -3 $krl`)),
  refuses("RevokedKeys", krl("a KRL with bytes behind it", `${of("rsa")}; printf abc >> $krl`)),
  refuses("RevokedKeys", krl("the first bytes of a KRL", "printf 'SSHKRL\\n\\0' > $krl")),
];

export const REVOCATION_ROWS: readonly Row[] = [...TEXT_LISTS, ...FILES, ...KRLS];
