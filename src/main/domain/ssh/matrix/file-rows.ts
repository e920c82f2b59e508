/** Which files sshd reads for an account, in which order, and which of two lines with one key it goes by. */
import { ANYWHERE, accepts, type Disk, ELSEWHERE, type Row, refuses } from "./row.ts";

const move = (to: string): Disk => ({
  words: `the file is ${to}`,
  make: `mkdir -p "$(dirname ${to})"; mv $file ${to}`,
});
const setting = (values: string): string => `AuthorizedKeysFile ${values}`;
const unread = (values: string): Row =>
  refuses("AuthorizedKeysFile", { setting: setting(values), dormant: "AuthorizedKeysFile" });

/** The default, `.ssh/authorized_keys .ssh/authorized_keys2`, and what else may be written. */
export const FILE_ROWS: readonly Row[] = [
  accepts({ disk: move("$home/.ssh/authorized_keys2") }),
  accepts({ setting: setting("%h/.ssh/authorized_keys") }),
  accepts({ setting: setting("/home/%u/.ssh/authorized_keys") }),
  accepts({ setting: setting("/etc/ssh/keys/%u"), disk: move("/etc/ssh/keys/$user") }),
  accepts({ setting: setting("/etc/ssh/keys/%U.pub"), disk: move("/etc/ssh/keys/$(id -u $user).pub") }),
  accepts({ setting: setting("/etc/ssh/keys/%u%%"), disk: move("/etc/ssh/keys/$user%") }),
  accepts({ setting: setting("/etc/ssh/keys/%u .ssh/authorized_keys") }),
  accepts({ setting: setting(".ssh//authorized_keys") }),
  accepts({ setting: setting('".ssh/authorized_keys"') }),
  unread("none"),
  unread("/etc/ssh/keys/%u"),
  unread(".ssh/authorized_keys2"),
  unread(".ssh/%u"),
  accepts({ setting: setting(".ssh/auth*") }),
  accepts({ setting: setting(".ssh/authorized_key?") }),
  accepts({ setting: setting(".ssh/authorized_[jk]eys") }),
  accepts({ setting: setting("/etc/ssh/more/%u/*"), disk: move("/etc/ssh/more/$user/10.pub") }),
  unread("*/authorized_keys"),
  unread(".ssh/*.pub"),
];

/** Where one key stands twice, the first line that sshd takes counts, with all its options. */
export const SHADOW_ROWS: readonly Row[] = [
  accepts({ file: "<key>\n<key>\n", takes: ["authorized_keys:1"], because: "comes first" }),
  accepts({ file: 'command="true" <key>\n<key>\n', takes: ["authorized_keys:1"], because: "comes first" }),
  accepts({ file: 'expiry-time="20200101" <key>\n<key>\n', takes: ["authorized_keys:2"] }),
  accepts({ file: "no-such-option <key>\n<key>\n", takes: ["authorized_keys:2"] }),
  accepts({ file: "cert-authority <key>\n<key>\n", tries: [{}, { certificate: { by: "key" } }] }),
  accepts({
    file: `from="${ELSEWHERE}" <key>\n<key>\n`,
    takes: ["authorized_keys:1", "authorized_keys:2"],
    tries: ANYWHERE,
  }),
  accepts({ file: "<key>\n<rsa>\n", tries: [{}, { key: "rsa" }] }),
  accepts({
    called: "the same key in both default files",
    files: { "/home/<user>/.ssh/authorized_keys2": "<key>\n" },
    takes: ["authorized_keys:1"],
    because: "comes first",
  }),
  accepts({
    called: "the same key in two files, in the order of the setting",
    setting: setting(".ssh/authorized_keys2 .ssh/authorized_keys"),
    files: { "/home/<user>/.ssh/authorized_keys2": "<key>\n" },
    takes: ["authorized_keys2:1"],
    because: "comes first",
  }),
  accepts({
    called: "the first of two files is not safe, the second is",
    files: { "/home/<user>/.ssh/authorized_keys2": "<key>\n" },
    disk: { words: "first file 0666", make: "chmod 666 $file" },
    takes: ["authorized_keys2:1"],
  }),
  accepts({
    called: "two keys, one of them refused",
    setting: "PubkeyAcceptedAlgorithms ssh-ed25519",
    file: "<rsa>\n<key>\n",
    tries: [{}, { key: "rsa", is: "out" }],
    takes: ["authorized_keys:2"],
  }),
];
