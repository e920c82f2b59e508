import { IconMinus, IconPlus, IconTilde } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Drawer, Fact, Facts, Section } from "#renderer/ui/drawer/drawer.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { ChangeRow } from "#shared/model/access/change.ts";
import { CHANGE_WORD, KIND_WORD } from "#shared/text/access/change.ts";
import classes from "./changes.module.css";

export function ChangeDrawer({ change, onClose }: { change: ChangeRow; onClose: () => void }) {
  const { what, kind, host, title, location, details, isFirstReading, scan, at } = change;
  return (
    <Drawer
      label="change"
      title={<Untrusted text={title} />}
      subtitle={<WhatTag what={what} />}
      onClose={onClose}
    >
      <Section
        title={what === "changed" ? "From what to what" : "What it is"}
        action={<ToThing change={change} />}
      >
        <ul className={classes.details}>
          {details.map((detail) => (
            <li key={detail}>
              <Untrusted text={detail} limit={2_000} />
            </li>
          ))}
        </ul>
        {isFirstReading && (
          <p className={classes.dim}>
            This host had not been read by the scan that is compared with. It is new to Latchkey, and may be
            old there.
          </p>
        )}
      </Section>
      <Section title="Where and when">
        <Facts>
          <Fact name="Kind">{KIND_WORD[kind]}</Fact>
          <Fact name="Host">
            <TextLink>
              <Link to="/hosts" search={{ search: host }}>
                <HostName host={host} />
              </Link>
            </TextLink>
          </Fact>
          {location !== "" && (
            <Fact name="Location">
              <Untrusted text={location} isMono />
            </Fact>
          )}
          <Fact name="Found by">
            <TextLink>
              <Link to="/scans" search={{ open: scan }}>
                scan {scan}
              </Link>
            </TextLink>
            , <Exactly instant={at} />
          </Fact>
        </Facts>
      </Section>
    </Drawer>
  );
}

function ToThing({ change: { opens } }: { change: ChangeRow }) {
  if (opens === null) return null;
  return (
    <TextLink>
      {opens.kind === "grant" && (
        <Link to="/access" search={{ open: opens.id }}>
          Open the grant
        </Link>
      )}
      {opens.kind === "account" && (
        <Link to="/accounts" search={{ open: opens.id }}>
          Open the account
        </Link>
      )}
      {opens.kind === "certificate" && (
        <Link to="/certificates" search={{ open: opens.sha256 }}>
          Open the certificate
        </Link>
      )}
    </TextLink>
  );
}

/** What became of a thing: its sign and its word. */
export function WhatTag({ what }: { what: ChangeRow["what"] }) {
  return <Tag {...TAGS[what]}>{CHANGE_WORD[what]}</Tag>;
}

const TAGS = {
  appeared: { tone: "blue", Icon: IconPlus },
  changed: { tone: "amber", Icon: IconTilde },
  gone: { tone: "gray", Icon: IconMinus },
} as const;
