import { expect, test } from "vitest";
import { addLicenseTexts } from "./license-texts.ts";

const HEAD = "# Licenses\n\nThe app bundles:\n";
const read = (/** @type {string} */ name) => `The text of ${name}`;

test("what brings no text of its licence gets that of the same authors, and what has none at all is named", () => {
  const list = `${HEAD}\n## a - 1.0.0 (MIT)\n\nText of a\n\n## react-remove-scroll-bar - 2.3.8 (MIT)\n\n## z - 3.0.0 (ISC)\n`;
  const { text, missing } = addLicenseTexts(list, read);
  expect(missing).toEqual(["z"]);
  expect(text).toContain("## react-remove-scroll-bar - 2.3.8 (MIT)\n\nThe text of react-remove-scroll\n");
  expect(text).toContain("## a - 1.0.0 (MIT)\n\nText of a\n");
});

test("a list in which nothing is missing stays as it is", () => {
  const list = `${HEAD}\n## @a/b - 1.0.0 (MIT)\n\nText\n\n## Heading of a text\n\nmore\n`;
  expect(addLicenseTexts(list, read)).toEqual({ text: list, missing: [] });
});

test("what a package carries of others is named below its own licence", () => {
  const { text } = addLicenseTexts(
    `${HEAD}\n## tldts - 7.6.0 (MIT)\n\nText\n\n## z - 1.0.0 (ISC)\n\nText\n`,
    read,
  );
  expect(text).toMatch(
    /Text\n\n\(tldts carries the Public Suffix List, .*Mozilla Public License 2\.0.*\)\n\n## z - /,
  );
});
