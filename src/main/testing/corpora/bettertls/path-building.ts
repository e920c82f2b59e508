import type { CorpusCase, Explanations } from "#testing/corpora/chain-corpus.ts";
import {
  alternativeNames,
  authorityKey,
  basicConstraints,
  CORPUS_TIME,
  dnsName,
  extendedKeyUsage,
  type IssuedCertificate,
  issueCertificate,
  keyUsage,
  makeKey,
  PURPOSE,
  permits,
  SCHEMES,
  subjectKey,
} from "#testing/corpora/issue-certificate.ts";
import { name } from "#testing/tls/build-certificate.ts";

/**
 * BetterTLS's suite "pathbuilding": authorities that signed each other, some with unusable certificates, and the server
 * sends all of them.
 */

type Edge = `${string} > ${string}`;

/** From signer to signed. The figures are those of RFC 4158, sections 2.3 and 2.4.2. */
const LINEAR: readonly Edge[] = ["ICA > EE", "Trust Anchor > ICA"];
const TWO_ROOTS: readonly Edge[] = ["ICA > EE", "Root1 > ICA", "Root2 > ICA"];
const FIGURE_SEVEN: readonly Edge[] = [
  "B > EE",
  "C > B",
  "A > B",
  "C > A",
  "A > C",
  "Trust Anchor > C",
  "Trust Anchor > A",
];
const BRIDGE: readonly Edge[] = [
  "F > H",
  "F > G",
  "G > F",
  "H > I",
  "I > H",
  "G > I",
  "TA W > F",
  "TA W > G",
  "J > K",
  "N > EE",
  "L > N",
  "L > M",
  "TA X > J",
  "TA X > L",
  "B > E",
  "B > D",
  "A > B",
  "C > B",
  "A > C",
  "C > A",
  "TA Y > A",
  "TA Y > C",
  "R > S",
  "O > R",
  "O > Q",
  "P > S",
  "TA Z > O",
  "TA Z > P",
  ...(["W", "X", "Y", "Z"] as const).flatMap((letter): Edge[] => [
    `TA ${letter} > Bridge CA`,
    `Bridge CA > TA ${letter}`,
  ]),
];

/** Why a certificate must not be used. */
const FAULTS = [
  "expired",
  "name constraints",
  "extended key usage",
  "no basic constraints",
  "not an authority",
  "SHA-1",
] as const;
type Fault = (typeof FAULTS)[number];

type Graph = { title: string; edges: readonly Edge[] };
type SearchedPath = { graph: Graph; from: string; to: string; broken: readonly Edge[] };

const LINE: Graph = { title: "line", edges: LINEAR };
const ROOTS: Graph = { title: "two roots", edges: TWO_ROOTS };
const SEVEN: Graph = { title: "figure 7", edges: FIGURE_SEVEN };
const BRIDGED: Graph = { title: "bridge", edges: BRIDGE };

const path = (graph: Graph, from: string, to: string, ...broken: readonly Edge[]): SearchedPath => ({
  graph,
  from,
  to,
  broken,
});

const PATHS: readonly SearchedPath[] = [
  path(LINE, "Trust Anchor", "EE"),
  path(LINE, "Trust Anchor", "EE", "Trust Anchor > ICA"),
  path(LINE, "ICA", "EE", "Trust Anchor > ICA"),
  path(ROOTS, "Root1", "EE"),
  path(ROOTS, "Root2", "EE"),
  path(ROOTS, "Root1", "EE", "Root2 > ICA"),
  path(ROOTS, "Root2", "EE", "Root1 > ICA"),
  path(ROOTS, "Root1", "EE", "Root1 > ICA"),
  path(ROOTS, "Root2", "EE", "Root2 > ICA"),
  path(SEVEN, "Trust Anchor", "EE"),
  path(SEVEN, "Trust Anchor", "EE", "Trust Anchor > C", "A > B"),
  path(SEVEN, "Trust Anchor", "EE", "Trust Anchor > A", "C > B"),
  path(BRIDGED, "TA Z", "D"),
  path(BRIDGED, "TA Z", "EE"),
  path(BRIDGED, "TA Z", "EE", "TA X > Bridge CA"),
  path(BRIDGED, "TA Z", "EE", "Bridge CA > TA X"),
  path(BRIDGED, "TA Z", "EE", "TA Z > Bridge CA"),
];

const NAME = "localhost";

/** The suite's 81 cases in its order. */
export function* pathBuildingCases(): Generator<CorpusCase> {
  let number = 0;
  for (const [wanted, fault] of listCases()) {
    const { graph, from, to, broken } = wanted;
    const without = broken.length > 0 ? `, without ${broken.join(" and ")}: ${fault}` : "";
    yield {
      id: `pathbuilding ${number++}: ${graph.title}, ${from} to ${to}${without}`,
      ...issueGraph(wanted, fault),
      at: CORPUS_TIME,
      purpose: "server",
      name: NAME,
      isAccepted: leads(wanted, from, []),
    };
  }
}

function* listCases(): Generator<[wanted: SearchedPath, fault: Fault]> {
  const [whole, brokenLine] = PATHS as [SearchedPath, SearchedPath];
  // Cases by which the suite learns what a client does at all.
  for (const wanted of [whole, path(ROOTS, "Root1", "EE"), path(ROOTS, "Root2", "EE")])
    yield [wanted, "expired"];
  for (const fault of FAULTS) yield [brokenLine, fault];
  for (const wanted of PATHS)
    for (const fault of wanted.broken.length > 0 ? FAULTS : FAULTS.slice(0, 1)) yield [wanted, fault];
}

/** Whether usable certificates lead from `at` to the end of the case. */
function leads(wanted: SearchedPath, at: string, met: readonly string[]): boolean {
  if (at === wanted.to) return true;
  return wanted.graph.edges.some((edge) => {
    const [source, target] = ends(edge);
    const isOpen = source === at && !met.includes(target) && !wanted.broken.includes(edge);
    return isOpen && leads(wanted, target, [...met, at]);
  });
}

const ends = (edge: Edge): [source: string, target: string] => edge.split(" > ") as [string, string];

const subjectOf = (title: string): Buffer =>
  name([["2.5.4.10", 0x13, "bettertls.com"]], [["2.5.4.3", 0x0c, title]]);

function issueGraph({ graph, from, to, broken }: SearchedPath, fault: Fault) {
  const titles = [...new Set(graph.edges.flatMap(ends))];
  const entities = new Map(titles.map((title) => [title, { subject: subjectOf(title), key: makeKey() }]));
  const entityOf = (title: string) => entities.get(title) as Pick<IssuedCertificate, "subject" | "key">;
  const root = issueRoot(entityOf(from));
  const issued = graph.edges.map((edge) => {
    const [source, target] = ends(edge);
    const isLeaf = target === to;
    const content = contentOf(isLeaf, broken.includes(edge) ? fault : null);
    const { subject, key } = entityOf(target);
    const issuer = entityOf(source);
    const keys = [...(content.isAuthority ? [subjectKey(key)] : []), authorityKey(issuer.key)];
    const { der } = issueCertificate({
      subject,
      issuer,
      key,
      extensions: [...content.extensions, ...keys],
      notAfter: content.notAfter,
      scheme: content.scheme,
    });
    return { isLeaf, der };
  });
  return {
    leaf: issued.find(({ isLeaf }) => isLeaf)?.der ?? root.der,
    pool: issued.filter(({ isLeaf }) => !isLeaf).map(({ der }) => der),
    roots: [root.der],
  };
}

function issueRoot({ subject, key }: Pick<IssuedCertificate, "subject" | "key">): IssuedCertificate {
  const extensions = [keyUsage(["keyCertSign"]), basicConstraints({ isAuthority: true }), subjectKey(key)];
  return issueCertificate({ subject, issuer: null, key, extensions });
}

const SOON = new Date(CORPUS_TIME + 86_400_000);
const JUST_NOW = new Date(CORPUS_TIME - 3_600_000);

function contentOf(isLeaf: boolean, fault: Fault | null) {
  const isAuthority = !isLeaf && fault !== "not an authority";
  const purposes = fault === "extended key usage" ? [PURPOSE.email] : isLeaf ? [PURPOSE.server] : [];
  const extensions = [
    keyUsage([isLeaf ? "digitalSignature" : "keyCertSign"]),
    ...(purposes.length > 0 ? [extendedKeyUsage(purposes)] : []),
    ...(fault === "no basic constraints" ? [] : [basicConstraints({ isAuthority })]),
    ...(isLeaf ? [alternativeNames([dnsName(NAME)])] : []),
    ...(fault === "name constraints" ? [permits(dnsName("bad.example.com"))] : []),
  ];
  return {
    isAuthority,
    extensions,
    notAfter: fault === "expired" ? JUST_NOW : SOON,
    scheme: fault === "SHA-1" ? SCHEMES["ecdsa-sha1"] : SCHEMES["ecdsa-sha256"],
  };
}

/** Where this program differs from BetterTLS, and why. */
export const BETTERTLS_EXPLANATIONS: Explanations = {
  cases: [
    {
      ours: "accepted",
      cases: /: SHA-1$/,
      counts: { clients: 6 },
      why: "`openssl verify` accepts SHA-1, and clients have a note of it (RFC 8446, 4.4.2.4); rfc5280 refuses it by that section, and webpki by BR 7.1.3.2",
    },
  ],
  rules: ["BR 7.1.4.3"],
};
