/** From where: `from=` of a line, tried from two networks of IPv4 and one of IPv6. */
import { ANYWHERE, accepts, FAR, HERE, ONLY_ELSEWHERE, ONLY_HERE, type Row, refuses } from "./row.ts";

const everywhere = (from: string): Row =>
  accepts({ file: `from="${from}" <key>\n`, tries: [{}, { from: FAR }] });
const here = (from: string): Row => accepts({ file: `from="${from}" <key>\n`, tries: ONLY_HERE });
const elsewhere = (from: string): Row => accepts({ file: `from="${from}" <key>\n`, tries: ONLY_ELSEWHERE });
const nowhere = (from: string): Row =>
  refuses("from", { file: `from="${from}" <key>\n`, tries: [...ANYWHERE, { from: FAR }] });

/** Under `UseDNS no`, as it is by default: no name is ever looked up. */
export const FROM_ROWS: readonly Row[] = [
  ...["*", "10.50.0.1,*", "*,!10.50.0.7", "0.0.0.0/0,::/0"].map(everywhere),
  ...["10.50.0.1", "10.50.0.0/16", "10.50.0.1/32", "10.50.*", "10.50.?.1", "*.example.com,10.50.0.1"].map(
    here,
  ),
  ...["192.0.2.0/24", "!10.50.0.1,*", "!10.50.0.0/16,0.0.0.0/0", "10.50.0.9,192.0.2.1"].map(elsewhere),
  accepts({
    file: 'from="2001:db8::/32" <key>\n',
    tries: [
      { from: FAR, is: "in" },
      { from: HERE, is: "out" },
    ],
  }),
  // Bits of the host in a network, a network too narrow: the list is no list, and the line is not taken.
  ...["10.50.0.1/16", "10.50.0.1/33", "10.50.0.1,192.0.2.1/24", "2001:db8::1/32"].map(nowhere),
  ...[
    "localhost",
    "*.example.com,?.org",
    "!10.50.0.1",
    "!*,10.50.0.1",
    "10.50.0.1,!10.50.0.1",
    " 10.50.0.1",
  ].map(nowhere),
  ...["10.50.0.1,,*", "", ","].map(nowhere),
];

/** Under `UseDNS yes`: the host's /etc/hosts names `HERE` desk.example.com, and `ELSEWHERE` has no name. */
export const NAMED_FROM_ROWS: readonly Row[] = [
  ...["desk.example.com", "*.example.com", "DESK.example.com"].map(here),
  ...["!desk.example.com,*"].map(elsewhere),
  ...["10.50.0.1/16"].map(nowhere),
  accepts({ setting: "AllowUsers <user>@*.example.com", tries: ONLY_HERE }),
  accepts({ setting: "Match User <user> Host desk.*\nPubkeyAuthentication no", tries: ONLY_ELSEWHERE }),
];
