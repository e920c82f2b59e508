import { expect, test } from "vitest";
import { takesKey } from "./deployments-for-client.ts";

/** Whether a list has suites for RSA, and for ECDSA, by `openssl ciphers -v LIST` without TLS 1.3. */
const LISTS: { readonly [list: string]: readonly [rsa: boolean | null, ecdsa: boolean | null] } = {
  "HIGH:!aNULL:!MD5": [true, true],
  "ECDHE-RSA-AES128-GCM-SHA256": [true, false],
  "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256": [true, true],
  "ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-CHACHA20-POLY1305": [false, true],
  "AES128-SHA:AES256-GCM-SHA384": [true, false],
  "EECDH+aRSA:EDH+aRSA": [true, false],
  "ECDHE+AESGCM:!ECDSA": [true, false],
  "ALL:!aRSA": [false, true],
  "kRSA:!aNULL:@STRENGTH": [true, false],
  "ECDHE-ECDSA-AES256-GCM-SHA384:-ECDSA:ECDHE-RSA-AES256-GCM-SHA384": [true, false],
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:TLS_AES_128_GCM_SHA256": [true, false],
  SUITEB128: [false, true],
  "DHE-RSA-AES128-GCM-SHA256:!PSK:!SRP": [true, false],
  // After the removal of some suites, none may be left.
  "DEFAULT:!ECDHE": [null, false],
  "ECDHE-ECDSA-AES128-SHA:!SHA1": [false, null],
  "PROFILE=SYSTEM": [null, null],
};

test("which keys a list of ciphers takes is what OpenSSL makes of it, or unknown", () => {
  for (const [list, [rsa, ecdsa]] of Object.entries(LISTS))
    expect([list, takesKey(list, "RSA"), takesKey(list, "ECDSA")]).toEqual([list, rsa, ecdsa]);
});
