import { Button } from "@mantine/core";
import {
  IconCertificate,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconDownload,
  IconFileText,
  IconHourglass,
  IconLoader,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCopied } from "#renderer/ui/clipboard.ts";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { download } from "#renderer/ui/table/csv.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import type { RunDetail, RunOrder } from "#shared/model/run.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/plan.ts";
import { BringCertificate } from "./bring-certificate.tsx";
import renewal from "./renewal.module.css";
import { LookTag } from "./run-state.tsx";

const STATES = {
  waits: { tone: "amber", Icon: IconHourglass, word: "To be signed" },
  refused: { tone: "red", Icon: IconCircleX, word: "Refused" },
  ordered: { tone: "blue", Icon: IconLoader, word: "Asked for" },
  requested: { tone: "blue", Icon: IconFileText, word: "Request made" },
  issued: { tone: "blue", Icon: IconCertificate, word: "Issued" },
  planned: { tone: "gray", Icon: IconCircleDashed, word: "Not begun" },
  installed: { tone: "green", Icon: IconCircleCheck, word: "In place" },
} as const satisfies Record<RunOrder["state"], object>;

const URGENCY = Object.keys(STATES);

const SHOWN = 8;

/** What was asked for, and what came of it: what somebody has to do something about first. */
export function Orders({ run }: { run: RunDetail }) {
  const [most, setMost] = useState(SHOWN);
  const { orders } = run;
  if (orders.length === 0) return null;
  const ordered = orders.toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state));
  const more = ordered.length - most;
  return (
    <div className={renewal.orders}>
      <Section title="Certificates" count={orders.length}>
        <BringCertificate run={run} />
        <Lines>
          {ordered.slice(0, most).map((order) => (
            <OrderLine key={`${order.host}:${order.port} ${order.change}`} order={order} />
          ))}
        </Lines>
        {more > 0 && (
          <Button variant="subtle" size="compact-sm" mt={8} onClick={() => setMost(orders.length)}>
            Show {formatCount(more, "more certificate")}
          </Button>
        )}
      </Section>
    </div>
  );
}

function OrderLine({ order }: { order: RunOrder }) {
  const { names, state, message, csr, sha256 } = order;
  const [first = "no name", ...others] = names;
  return (
    <Line
      end={<LookTag look={STATES[state]} />}
      below={
        <>
          <Untrusted text={formatHost(order)} />
          {message !== "" && (
            <>
              : <Untrusted text={message} limit={1_000} />
            </>
          )}
          {sha256 !== null && (
            <p className={renewal.order}>
              <span>
                New one <Fingerprint value={sha256} />
              </span>
              {state === "installed" && (
                <TextLink>
                  <Link to="/certificates" search={{ open: sha256 }}>
                    Show it
                  </Link>
                </TextLink>
              )}
            </p>
          )}
          {csr !== null && state === "waits" && <Request name={first} csr={csr} />}
        </>
      }
    >
      <Untrusted text={first} />
      {others.length > 0 && ` and ${formatCount(others.length, "more name")}`}
    </Line>
  );
}

/** What is to be signed, to be copied or saved. */
function Request({ name, csr }: { name: string; csr: string }) {
  const { isCopied, copy } = useCopied();
  return (
    <div className={renewal.request}>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconFileText size={13} />}
        onClick={() => copy(csr)}
      >
        {isCopied ? "Copied" : "Copy the request"}
      </Button>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconDownload size={13} />}
        onClick={() => download(`${toFileName(name)}.csr.pem`, "application/pkcs10", csr)}
      >
        Save it
      </Button>
    </div>
  );
}

/** A name of a certificate is a stranger's text. */
const toFileName = (name: string): string =>
  name
    .replaceAll(/[^a-z0-9.-]/gi, "_")
    .replace(/^[.-]+/, "_")
    .slice(0, 100) || "request";
