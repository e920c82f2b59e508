import type { Collection } from "#domain/collection/collection.ts";
import type { Unread } from "#shared/model/host.ts";
import { readSshdConfig } from "./sshd-config.ts";

/** Settings that let in by key without a line in any file, and what a list of lines lacks for them. */
const WAYS = new Map([
  [
    "authorizedkeyscommand",
    { name: "AuthorizedKeysCommand", why: "it was not run: keys that it gives sshd are not listed" },
  ],
  [
    "trustedusercakeys",
    { name: "TrustedUserCAKeys", why: "whoever has a certificate of these authorities is not listed" },
  ],
]);

/** How else sshd lets in by key than by the lines that were read. */
export function findOtherWaysIn({ sshd }: Pick<Collection, "sshd">): Unread[] {
  const answered = [...new Set(sshd.effective?.values())].flatMap((answer) =>
    [...answer].flatMap(([keyword, values]) => values.map((value) => ({ keyword, value }))),
  );
  // sshd is not asked for accounts without a file, which may have another way in all the same.
  const written = readSshdConfig(sshd).lines.map(({ keyword, values }) => ({
    keyword,
    value: values.join(" "),
  }));
  const ways = [...answered, ...written].flatMap(({ keyword, value }) => {
    const way = WAYS.get(keyword);
    return way && value.toLowerCase() !== "none" ? [{ what: `${way.name} ${value}`, why: way.why }] : [];
  });
  return [...new Map(ways.map((way) => [way.what, way])).values()];
}
