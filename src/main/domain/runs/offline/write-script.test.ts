import { expect, test } from "vitest";
import type { Edit } from "#domain/runs/files/stages.ts";
import { describeUnverifiedKeys } from "#domain/runs/offline/write-script.ts";
import { GIVEN } from "#domain/runs/testdata/make-facts.ts";
import { NEW_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { OTHER } from "#domain/runs/testdata/make-script.ts";

const PATH = "/home/ann/.ssh/authorized_keys";
const adding = (text: string) => {
  const edit: Edit = { at: 0, removed: new Uint8Array(), inserted: Buffer.from(text) };
  return [{ file: { path: PATH }, stages: { before: [], added: [edit], removed: [] } }];
};

test("every line that a script adds is shown by its key's fingerprint, and one that has none by its text, with no control letter", () => {
  const text = `cert-authority ${NEW_KEY} new\nssh-ed25519 AAAA \u001b[2J\n`;
  expect(describeUnverifiedKeys(adding(text), null)).toEqual([
    `ssh-ed25519 ${GIVEN.fingerprint} into ${PATH}, with cert-authority`,
    `a line that has no key (ssh-ed25519 AAAA ?[2J) into ${PATH}`,
  ]);
});

test("the key that signs where it is made is not asked about, and another one beside it is", () => {
  expect(describeUnverifiedKeys(adding(`restrict ${NEW_KEY} new\n`), NEW_KEY)).toEqual([]);
  expect(describeUnverifiedKeys(adding(`${NEW_KEY} new\n${OTHER} ${NEW_KEY}\n`), NEW_KEY)).toHaveLength(1);
  expect(describeUnverifiedKeys(adding(`command="${NEW_KEY} new\n`), NEW_KEY)).toHaveLength(1);
  expect(describeUnverifiedKeys(adding(""), null)).toEqual([]);
});
