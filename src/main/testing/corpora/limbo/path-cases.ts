import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  alternativeNames,
  authorityKey,
  basicConstraints,
  dnsName,
  emailName,
  type IssuedCertificate,
  keyUsage,
  makeKey,
  nameConstraints,
  type SigningKey,
} from "#testing/corpora/issue-certificate.ts";
import { commonName, name, sequence } from "#testing/tls/build-certificate.ts";
import {
  authority,
  EXAMPLE,
  type Form,
  issueAuthority,
  issueLeaf,
  issueList,
  issueRoot,
  limboCase,
  type Question,
  ROOT_NAME,
  simpleCase,
} from "./issue-chain.ts";

/** x509-limbo's cases of paths and revocation lists: pathlen::, pathological::, crl::, cve::, invalid::. */
export function* pathCases(): Generator<CorpusCase> {
  yield* lengthCases();
  yield* depthCases();
  yield* cycleCases();
  yield* longCases();
  yield* manyNamesCases();
  yield* listCases();
  yield* crossSignedCase();
  yield invalidKeyCase();
}

/** A chain of authorities, the first directly below the root. */
function issueChainOf(root: IssuedCertificate, ...forms: readonly Form[]): IssuedCertificate[] {
  const chain: IssuedCertificate[] = [];
  for (const form of forms) chain.push(issueAuthority(chain.at(-1) ?? root, form));
  return chain;
}

const length = (pathLength: number): Form => ({ constraints: basicConstraints(authority(pathLength)) });

function below(id: string, verdict: "valid" | "invalid", forms: readonly Form[], question?: Question) {
  const root = issueRoot();
  const pool = issueChainOf(root, ...forms);
  return limboCase(id, verdict, { roots: [root], pool, leaf: issueLeaf(pool.at(-1) ?? root) }, question);
}

function* lengthCases(): Generator<CorpusCase> {
  for (const most of [0, 1, 2])
    yield below(`pathlen::ee-with-intermediate-pathlen-${most}`, "valid", [length(most)]);
  yield below("pathlen::intermediate-violates-pathlen-0", "invalid", [length(0), length(0)]);
  yield below("pathlen::intermediate-pathlen-may-increase", "valid", [length(1), length(2)]);
  yield below("pathlen::intermediate-pathlen-too-long", "invalid", [length(1), length(0), length(0)]);
  const own = commonName("self-issued");
  const forms = [{ ...length(1), subject: own }, { ...length(1), subject: own }, length(0)];
  yield below("pathlen::self-issued-certs-pathlen", "valid", forms);
  const root = issueRoot();
  const [upper = root, lower = root] = issueChainOf(root, length(0), length(0));
  const chain = { roots: [root], pool: [upper], leaf: lower };
  yield limboCase("pathlen::validation-ignores-pathlen-in-leaf", "valid", chain);
}

function* depthCases(): Generator<CorpusCase> {
  for (const most of [0, 1]) {
    const question = { mostIntermediates: most };
    const forms = Array.from({ length: most }, () => ({}));
    yield below(`pathlen::max-chain-depth-${most}`, "valid", forms, question);
    yield below(`pathlen::max-chain-depth-${most}-exhausted`, "invalid", [...forms, {}], question);
  }
  const own = { subject: commonName("self-issued") };
  yield below("pathlen::max-chain-depth-1-self-issued", "valid", [own, own], { mostIntermediates: 1 });
}

function* cycleCases(): Generator<CorpusCase> {
  const make = (title: string): Pick<IssuedCertificate, "subject" | "key"> => ({
    subject: commonName(title),
    key: makeKey(),
  });
  const crossed = (one: ReturnType<typeof make>, other: ReturnType<typeof make>): IssuedCertificate =>
    issueAuthority({ ...other, der: Buffer.alloc(0), serial: Buffer.alloc(0) }, { ...one, names: null });
  const [first, second] = [make("cycle 1"), make("cycle 2")];
  const pool = [crossed(first, second), crossed(second, first)] as const;
  const chain = { roots: [issueRoot()], pool, leaf: issueLeaf(pool[0]) };
  yield limboCase("pathological::intermediate-cycle-distinct-cas", "invalid", chain);
  const id = "pathological::intermediate-cycle-distinct-cas-max-depth";
  yield limboCase(id, "invalid", chain, { mostIntermediates: 255 });
  const [old, young] = [make("cycle"), make("cycle")];
  const same = [crossed(old, young), crossed(young, old)] as const;
  const sameChain = { roots: [issueRoot()], pool: same, leaf: issueLeaf(same[0]) };
  yield limboCase("pathological::intermediate-cycle-same-logical-ca", "invalid", sameChain);
  const root = issueRoot();
  const otherRoot = issueRoot({ subject: commonName("limbo root 2") });
  const expired = {
    subject: ROOT_NAME,
    key: root.key,
    until: new Date("1988-11-25T00:00:00Z"),
    ...length(1),
  };
  const crossedRoot = issueAuthority(otherRoot, expired);
  const chains = { roots: [root, otherRoot], pool: [crossedRoot], leaf: issueLeaf(root) };
  yield limboCase("pathological::multiple-chains-expired-intermediate", "valid", chains);
}

/** A hundred authorities that lead to no root. */
function* longCases(): Generator<CorpusCase> {
  for (const subject of ["distinct", "same"])
    for (const keys of ["distinct", "same"]) {
      const nameOf = (at: number) => commonName(subject === "same" ? "Long CA" : `Long CA ${at}`);
      const shared: SigningKey = makeKey();
      const keyOf = () => (keys === "same" ? shared : makeKey());
      const none = { names: null, authorityKey: null, subjectKey: null };
      const chain = [issueRoot({ ...none, subject: nameOf(0), key: keyOf() })];
      for (let at = 1; at < 100; at++)
        chain.push(
          issueAuthority(chain[at - 1] as IssuedCertificate, { ...none, subject: nameOf(at), key: keyOf() }),
        );
      const leaf = issueLeaf(chain.at(-1) as IssuedCertificate);
      const id = `pathological::pathological-chain-${subject}-subject-${keys}-key`;
      yield limboCase(id, "invalid", { roots: [issueRoot()], pool: chain, leaf });
    }
}

const MANY = 2_048;

/** More names under more constraints than any validator compares. */
function* manyNamesCases(): Generator<CorpusCase> {
  const numbers = Array.from({ length: MANY }, (_, at) => at);
  const permitted = [...numbers.map((at) => dnsName(`t${at}.test`)), emailName("mail.test")];
  const excluded = numbers.map((at) => dnsName(`x${at}.test`));
  const root = { more: [nameConstraints({ permitted, excluded })] };
  const names = numbers.map((at) => dnsName(`t${at}.test`));
  const mails = name(...numbers.map((at) => [["1.2.840.113549.1.9.1", 0x16, `t${at}@test`]] as const));
  const question = { name: "t0.test" };
  const both = { subject: mails, names: alternativeNames(names) };
  yield simpleCase("pathological::nc-dos-1", "invalid", { root, leaf: both }, question);
  const alone = { subject: sequence(), names: alternativeNames(names, true) };
  yield simpleCase("pathological::nc-dos-2", "invalid", { root, leaf: alone }, question);
  yield simpleCase(
    "pathological::nc-dos-3",
    "invalid",
    { root, leaf: { subject: mails, names: null } },
    question,
  );
}

function* listCases(): Generator<CorpusCase> {
  const root = issueRoot();
  const leaf = issueLeaf(root);
  const chain = { roots: [root], leaf };
  const stranger = issueLeaf(root);
  const asked = (...lists: Buffer[]): Question => ({ lists });
  yield limboCase(
    "crl::certificate-not-on-crl",
    "valid",
    chain,
    asked(issueList(root, { revoked: [stranger] })),
  );
  yield limboCase(
    "crl::revoked-certificate-with-crl",
    "invalid",
    chain,
    asked(issueList(root, { revoked: [leaf] })),
  );
  for (const number of ["critical", null] as const) {
    const id = `crl::crlnumber-${number ?? "missing"}`;
    yield limboCase(id, "invalid", chain, asked(issueList(root, { revoked: [stranger], number })));
  }
  const other = issueRoot({ subject: commonName("limbo root 2") });
  const lists = asked(issueList(root), issueList(other, { revoked: [leaf] }));
  const both = { roots: [root, other], leaf };
  yield limboCase("crl::certificate-serial-on-crl-different-issuer", "valid", both, lists);
  for (const [id, verdict, usage] of [
    ["issuer-missing-crlsign", "invalid", keyUsage(["keyCertSign"], false)],
    ["issuer-no-keyusage-extension", "valid", null],
    ["issuer-valid-crlsign-and-keycertsign", "valid", keyUsage(["keyCertSign", "cRLSign"], false)],
  ] as const) {
    const issuer = issueRoot({ usage });
    const list = issueList(issuer, { revoked: [stranger] });
    yield limboCase(`crl::${id}`, verdict, { roots: [issuer], leaf: issueLeaf(issuer) }, asked(list));
  }
}

/** Three roots that signed each other, one of them trusted under a name of its own; and wildcards under constraints. */
function* crossSignedCase(): Generator<CorpusCase> {
  const keys = ["A", "B", "C"].map((letter) => ({ subject: commonName(`Root ${letter}`), key: makeKey() }));
  const bare = { der: Buffer.alloc(0), serial: Buffer.alloc(0) };
  const [first] = keys as [{ subject: Buffer; key: SigningKey }];
  const trusted = issueAuthority(issueRoot({ key: first.key, subject: ROOT_NAME }), {
    ...first,
    authorityKey: null,
  });
  const pool = keys.flatMap((issuer, at) => [
    issueAuthority({ ...issuer, ...bare }, { subject: commonName(`Intermediate ${at}`), names: null }),
    ...keys
      .filter((each) => each !== issuer)
      .map((each) => issueAuthority({ ...issuer, ...bare }, { ...each, names: null })),
  ]);
  const names = alternativeNames([dnsName("cve-2024-0567.example.com")], true);
  const leaf = issueLeaf(pool[0] as IssuedCertificate, { subject: sequence(), names });
  const question = { name: "cve-2024-0567.example.com" };
  yield limboCase("cve::cve-2024-0567", "valid", { roots: [trusted], pool, leaf }, question);

  const wildcard = { names: alternativeNames([dnsName(`*.${EXAMPLE}`)]) };
  const within = (permitted: string, excluded: string | null): Form => ({
    names: null,
    more: [
      nameConstraints({
        permitted: [dnsName(permitted)],
        excluded: excluded === null ? null : [dnsName(excluded)],
      }),
    ],
  });
  const bar = { middle: within(EXAMPLE, `bar.${EXAMPLE}`), leaf: wildcard };
  yield simpleCase("cve::cve-2025-61727", "invalid", bar, { name: `bar.${EXAMPLE}` });
  const foo = { middle: within(`foo.${EXAMPLE}`, null), leaf: wildcard };
  yield simpleCase("cve::cve-2025-61727-nc-permits-variant", "invalid", foo, { name: `foo.${EXAMPLE}` });
}

/** An RSA key of no bits, and what such a key would sign. */
function invalidKeyCase(): CorpusCase {
  const real = makeKey();
  const spki = Buffer.from("3012300d06092a864886f70d0101010500030100", "hex");
  const middle = issueAuthority(issueRoot(), { key: { ...real, spki } });
  const leaf = issueLeaf(middle, { signature: Buffer.from("3000", "hex"), authorityKey: authorityKey(real) });
  return limboCase("invalid::invalid-issuer-key", "invalid", { roots: [issueRoot()], pool: [middle], leaf });
}
