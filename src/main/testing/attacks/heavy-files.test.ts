import { expect, test } from "vitest";
import { readAccounts } from "#domain/collection/read-accounts.ts";
import { decodeRecord } from "#domain/collection/stream.ts";
import { readPeopleSource } from "#domain/people/read-people-source.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { makeFiles } from "#domain/server-configs/testing/format-files.ts";
import { readKnownHosts } from "#domain/ssh/known-hosts.ts";
import { splitWords } from "#domain/ssh/sshd-config.ts";
import { growthOf, MOST_GROWTH } from "#testing/growth.ts";
import {
  configOfOneAddress,
  csvOfColumns,
  csvOfOnePerson,
  groupsOfOneMember,
  ldifOfBrokenKeys,
  ldifOfOneAttribute,
  ldifOfOnePerson,
  ldifOfOneValue,
  lineOfWords,
} from "./heavy-files.ts";

const readLdif = (bytes: Uint8Array) => readPeopleSource([{ name: "people.ldif", bytes }]);
const readCsv = (bytes: Uint8Array) => readPeopleSource([{ name: "people.csv", bytes }]);

test.each([
  ["an LDIF file with many values of one attribute", ldifOfOneAttribute, readLdif, 3_000],
  ["an LDIF file with one value over many lines", ldifOfOneValue, readLdif, 1_500],
  ["an LDIF file with many entries of one person", ldifOfOnePerson, readLdif, 1_000],
  ["a table with many lines of one person", csvOfOnePerson, readCsv, 1_000],
  ["a table with many columns of one meaning", csvOfColumns, readCsv, 4_000],
])("%s costs as much as it is long", (_, make, work, size) => {
  expect(growthOf({ make, work, size })).toBeLessThan(MOST_GROWTH);
});

test("a folder of many keys files costs as much as it holds", () => {
  const make = (size: number) =>
    Array.from({ length: size }, (_, index) => ({ name: `p${index}.keys`, bytes: new Uint8Array(0) }));
  expect(growthOf({ make, work: readPeopleSource, size: 6_000 })).toBeLessThan(MOST_GROWTH);
});

test("three hundred thousand values that are no keys are said to be none, and nothing throws", () => {
  const { people, broken } = readLdif(ldifOfBrokenKeys(300_000));
  expect([people.length, broken.length > 0]).toEqual([1, true]);
});

test("an account that is in many groups costs as much as there are groups", () => {
  const make = (size: number) => [
    decodeRecord({
      kind: "groups",
      encoding: "text",
      attributes: [],
      payload: Buffer.from(groupsOfOneMember(size)),
    }),
    decodeRecord({
      kind: "accounts",
      encoding: "text",
      attributes: [],
      payload: Buffer.from("ann:1000:1000:/home/ann:/bin/sh\n"),
    }),
  ];
  expect(readAccounts(make(3))[0]?.groups).toEqual(["g0", "g1", "g2"]);
  expect(growthOf({ make, work: readAccounts, size: 4_000 })).toBeLessThan(MOST_GROWTH);
});

test("a line of many words costs as much as it is long", () => {
  expect(growthOf({ make: lineOfWords, work: splitWords, size: 10_000 })).toBeLessThan(MOST_GROWTH);
});

test("a known_hosts of many lines costs as much as it is long", () => {
  const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y";
  const make = (size: number) => Array.from({ length: size }, (_, index) => `h${index} ${KEY}\n`).join("");
  expect(growthOf({ make, work: (text) => readKnownHosts(text, "known_hosts"), size: 500 })).toBeLessThan(
    MOST_GROWTH,
  );
});

test("an Apache configuration of many hosts at one address costs as much as it is long", () => {
  const make = (size: number) =>
    makeFiles({ server: "apache" }, { "/etc/apache2/apache2.conf": configOfOneAddress(size) });
  expect(growthOf({ make, work: readConfiguration, size: 500 })).toBeLessThan(MOST_GROWTH);
});
