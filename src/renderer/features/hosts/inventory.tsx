import { Button } from "@mantine/core";
import { IconLock, IconLockOpen, IconLockQuestion, IconUsb } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { AgentWords, EscalationWords } from "#renderer/ui/account.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Certainty, Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import type { AccountView, HostDetail, KeyFileView } from "#shared/model/hosts/host.ts";
import { describeStep, nameBeginning } from "#shared/text/access/graph.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatKey, formatPossession } from "#shared/text/hosts/key.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import classes from "./hosts.module.css";
import { useRootPaths } from "./queries.ts";

const PASSWORDS: Record<AccountView["passwordState"], string> = {
  set: "password set",
  locked: "password locked",
  none: "no password",
  unknown: "password state not read",
};

/** Shells of accounts that run services. */
const NO_LOGIN = /\/(?:nologin|false|sync)$/;

/** Accounts that a key opens come first; those that only run services are shown on demand. */
export function AccountLines({ accounts, host }: { accounts: readonly AccountView[]; host: string }) {
  const [isWhole, setIsWhole] = useState(false);
  if (accounts.length === 0) return null;
  const ordered = accounts.toSorted((a, b) => b.grantCount - a.grantCount || a.uid - b.uid);
  const people = ordered.filter(
    ({ grantCount, shell, becomes }) => grantCount + becomes.length > 0 || !NO_LOGIN.test(shell),
  );
  const shown = isWhole ? ordered : people;
  return (
    <Section title="Accounts" count={accounts.length}>
      <Lines>
        {shown.map((account) => (
          <Line
            key={account.id}
            end={
              account.grantCount > 0 && (
                <GrantLink host={host} account={account.name} count={account.grantCount} />
              )
            }
            below={<AccountFacts account={account} />}
          >
            <TextLink>
              <Link to="/accounts" search={{ open: account.id }}>
                <Untrusted text={account.name} />
              </Link>
            </TextLink>
          </Line>
        ))}
      </Lines>
      {shown.length < ordered.length && (
        <Button variant="subtle" size="compact-sm" mt={6} onClick={() => setIsWhole(true)}>
          Show {ordered.length - shown.length} more without a login shell
        </Button>
      )}
    </Section>
  );
}

/** The nearest ways to root, each with its first step; and what is not known of them. */
export function RootPaths({ host }: { host: HostDetail }) {
  const { data, error } = useRootPaths(host);
  if (error) return <ErrorState doing="show who can be root" error={error} />;
  if (!data || host.lastRead === null) return null;
  const { rows, isRead, isCut } = data;
  const root = host.accounts.find(({ uid }) => uid === 0)?.name ?? "root";
  return (
    <Section title="Who can be root">
      <Lines>
        {rows.map((link) => (
          <Line
            key={link.id}
            end={<Certainty isCertain={link.isPathCertain ?? link.isCertain} />}
            below={<Untrusted text={describeStep(link)} limit={400} />}
          >
            <Untrusted text={nameBeginning(link)} limit={120} />
          </Line>
        ))}
        {rows.length === 0 && (
          <Line>
            {isRead ? "no key, no certificate and no rule is known" : "unknown: no account of root was read"}
          </Line>
        )}
      </Lines>
      <p className={classes.below}>
        By keys, certificates, sudo, doas and agents: whoever knows a password is not listed.
        {host.coverage.notRead.length > 0 && " Not all of this host was read: there may be more."}
      </p>
      {isCut && (
        <TextLink>
          <Link to="/graph" search={{ start: `${root}@${formatHostAddress(host)}`, direction: "to" }}>
            There are more
          </Link>
        </TextLink>
      )}
    </Section>
  );
}

function AccountFacts({ account }: { account: AccountView }) {
  const { uid, shell, passwordState, becomes, agents } = account;
  return (
    <>
      <Untrusted text={`uid ${uid}, ${shell || "no shell"}, ${PASSWORDS[passwordState]}`} />{" "}
      {becomes.map((one) => (
        <span key={`${one.by} ${one.target}`} className={classes.reach}>
          <EscalationWords escalation={one} />
        </span>
      ))}
      {agents.map((agent) => (
        <span key={agent.path} className={classes.reach}>
          <AgentWords agent={agent} />
        </span>
      ))}
    </>
  );
}

function GrantLink({ host, account, count }: { host: string; account: string; count: number }) {
  return (
    <TextLink>
      <Link to="/access" search={{ host, account }}>
        {formatCount(count, "grant")}
      </Link>
    </TextLink>
  );
}

/** Private keys found on the host: what is known of the file, never its bytes. */
export function KeyFileLines({ keyFiles }: { keyFiles: readonly KeyFileView[] }) {
  if (keyFiles.length === 0) return null;
  return (
    <Section title="Private key files" count={keyFiles.length}>
      <Lines>
        {keyFiles.map((file) => (
          <Line
            key={file.id}
            end={
              <>
                <Protection file={file} />
                {file.fingerprint !== null && <Rotate fingerprint={file.fingerprint} />}
              </>
            }
            below={<KeyFileFacts file={file} />}
          >
            <Untrusted text={file.path} isMono />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Rotate({ fingerprint }: { fingerprint: string }) {
  const requestPlan = usePlanRequest();
  return (
    <Button
      variant="subtle"
      size="compact-xs"
      onClick={() => requestPlan({ kind: "rotate-key", fingerprint })}
    >
      Rotate
    </Button>
  );
}

function KeyFileFacts({ file }: { file: KeyFileView }) {
  return (
    <>
      <Untrusted
        text={[formatKey(file), file.owner, `mode ${file.mode}`, file.lock ?? ""].filter(Boolean).join(", ")}
      />{" "}
      {file.fingerprint !== null && (
        <>
          <Fingerprint value={file.fingerprint} /> {formatPossession(file.possession)}
        </>
      )}
      {file.likelyFingerprint !== null && (
        <>
          not verified, from the .pub file beside it: <Fingerprint value={file.likelyFingerprint} />
        </>
      )}
    </>
  );
}

/** A file of a security key is a handle: without the device it opens nothing, with or without a passphrase. */
function Protection({ file: { isEncrypted, keyType } }: { file: KeyFileView }) {
  if (keyType?.startsWith("sk-"))
    return (
      <Tag tone="green" Icon={IconUsb}>
        security key
      </Tag>
    );
  if (isEncrypted === null)
    return (
      <Tag tone="gray" Icon={IconLockQuestion}>
        unknown
      </Tag>
    );
  return isEncrypted ? (
    <Tag tone="green" Icon={IconLock}>
      passphrase
    </Tag>
  ) : (
    <Tag tone="orange" Icon={IconLockOpen}>
      no passphrase
    </Tag>
  );
}
