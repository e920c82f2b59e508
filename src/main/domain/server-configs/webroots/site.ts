/** What a web server does with what a certificate authority asks it for (RFC 8555 section 8.3). */
export const CHALLENGE_PATH = "/.well-known/acme-challenge/";
/** Any one file there: which one it is decides nothing. */
export const CHALLENGE_FILE = `${CHALLENGE_PATH}token`;

export type ChallengeSite =
  /** `of`: what the folder answers for, `/` or the folder of challenges itself. `where`: the line that says so. */
  | { kind: "folder"; path: string; of: "site" | "challenges"; where: string }
  /** `why` says what is done instead: "is passed on (proxy_pass)". */
  | { kind: "elsewhere"; why: string; where: string }
  | { kind: "unsure"; why: string };

/** As the server answers at one port; it may send whoever asks to the same path by https. */
export type PortSite = ChallengeSite | { kind: "to-https"; where: string };
