import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import { der, extension, oid, sequence } from "#testing/tls/build-certificate.ts";
import { type Form, type Forms, simple } from "./issue-target.ts";

const FIRST = "1.2.3.4";
const SECOND = "1.2.3.5";
const THIRD = "1.2.3.6";
const ANY = "2.5.29.32.0";

const policies = (...types: readonly string[]): Buffer =>
  extension("2.5.29.32", sequence(...types.map((type) => sequence(oid(type)))), true);
const maps = (from: string, to: string): Buffer =>
  extension("2.5.29.33", sequence(sequence(oid(from), oid(to))), true);
const requiresPolicy = (after: number): Buffer => extension("2.5.29.36", sequence(der(0x80, [after])), true);
const inhibitsMapping = (after: number): Buffer => extension("2.5.29.36", sequence(der(0x81, [after])), true);
const inhibitsAny = (after: number): Buffer => extension("2.5.29.54", der(0x02, [after]), true);

const has = (...more: readonly Buffer[]): Form => ({ more });

/**
 * BoringSSL's chains of policies. What its root demands counts there only for an anchor "with constraints": each such chain
 * stands here twice.
 */
export function* policyCases(): Generator<CorpusCase> {
  yield simple("policies-ok", "accepted", {
    middle: has(requiresPolicy(0), policies(FIRST)),
    target: has(policies(FIRST)),
  });
  const byRoot: Record<string, Forms> = {
    "policies-on-root-wrong": {
      root: has(policies(SECOND)),
      middle: has(requiresPolicy(0), policies(FIRST)),
      target: has(policies(FIRST)),
    },
    "policies-required-by-root-fail": { root: has(requiresPolicy(2)) },
    "policies-inhibit-mapping-by-root-fail": {
      root: has(inhibitsMapping(0)),
      middle: has(requiresPolicy(0), policies(FIRST), maps(FIRST, SECOND)),
      target: has(policies(SECOND)),
    },
    "policy-mappings-on-root-fail": {
      root: has(policies(FIRST), maps(FIRST, THIRD)),
      middle: has(requiresPolicy(0), policies(FIRST)),
      target: has(policies(FIRST)),
    },
    "policies-inhibit-anypolicy-by-root-fail": {
      root: has(inhibitsAny(0)),
      middle: has(requiresPolicy(0), policies(ANY)),
      target: has(policies(SECOND)),
    },
  };
  for (const [id, forms] of Object.entries(byRoot)) {
    yield simple(id, "accepted", forms);
    yield simple(`${id}/with constraints`, "refused", forms);
  }
  yield simple("policies-on-root-ok", "accepted", {
    root: has(policies(FIRST), requiresPolicy(0), inhibitsAny(0)),
    middle: has(requiresPolicy(0), policies(FIRST)),
    target: has(policies(FIRST)),
  });
  yield simple("policies-required-by-root-ok", "accepted", { root: has(requiresPolicy(3)) });
  yield simple("policies-inhibit-mapping-by-root-ok", "accepted", {
    root: has(inhibitsMapping(1)),
    middle: has(requiresPolicy(0), policies(FIRST), maps(FIRST, SECOND)),
    target: has(policies(SECOND)),
  });
  yield simple("policy-mappings-on-root-ok", "accepted", {
    root: has(policies(FIRST), maps(FIRST, SECOND)),
    middle: has(requiresPolicy(0), policies(SECOND)),
    target: has(policies(SECOND)),
  });
  yield simple("policies-inhibit-anypolicy-by-root-ok", "accepted", {
    root: has(inhibitsAny(1)),
    middle: has(requiresPolicy(0), policies(ANY)),
    target: has(policies(SECOND)),
  });
  yield* qualifierCases();
}

/** A policy with a qualifier of nobody's. */
function* qualifierCases(): Generator<CorpusCase> {
  for (const isCritical of [true, false]) {
    const qualifier = sequence(oid("1.2.3.4"), der(0x0c, Buffer.from("hi")));
    const content = sequence(sequence(oid("1.2.3"), sequence(qualifier)));
    const middle = has(extension("2.5.29.32", content, isCritical));
    const id = `unknown-${isCritical ? "" : "non-"}critical-policy-qualifier`;
    yield simple(id, isCritical ? "refused" : "accepted", { middle });
  }
}
