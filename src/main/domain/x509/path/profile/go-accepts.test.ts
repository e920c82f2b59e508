import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { judge } from "#domain/x509/path/testing/judge.ts";
import { clientsThatPermitNames } from "#domain/x509/path/validate-path.ts";
import { BROKEN_CHAINS } from "#testing/tls/broken-chains.ts";
import { CONSTRAINED_CHAINS, makeChain } from "#testing/tls/conforming-chain.ts";
import { GO_VECTORS, type GoVector, readGoVectors } from "#testing/tls/read-vectors.ts";

/**
 * The go command, which makes the vectors anew. Without it, its answers are those that were stored with the vectors.
 */
const GO = process.env.LATCHKEY_GO;
const SOUND = "a sound chain";

test.runIf(GO)("Go is asked of every broken chain anew, and of a sound one", () => {
  const chains = [{ what: SOUND, changes: () => ({}) }, ...BROKEN_CHAINS, ...CONSTRAINED_CHAINS].map(
    ({ what, changes }) => {
      const { root, middle, leaf } = makeChain(changes());
      const [top, between, bottom] = [root, middle, leaf].map(({ der }) => der.toString("base64"));
      return { what, root: top, middle: between, leaf: bottom };
    },
  );
  const program = join(import.meta.dirname, "../testdata/go/accepts.go");
  const answer = execFileSync(GO ?? "go", ["run", program], { input: JSON.stringify(chains) });
  const { go, refusals } = JSON.parse(answer.toString());
  const vectors = chains.map((chain) => ({ ...chain, refusal: refusals[chain.what] }));
  writeFileSync(GO_VECTORS, `${JSON.stringify({ go, vectors }, null, 2)}\n`);
});

const der = ({ root, middle, leaf }: GoVector) => {
  const [top, between, bottom] = [root, middle, leaf].map((each) => ({ der: Buffer.from(each, "base64") }));
  if (!top || !between || !bottom) throw new Error("a vector has three certificates");
  return { root: top, middle: between, leaf: bottom };
};

test("every broken chain was shown to Go, and a sound one, which it accepts", () => {
  const { go, vectors } = readGoVectors();
  expect(go).toBe("go1.24.4");
  const all = [...BROKEN_CHAINS, ...CONSTRAINED_CHAINS];
  expect(vectors.map(({ what }) => what)).toEqual([SOUND, ...all.map(({ what }) => what)]);
  expect(vectors[0]?.refusal).toBe("");
});

test.each(BROKEN_CHAINS)(
  "Go said of $what what is said of it here",
  ({ what, section, code, acceptedBy }) => {
    const vector = readGoVectors().vectors.find((each) => each.what === what);
    if (!vector) throw new Error(`there is no vector of ${what}`);
    const { root, middle, leaf } = der(vector);
    const profile = section.startsWith("BR") ? "webpki" : "rfc5280";
    const { reasons } = judge(leaf.der, { roots: [root], pool: [middle], profile });
    expect(reasons).toMatchObject([{ code, rule: { section }, acceptedBy }]);
    expect(acceptedBy.includes("go")).toBe(vector.refusal === "");
  },
);

test.each(CONSTRAINED_CHAINS)(
  "of $what clients are said to do what Go said",
  ({ what, code, acceptedBy }) => {
    const vector = readGoVectors().vectors.find((each) => each.what === what);
    if (!vector) throw new Error(`there is no vector of ${what}`);
    const { root, middle, leaf } = der(vector);
    const { reasons } = judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" });
    expect(reasons).toContainEqual(expect.objectContaining({ code }));
    const path = [leaf, middle, root].flatMap((each) => openCertificate(each.der) ?? []);
    expect(clientsThatPermitNames(path)).toEqual(acceptedBy);
    expect(acceptedBy.includes("go")).toBe(vector.refusal === "");
  },
);
