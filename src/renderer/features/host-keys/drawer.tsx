import { Button } from "@mantine/core";
import { IconAlertOctagon, IconPinned, IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePlanRequest } from "#renderer/api/plan-request.ts";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { ForgetPinDialog } from "#renderer/ui/forget-pin.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { TrustKey } from "#renderer/ui/trust-key.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { HostKeyRow } from "#shared/model/host-key.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatType, nameOf, StateTag } from "./columns.tsx";
import { Dns } from "./dns.tsx";
import classes from "./host-keys.module.css";
import { useForgetPin, useHostKey, useTrustKey } from "./queries.ts";

export function HostKeyDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error } = useHostKey(id);
  return (
    <Drawer
      label="host key"
      title={data ? <Untrusted text={nameOf(data)} /> : "Host key"}
      subtitle={data && <StateTag state={data.state} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this host key" error={error} />}
      {data && <Details row={data} />}
    </Drawer>
  );
}

function Details({ row }: { row: HostKeyRow }) {
  return (
    <>
      <p className={classes.why}>
        <Untrusted text={row.why} />
      </p>
      {row.weakness !== null && (
        <div className={classes.notice}>
          <Notice tone="red" Icon={IconAlertOctagon} title="A weak key">
            <p>
              <Untrusted text={row.weakness} />; give the host an Ed25519 key, and let it present that first.
            </p>
          </Notice>
        </div>
      )}
      {row.state === "new" && row.host && <Trust row={row} host={row.host} />}
      <KeyFacts row={row} />
      {row.host && OF_HOST.has(row.state) && <Rotate row={row} host={row.host} />}
      <KnownAt row={row} />
      <Sharing row={row} />
      {row.host && <Dns key={row.id} row={row} />}
    </>
  );
}

type OfHost = { row: HostKeyRow; host: NonNullable<HostKeyRow["host"]> };

function Trust({ row: { keyType, fingerprint }, host: { host, port } }: OfHost) {
  const { mutate, isPending, error } = useTrustKey();
  const trust = () =>
    mutate(
      { host, port, fingerprint },
      { onSuccess: () => toast("The key is trusted; scan the host again to read it") },
    );
  return (
    <div className={classes.notice}>
      <TrustKey hostKey={{ keyType, fingerprint }} onTrust={trust} isTrusting={isPending} error={error} />
    </div>
  );
}

/** The states of a key that its host is known to have. */
const OF_HOST: ReadonlySet<HostKeyRow["state"]> = new Set(["matched", "held", "revoked"]);

function Rotate({ row: { keyType }, host: { host, port } }: OfHost) {
  const requestPlan = usePlanRequest();
  const kind = KEY_TYPES.find((type) => keyType.includes(type)) ?? "ed25519";
  return (
    <Button
      variant="default"
      size="xs"
      mt={10}
      leftSection={<IconRefresh size={15} />}
      title="Give the host a new key of this kind, and pin that"
      onClick={() => requestPlan({ kind: "rotate-host-key", host, port, keyType: kind })}
    >
      Rotate the host key
    </Button>
  );
}

const KEY_TYPES = ["ed25519", "ecdsa", "rsa"] as const;

function KeyFacts({ row }: { row: HostKeyRow }) {
  const { name, fingerprint, host, presentedAt, heldAt } = row;
  return (
    <Section title="Key">
      <Facts>
        <Fact name="Type">
          <Untrusted text={formatType(row)} />
        </Fact>
        <Fact name="Fingerprint">
          <WholeFingerprint value={fingerprint} />
        </Fact>
        <Fact name="Name">
          <Untrusted text={name} />
        </Fact>
        <Fact name="Host">{host === null ? "none of the inventory" : <HostLink host={host} />}</Fact>
        <Fact name="Presented">
          {presentedAt === null ? "not when it was last visited" : <Exactly instant={presentedAt} />}
        </Fact>
        <Fact name="Found on the host">{heldAt === null ? "no" : <Exactly instant={heldAt} />}</Fact>
      </Facts>
    </Section>
  );
}

function HostLink({ host: { id, host, port } }: Pick<OfHost, "host">) {
  const words = <Untrusted text={port === 22 ? host : `${host} port ${port}`} />;
  if (id === null) return words;
  return (
    <TextLink>
      <Link to="/hosts" search={{ open: id }}>
        {words}
      </Link>
    </TextLink>
  );
}

function KnownAt({ row }: { row: HostKeyRow }) {
  const { knownAt, isPinned, host } = row;
  if (knownAt.length === 0 && !isPinned) return null;
  return (
    <Section title="Known by">
      <Lines>
        {isPinned && host && <Pinned row={row} host={host} />}
        {knownAt.map((where) => (
          <Line key={where}>
            <Untrusted text={where} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Pinned({ host: { host, port } }: OfHost) {
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, isPending, error } = useForgetPin();
  const close = () => setIsAsking(false);
  const forget = () =>
    mutate(
      { host, port },
      {
        onSuccess: () => {
          toast("The pin is forgotten; the next key must be compared and trusted");
          close();
        },
      },
    );
  return (
    <Line
      end={
        <Button variant="subtle" color="red" size="compact-xs" onClick={() => setIsAsking(true)}>
          Forget this pin
        </Button>
      }
    >
      <Tag tone="blue" Icon={IconPinned}>
        pinned
      </Tag>
      <ForgetPinDialog
        host={host}
        isOpen={isAsking}
        onClose={close}
        onForget={forget}
        isForgetting={isPending}
        error={error}
      />
    </Line>
  );
}

/** A copied image, or one machine: which of both, only a person can tell. */
function Sharing({ row: { sharedWith } }: { row: HostKeyRow }) {
  const { count, first } = sharedWith;
  if (count === 0) return null;
  const more = count - first.length;
  return (
    <Section title="The same key on" count={count}>
      <p>
        Either they are copies of one image, and each can stand in for the others; or one machine has several
        names. Give each machine keys of its own.
      </p>
      <Lines>
        {first.map((host) => (
          <Line key={`${host.host} ${host.port}`}>
            <HostLink host={host} />
          </Line>
        ))}
      </Lines>
      {more > 0 && <p>and {formatCount(more, "more host")}</p>}
    </Section>
  );
}
