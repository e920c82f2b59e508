import { assertNever } from "#shared/model/assert-never.ts";
import type { AcmeChallenge, ChallengeWay } from "#shared/model/issuers/issuer.ts";
import { answerByFile, answerByServer, answerByTls } from "./answer-on-host.ts";
import { type Answered, type ChallengeDeps, TYPE_OF_WAY } from "./challenge.ts";
import { answerByHook } from "./dns/answer-by-hook.ts";
import { answerByUpdate } from "./dns/answer-by-update.ts";

/**
 * Shows an authority that a name is ours, in this way. It is ready once we have seen from here what the authority is to see,
 * or where that cannot be seen from here, as its note then says.
 */
export async function answer(
  way: ChallengeWay,
  challenge: AcmeChallenge,
  near: ChallengeDeps,
): Promise<Answered> {
  const isHttp = challenge.type === "http-01";
  switch (way.kind) {
    case "webroot":
      return isHttp ? answerByFile(way, challenge, near) : refuse(way, challenge);
    case "served-on-host":
      return isHttp ? answerByServer(way, challenge, near) : refuse(way, challenge);
    case "tls-alpn":
      return challenge.type === "tls-alpn-01" ? answerByTls(way, challenge, near) : refuse(way, challenge);
    case "dns-hook":
      return challenge.type === "dns-01" ? answerByHook(way, challenge, near) : refuse(way, challenge);
    case "rfc2136":
      return challenge.type === "dns-01" ? answerByUpdate(way, challenge, near) : refuse(way, challenge);
    default:
      return assertNever(way);
  }
}

const refuse = ({ kind }: ChallengeWay, { type, name }: AcmeChallenge): Answered => ({
  kind: "failed",
  message: `the authority asks for ${type} of ${name}, and the way that was chosen answers ${TYPE_OF_WAY[kind]}`,
});
