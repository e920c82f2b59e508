import type { MatrixKeys } from "./line-matrix.ts";

/** A daemon's configuration and accounts to try it on, each with one key that is by itself in order. */
export type Scenario = {
  name: string;
  config: string;
  /** POSIX sh that runs in the host before the accounts are made. */
  before?: string;
  /** What the daemon is started with. */
  sshdOptions?: readonly string[];
  accounts: Record<string, ScenarioAccount>;
};

type ScenarioAccount = {
  /** POSIX sh that runs in the host once the account is made. */
  after?: string;
  key?: keyof MatrixKeys;
  /** Where we may say something else than yes for a login and no for a refusal. */
  but?: "yes, from elsewhere" | "unknown";
};

const HOME_MODES: Record<string, ScenarioAccount> = {
  other: {},
  plain: {},
  worldhome: { after: "chmod 777 /home/worldhome" },
  worldssh: { after: "chmod 707 /home/worldssh/.ssh" },
  worldfile: { after: "chmod 606 /home/worldfile/.ssh/authorized_keys" },
  grouphome: { after: "chmod 770 /home/grouphome" },
  groupfile: { after: "chmod 660 /home/groupfile/.ssh/authorized_keys" },
  shared: { after: "chgrp staff /home/shared/.ssh; usermod -g staff other; chmod 770 /home/shared/.ssh" },
  stranger: {
    after: "chown other /home/stranger/.ssh/authorized_keys; chmod 644 /home/stranger/.ssh/authorized_keys",
  },
  rootsfile: { after: "chown root:root /home/rootsfile/.ssh/authorized_keys" },
  rootsopen: {
    after:
      "chown root:root /home/rootsopen/.ssh/authorized_keys; chmod 644 /home/rootsopen/.ssh/authorized_keys",
  },
  linked: {
    after:
      "mv /home/linked/.ssh/authorized_keys /srv/linked; chmod 644 /srv/linked; ln -s /srv/linked /home/linked/.ssh/authorized_keys",
  },
  tmplinked: {
    after:
      "mv /home/tmplinked/.ssh/authorized_keys /tmp/tmplinked; ln -s /tmp/tmplinked /home/tmplinked/.ssh/authorized_keys",
  },
  moved: {
    after: "mkdir -p /srv/homes; mv /home/moved /srv/homes/moved; ln -s /srv/homes/moved /home/moved",
  },
  openparent: {
    after: "mkdir -m 777 /srv/open; usermod --move-home --home /srv/open/openparent openparent",
  },
  openabove: {
    after:
      "mkdir -m 777 /srv/above; mv /home/openabove /srv/above/openabove; ln -s /srv/above/openabove /home/openabove",
  },
  folder: { after: "rm /home/folder/.ssh/authorized_keys; mkdir /home/folder/.ssh/authorized_keys" },
};

const STATES: Record<string, ScenarioAccount> = {
  fresh: { after: "usermod -p '!' fresh" },
  starred: { after: "usermod -p '*' starred" },
  withpassword: { after: "echo withpassword:secret | chpasswd" },
  locked: { after: "echo locked:secret | chpasswd; passwd -q -l locked" },
  nopassword: { after: "passwd -q -d nopassword" },
  expired: { after: "usermod -p '*' -e 2020-01-01 expired" },
  today: { after: "usermod -p '*' -e $(date -u +%Y-%m-%d) today" },
  tomorrow: { after: "usermod -p '*' -e 2099-01-01 tomorrow" },
  aged: { after: "echo aged:secret | chpasswd; chage -d 2020-01-01 -M 1 aged" },
  inactive: { after: "echo inactive:secret | chpasswd; chage -d 2020-01-01 -M 90 -I 30 inactive" },
  lockedinactive: { after: "chage -d 2020-01-01 -M 90 -I 0 lockedinactive" },
  mustchange: { after: "echo mustchange:secret | chpasswd; chage -d 0 -M 90 -I 30 mustchange" },
  nologin: { after: "usermod -p '*' -s /usr/sbin/nologin nologin" },
  falseshell: { after: "usermod -p '*' -s /bin/false falseshell" },
  noshell: { after: "usermod -p '*' -s /bin/no-such-shell noshell" },
  badshell: { after: "usermod -p '*' -s /etc/passwd badshell" },
  ownshell: {
    after:
      "usermod -p '*' -s /bin/ownshell ownshell; cp /bin/sh /bin/ownshell; chown ownshell /bin/ownshell; chmod 700 /bin/ownshell",
  },
  twice: { after: "usermod -p '*' twice; echo 'twice:x:4444:4444::/home/twice:/bin/false' >> /etc/passwd" },
};

const ROOTS: Record<string, ScenarioAccount> = Object.fromEntries(
  ["yes", "no", "prohibit", "forced", "command"].map((name) => [
    `r${name}`,
    { after: `usermod -o -u 0 r${name}; chown -R root:root /home/r${name}` },
  ]),
);
const withCommand = ROOTS.rcommand as ScenarioAccount;
withCommand.after += `; sed -i 's/^/command="true" /' /home/rcommand/.ssh/authorized_keys`;

const elsewhere: ScenarioAccount = { but: "yes, from elsewhere" };

export const SCENARIOS: readonly Scenario[] = [
  { name: "account states under PAM", config: "UsePAM yes", accounts: STATES },
  { name: "account states without PAM", config: "UsePAM no", accounts: STATES },
  {
    name: "a host that is closed",
    config: "UsePAM yes",
    before: "echo closed > /etc/nologin",
    accounts: {
      everybody: {},
      alsoroot: { after: "usermod -o -u 0 alsoroot; chown -R root:root /home/alsoroot" },
    },
  },
  {
    name: "options that the daemon was started with",
    config: "UsePAM yes\nAllowUsers nobody",
    sshdOptions: [
      "-oPubkeyAcceptedAlgorithms=rsa-sha2-512",
      ...["-o", "AllowUsers ed* rsa", "-o", "StrictModes=no"],
    ],
    accounts: {
      ...{ ed: {}, rsa: { key: "rsa" }, other: { key: "rsa" } },
      edrsa: { key: "rsa", after: "chmod 777 /home/edrsa" },
    },
  },
  { name: "modes and owners", config: "UsePAM yes", accounts: HOME_MODES },
  {
    name: "modes and owners without StrictModes",
    config: "UsePAM yes\nStrictModes no",
    accounts: Object.fromEntries(
      Object.entries(HOME_MODES).map(([name, { after = "" }]) => [name, { after }]),
    ),
  },
  {
    name: "AllowUsers and DenyUsers",
    config: [
      "UsePAM yes",
      "AllowUsers alice bo* carol@127.0.0.0/8",
      "allowusers=dave@10.0.0.0/8 erin greta@localhost 'henry' ina,jan",
      "DenyUsers erin fred bo?by carl@10.0.0.1",
      "AllowUsers carl",
    ].join("\n"),
    accounts: {
      ...{ alice: {}, bob: {}, bobby: {}, boby: {}, carol: {}, dave: elsewhere },
      ...{ erin: {}, fred: {}, greta: {}, henry: {}, ina: {}, carl: {}, zoe: {} },
    },
  },
  {
    name: "AllowGroups and DenyGroups",
    config: "UsePAM yes\nAllowGroups ops wheel* own\nDenyGroups bad",
    before: "groupadd ops; groupadd wheels; groupadd bad",
    accounts: {
      inops: { after: "usermod -aG ops inops" },
      inboth: { after: "usermod -aG ops,bad inboth" },
      inwheels: { after: "usermod -aG wheels inwheels" },
      own: {},
      nowhere: {},
    },
  },
  {
    name: "Match, Include and who comes first",
    before: [
      "mkdir -p /etc/ssh/more.d /etc/ssh/keys; rm -f /etc/ssh/sshd_config.d/*",
      "printf 'Match User inctwo\\n\\tPubkeyAuthentication no\\n' > /etc/ssh/more.d/20.conf",
      "printf 'PubkeyAuthentication yes\\nMatch User incone\\nPubkeyAuthentication=no\\n' > /etc/ssh/more.d/10.conf",
      "printf 'PubkeyAuthentication no\\n' > /etc/ssh/inside.conf",
      "printf 'Match User nested,other\\n PubkeyAuthentication no\\n' > /etc/ssh/nested.conf",
      "groupadd shut; groupadd half",
    ].join("\n"),
    config: [
      "# a comment",
      "Include more.d/*.conf /etc/ssh/no-such-*.conf",
      '"PubkeyAuthentication" no   # too late: the include said yes',
      "UsePAM yes",
      "Match Group shut,!half",
      "  AuthorizedKeysFile none",
      'Match User "quoted,also*"',
      "  DenyUsers quoted",
      "Match User=equals",
      "  PubkeyAuthentication no",
      "Match User included",
      "  Include inside.conf",
      "Match User nested,bystander Group *",
      "  Include nested.conf",
      "Match User first,second",
      "  PubkeyAuthentication yes",
      "Match User second",
      "  PubkeyAuthentication no",
      "Match User elsewhere",
      "  AuthorizedKeysFile /etc/ssh/keys/%u .ssh/%U_%%",
      "Match User !nobodyelse,negated Invalid-User",
      "  PubkeyAuthentication no",
      "Match All",
      "  PermitRootLogin no",
    ].join("\n"),
    accounts: {
      ...{
        incone: {},
        inctwo: {},
        plain: {},
        quoted: {},
        alsothis: {},
        equals: {},
        included: {},
        nested: {},
      },
      ...{ bystander: {}, other: {}, first: {}, second: {}, elsewhere: {}, negated: {} },
      closed: { after: "usermod -aG shut closed" },
      halfclosed: { after: "usermod -aG shut,half halfclosed" },
      keysinetc: { after: "cp /home/keysinetc/.ssh/authorized_keys /etc/ssh/keys/keysinetc" },
    },
  },
  {
    name: "Match by address, closing",
    config: [
      "UsePAM yes",
      "Match Address 127.0.0.0/8 User closedhere",
      "  PubkeyAuthentication no",
      "Match Address *,!127.0.0.0/8 User openhere",
      "  DenyUsers openhere",
      "Match Address * User closed",
      "  PubkeyAuthentication no",
      "Match Host localhost User named",
      "  PubkeyAuthentication no",
      "Match LocalPort 22 User byport",
      "  PubkeyAuthentication no",
    ].join("\n"),
    accounts: {
      ...{ closedhere: elsewhere, openhere: {}, closed: {}, named: {}, free: {} },
      byport: {},
    },
  },
  {
    name: "Match by address, opening",
    config: [
      "UsePAM yes",
      "PubkeyAuthentication no",
      "Match Address 127.0.0.0/8 User openhere",
      "  PubkeyAuthentication yes",
      "Match Address 10.0.0.0/8 User openthere",
      "  PubkeyAuthentication yes",
      "Match Group * Address 10.0.0.0/8,127.* User bygroup",
      "  PubkeyAuthentication yes",
      "Match User byfile",
      "  PubkeyAuthentication yes",
      "Match Address 127.0.0.0/8 User byfile",
      "  AuthorizedKeysFile /etc/ssh/here/%u",
    ].join("\n"),
    accounts: {
      ...{ openhere: {}, openthere: elsewhere, bygroup: {}, shut: {} },
      byfile: {
        after:
          "mkdir /etc/ssh/here; mv /home/byfile/.ssh/authorized_keys /etc/ssh/here/byfile; chmod 644 /etc/ssh/here/byfile",
      },
    },
  },
  {
    name: "PermitRootLogin",
    config: [
      "UsePAM yes",
      ...["Match User ryes", "PermitRootLogin yes", "Match User rno", "PermitRootLogin no"],
      ...["Match User rprohibit", "PermitRootLogin without-password"],
      ...["Match User rforced,rcommand", "PermitRootLogin forced-commands-only"],
    ].join("\n"),
    accounts: ROOTS,
  },
  {
    name: "algorithms and sizes",
    config: [
      "UsePAM yes",
      ...["Match User minus", "PubkeyAcceptedAlgorithms -ssh-ed*"],
      ...["Match User only", "PubkeyAcceptedAlgorithms rsa-sha2-512,ecdsa-sha2-nistp*"],
      ...["Match User plus", "PubkeyAcceptedAlgorithms +ssh-rsa"],
      ...["Match User onlyrsa,onlyec", "PubkeyAcceptedAlgorithms rsa-sha2-512,ecdsa-sha2-nistp384"],
      ...["Match User long", "RequiredRSASize 3072", "Match User short", "RequiredRSASize 1024"],
    ].join("\n"),
    accounts: {
      ...{ minus: {}, only: {}, plus: {}, onlyrsa: { key: "rsa" }, onlyec: { key: "ecdsa", but: "unknown" } },
      ...{ long: { key: "rsa" }, short: { key: "rsa" }, shortest: { key: "rsa1024" } },
    },
  },
  {
    name: "methods, files and revoked keys",
    before: "mkdir -p /etc/ssh/keys; : > /etc/ssh/revoked",
    config: [
      "UsePAM yes",
      ...["Match User nokeys", "AuthenticationMethods password keyboard-interactive"],
      ...["Match User either", "AuthenticationMethods publickey,password publickey"],
      ...["Match User globbed", "AuthorizedKeysFile .ssh/auth*"],
      ...["Match User globdot", "AuthorizedKeysFile */authorized_keys"],
      ...["Match User second", "AuthorizedKeysFile /etc/ssh/keys/%u %h/.ssh/authorized_keys"],
      ...["Match User revoked", "RevokedKeys /etc/ssh/revoked"],
      ...["Match User caged", "ChrootDirectory /no/such", "Match User uncaged", "ChrootDirectory /"],
    ].join("\n"),
    accounts: {
      ...{ nokeys: {}, either: {}, globbed: {}, globdot: {}, second: {}, revoked: {} },
      ...{ caged: {}, uncaged: {} },
      third: { after: "mv /home/third/.ssh/authorized_keys /home/third/.ssh/authorized_keys2" },
      fourth: { after: "mv /home/fourth/.ssh/authorized_keys /home/fourth/.ssh/authorized_keys3" },
    },
  },
];
