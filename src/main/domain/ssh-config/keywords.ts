/**
 * What ssh takes as a keyword, OpenSSH 10.0 and its packagers: any other word is a slip, which ssh refuses.
 * In the order of OpenSSH's own table (readconf.c), by what they are about.
 */
const KEYWORDS = `
  host match include tag ignoreunknown
  hostname port user addressfamily bindaddress bindinterface connectionattempts connecttimeout
  proxyjump proxycommand proxyusefdpass
  canonicaldomains canonicalizefallbacklocal canonicalizehostname canonicalizemaxdots canonicalizepermittedcnames
  identityfile identityfile2 identitiesonly identityagent certificatefile addkeystoagent
  pkcs11provider smartcarddevice securitykeyprovider usekeychain
  batchmode passwordauthentication pubkeyauthentication dsaauthentication hostbasedauthentication
  kbdinteractiveauthentication kbdinteractivedevices challengeresponseauthentication skeyauthentication
  tisauthentication preferredauthentications numberofpasswordprompts enablesshkeysign
  gssapiauthentication gssapidelegatecredentials gssapikeyexchange gssapiclientidentity gssapiserveridentity
  gssapirenewalforcesrekey gssapitrustdns gssapikexalgorithms
  hostkeyalias hostkeyalgorithms casignaturealgorithms checkhostip globalknownhostsfile userknownhostsfile
  hashknownhosts knownhostscommand nohostauthenticationforlocalhost revokedhostkeys stricthostkeychecking
  updatehostkeys verifyhostkeydns visualhostkey fingerprinthash
  ciphers macs kexalgorithms hostbasedacceptedalgorithms hostbasedkeytypes pubkeyacceptedalgorithms
  pubkeyacceptedkeytypes requiredrsasize rekeylimit warnweakcrypto compression
  forwardagent forwardx11 forwardx11timeout forwardx11trusted exitonforwardfailure xauthlocation gatewayports
  permitremoteopen remoteforward localforward dynamicforward clearallforwardings tunnel tunneldevice
  streamlocalbindmask streamlocalbindunlink channeltimeout
  controlmaster controlpath controlpersist escapechar enableescapecommandline requesttty sessiontype stdinnull
  forkafterauthentication localcommand permitlocalcommand remotecommand sendenv setenv ipqos
  tcpkeepalive keepalive serveralivecountmax serveraliveinterval obscurekeystroketiming
  syslogfacility loglevel logverbose versionaddendum refuseconnection
  protocol cipher fallbacktorsh globalknownhostsfile2 rhostsauthentication userknownhostsfile2 useroaming usersh
  useprivilegedport afstokenpassing kerberosauthentication kerberostgtpassing rsaauthentication
  rhostsrsaauthentication compressionlevel`;

const KNOWN: ReadonlySet<string> = new Set(KEYWORDS.trim().split(/\s+/));

export const isKeyword = (word: string): boolean => KNOWN.has(word);

/** Keywords that change whom we reach or what we trust, and are not followed here: what holds instead. */
export const NOT_FOLLOWED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    addressfamily: "AddressFamily is not followed: any family is tried",
    bindaddress: "BindAddress is not followed: this computer's own routes hold",
    bindinterface: "BindInterface is not followed: this computer's own routes hold",
    canonicaldomains: "CanonicalDomains is not followed: a name is taken as it is written",
    canonicalizehostname: "CanonicalizeHostname is not followed: a name is taken as it is written",
    globalknownhostsfile: "GlobalKnownHostsFile is not followed: the usual known_hosts files are read",
    hostkeyalgorithms:
      "HostKeyAlgorithms is not followed: the types of keys that are known are asked for first",
    identityagent: "IdentityAgent is not followed: the agent of SSH_AUTH_SOCK is asked",
    knownhostscommand: "KnownHostsCommand is not run: the usual known_hosts files are read",
    revokedhostkeys: "RevokedHostKeys is not followed: mark such keys @revoked in known_hosts",
    userknownhostsfile: "UserKnownHostsFile is not followed: the usual known_hosts files are read",
  }),
);
