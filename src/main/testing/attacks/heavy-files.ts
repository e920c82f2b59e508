/**
 * Files that are well-formed and heavy: each has one thing that a reader may collect a thousand times over. `size` is
 * how often it occurs.
 */

const many = (size: number, write: (index: number) => string): string =>
  Array.from({ length: size }, (_, index) => write(index)).join("");

/** A fingerprint that no key has. */
const fingerprintOf = (index: number): string => `SHA256:${String(index).padStart(43, "A")}`;

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** One entry of a directory, with `size` values of one attribute. */
export const ldifOfOneAttribute = (size: number): Uint8Array =>
  bytesOf(`dn: uid=a,dc=x\nuid: a\n${many(size, (index) => `memberOf: cn=g${index},dc=x\n`)}`);

/** One value that continues over `size` lines. */
export const ldifOfOneValue = (size: number): Uint8Array =>
  bytesOf(`dn: uid=a,dc=x\nuid: a\ndescription: x\n${many(size, () => " x\n")}`);

/** One person who occurs `size` times, each time with another address. */
export const ldifOfOnePerson = (size: number): Uint8Array =>
  bytesOf(many(size, (index) => `dn: uid=a,dc=x\nuid: a\nmail: m${index}@example.org\n\n`));

/** `size` values that are not keys, each of which is reported. */
export const ldifOfBrokenKeys = (size: number): Uint8Array =>
  bytesOf(`dn: uid=a,dc=x\nuid: a\n${many(size, () => "sshPublicKey: none\n")}`);

/** A table whose lines are all about one person, each with another key. */
export const csvOfOnePerson = (size: number): Uint8Array =>
  bytesOf(`login,fingerprint\n${many(size, (index) => `a,${fingerprintOf(index)}\n`)}`);

/** A table with `size` columns of the same meaning. */
export const csvOfColumns = (size: number): Uint8Array =>
  bytesOf(`${many(size, () => "login,")}key\n${many(size, (index) => `p${index},`)}\n`);

/** A group database in which one account is a member of `size` groups. */
export const groupsOfOneMember = (size: number): string => many(size, (index) => `g${index}:${index}:ann\n`);

/** What `sshd -T` may print for a list: a line for each of its entries. */
export const answerOfOneKeyword = (size: number): string => many(size, (index) => `allowusers u${index}\n`);

/** One line of a configuration with `size` words. */
export const lineOfWords = (size: number): string => `AllowUsers ${many(size, (index) => `u${index} `)}`;

/** Apache's: each virtual host sets TLS versions, and none has a certificate. */
export const configOfOneAddress = (size: number): string =>
  `Listen 443\nSSLCipherSuite HIGH\nSSLProtocol TLSv1.2\n${many(
    size,
    (index) => `<VirtualHost *:443>\nServerName h${index}\nSSLEngine on\n</VirtualHost>\n`,
  )}`;
