import { expect, test } from "vitest";
import { openCertificate, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { isAuthority, isMeantFor, type Signed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signAnswer } from "#testing/tls/sign-revocation.ts";
import { evaluateOcsp } from "./ocsp.ts";

const SIGNS_ANSWERS = isMeantFor("1.3.6.1.5.5.7.3.9");
const UNSIGNED = "the answer is signed by nobody who may give it";

const issuer = signCertificate({ subject: "issuer", extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer, serial: 7 });
const time = { from: "20260601000000Z", until: "20260608000000Z" };
const about = { issuer, serial: 7, ...time };

function open({ der }: Signed): PathCertificate {
  const certificate = openCertificate(der);
  if (!certificate) throw new Error("this is a certificate");
  return certificate;
}

const judge = (answer: Uint8Array, when = "2026-06-02T00:00:00Z") =>
  evaluateOcsp(answer, open(leaf), open(issuer), Date.parse(when));

test("what the issuer says of a certificate is believed, for better and for worse", () => {
  expect(judge(signAnswer(about))).toEqual({
    state: "good",
    sentence: "not revoked, as of 2026-06-01T00:00:00Z",
  });
  expect(judge(signAnswer({ ...about, state: "revoked" }))).toEqual({
    state: "revoked",
    sentence: "revoked on 2026-06-01T00:00:00Z, as of 2026-06-01T00:00:00Z",
  });
  expect(judge(signAnswer({ ...about, state: "unknown" }))).toEqual({
    state: "unknown",
    sentence: "the responder does not know it, as of 2026-06-01T00:00:00Z",
  });
});

test("a responder is believed that the issuer itself has let sign answers, in its time", () => {
  const responder = signCertificate({ subject: "responder", issuer, extensions: [SIGNS_ANSWERS] });
  expect(judge(signAnswer({ ...about, responder })).state).toBe("good");
  expect(judge(signAnswer({ ...about, responder, state: "revoked" })).state).toBe("revoked");
  const expired = signCertificate({
    subject: "responder",
    issuer,
    extensions: [SIGNS_ANSWERS],
    notAfter: "260601120000Z",
  });
  expect(judge(signAnswer({ ...about, responder: expired })).sentence).toBe(UNSIGNED);
});

test("nobody else is believed, whatever certificate comes with the answer", () => {
  const stranger = signCertificate({ subject: "issuer", extensions: [isAuthority(), SIGNS_ANSWERS] });
  const below = signCertificate({ subject: "below", issuer, extensions: [isAuthority()] });
  const responders = {
    stranger,
    // It was issued for a server, or for no particular purpose.
    server: signCertificate({ subject: "s", issuer, extensions: [isMeantFor("1.3.6.1.5.5.7.3.1")] }),
    anything: signCertificate({ subject: "s", issuer }),
    any: signCertificate({ subject: "s", issuer, extensions: [isMeantFor("2.5.29.37.0")] }),
    // The right purpose, but by the wrong authority.
    foreign: signCertificate({ subject: "r", issuer: stranger, extensions: [SIGNS_ANSWERS] }),
    indirect: signCertificate({ subject: "r", issuer: below, extensions: [SIGNS_ANSWERS] }),
    forged: signCertificate({ subject: "r", issuer, extensions: [SIGNS_ANSWERS], isForged: true }),
  };
  for (const [who, responder] of Object.entries(responders))
    for (const state of ["good", "revoked"] as const)
      expect(judge(signAnswer({ ...about, responder, state })), who).toEqual({
        state: "unknown",
        sentence: UNSIGNED,
      });
});

test("an answer about another serial number or another issuer's tells nothing", () => {
  const other = { state: "unknown", sentence: "the answer is about another certificate" };
  expect(judge(signAnswer({ ...about, serial: 8, state: "revoked" }))).toEqual(other);
  const namesake = signCertificate({ subject: "issuer", extensions: [isAuthority()] });
  expect(judge(signAnswer({ ...about, issuer: namesake }))).toEqual(other);
});

test("an answer holds in its time; one that does not say until when holds for a week", () => {
  const sentenceAt = (when: string) => judge(signAnswer(about), when).sentence;
  expect(sentenceAt("2026-05-31T00:00:00Z")).toBe("the answer is of a later time, 2026-06-01T00:00:00Z");
  expect(sentenceAt("2026-06-08T00:00:01Z")).toBe("the answer was to be renewed by 2026-06-08T00:00:00Z");
  const endless = signAnswer({ ...about, until: null });
  expect(judge(endless, "2026-06-08T00:00:00Z").state).toBe("good");
  expect(judge(endless, "2026-06-08T00:00:01Z")).toEqual({
    state: "unknown",
    sentence: "the answer is of 2026-06-01T00:00:00Z and does not say until when it holds",
  });
});
