import fc from "fast-check";
import { expect, test } from "vitest";
import { explainClient, explainClientTimeout, readClientEnd, readClientLog } from "./client-log.ts";

const failure = (log: string, more: { complaints?: string; isByCommand?: boolean } = {}) => ({
  target: { host: "web1", port: 2222 },
  user: "jo",
  log: readClientLog(log),
  complaints: more.complaints ?? "",
  tried: "2 keys were offered by ssh: the agent (2)",
  hasSecurityKey: false,
  proxyCommand: more.isByCommand ? { value: "nc %h %p", location: "~/.ssh/config:3" } : null,
});

const KEX = "debug1: kex.c:kex_exchange_identification():1339 (bin=ssh, pid=7):";
const HUNG_UP = "kex_exchange_identification: Connection closed by remote host\r\n";
const CLOSED = "Connection closed by 192.0.2.1 port 2222\r\n";

/** Each log as OpenSSH 10.0 has written it, with its line ends. */
test.each<[outcome: string, log: string, message: string]>([
  [
    "login-refused",
    "jo@web1: Permission denied (publickey,password).\r\n",
    "which takes publickey,password; 2 keys",
  ],
  [
    "login-refused",
    "Received disconnect from 192.0.2.1 port 2222:2: Too many authentication failures\r\nDisconnected from 192.0.2.1 port 2222\r\n",
    "too many keys were refused",
  ],
  [
    "login-refused",
    'sign_and_send_pubkey: signing failed for ED25519-SK "/k": device not found\r\njo@web1: Permission denied (publickey).\r\n',
    "a security key that did not sign",
  ],
  [
    "alert",
    "Unable to negotiate with 192.0.2.1 port 2222: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1\r\n",
    'no key exchange method in common: it offers "diffie-hellman-group1-sha1"',
  ],
  [
    "alert",
    "Unable to negotiate with 192.0.2.1 port 2222: no matching host key type found. Their offer: ssh-dss\r\n",
    "no host key type in common",
  ],
  ["refused", "ssh: connect to host web1 port 2222: Connection refused\r\n", "nobody listens on port 2222"],
  ["timed-out", "ssh: connect to host web1 port 2222: Connection timed out\r\n", "did not answer in time"],
  ["timed-out", "ssh: connect to host web1 port 2222: No route to host\r\n", "did not answer in time"],
  ["timed-out", "Connection timed out during banner exchange\r\n", "did not answer in time"],
  [
    "no-such-name",
    "ssh: Could not resolve hostname web1: Name or service not known\r\n",
    "Name or service not known",
  ],
  ["throttled", `${HUNG_UP}${CLOSED}`, "probably refusing this address for now"],
  [
    "throttled",
    "banner exchange: Connection to 192.0.2.1 port 2222: Broken pipe\r\n",
    "probably refusing this address for now",
  ],
  [
    "throttled",
    `${KEX} banner line 0: Not allowed at this time\r\n${HUNG_UP}`,
    "probably refusing this address for now",
  ],
  [
    "reset",
    `${KEX} banner line 0: HTTP/1.1 400 Bad Request\r\n${HUNG_UP}`,
    'did not speak SSH: it said "HTTP/1.1 400 Bad Request"',
  ],
  [
    "reset",
    "kex_exchange_identification: No SSH version received in first 1024 lines from server\r\n",
    "did not speak SSH",
  ],
  [
    "reset",
    "Bad packet length 4294967295.\r\nssh_dispatch_run_fatal: Connection to 192.0.2.1 port 2222: Connection corrupted\r\n",
    "broke the SSH protocol",
  ],
  ["reset", CLOSED, "hung up during the login"],
  [
    "not-supported",
    "/f/config: line 9: Bad configuration option: frobnicate\r\n",
    "cannot do what is asked of it",
  ],
  [
    "reset",
    "something that no version has said so far\r\n",
    'was not logged in to by the ssh of this computer: "something',
  ],
])("%s is what ssh means by its words", (outcome, log, message) => {
  const reason = explainClient(failure(log));
  expect(reason.outcome).toBe(outcome);
  expect(reason.message).toContain(message);
});

test("behind a command, whoever hangs up before the greeting is that command, and it is said what it complained of", () => {
  const tooSoon = `${HUNG_UP}Connection closed by UNKNOWN port 65535\r\n`;
  const beforeOurs = "banner exchange: Connection to UNKNOWN port 65535: Broken pipe\r\n";
  for (const log of [tooSoon, beforeOurs])
    expect(explainClient(failure(log, { isByCommand: true, complaints: "nc: no route\n" }))).toEqual({
      outcome: "jump-failed",
      message:
        'the ProxyCommand at ~/.ssh/config:3 ended before web1:2222 sent its SSH banner: it said "nc: no route"',
    });
  const refused = "jo@web1: Permission denied (publickey).\r\n";
  expect(explainClient(failure(refused, { isByCommand: true })).outcome).toBe("login-refused");
});

test("a login that does not end says so, and that a security key may wait to be touched", () => {
  expect(explainClientTimeout(failure(""), true, 10_000).message).toBe(
    "web1:2222 did not end the login within 10 s",
  );
  expect(explainClientTimeout({ ...failure(""), hasSecurityKey: true }, true, 10_000)).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("a security key may wait to be touched, which a scan does not ask for"),
  });
  expect(explainClientTimeout({ ...failure(""), hasSecurityKey: true }, false, 10_000).outcome).toBe(
    "timed-out",
  );
});

test("the key that let us in is read from the log, and a certificate is not taken for it", () => {
  const accepted = (type: string) =>
    readClientLog(
      `debug1: sshconnect2.c:input_userauth_pk_ok():811 (bin=ssh, pid=7): Server accepts key: /a b/id ${type} SHA256:abc+/9 explicit agent\r\nAuthenticated to web1 ([192.0.2.1]:22) using "publickey".\r\n`,
    ).acceptedKey;
  expect(accepted("ED25519")).toEqual({ fingerprint: "SHA256:abc+/9", isCertificate: false });
  expect(accepted("ED25519-CERT")).toEqual({ fingerprint: "SHA256:abc+/9", isCertificate: true });
  expect(readClientLog('Authenticated to web1 (via proxy) using "gssapi-with-mic".\n')).toMatchObject({
    isLoggedIn: true,
    acceptedKey: null,
  });
});

test.each([
  ["ended", 0, ""],
  ["ended", 255, "Transferred: sent 3580, received 3292 bytes, in 0.1 seconds"],
  ["refused", 255, "exec request failed on channel 0"],
  ["lost", 255, "Connection to web1 closed by remote host."],
  ["lost", 255, "Timeout, server web1 not responding."],
  ["lost", 255, "client_loop: send disconnect: Broken pipe"],
])("that a run has %s with %i is told by the log", (end, code, log) => {
  expect(readClientEnd(readClientLog(log), { code })).toBe(end);
});

test("no log does anything but be explained, on one line of plain text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), fc.boolean(), (log, isByCommand) => {
      const { message } = explainClient(failure(log, { isByCommand, complaints: log }));
      expect(message).toMatch(/^[ -~]+$/);
      expect(message.length).toBeLessThan(700);
    }),
  );
});
