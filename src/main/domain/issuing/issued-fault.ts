/** What is wrong with what an issuer has sent. The codes are stable: what somebody accepts is named by them. */
export type IssuedFaultCode =
  | "no-certificate"
  | "no-request"
  | "other-key"
  | "several"
  | "same-as-before"
  | "malformed"
  | "is-authority"
  | "names-missing"
  | "names-fewer"
  | "usage-missing"
  | "weak-signature"
  | "purpose-missing"
  | "purpose-narrower"
  | "dates-unreadable"
  | "not-yet-valid"
  | "expired"
  | "self-signed"
  | "chain-incomplete"
  | "chain-invalid";

/** `sentence` is written for people, and has what strangers wrote in it. */
export type IssuedFault = { code: IssuedFaultCode; sentence: string };
