import {
  IconAddressBook,
  IconAlertTriangle,
  IconArrowRight,
  IconCertificate,
  IconFileDescription,
  IconFlask,
  IconKey,
  IconListSearch,
  IconLockSquareRounded,
  IconRoute,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { ThisComputer } from "#shared/contract/settings.ts";
import type { Figures } from "#shared/contract/today.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import firstRunClasses from "./first-run.module.css";
import classes from "./first-run.module.css";

/** Nothing was scanned yet: what to scan, what comes of it, and what this computer has to scan with. */
export function FirstRun({ figures, scanPanel }: { figures: Figures; scanPanel: ReactNode }) {
  const { data: computer, error } = useThisComputer();
  const { lastScan } = figures;
  const hasScanned = lastScan !== null && lastScan.state !== "running";
  return (
    <div className={classes.page}>
      <header className={classes.welcome}>
        <h1 className={classes.title}>See what expires, and who can log in where</h1>
        <p className={classes.lead}>
          <IconLockSquareRounded size={16} aria-hidden /> Everything stays on this computer. Scans only read:
          nothing is installed or changed on a host.
        </p>
      </header>
      <Step title="What to scan">
        <div className={classes.scan}>{scanPanel}</div>
      </Step>
      {hasScanned && (
        <Step title="What to do next">
          <NextSteps figures={figures} />
        </Step>
      )}
      <Step title="Found on this computer">
        {error && <ErrorState doing="read this computer" error={error} />}
        {computer && <FoundHere computer={computer} />}
      </Step>
      {!hasScanned && <SampleData />}
    </div>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.step}>
      <h2 className={classes.stepTitle}>{title}</h2>
      {children}
    </section>
  );
}

const COMMAND = "npm run demo";

function SampleData() {
  return (
    <aside className={classes.sample} aria-label="Sample data">
      <IconFlask size={18} stroke={1.6} aria-hidden />
      <span>
        <strong>Try with sample data</strong> in a workspace that is thrown away afterwards, from a checkout:
      </span>
      <span className={classes.command}>
        <code>{COMMAND}</code>
        <CopyMark value={COMMAND} what="command" />
      </span>
    </aside>
  );
}

/** What a scan from here can log in with and recognise. Nothing was opened or connected to. */
function FoundHere({ computer }: { computer: ThisComputer }) {
  return (
    <div className={classes.found}>
      <Agent computer={computer} />
      <KeyFiles computer={computer} />
      <KnownHosts computer={computer} />
      <SshConfig computer={computer} />
    </div>
  );
}

type CardProps = { Icon: TablerIcon; count: string; what: string; children: ReactNode };

function Card({ Icon, count, what, children }: CardProps) {
  return (
    <div className={classes.card}>
      <div className={classes.cardHead}>
        <Icon size={18} stroke={1.6} aria-hidden />
        <strong className={classes.cardCount}>{count}</strong>
        <span>{what}</span>
      </div>
      <div className={classes.cardBody}>{children}</div>
    </div>
  );
}

function Agent({ computer: { agent } }: { computer: ThisComputer }) {
  const count = agent.identities.length;
  return (
    <Card
      Icon={IconKey}
      count={formatNumber(count)}
      what={count === 1 ? "key in the SSH agent" : "keys in the SSH agent"}
    >
      {!agent.isReachable &&
        "No agent answers here. Start one and add a key with ssh-add, or use a key file."}
      {agent.isReachable && count === 0 && "The agent is empty. Add a key with ssh-add, or use a key file."}
      {agent.identities.slice(0, 3).map(({ fingerprint, keyType, comment }) => (
        <div key={fingerprint} className={classes.cardLine}>
          <Untrusted text={`${comment || fingerprint} (${keyType})`} limit={80} isCut />
        </div>
      ))}
    </Card>
  );
}

function KeyFiles({ computer: { identityFiles } }: { computer: ThisComputer }) {
  const open = identityFiles.filter(({ isEncrypted }) => isEncrypted === false).length;
  const count = identityFiles.length;
  const problems = identityFiles.filter(
    ({ unusable, isReadableByOthers }) => unusable !== null || isReadableByOthers,
  );
  return (
    <Card
      Icon={IconFileDescription}
      count={formatNumber(count)}
      what={count === 1 ? "private key file" : "private key files"}
    >
      {count === 0 && "None in the usual folders. Name one under the options of the scan, or use an agent."}
      {open > 0 && (
        <Warning>
          {formatCount(open, "has", "have")} no passphrase: set one with <code>ssh-keygen -p -f FILE</code>
        </Warning>
      )}
      {problems.map(({ path, unusable, isReadableByOthers }) => (
        <div key={path} className={classes.cardLine}>
          <Untrusted text={path} isMono />
          {": "}
          <Untrusted text={unusable ?? (isReadableByOthers ? "others can read it; chmod 600 it" : "")} />
        </div>
      ))}
      {count > 0 &&
        open === 0 &&
        problems.length === 0 &&
        "All are protected by a passphrase and readable by you alone."}
    </Card>
  );
}

function KnownHosts({ computer: { knownHosts } }: { computer: ThisComputer }) {
  const { entries, hashed, files } = knownHosts;
  return (
    <Card
      Icon={IconAddressBook}
      count={formatNumber(entries)}
      what={entries === 1 ? "known host key" : "known host keys"}
    >
      {entries === 0 &&
        "No known_hosts entry. Each host's key will be shown to you once, to compare and trust."}
      {entries > 0 &&
        hashed === 0 &&
        `From ${formatCount(files.length, "file")}. A host whose key changed is not logged in to.`}
      {hashed > 0 && `${formatNumber(hashed)} hashed: they are checked, but cannot be listed as targets.`}
    </Card>
  );
}

function SshConfig({ computer: { sshConfig } }: { computer: ThisComputer }) {
  const { hosts, broken } = sshConfig;
  return (
    <Card
      Icon={IconRoute}
      count={formatNumber(hosts)}
      what={hosts === 1 ? "host in ssh_config" : "hosts in ssh_config"}
    >
      {hosts === 0 &&
        "None is named in ~/.ssh/config. Its patterns and jump hosts are followed all the same."}
      {hosts > 0 && "Their addresses, logins, keys and jump hosts are taken from there. Tick them above."}
      {broken > 0 && (
        <Warning>
          {formatCount(broken, "line")} of it cannot be read; tick its hosts above to see which
        </Warning>
      )}
    </Card>
  );
}

function Warning({ children }: { children: ReactNode }) {
  return (
    <div className={classes.warning}>
      <IconAlertTriangle size={14} aria-hidden /> <span>{children}</span>
    </div>
  );
}

/** Three next steps after a first scan, each a link to a list. */
function NextSteps({ figures: { certificates, grants, findings } }: { figures: Figures }) {
  const found = findings.reduce((sum, { count }) => sum + count, 0);
  return (
    <ul className={firstRunClasses.next}>
      <NextStep
        Icon={IconListSearch}
        title={found > 0 ? `Review ${formatCount(found, "finding")}` : "See which rules ran"}
        why="the most severe first, each with its remedy"
        renderLink={(props) => <Link to="/findings" {...props} />}
      />
      <NextStep
        Icon={IconCertificate}
        title="See what expires within 90 days"
        why={`among ${formatCount(certificates.total, "certificate")}, and where each is served`}
        renderLink={(props) => <Link to="/certificates" search={{ within: 90 }} {...props} />}
      />
      <NextStep
        Icon={IconKey}
        title="See who can log in"
        why={
          grants.total === 0
            ? "once a host was read over SSH"
            : `${formatCount(grants.total, "grant")}, each with its verdict`
        }
        renderLink={(props) => <Link to="/access" {...props} />}
      />
    </ul>
  );
}

const useThisComputer = () => useQuery(useApi().thisComputer.inspect.queryOptions());

type StepProps = {
  Icon: TablerIcon;
  title: string;
  why: string;
  renderLink: (props: { className: string | undefined; children: ReactNode }) => ReactNode;
};

function NextStep({ Icon, title, why, renderLink }: StepProps) {
  return (
    <li>
      {renderLink({
        className: firstRunClasses.nextStep,
        children: (
          <>
            <Icon size={20} stroke={1.6} aria-hidden />
            <span className={firstRunClasses.nextWords}>
              <strong>{title}</strong>
              <span className={firstRunClasses.nextWhy}>{why}</span>
            </span>
            <IconArrowRight size={16} aria-hidden />
          </>
        ),
      })}
    </li>
  );
}
