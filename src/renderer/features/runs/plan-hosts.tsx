import { Button } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowRight,
  IconKey,
  IconPlug,
  IconShieldCheck,
  IconShieldQuestion,
  IconTimeline,
  IconUserOff,
} from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { beginLarge, Untrusted } from "#renderer/ui/text.tsx";
import type { DisabledAccount, RemovedAccount } from "#shared/model/runs/disabled-account.ts";
import {
  disabledAccounts,
  type HostPlan,
  isRenewal,
  type Plan,
  type PrivateKeyPlan,
  plannedCertificates,
  plannedFiles,
  privateKeysHere,
  removedAccounts,
  verificationsOf,
} from "#shared/model/runs/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost, formatHostAddress } from "#shared/text/hosts/target.ts";
import { formatStays, listEntryChanges, listLineChanges } from "#shared/text/runs/disabled-account.ts";
import { countLines, countServers, formatVerification } from "#shared/text/runs/plan.ts";
import classes from "./plan.module.css";
import { CertificateLine, ServerLine } from "./plan-certificate.tsx";
import { FileLine } from "./plan-file.tsx";
import { LineCounts } from "./run-state.tsx";
import { ROLLBACK_TIMERS } from "./words.ts";

/** So many hosts are shown at once, and of so many files all differences are open. */
const HOSTS_SHOWN = 25;
const MOST_OPEN = 12;

/** What would be changed, by host, in the order of the run. */
export function HostPlans({ plan }: { plan: Plan }) {
  const { options } = plan;
  const hosts: readonly HostPlan[] = plan.hosts;
  const here = privateKeysHere(plan);
  const [most, setMost] = useState(HOSTS_SHOWN);
  const files =
    plan.kind === "reload"
      ? countServers(plan)
      : isRenewal(plan)
        ? plannedCertificates(plan).length
        : plannedFiles(plan).length;
  const more = hosts.length - most;
  return (
    <>
      {here.length > 0 && (
        <section className={classes.host}>
          <header className={classes.hostHead}>
            <h3>This computer</h3>
            <span className={classes.dim}>{formatCount(here.length, "private key")}</span>
          </header>
          <ul>
            {here.map((privateKey) => (
              <PrivateKeyLine key={`${privateKey.kind} ${privateKey.path}`} privateKey={privateKey} />
            ))}
          </ul>
        </section>
      )}
      {hosts.slice(0, most).map((host) => (
        <OneHost
          key={formatHostAddress(host)}
          host={host}
          turn={hosts.length === 1 ? null : formatTurn(host, options.canary)}
          isOffline={"asOf" in plan && plan.asOf !== null}
          isOpen={files <= MOST_OPEN}
        />
      ))}
      {more > 0 && (
        <Button variant="default" size="xs" onClick={() => setMost(most + 4 * HOSTS_SHOWN)}>
          Show {formatCount(Math.min(more, 4 * HOSTS_SHOWN), "more host")} of {more}
        </Button>
      )}
    </>
  );
}

const formatTurn = ({ batch }: HostPlan, canary: boolean): string =>
  canary && batch === 0 ? "first, alone" : `batch ${canary ? batch : batch + 1}`;

type HostProps = {
  host: HostPlan;
  /** When the host is changed; null where it is the only one. */
  turn: string | null;
  /** Its script rolls back there, or changes nothing where that host cannot. */
  isOffline: boolean;
};

function OneHost({ host, turn, isOffline, isOpen }: HostProps & { isOpen: boolean }) {
  const files = "files" in host ? host.files : [];
  const privateKeys = "privateKeyLocations" in host ? host.privateKeyLocations : [];
  const certificates = "certificates" in host ? host.certificates : null;
  const servers = "servers" in host ? host.servers : null;
  return (
    <section className={classes.host}>
      <header className={classes.hostHead}>
        <h3>
          <HostName host={host.host} port={host.port} />
        </h3>
        <HostCounts host={host} />
        <span className={classes.space} />
        <HostFacts host={host} turn={turn} isOffline={isOffline} />
      </header>
      <ul>
        {certificates?.map((change) => (
          <CertificateLine key={change.id} change={change} isOpen={isOpen} />
        ))}
        {servers?.map((server) => (
          <ServerLine
            key={`${server.service.server} ${server.service.where}`}
            server={server}
            isOpen={isOpen}
          />
        ))}
        {disabledAccounts(host).map((account) => (
          <DisabledLine key={account.account} account={account} />
        ))}
        {removedAccounts(host).map((account) => (
          <RemovedLine key={account.account} account={account} />
        ))}
        {files.map((file) => (
          <FileLine
            key={`${file.account} ${file.path}`}
            host={formatHost(host)}
            file={file}
            isOpen={isOpen}
          />
        ))}
        {privateKeys.map((privateKey) => (
          <PrivateKeyLine key={`${privateKey.kind} ${privateKey.path}`} privateKey={privateKey} />
        ))}
      </ul>
      <ul className={classes.verifications}>
        {("disables" in host ? [] : verificationsOf(host)).map(({ account, verification }) => (
          <li key={account}>
            {verification.kind === "none" ? (
              <IconShieldQuestion size={14} className={classes.unverified} aria-hidden />
            ) : (
              <IconShieldCheck size={14} className={classes.verified} aria-hidden />
            )}
            <span>
              <Untrusted text={account} />: <Untrusted text={formatVerification(verification)} limit={300} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What becomes of an account's entry; what runs as it goes on. */
function DisabledLine({ account }: { account: DisabledAccount }) {
  return (
    <li className={classes.file}>
      <div className={classes.fileHead}>
        <span className={classes.sign}>~</span>
        <IconUserOff size={14} aria-hidden />
        <span className={classes.path}>
          <Untrusted text={account.account} isMono />{" "}
          <span className={classes.dim}>account {account.uid}</span>
        </span>
        <span className={classes.dim}>
          its files in <Untrusted text={account.home} isMono /> stay
        </span>
      </div>
      <dl className={classes.entry}>
        {listEntryChanges(account).map(({ field, from, to }) => (
          <Fragment key={field}>
            <dt className={classes.entryName}>{beginLarge(field)}</dt>
            <dd className={classes.entryChange}>
              <Untrusted text={from} limit={200} />
              {from !== to && (
                <>
                  <IconArrowRight size={14} role="img" aria-label="becomes" />
                  <strong>
                    <Untrusted text={to} limit={200} />
                  </strong>
                </>
              )}
            </dd>
          </Fragment>
        ))}
      </dl>
    </li>
  );
}

/** Each line of an account that goes or changes, by its file; and what stays. */
function RemovedLine({ account }: { account: RemovedAccount }) {
  return (
    <li className={classes.file}>
      <div className={classes.fileHead}>
        <span className={classes.sign}>-</span>
        <IconUserOff size={14} aria-hidden />
        <span className={classes.path}>
          <Untrusted text={account.account} isMono />{" "}
          <span className={classes.dim}>account {account.uid}</span>
        </span>
        <span className={classes.dim}>
          <Untrusted text={beginLarge(formatStays(account))} limit={600} />
        </span>
      </div>
      <dl className={classes.entry}>
        {listLineChanges(account).map(({ file, sign, text }, index, rows) => (
          <Fragment key={`${file} ${sign} ${text}`}>
            <dt className={classes.entryName}>{rows[index - 1]?.file === file ? "" : file}</dt>
            <dd className={classes.entryChange}>
              <Untrusted text={`${sign} ${text}`} isMono limit={300} />
            </dd>
          </Fragment>
        ))}
      </dl>
    </li>
  );
}

function HostCounts({ host }: { host: HostPlan }) {
  if ("certificates" in host)
    return <span className={classes.dim}>{formatCount(host.certificates.length, "certificate")}</span>;
  if ("servers" in host)
    return <span className={classes.dim}>{formatCount(host.servers.length, "server")}</span>;
  if ("removes" in host)
    return <span className={classes.dim}>{formatCount(host.removes.length, "account")}</span>;
  return <LineCounts counts={countLines(host.files)} />;
}

function formatRollback(timer: HostPlan["rollbackTimer"], isOffline: boolean): string {
  if (isOffline) return "its script rolls back by itself";
  return timer === null ? "cannot roll back by itself" : `rolls back by ${ROLLBACK_TIMERS[timer]}`;
}

function HostFacts({ host, turn, isOffline }: HostProps) {
  const { user, useSudo, rollbackTimer, hostKey } = host;
  const cannotRollBack = rollbackTimer === null && !isOffline;
  return (
    <span className={classes.hostFacts}>
      {turn !== null && (
        <Tag tone="gray" Icon={IconTimeline} isPlain>
          {turn}
        </Tag>
      )}
      <Tag tone="gray" Icon={IconPlug} isPlain>
        <span>
          as {user === null ? "this user" : <Untrusted text={user} limit={40} />}
          {useSudo && ", by sudo"}
        </span>
      </Tag>
      <Tag
        tone={cannotRollBack ? "amber" : "gray"}
        Icon={cannotRollBack ? IconAlertTriangle : IconShieldCheck}
        isPlain
      >
        {"servers" in host ? "cannot be undone" : formatRollback(rollbackTimer, isOffline)}
      </Tag>
      {hostKey === "" ? (
        <Tag tone="amber" Icon={IconAlertTriangle} isPlain>
          host key not known
        </Tag>
      ) : (
        <span title="Its pinned host key">
          <Fingerprint value={hostKey} keep={4} />
        </span>
      )}
    </span>
  );
}

/** A private key that is replaced; where it is encrypted, the new one is, too. */
function PrivateKeyLine({ privateKey }: { privateKey: PrivateKeyPlan }) {
  const { kind, path, owner, mode, isEncrypted, hasPublicFile } = privateKey;
  const facts = [
    kind === "agent" ? "the key in this agent" : `owner ${owner}, mode ${mode}`,
    isEncrypted === null ? "" : isEncrypted ? "with a passphrase" : "without a passphrase",
    hasPublicFile ? "its .pub file too" : "",
  ].filter(Boolean);
  return (
    <li className={classes.file}>
      <div className={classes.fileHead}>
        <span className={classes.sign}>~</span>
        <IconKey size={14} aria-hidden />
        <span className={classes.path}>
          <Untrusted text={path} isMono /> <span className={classes.dim}>private key</span>
        </span>
        <span className={classes.dim}>
          <Untrusted text={beginLarge(facts.join(", "))} />
        </span>
      </div>
    </li>
  );
}
