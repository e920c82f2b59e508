import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconAlertOctagon, IconFingerprint, IconWorldSearch } from "@tabler/icons-react";
import { useState } from "react";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { beginLarge, formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { SshfpComparison } from "#shared/model/hosts/host-key.ts";
import type { OfferedKey } from "#shared/model/hosts/offered-key.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatKnownBeside, formatSshfp, formatSshfpAnswer } from "#shared/text/hosts/key.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import classes from "./host-key-list.module.css";
import { useAcceptHostKeys, useOfferedKeys, useOfferedSshfp, useSkipHostKeys } from "./queries.ts";

/** From so many keys on there is a field to find one. */
const FINDABLE = 8;

/** The keys of new hosts that a running scan has met, to be compared and accepted together. Nothing is ticked before. */
export function HostKeyList({ scanId }: { scanId: ScanId }) {
  const offered = useOfferedKeys(scanId);
  if (!offered || offered.rows.length === 0) return null;
  const refused = offered.rows.filter(({ state }) => state === "refused");
  const waiting = offered.rows.filter(({ state }) => state === "waiting");
  return (
    <section className={classes.list} aria-label="Host keys">
      {refused.length > 0 && <Refused rows={refused} />}
      {waiting.length > 0 && <Waiting scanId={scanId} rows={waiting} total={offered.counts.waiting} />}
    </section>
  );
}

/** They cannot be accepted here: what this computer knows contradicts them. */
const Refused = ({ rows }: { rows: readonly OfferedKey[] }) => (
  <Notice
    tone="red"
    Icon={IconAlertOctagon}
    title={formatCount(rows.length, "host is refused for its key", "hosts are refused for their keys")}
  >
    <p>No login was tried there. Either the host was rebuilt, or something stands between you and it.</p>
    <ul className={classes.refused}>
      {rows.map((row) => (
        <li key={row.id}>
          <Who row={row} />
          <Key row={row} />
          <p>
            <Untrusted text={beginLarge(formatKnownBeside(row.known))} limit={400} />
          </p>
        </li>
      ))}
    </ul>
  </Notice>
);

type WaitingProps = { scanId: ScanId; rows: readonly OfferedKey[]; total: number };

function Waiting({ scanId, rows, total }: WaitingProps) {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [text, setText] = useState("");
  const accept = useAcceptHostKeys();
  const skip = useSkipHostKeys();
  const dns = useOfferedSshfp(
    scanId,
    rows.map(({ id }) => id),
  );
  const shown = rows.filter((row) => matches(row, text));
  // A key that no longer waits is no longer ticked.
  const ids = rows.filter(({ id }) => ticked.has(id)).map(({ id }) => id);
  const areAllTicked = shown.length > 0 && shown.every(({ id }) => ticked.has(id));
  const tick = (some: readonly OfferedKey[], isOn: boolean) => {
    const next = new Set(ticked);
    for (const { id } of some) isOn ? next.add(id) : next.delete(id);
    setTicked(next);
  };
  const acceptTicked = () =>
    accept.mutate(
      { scanId, ids },
      {
        onSuccess: ({ accepted }) =>
          toast(`${formatCount(accepted, "host key")} accepted; the scan goes on there`),
      },
    );
  const error = accept.error ?? skip.error ?? dns.error;
  return (
    <>
      <header className={classes.head}>
        <h3 className={classes.title}>
          <IconFingerprint size={16} aria-hidden />
          {formatCount(total, "new host presents", "new hosts present")} a key that is not known
        </h3>
        <p>
          Compare each with what the host itself says, on its console: <code>ssh-keygen -lf</code> of the{" "}
          <code>.pub</code> file in <code>/etc/ssh</code>. The rest of the scan goes on.
        </p>
      </header>
      <div className={classes.tools}>
        <Checkbox
          size="xs"
          label={
            text === "" ? `All ${formatNumber(shown.length)}` : `All ${formatNumber(shown.length)} found`
          }
          checked={areAllTicked}
          indeterminate={!areAllTicked && shown.some(({ id }) => ticked.has(id))}
          disabled={shown.length === 0}
          onChange={(event) => tick(shown, event.currentTarget.checked)}
        />
        {rows.length >= FINDABLE && (
          <TextInput
            size="xs"
            aria-label="Find a host key"
            placeholder="Name, address or fingerprint"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            className={classes.find ?? ""}
          />
        )}
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconWorldSearch size={14} />}
          loading={dns.isFetching}
          title="Sends their names to the resolver of this computer, and nothing else"
          onClick={() => void dns.refetch()}
        >
          Ask DNS (SSHFP)
        </Button>
      </div>
      <Rows
        rows={shown}
        ticked={ticked}
        onTick={(row, isOn) => tick([row], isOn)}
        dns={dns.data?.names ?? null}
      />
      {total > rows.length && (
        <p className={classes.more}>and {formatCount(total - rows.length, "more")}, once these are decided</p>
      )}
      {error && (
        <p role="alert" className={classes.error}>
          <Untrusted text={error.message} />
        </p>
      )}
      <div className={classes.actions}>
        <Button variant="default" size="xs" loading={skip.isPending} onClick={() => skip.mutate({ scanId })}>
          Go on without {total === 1 ? "it" : `all ${formatNumber(total)}`}
        </Button>
        <Button size="xs" disabled={ids.length === 0} loading={accept.isPending} onClick={acceptTicked}>
          {ids.length === 0 ? "Accept" : `Accept ${formatCount(ids.length, "host key")}`}
        </Button>
      </div>
    </>
  );
}

type RowsProps = {
  rows: readonly OfferedKey[];
  ticked: ReadonlySet<string>;
  onTick: (row: OfferedKey, isOn: boolean) => void;
  dns: readonly SshfpComparison[] | null;
};

const Rows = ({ rows, ticked, onTick, dns }: RowsProps) => (
  <ul className={classes.rows}>
    {rows.map((row) => (
      <li key={row.id} className={classes.row}>
        <Checkbox
          size="xs"
          checked={ticked.has(row.id)}
          onChange={(event) => onTick(row, event.currentTarget.checked)}
          aria-label={`Accept the key of ${formatUntrusted(formatHost({ host: row.name, port: row.port }))}`}
          className={classes.tick ?? ""}
        />
        <div>
          <Who row={row} />
          <Key row={row} />
          <p className={classes.beside}>
            <Untrusted text={beginLarge(formatKnownBeside(row.known))} limit={400} />
            {row.sharedWith > 0 &&
              `. ${formatCount(row.sharedWith, "other host presents", "other hosts present")} the same key to this scan`}
          </p>
          <p className={classes.beside}>{formatDns(row, dns)}</p>
        </div>
      </li>
    ))}
  </ul>
);

const Who = ({ row: { name, port, addresses, isJumpHost, waiting } }: { row: OfferedKey }) => (
  <p className={classes.who}>
    <strong>
      <Untrusted text={formatHost({ host: name, port })} />
    </strong>
    {addresses.length > 0 && (
      <span className={classes.address}>
        <Untrusted text={addresses.join(", ")} />
      </span>
    )}
    {isJumpHost && (
      <span className={classes.address}>
        a jump host; {formatCount(waiting, "host waits", "hosts wait")} behind it
      </span>
    )}
  </p>
);

const Key = ({ row: { keyType, fingerprint } }: { row: OfferedKey }) => (
  <p className={classes.key}>
    <Untrusted text={keyType} /> <WholeFingerprint value={fingerprint} />
  </p>
);

/** Unsigned DNS verifies nothing: the network may have written it. */
function formatDns({ id }: OfferedKey, dns: readonly SshfpComparison[] | null): string {
  const compared = dns?.find(({ ids }) => ids.includes(id));
  if (!compared) return "SSHFP: DNS was not asked";
  const result = compared.keys.find((key) => key.id === id)?.result ?? null;
  if (result === null) return `SSHFP: ${formatSshfpAnswer(compared.answer)}`;
  const standing = compared.isValidated
    ? "a resolver of this computer says that DNSSEC validated it"
    : "not validated by DNSSEC, so it verifies nothing";
  return `SSHFP: ${formatSshfp(result)}; ${standing}`;
}

const matches = ({ name, addresses, fingerprint, keyType }: OfferedKey, text: string): boolean => {
  const all = [name, ...addresses, fingerprint, keyType].join("\n").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
};
