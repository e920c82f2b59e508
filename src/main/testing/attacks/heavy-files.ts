/**
 * Files that are well-formed and heavy: each has one thing that a reader may gather a thousand times over. `size` is how
 * often it comes.
 */

const many = (size: number, write: (index: number) => string): string =>
  Array.from({ length: size }, (_, index) => write(index)).join("");

/** A fingerprint that no key has. */
const fingerprintOf = (index: number): string => `SHA256:${String(index).padStart(43, "A")}`;

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** One entry of a directory, with so many values of one attribute. */
export const ldifOfOneAttribute = (size: number): Uint8Array =>
  bytesOf(`dn: uid=a,dc=x\nuid: a\n${many(size, (index) => `memberOf: cn=g${index},dc=x\n`)}`);

/** One value that goes on over so many lines. */
export const ldifOfOneValue = (size: number): Uint8Array =>
  bytesOf(`dn: uid=a,dc=x\nuid: a\ndescription: x\n${many(size, () => " x\n")}`);

/** One person who comes so many times, each time with another address. */
export const ldifOfOnePerson = (size: number): Uint8Array =>
  bytesOf(many(size, (index) => `dn: uid=a,dc=x\nuid: a\nmail: m${index}@example.org\n\n`));

/** So many values that are no keys, each of which is said to be none. */
export const ldifOfBrokenKeys = (size: number): Uint8Array =>
  bytesOf(`dn: uid=a,dc=x\nuid: a\n${many(size, () => "sshPublicKey: none\n")}`);

/** A table whose lines are all of one person, each with another key. */
export const csvOfOnePerson = (size: number): Uint8Array =>
  bytesOf(`login,fingerprint\n${many(size, (index) => `a,${fingerprintOf(index)}\n`)}`);

/** A table with so many columns that all mean the same. */
export const csvOfColumns = (size: number): Uint8Array =>
  bytesOf(`${many(size, () => "login,")}key\n${many(size, (index) => `p${index},`)}\n`);

/** A group database in which one account is a member of so many groups. */
export const groupsOfOneMember = (size: number): string => many(size, (index) => `g${index}:${index}:ann\n`);

/** What `sshd -T` may print of a list: a line for each of its entries. */
export const answerOfOneKeyword = (size: number): string => many(size, (index) => `allowusers u${index}\n`);

/** One line of a configuration with so many words. */
export const lineOfWords = (size: number): string => `AllowUsers ${many(size, (index) => `u${index} `)}`;

/** Apache's: each host asks for versions, and gets a certificate from nobody. */
export const configOfOneAddress = (size: number): string =>
  `Listen 443\nSSLCipherSuite HIGH\nSSLProtocol TLSv1.2\n${many(
    size,
    (index) => `<VirtualHost *:443>\nServerName h${index}\nSSLEngine on\n</VirtualHost>\n`,
  )}`;
