/** The kind of signature by which a server shows that it has its key. Ed25519 goes with the suites of ECDSA. */
export type KeyFamily = "RSA" | "ECDSA";

/** How many of the suites that need such a key a word stands for; null: the word is not known. */
type Reach = "all" | "some" | "none" | null;

/** Suites of anonymous, weak or other keys: neither family needs them for anything. */
const NEITHER = new Set(
  [
    "aNULL eNULL NULL ADH AECDH MD5 RC4 RC2 3DES DES EXP EXPORT EXPORT40 EXPORT56 LOW PSK kPSK kECDHEPSK kDHEPSK",
    "kRSAPSK aPSK SRP aSRP DSS aDSS IDEA SEED aGOST aGOST01 kGOST GOST94 GOST89MAC DH aDH kDH kDHr kDHd CBC3",
  ].flatMap((words) => words.split(" ")),
);
const EITHER = new Set(
  [
    "DEFAULT HIGH AES AES128 AES256 AESGCM AESCCM AESCCM8 CHACHA20 ARIA ARIA128 ARIA256 ARIAGCM CAMELLIA",
    "CAMELLIA128 CAMELLIA256 SHA SHA1 SHA256 SHA384 TLSv1 TLSv1.0 TLSv1.2 SSLv3 FIPS",
  ].flatMap((words) => words.split(" ")),
);
const BY_ELLIPTIC_CURVES = new Set(["ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH"]);
const BY_RSA_OR_DH = new Set(["RSA", "kRSA", "DHE", "EDH", "kDHE", "kEDH"]);

/**
 * Whether a list of ciphers as OpenSSL reads it has a suite of TLS 1.2 or before for a key of this family; null: it cannot be told.
 * Suites of TLS 1.3 go with any key, and are set elsewhere.
 */
export function takesKey(list: string, family: KeyFamily): boolean | null {
  let isTaken: boolean | null = false;
  let isSure = true;
  for (const word of list.split(/[:, ]+/).filter(Boolean)) {
    if (word.startsWith("@") || word.startsWith("+")) continue;
    const sign = /^[!-]/.exec(word)?.[0] ?? "";
    const reach = reachOf(word.slice(sign.length), family);
    if (sign === "") isTaken = isTaken === true || reach === "all" || reach === "some" || (reach && isTaken);
    else if (reach === "all" && sign === "!") return false;
    else if (reach === "all") isTaken = false;
    // What is left of the suites may be none.
    else if (reach !== "none") isSure = false;
  }
  return isTaken === true && !isSure ? null : isTaken;
}

function reachOf(word: string, family: KeyFamily): Reach {
  const parts = word.split("+").map((part) => reachOfPart(part, family));
  if (parts.includes("none")) return "none";
  if (parts.includes(null)) return null;
  return parts.every((part) => part === "all") ? "all" : "some";
}

function reachOfPart(word: string, family: KeyFamily): Reach {
  const only = (own: KeyFamily, reach: Reach): Reach => (own === family ? reach : "none");
  if (word === "ALL") return "all";
  if (NEITHER.has(word)) return "none";
  if (EITHER.has(word)) return "some";
  if (word === "ECDSA" || word === "aECDSA") return only("ECDSA", "all");
  if (word === "aRSA") return only("RSA", "all");
  if (BY_ELLIPTIC_CURVES.has(word)) return family === "ECDSA" ? "all" : "some";
  if (BY_RSA_OR_DH.has(word)) return only("RSA", "some");
  if (/^SUITEB(128|192)/.test(word)) return only("ECDSA", "some");
  return reachOfSuite(word, family);
}

/** A suite by its name at OpenSSL or IANA. */
function reachOfSuite(word: string, family: KeyFamily): Reach {
  if (!/^[A-Z0-9]+([-_][A-Za-z0-9]+)+$/.test(word)) return null;
  if (/^TLS_(AES|CHACHA20)_/.test(word)) return "none";
  if (/(PSK|SRP|DSS|ADH|AECDH|anon|ANON|GOST)/.test(word)) return "none";
  if (/^(TLS_)?ECDHE[-_]ECDSA[-_]/.test(word)) return family === "ECDSA" ? "some" : "none";
  if (/^(TLS_)?(ECDHE|DHE|EDH)[-_]RSA[-_]|^TLS_RSA_WITH_/.test(word))
    return family === "RSA" ? "some" : "none";
  // The exchange of keys by RSA is not named.
  if (/^(AES|CAMELLIA|ARIA)(128|256)-|^(DES|RC4|SEED|IDEA|NULL)-/.test(word))
    return family === "RSA" ? "some" : "none";
  return null;
}
