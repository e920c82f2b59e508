import { Button } from "@mantine/core";
import {
  IconAlertOctagon,
  IconCertificate,
  IconCircleCheck,
  IconCircleDashed,
  IconEyeOff,
  IconForbid2,
  IconHash,
  IconPinned,
  IconQuestionMark,
  IconRefresh,
  IconWorldSearch,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { ErrorState, Notice } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { ForgetPinDialog, TrustKey } from "#renderer/ui/trust-key.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { HostKeyRow, SshfpComparison, SshfpResult } from "#shared/model/hosts/host-key.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatSshfp, formatSshfpAnswer } from "#shared/text/hosts/key.ts";
import classes from "./host-keys.module.css";
import { useCompareSshfp, useForgetPin, useHostKey, useTrustKey } from "./queries.ts";

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
          {presentedAt === null ? "not at the last scan" : <Exactly instant={presentedAt} />}
        </Fact>
        <Fact name="Found on the host">{heldAt === null ? "no" : <Exactly instant={heldAt} />}</Fact>
      </Facts>
    </Section>
  );
}

function HostLink({ host: { id, host, port } }: Pick<OfHost, "host">) {
  const words = <HostName host={host} port={port} text={port === 22 ? host : `${host} port ${port}`} />;
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

/** A copied image, or one machine under two names: only a person can know which. */
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

/** DNS is asked when the button is pressed, and never before: its servers learn the name. */
function Dns({ row: { id } }: { row: HostKeyRow }) {
  const { data, error, isFetching, refetch } = useCompareSshfp(id);
  const compared = data?.names[0];
  return (
    <Section title="DNS">
      <p>
        A host's keys may be published there (SSHFP). This queries the resolver of this computer for the name,
        and nothing else.
      </p>
      {error && <ErrorState doing="query DNS" error={error} />}
      {compared && <Answer compared={compared} result={compared.keys[0]?.result ?? null} />}
      <div className={classes.notice}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconWorldSearch size={15} />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Compare with DNS
        </Button>
      </div>
    </Section>
  );
}

type AnswerProps = { compared: SshfpComparison; result: SshfpResult | null };

function Answer({ compared: { answer, why, isValidated }, result }: AnswerProps) {
  const { tone, Icon } = TAGS[result === "match" && !isValidated ? "hint" : (result ?? "hint")];
  return (
    <div role="status" className={classes.notice}>
      <Tag tone={tone} Icon={Icon}>
        {result === null ? formatSshfpAnswer(answer) : formatSshfp(result)}
      </Tag>
      <p>
        <Untrusted text={why} />
      </p>
    </div>
  );
}

const UNDECIDED = { tone: "gray", Icon: IconQuestionMark } as const;

const TAGS = {
  match: { tone: "green", Icon: IconCircleCheck },
  mismatch: { tone: "red", Icon: IconAlertOctagon },
  hint: UNDECIDED,
  "not-published": UNDECIDED,
  "no-number": UNDECIDED,
  "not-comparable": UNDECIDED,
} as const;

export function StateTag({ state }: Pick<HostKeyRow, "state">) {
  const { tone, Icon, word } = STATE[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

/** A hashed name means nothing to anybody. */
export const nameOf = ({ name }: HostKeyRow): string => (name.startsWith("|") ? "hashed name" : name);

export const formatType = ({ keyType, keyBits }: HostKeyRow): string =>
  keyType === "ssh-rsa" && keyBits !== null ? `${keyType} ${keyBits}` : keyType;

export const STATE = {
  changed: { tone: "red", Icon: IconAlertOctagon, word: "Changed" },
  revoked: { tone: "red", Icon: IconForbid2, word: "Revoked" },
  new: { tone: "amber", Icon: IconQuestionMark, word: "New" },
  matched: { tone: "green", Icon: IconCircleCheck, word: "Matched" },
  held: { tone: "gray", Icon: IconCircleDashed, word: "Found on host" },
  unused: { tone: "gray", Icon: IconEyeOff, word: "Unused" },
  hashed: { tone: "gray", Icon: IconHash, word: "Hashed" },
  authority: { tone: "blue", Icon: IconCertificate, word: "Authority" },
} as const;
